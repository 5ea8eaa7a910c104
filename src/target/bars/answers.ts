/** Turns what a BaRS service answered into what delivery does next, saying the fault by its codes and never in the service's words. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import type { Answered } from '../../nhs/bars/client.ts';
import type { BarsMeaning } from '../../nhs/bars/errors.ts';
import { type Refused, refusal } from '../answers.ts';

type NotTaken = Extract<BarsMeaning, { taken: false }>;

interface Meaning {
  readonly code: OperationOutcomeIssue['code'];
  readonly rule: string;
  readonly advice: string;
}

const BUSY: Meaning = { code: 'transient', rule: 'target-busy', advice: 'It is tried again later.' };
const UNSURE: Meaning = {
  code: 'exception',
  rule: 'target-unsure',
  advice: 'It may have been taken: it is sent again under the same ids, and the service knows it by them.',
};
const REFUSED: Meaning = {
  code: 'processing',
  rule: 'delivery-refused',
  advice: 'Correct what the service names, here or with the service; then replay.',
};
const CONFLICT: Meaning = {
  code: 'conflict',
  rule: 'delivery-conflict',
  advice:
    'The service holds another state of the referral: ask the service, correct the referral; then replay.',
};
const UNAUTHORIZED: Meaning = {
  code: 'security',
  rule: 'target-unauthorized',
  advice:
    'The access token was renewed and refused again: check the application, its keys and that BaRS is enabled for it. Everything waits.',
};
const ELSEWHERE: Meaning = {
  code: 'not-found',
  rule: 'bars-target',
  advice:
    'The proxy finds no such service, or not this version of the standard: check "service" and "version" of the target, and with the service that it is in the endpoint catalogue. Everything waits.',
};

/** Rules of refusals that are of the service, or of our standing there: everything for it waits. */
export const WAITING_RULES = ['bars-not-taken', 'bars-target', 'target-unauthorized'] as const;
export type WaitingRule = (typeof WAITING_RULES)[number];

/** @returns what is to be put right, in words that name no referral; undefined where the refusal itself has such words */
export function adviceOf(rule: WaitingRule, target: string): string | undefined {
  const found = [UNAUTHORIZED, ELSEWHERE].find((one) => one.rule === rule);
  return found && `Nothing goes to target ${target}. ${found.advice}`;
}

/** @param what is sent, in words without values: `the new referral ServiceRequest/1c…` */
export function refusedBy(answered: Answered, what: string, target: string): Refused {
  if (!answered.ok) return answered;
  const meaning = answered.meaning as NotTaken;
  const { code, rule, advice } = meaningOf(meaning);
  const ends: Readonly<Record<NotTaken['culprit'], string>> = {
    sender: 'at our end',
    proxy: 'at the proxy',
    receiver: 'at the service',
  };
  const named = [meaning.code, meaning.issue].filter((one) => one !== undefined && one !== '').join(', ');
  const said = named === '' ? 'without an error that BaRS knows' : `${named}: ${ends[meaning.culprit]}`;
  const diagnostics = `Target ${target} answered ${answered.status} to ${what} (${said}). ${advice}`;
  const wait = answered.retryAfterMs === undefined ? {} : { retryAfterMs: answered.retryAfterMs };
  return { ...refusal(meaning.retry, code, rule, diagnostics), ...wait };
}

function meaningOf({ retry, renewsToken, isOfTarget }: NotTaken): Meaning {
  if (renewsToken) return UNAUTHORIZED;
  if (isOfTarget) return ELSEWHERE;
  if (retry === 'conflict') return CONFLICT;
  if (retry === 'ambiguous') return UNSURE;
  return retry === 'transient' ? BUSY : REFUSED;
}

/** A delivery that was made, or had nothing to do, while somebody must look. */
export function report(rule: string, diagnostics: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule,
    diagnostics,
    expression: 'ServiceRequest.status',
  });
}

/** @param status that the service gives the referral; undefined: it knows none of that id */
export function notActive(request: string, status: string | undefined, what: string): OperationOutcomeIssue {
  const said = status === undefined ? 'does not know' : `holds as ${status}`;
  return report(
    'bars-not-active',
    `${request} was to be ${what} at the service, which ${said} it: BaRS lets only an active referral be changed so, and nothing was sent. Tell the service by telephone or mail, and close this.`,
  );
}

/** Reports of one delivery are one item. */
export function combined(reports: readonly OperationOutcomeIssue[]): OperationOutcomeIssue | undefined {
  const [first, ...more] = reports;
  if (!first || more.length === 0) return first;
  return { ...first, diagnostics: reports.map(({ diagnostics }) => diagnostics).join(' ') };
}

/** @param older was made before the other, and comes after it */
export function olderThanOpen(older: string, newer: string): Refused {
  const diagnostics = `${older} was made before ${newer} of the same person, which is open at the service: BaRS has one active request, and the newer one stays. End ${older} here; or, if it is the one that is meant, end ${newer} and replay.`;
  return refusal('permanent', 'business-rule', 'bars-older-than-open', diagnostics);
}

export function personGone(key: string): Refused {
  const diagnostics = `${key} names no Patient that is known here: send the person’s record, then replay.`;
  return refusal('permanent', 'incomplete', 'bars-patient', diagnostics);
}

export function revokedForNewer(older: string, newer: string): OperationOutcomeIssue {
  return report(
    'bars-revoked-for-newer',
    `${older} was open at the service, and was revoked there since ${newer} of the same person goes there now: BaRS has one active request. End ${older} here too, or tell the service that both are meant.`,
  );
}
