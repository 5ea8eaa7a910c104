/** Turns a referral and the activity that it goes to into what speaks against it: closed, full, out of area, not for the person, unchecked. */
import type {
  HealthcareService,
  Location,
  OperationOutcomeIssue,
  Organization,
  Patient,
  Range,
  Schedule,
  ServiceRequest,
  Slot,
  VerificationResult,
} from '@medplum/fhirtypes';
import { issueOf, ruleOf } from '../fhir/outcome.ts';
import { type PostcodesOf, servedAt } from './activity-area.ts';
import { type CheckState, lackingChecks } from './activity-checks.ts';
import { isBefore } from './fhir-time.ts';

/** An activity, with what is known around it. */
export interface ActivityAround {
  readonly service: HealthcareService;
  readonly provider: Organization | undefined;
  readonly areas: readonly Location[];
  readonly schedules: readonly Schedule[];
  readonly slots: readonly Slot[];
  /** of the activity and of its provider */
  readonly checks: readonly VerificationResult[];
}

export interface FitRules {
  /** codes of CodeSystem quality-check that every activity must have */
  readonly requiredChecks: readonly string[];
  readonly postcodesOf: PostcodesOf;
}

/** Rules of an activity's fit, each a warning. */
export const FIT_RULES = [
  'activity-closed',
  'activity-full',
  'activity-out-of-area',
  'activity-not-eligible',
  'activity-check-expired',
] as const;
export type FitRule = (typeof FIT_RULES)[number];

/** What still matters to somebody who has their place. */
const OF_PLACES_HELD: ReadonlySet<FitRule> = new Set(['activity-closed', 'activity-check-expired']);

/** @returns what of it concerns a referral that was taken on: who has a place needs none, and was found to fit */
export function ofTakenOn(issues: readonly OperationOutcomeIssue[]): OperationOutcomeIssue[] {
  return issues.filter((issue) => OF_PLACES_HELD.has(ruleOf(issue) as FitRule));
}

const EXTENSION = 'https://hedgerow.example/fhir/StructureDefinition/';
/** Referrals that nobody acts on any more. */
const OVER: ReadonlySet<string> = new Set(['revoked', 'completed', 'entered-in-error']);

/** @returns false for a referral that has ended: where it went is history */
export function isStillToGo({ status }: ServiceRequest): boolean {
  return !OVER.has(status ?? '');
}

/**
 * Says what speaks against a referral to an activity. What is not known speaks against nothing.
 * @param patient undefined where the person is not at hand
 * @param today ISO date; a referral for a later day is held against that day
 * @returns warnings, each naming the activity and never the person
 */
export function fitOf(
  request: ServiceRequest,
  patient: Patient | undefined,
  around: ActivityAround,
  rules: FitRules,
  today: string,
): OperationOutcomeIssue[] {
  if (!isStillToGo(request)) return [];
  const wanted = request.occurrenceDateTime ?? request.occurrencePeriod?.start;
  const day = wanted !== undefined && isBefore(today, wanted) ? wanted.slice(0, 10) : today;
  const name = `HealthcareService/${around.service.id}`;
  const said: (readonly [FitRule, string | undefined])[] = [
    ['activity-closed', closedBy(around, day)],
    ['activity-full', fullBy(around, day)],
    ['activity-out-of-area', outOfAreaBy(around, patient, rules.postcodesOf)],
    ['activity-not-eligible', notEligibleBy(around.service, patient, day)],
    ...lackingChecks(around.checks, rules.requiredChecks, day).map(
      (state) => ['activity-check-expired', wordsOf(state)] as const,
    ),
  ];
  return said.flatMap(([rule, words]) => (words === undefined ? [] : [warning(rule, `${name} ${words}`)]));
}

function warning(rule: FitRule, diagnostics: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule,
    diagnostics,
    expression: 'ServiceRequest.performer',
  });
}

