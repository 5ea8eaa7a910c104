/** Turns what a FHIR server answered into what delivery does next, saying the fault without repeating the server's words. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
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
  const { status } = reply;
  const issues = issuesOf(reply.body);
  const retryAfter = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs };
  const refused = (
    retry: Refused['retry'],
    code: OperationOutcomeIssue['code'],
    rule: string,
    advice: string,
  ): Refused => ({
    ok: false,
    retry,
    ...retryAfter,
    outcome: outcomeWith(
      issues,
      code,
      rule,
      `Target ${rules.target} answered ${status} to ${what}${codesIn(issues)}. ${advice}`,
    ),
  });
  if (rules.lockedStatuses.includes(status) || (status >= 400 && hasCode(issues, rules.lockedCodes)))
    return refused(
      'recordLocked',
      'lock-error',
      'delivery-record-locked',
      'The record is open elsewhere; it is tried again later.',
    );
  if (status === 401)
    return refused(
      'transient',
      'security',
      'target-unauthorized',
      'Check the credentials configured for this target.',
    );
  if (status === 409 || status === 412)
    return refused(
      'conflict',
      'conflict',
      'delivery-conflict',
      'The target holds another version; compare both and replay.',
    );
  if (status >= 300 && status < 400)
    return refused(
      'permanent',
      'not-supported',
      'target-moved',
      'Redirects are not followed; configure the address it names.',
    );
  const retry = classify(status);
  if (retry === 'transient')
    return refused(retry, status === 429 ? 'throttled' : 'transient', 'target-busy', 'Tried again later.');
  if (retry === 'ambiguous')
    return refused(
      retry,
      'exception',
      'target-unsure',
      'It may have been stored: looked up before it is sent again.',
    );
  return refused(
    retry,
    'processing',
    'delivery-refused',
    'Amend the record at its source or its map, then replay.',
  );
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

function outcomeWith(
  issues: readonly OperationOutcomeIssue[],
  code: OperationOutcomeIssue['code'],
  rule: string,
  diagnostics: string,
): OperationOutcome {
  const expression = issues
    .flatMap((issue) => issue.expression ?? [])
    .filter((path) => /^[A-Za-z][\w.[\]()]*$/.test(path));
  const issue = issueOf({ code, rule, diagnostics });
  return outcomeOf(expression.length > 0 ? { ...issue, expression: expression.slice(0, 10) } : issue);
}
