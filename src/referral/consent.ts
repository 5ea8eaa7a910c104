/** Turns a person's consents, identity and restriction into whether, and how much of, a resource may go to a target (hr-8). */
import type { Consent, OperationOutcomeIssue, Patient, Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { issueOf } from '../fhir/outcome.ts';
import { verifiedNhsNumber } from '../fhir/verified-number.ts';
import { codedOnly } from './coded-only.ts';
import {
  type ConsentRule,
  type Covering,
  consentsCovering,
  coveringConsent,
  decisionsFor,
  isConsentFor,
} from './covering-consent.ts';
import { isRestricted, withoutWhereabouts } from './restriction.ts';

export type Purpose = 'share-with-gp' | 'refer' | 'research';

/** Codes of CodeSystem consent-purpose, in Consent.category. */
const PURPOSE_CODES: Readonly<Record<Purpose, string>> = {
  'share-with-gp': 'share-gp',
  refer: 'refer',
  research: 'research',
};

/** @returns the code of CodeSystem consent-purpose that a purpose of the configuration stands for */
export function purposeCode(purpose: string): string {
  return PURPOSE_CODES[purpose as Purpose] ?? purpose;
}

/** What a target goes by: Consents for its purpose, and, where it names any, of these scopes and for these reasons. */
export interface Agreed extends Pick<ConsentRule, 'scopes' | 'reasons'> {
  readonly purpose: Purpose;
}

export interface SharingQuestion {
  /** every Consent of the person, of all purposes and sources */
  readonly consents: readonly Consent[];
  /** the person the resource is about, as the store has them; undefined when unknown */
  readonly patient: Patient | undefined;
  readonly resource: Resource;
  readonly agreed: Agreed;
  /** the target takes only people whose NHS number is verified */
  readonly requiresVerifiedNhsNumber: boolean;
  /** the target is configured to take restricted people; default false */
  readonly allowsRestricted?: boolean;
  /** the target already holds something of this person: then it must learn of a withdrawal */
  readonly alreadyShared: boolean;
  readonly nowMs: number;
  /** base R4, to tell codes from narrative */
  readonly definitions: Definitions;
}

export type SharingDecision =
  | { readonly send: true; readonly resource: Resource }
  | {
      readonly send: false;
      readonly issue: OperationOutcomeIssue;
      /** what the person decided is of another scope than the target's: nobody need look */
      readonly isElsewhere?: boolean;
    };

/** Types that belong to no person: nobody's consent is needed. */
export const OF_NO_PERSON: ReadonlySet<string> = new Set([
  'HealthcareService',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Questionnaire',
  'Schedule',
  'Slot',
  'VerificationResult',
]);

/**
 * Decides about one resource and one target. Fails closed: whatever is unknown, undated or not understood means not sent.
 * Restricted people need a target configured for them, and then go without address, telecom and GP. Where consent covers codes
 * only, narrative is removed. After a withdrawal only the Consent itself goes, in codes, to a target that holds the person's data.
 */
export function decideSharing(question: SharingQuestion): SharingDecision {
  const { resource, patient } = question;
  if (OF_NO_PERSON.has(resource.resourceType)) return { send: true, resource };
  if (!patient) return held('the person it is about is not known here');
  if ((isRestricted(patient) || isRestricted(resource)) && !question.allowsRestricted)
    return held('the person is restricted, and the target is not configured to take restricted people');
  if (question.requiresVerifiedNhsNumber && !hasVerifiedNhsNumber(patient))
    return held('the target needs a verified NHS number, and the person has none: trace the person');
  const rule = ruleOf(question.agreed);
  const covering = coveringConsent(question.consents, rule, question.nowMs);
  const allowed = covering.covers ? covering.extent : withdrawalExtent(question, rule);
  if (!allowed) {
    const { why } = covering as Extract<Covering, { covers: false }>;
    const isElsewhere =
      why === 'none' && decisionsFor(question.consents, { purpose: rule.purpose }).length > 0;
    return { ...held(REASONS[why](rule.purpose)), ...(isElsewhere ? { isElsewhere } : {}) };
  }
  const extent = allowed === 'full' ? resource : codedOnly(question.definitions, resource);
  if (!extent) return held('consent covers codes only, and without its narrative it says nothing');
  return { send: true, resource: isRestricted(patient) ? withoutWhereabouts(extent) : extent };
}

/** A refusal or withdrawal tells a holder what it must know; to all others it would itself be a leak. */
function withdrawalExtent(
  { resource, alreadyShared }: SharingQuestion,
  rule: ConsentRule,
): 'coded-only' | undefined {
  const tells = alreadyShared && resource.resourceType === 'Consent' && isConsentFor(resource, rule);
  return tells ? 'coded-only' : undefined;
}

function ruleOf(agreed: Agreed): ConsentRule {
  return { ...agreed, purpose: PURPOSE_CODES[agreed.purpose] };
}

/** @returns whether a Consent speaks of what a target is for */
export function concerns(consent: Consent, agreed: Agreed): boolean {
  return isConsentFor(consent, ruleOf(agreed));
}

/** @returns the Consents by which what a target is for is agreed to now; none where it is not */
export function consentsGiven(
  consents: readonly Consent[],
  agreed: Agreed,
  nowMs: number,
): readonly Consent[] {
  return consentsCovering(consents, ruleOf(agreed), nowMs);
}

/** @returns whether a Consent refuses, or takes back, what was agreed to before */
export function isWithdrawal({ status, provision }: Consent): boolean {
  return (
    status === 'rejected' || status === 'inactive' || (status === 'active' && provision?.type !== 'permit')
  );
}

const REASONS: Readonly<Record<Extract<Covering, { covers: false }>['why'], (purpose: string) => string>> = {
  none: (purpose) => `there is no consent for ${purpose}: record what the person decided`,
  refused: (purpose) => `the person refused or withdrew consent for ${purpose}`,
  period: (purpose) => `consent for ${purpose} is outside its period: ask the person again`,
  unclear: (purpose) =>
    `consent for ${purpose} has exceptions, limits or dates that cannot be read: record it plainly`,
};

/** @returns true when a valid NHS number is marked as present and verified */
export function hasVerifiedNhsNumber(patient: Patient): boolean {
  return verifiedNhsNumber(patient) !== undefined;
}

function held(why: string): SharingDecision {
  return {
    send: false,
    issue: issueOf({ code: 'suppressed', rule: 'hr-8', diagnostics: `Not sent: ${why}.` }),
  };
}
