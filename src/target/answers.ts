/** Turns what a FHIR server answered into what delivery does next, saying the fault without repeating the server's words. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf, type RetryClass } from '../fhir/outcome.ts';
import { classify } from '../wire/retry-class.ts';
import type { Delivered, Delivery } from './target.ts';

export type Refused = Extract<Delivered, { ok: false }>;

/** What of an answer counts, whether it came alone or as an entry of a transaction. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs?: number;
}

export interface ReplyRules {
  /** name of the target, for messages */
  readonly target: string;
  /** statuses that mean another user has the record open; default 423 */
  readonly lockedStatuses: readonly number[];
  /** codes in the server's outcome that mean the same */
  readonly lockedCodes: readonly string[];
}

/** @returns `PUT Encounter/1c…`: type and id of ours, never content */
export function describe(delivery: Delivery): string {
  const { action, type, id } = delivery.entry;
  return `${action === 'delete' ? 'DELETE' : 'PUT'} ${type}/${id}`;
}

/** @param reply of a status that is no success; 409 and 412 are conflicts, and the caller has looked already */
export function refusalOf(what: string, reply: Reply, rules: ReplyRules): Refused {
  const issues = issuesOf(reply.body);
  const isLocked = rules.lockedStatuses.includes(reply.status) || hasCode(issues, rules.lockedCodes);
  const { retry, code, rule, advice } = isLocked ? LOCKED : meaningOf(reply.status);
  const diagnostics = `Target ${rules.target} answered ${reply.status} to ${what}${codesIn(issues)}. ${advice}`;
  return {
    ok: false,
    retry,
    ...(reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs }),
    outcome: outcomeOf({ ...issueOf({ code, rule, diagnostics }), ...pathsIn(issues) }),
  };
}

interface Meaning {
  readonly retry: Refused['retry'];
  readonly code: OperationOutcomeIssue['code'];
  readonly rule: string;
  readonly advice: string;
}

const LOCKED: Meaning = {
  retry: 'recordLocked',
  code: 'lock-error',
  rule: 'delivery-record-locked',
  advice: 'The record is open elsewhere; it is tried again later.',
};

/** What `classify` leaves to the target. 401 comes here only after the token was renewed: the credentials are wrong for every record, so none is parked for it. */
const SPECIAL: Readonly<Record<number, Meaning>> = {
  401: {
    retry: 'transient',
    code: 'security',
    rule: 'target-unauthorized',
    advice: 'Check the credentials configured for this target.',
  },
  409: {
    retry: 'conflict',
    code: 'conflict',
    rule: 'delivery-conflict',
    advice: 'It contradicts what the target holds; compare both, then replay.',
  },
  412: {
    retry: 'conflict',
    code: 'conflict',
    rule: 'delivery-conflict',
    advice: 'The target holds another version; compare both, then replay.',
  },
  429: { retry: 'transient', code: 'throttled', rule: 'target-busy', advice: 'It is tried again later.' },
};

const CLASSES: Readonly<Record<RetryClass, Meaning>> = {
  transient: {
    retry: 'transient',
    code: 'transient',
    rule: 'target-busy',
    advice: 'It is tried again later.',
  },
  ambiguous: {
    retry: 'ambiguous',
    code: 'exception',
    rule: 'target-unsure',
    advice: 'It may have been stored: it is looked up before it is sent again.',
  },
  permanent: {
    retry: 'permanent',
    code: 'processing',
    rule: 'delivery-refused',
    advice: 'Amend the record at its source, or its map; then replay.',
  },
};

const MOVED: Meaning = {
  retry: 'permanent',
  code: 'not-supported',
  rule: 'target-moved',
  advice: 'Redirects are not followed: configure the address that the target names, then replay.',
};

function meaningOf(status: number): Meaning {
  if (status >= 300 && status < 400) return MOVED;
  return SPECIAL[status] ?? CLASSES[classify(status)];
}

/** A failure that no answer of the server stands behind. */
export function refusal(
  retry: Refused['retry'],
  code: OperationOutcomeIssue['code'],
  rule: string,
  diagnostics: string,
): Refused {
  return { ok: false, retry, outcome: outcomeOf(issueOf({ code, rule, diagnostics })) };
}

function issuesOf(body: unknown): readonly OperationOutcomeIssue[] {
  const outcome = body as OperationOutcome | undefined;
  return outcome?.resourceType === 'OperationOutcome' && Array.isArray(outcome.issue) ? outcome.issue : [];
}

function codesOf(issue: OperationOutcomeIssue): string[] {
  return [issue.code, ...(issue.details?.coding ?? []).map((coding) => coding.code)].filter(
    (code): code is string => typeof code === 'string' && /^[\w.:-]{1,64}$/.test(code),
  );
}

function hasCode(issues: readonly OperationOutcomeIssue[], codes: readonly string[]): boolean {
  return codes.length > 0 && issues.some((issue) => codesOf(issue).some((code) => codes.includes(code)));
}

/** Codes only: a server's own text may repeat the values it refused. */
function codesIn(issues: readonly OperationOutcomeIssue[]): string {
  const codes = [...new Set(issues.flatMap(codesOf))].slice(0, 5);
  return codes.length > 0 ? ` (${codes.join(', ')})` : '';
}

/** Paths name elements, not values. */
function pathsIn(issues: readonly OperationOutcomeIssue[]): { expression?: string[] } {
  const paths = issues
    .flatMap((issue) => issue.expression ?? [])
    .filter((path) => /^[A-Za-z][\w.[\]()]*$/.test(path));
  return paths.length > 0 ? { expression: paths.slice(0, 10) } : {};
}
