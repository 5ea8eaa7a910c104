/** Turns a change of a referral's Task into what is wrong with a hand-over: nobody falls between two services. */
import type { OperationOutcomeIssue, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';
import { HELD } from './judge-task.ts';
import type { ReferralEvent } from './states.ts';
import { successorOf } from './task-event.ts';

/** The Task of a record, and of its other referrals. */
interface Taking {
  readonly before: Task | undefined;
  readonly after: Task;
  readonly request: ServiceRequest | undefined;
}

/** Before a service accepts. */
const NOT_YET: ReadonlySet<string> = new Set(['draft', 'requested', 'received']);
const NOT_TAKEN: ReadonlySet<string> = new Set(['rejected', 'cancelled']);
const ENDED: ReadonlySet<string | undefined> = new Set(['completed', 'revoked', 'entered-in-error']);

/**
 * @param event of this change
 * @returns `referral-hand-over`: an error where the old service lets go before the new one accepts; warnings where one is
 *   offered that has ended, was not taken (the old service still holds the person), or changed hands without a hand-over
 */
export function handOverIssues(
  change: Taking,
  others: readonly Taking[],
  event: ReferralEvent | undefined,
  stored: (key: `${string}/${string}`) => Resource | undefined,
): OperationOutcomeIssue[] {
  const { before, after } = change;
  if (event === 'hand-over-accepted') return tooEarly(after, others);
  if (isMoved(before, after))
    return [
      warning(
        'Task.owner',
        'Task.owner changed after the service had accepted: hand the person over by a new ServiceRequest based on this one, with a Task of its own',
      ),
    ];
  const old = oldRequest(change, others, stored);
  if (old === undefined) return [];
  const isOver = ENDED.has(old.status);
  if (NOT_TAKEN.has(after.status) && !isOver)
    return [
      warning('Task.status', 'The hand-over was not taken: the service that referred still holds the person'),
    ];
  return before === undefined && NOT_YET.has(after.status) && isOver
    ? [
        warning(
          'ServiceRequest.basedOn',
          `ServiceRequest.basedOn names a referral that is ${old.status}: only one that goes on can be handed over; refer anew`,
        ),
      ]
    : [];
}

function tooEarly(after: Task, others: readonly Taking[]): OperationOutcomeIssue[] {
  const successor = successorOf(after);
  const next = others.find((one) => one.after.focus?.reference === successor)?.after;
  if (!next || !NOT_YET.has(next.status)) return [];
  return [
    issueOf({
      code: 'business-rule',
      rule: 'referral-hand-over',
      diagnostics: `Task.status is completed by a hand-over whose own Task is ${next.status}: the first service holds the person until the other has accepted; complete it then.`,
      expression: 'Task.status',
    }),
  ];
}

/** @returns the request of the service that hands over; an onward referral, whose Task is part of another, is none */
function oldRequest(
  { after, request }: Taking,
  others: readonly Taking[],
  stored: (key: `${string}/${string}`) => Resource | undefined,
): ServiceRequest | undefined {
  if (after.partOf?.length) return undefined;
  for (const { reference = '' } of request?.basedOn ?? []) {
    const old =
      others.find((one) => one.after.focus?.reference === reference)?.request ??
      stored(reference as `${string}/${string}`);
    if (old?.resourceType === 'ServiceRequest') return old;
  }
  return undefined;
}

function isMoved(before: Task | undefined, after: Task): boolean {
  const [was, is] = [before?.owner?.reference, after.owner?.reference];
  return (
    HELD.has(before?.status) && HELD.has(after.status) && was !== undefined && is !== undefined && was !== is
  );
}

function warning(expression: string, text: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'referral-hand-over',
    diagnostics: `${text}.`,
    expression,
  });
}