function closedBy({ service, provider, schedules }: ActivityAround, day: string): string | undefined {
  if (service.active === false) return 'is not in operation: choose another activity, or ask the provider.';
  if (provider?.active === false)
    return 'is run by an organisation that is not in operation: ask, or choose another activity.';
  const horizons = schedules
    .filter(({ active }) => active !== false)
    .map(({ planningHorizon }) => planningHorizon);
  if (horizons.length === 0) return undefined;
  if (horizons.every((one) => isBefore(one?.end, day)))
    return `has no times after ${latest(horizons.map((one) => one?.end))}: ask the provider whether it goes on.`;
  if (horizons.every((one) => isBefore(one?.end, day) || isBefore(day, one?.start)))
    return 'is not open at the time of the referral: say when the person is to start, or ask the provider.';
  return undefined;
}

function latest(days: readonly (string | undefined)[]): string {
  return (
    days
      .map((day) => day ?? '')
      .sort()
      .at(-1) ?? ''
  );
}

/** By the free places that the directory tells, else by bookable times that are still to come. */
function fullBy({ service, slots }: ActivityAround, day: string): string | undefined {
  const free = (service.extension ?? []).flatMap(({ url, valueQuantity }) =>
    url === `${EXTENSION}places-free` && valueQuantity?.value !== undefined ? [valueQuantity.value] : [],
  );
  const words = 'has no free place: ask for a place on its waiting list, or choose another activity.';
  if (free.length > 0) return free.every((places) => places <= 0) ? words : undefined;
  const coming = slots.filter(({ status, start }) => status !== 'entered-in-error' && !isBefore(start, day));
  return coming.length > 0 && coming.every(({ status }) => status !== 'free') ? words : undefined;
}

function outOfAreaBy(
  { areas }: ActivityAround,
  patient: Patient | undefined,
  postcodesOf: PostcodesOf,
): string | undefined {
  const lived = (patient?.address ?? []).filter(({ use }) => use !== 'old' && use !== 'billing');
  const served = lived.map(({ postalCode }) => servedAt(postalCode, areas, postcodesOf));
  return served.length > 0 && served.every((one) => one === 'out')
    ? 'does not serve where the person lives: ask the provider, or choose another activity.'
    : undefined;
}

function notEligibleBy(
  { extension = [] }: HealthcareService,
  patient: Patient | undefined,
  day: string,
): string | undefined {
  const ages = extension.find(({ url }) => url === `${EXTENSION}age-range`)?.valueRange;
  const age = patient?.birthDate === undefined ? undefined : ageAt(patient.birthDate, day);
  if (!ages || !age || patient?.deceasedDateTime || patient?.deceasedBoolean) return undefined;
  return isWithin(age, ages)
    ? undefined
    : 'is for other ages than that of the person: choose another activity.';
}

/** A birth date may be a year or a month: the person is between two ages then, and either may be meant. */
function isWithin(age: { readonly least: number; readonly most: number }, { low, high }: Range): boolean {
  return (
    (low?.value === undefined || age.most >= low.value) &&
    (high?.value === undefined || age.least <= high.value)
  );
}

function ageAt(birthDate: string, day: string): { least: number; most: number } | undefined {
  const [year, month, date] = birthDate.slice(0, 10).split('-').map(Number) as [number, number?, number?];
  if (Number.isNaN(year)) return undefined;
  const years = (from: string): number => Number(day.slice(0, 4)) - year - (day.slice(5) < from ? 1 : 0);
  const two = (number: number): string => `${number}`.padStart(2, '0');
  return {
    least: years(`${two(month ?? 12)}-${two(date ?? 31)}`),
    most: years(`${two(month ?? 1)}-${two(date ?? 1)}`),
  };
}

function wordsOf({ check, state, until }: CheckState): string {
  const ask = 'ask the provider for a new one, or choose another activity.';
  if (state === 'expired') return `was checked for ${check} until ${until}, which has passed: ${ask}`;
  return state === 'failed'
    ? `did not pass the check for ${check}: ask the provider, or choose another activity.`
    : `has no check for ${check}, which is asked for here: ${ask}`;
}
