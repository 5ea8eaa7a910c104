/** Turns the patients and consents of a store into who may be in research data, and how many may not, and why. */
import type { Consent, Patient } from '@medplum/fhirtypes';
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM, parseNhsNumber } from '../fhir/identifiers.ts';
import { type Covering, coveringConsent, isConsentFor } from '../referral/covering-consent.ts';
import { isHome, isRestricted } from '../referral/restriction.ts';
import type { People } from './deidentify/people.ts';
import type { Held } from './held.ts';
import { loadOptOuts, type OptOutSettings, type OptOuts } from './opt-outs.ts';

const RULE = { purpose: 'research' };

/** Why a person is left out; the first of these that holds. */
export const REASONS = [
  'restricted',
  'opted-out',
  'no-nhs-number',
  'no-consent',
  'consent-refused',
  'consent-period',
  'consent-unclear',
  'consent-coded-only',
] as const;
export type Reason = (typeof REASONS)[number];

export interface CohortSettings {
  readonly optOut: OptOutSettings | undefined;
  /** default true; false for tables of counts about everybody: then opt-outs are not asked for either */
  readonly needsConsent?: boolean;
  /** people whose opt-out cannot be looked up, since they have no NHS number; default `out` */
  readonly withoutNumber?: 'in' | 'out';
  /** those who agreed to codes without narrative; default `out`, `in` is right where the rules let no free text out */
  readonly codedOnly?: 'in' | 'out';
}

export interface Cohort extends People {
  /** people, each once */
  readonly size: number;
  /** how many people were left out, by the first reason */
  readonly leftOut: Readonly<Record<Reason, number>>;
  /** how opt-outs were applied */
  readonly optOuts: string;
}

type Why = Extract<Covering, { covers: false }>['why'];
const CONSENT_REASONS: Readonly<Record<Why, Reason>> = {
  none: 'no-consent',
  refused: 'consent-refused',
  period: 'consent-period',
  unclear: 'consent-unclear',
};

/** What the patients of one person say together. */
interface Known {
  isRestricted: boolean;
  isOptedOut: boolean;
  hasNumber: boolean;
  /** patient that stands for the person */
  main: string;
}

/**
 * Decides who is in. Fails closed: whoever is not surely in is out.
 * @param people patients and consents of the store, joined ones under one person
 * @throws AdapterError of `loadOptOuts`
 */
export async function readCohort(
  settings: CohortSettings,
  people: { readonly patients: AsyncIterable<Held>; readonly consents: AsyncIterable<Held> },
  nowMs: number,
): Promise<Cohort> {
  const { needsConsent = true, withoutNumber = 'out', codedOnly = 'out' } = settings;
  const optOuts: OptOuts = needsConsent
    ? await loadOptOuts(settings.optOut, nowMs)
    : { basis: 'not applied: counts about everybody', of: () => 'in' };
  const refused = needsConsent ? await refusedBy(people.consents, codedOnly, nowMs) : new Map();
  const optOutOf = (patient: Patient): ReturnType<OptOuts['of']> =>
    optOuts.of(numbersOf(patient, NHS_NUMBER_SYSTEM), numbersOf(patient, FORMER_NHS_NUMBER_SYSTEM));
  const known = new Map<string, Known>();
  /** patients whose person has another id */
  const joined = new Map<string, string>();
  for await (const { resource, personId } of people.patients) {
    if (resource.resourceType !== 'Patient' || personId === undefined) continue;
    if (personId !== resource.id) joined.set(resource.id, personId);
    known.set(personId, together(known.get(personId), resource, personId, optOutOf(resource)));
  }
  const mains = new Map<string, string>();
  const leftOut = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;
  for (const [personId, one] of known) {
    const consent = needsConsent ? refused.get(personId) : null;
    const reason = reasonOf(
      one,
      withoutNumber === 'in' || !needsConsent,
      consent === undefined ? 'no-consent' : consent,
    );
    if (reason) leftOut[reason]++;
    else mains.set(personId, one.main);
  }
  return {
    size: mains.size,
    leftOut,
    optOuts: optOuts.basis,
    has: (personId) => mains.has(personId),
    personOf: (patientId) => joined.get(patientId) ?? (known.has(patientId) ? patientId : undefined),
    isMain: (patientId) => mains.get(joined.get(patientId) ?? patientId) === patientId,
  };
}

/** @returns whether it belongs to people of the cohort, or to nobody; not what has a label of its own, nor people's homes */
export function isWithin(cohort: Pick<Cohort, 'has'>, { resource, personId }: Held): boolean {
  if (isRestricted(resource) || isHome(resource)) return false;
  return personId === undefined || cohort.has(personId);
}

/** @yields what is within a cohort */
export async function* withinCohort(
  cohort: Pick<Cohort, 'has'>,
  held: AsyncIterable<Held>,
): AsyncGenerator<Held> {
  for await (const one of held) if (isWithin(cohort, one)) yield one;
}

/** @returns of each person with consents for research: why they do not cover it, or null where they do */
async function refusedBy(
  consents: AsyncIterable<Held>,
  codedOnly: 'in' | 'out',
  nowMs: number,
): Promise<Map<string, Reason | null>> {
  const ofPeople = new Map<string, Consent[]>();
  /** most are alike but for their day: each is held once */
  const alike = new Map<string, Consent>();
  for await (const { resource, personId } of consents) {
    if (resource.resourceType !== 'Consent' || personId === undefined || !isConsentFor(resource, RULE))
      continue;
    const { resourceType, status, scope, category, dateTime, provision } = resource;
    const brief = { resourceType, status, scope, category, dateTime, provision } as Consent;
    const text = JSON.stringify(brief);
    if (!alike.has(text)) alike.set(text, brief);
    ofPeople.set(personId, [...(ofPeople.get(personId) ?? []), alike.get(text)!]);
  }
  const reasons = new Map<string, Reason | null>();
  for (const [personId, own] of ofPeople) {
    const covering = coveringConsent(own, RULE, nowMs);
    const isPartial = covering.covers && covering.extent !== 'full' && codedOnly === 'out';
    reasons.set(
      personId,
      covering.covers ? (isPartial ? 'consent-coded-only' : null) : CONSENT_REASONS[covering.why],
    );
  }
  return reasons;
}

function together(
  before: Known | undefined,
  patient: Patient & { readonly id: string },
  personId: string,
  optOut: 'in' | 'opted-out' | 'unknown',
): Known {
  const isOwn = patient.id === personId;
  const earliest = before && before.main < patient.id ? before.main : patient.id;
  return {
    isRestricted: (before?.isRestricted ?? false) || isRestricted(patient),
    isOptedOut: (before?.isOptedOut ?? false) || optOut === 'opted-out',
    hasNumber: (before?.hasNumber ?? false) || optOut !== 'unknown',
    main: isOwn ? patient.id : before?.main === personId ? personId : earliest,
  };
}

function reasonOf(one: Known, isNumberless: boolean, consent: Reason | null): Reason | undefined {
  if (one.isRestricted) return 'restricted';
  if (one.isOptedOut) return 'opted-out';
  if (!one.hasNumber && !isNumberless) return 'no-nhs-number';
  return consent ?? undefined;
}

function numbersOf({ identifier = [] }: Patient, wanted: string): readonly string[] {
  return identifier.flatMap(({ system, value = '' }) =>
    system === wanted ? (parseNhsNumber(value) ?? []) : [],
  );
}
