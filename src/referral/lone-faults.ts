/** Turns what stands in a record beside a referral's Task into faults: a request opened again, a person who has died. */
import type { OperationOutcomeIssue, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';

const ENDED: ReadonlySet<string | undefined> = new Set(['completed', 'revoked', 'entered-in-error']);
const OPEN: ReadonlySet<string> = new Set([
  'draft',
  'requested',
  'received',
  'accepted',
  'in-progress',
  'on-hold',
]);

/** @returns `referral-transition` where a ServiceRequest that comes without its Task goes on after its end */
export function reopened(
  { status: was }: ServiceRequest,
  { status: is }: ServiceRequest,
): OperationOutcomeIssue | undefined {
  if (!ENDED.has(was) || is === was || is === 'entered-in-error') return undefined;
  return issueOf({
    code: 'business-rule',
    rule: 'referral-transition',
    diagnostics: `ServiceRequest.status cannot go from ${was} to ${is}. An ended referral is not opened again: send a new ServiceRequest with a Task of its own, or entered-in-error if this one should never have been.`,
    expression: 'ServiceRequest.status',
  });
}

/**
 * A death ends no referral by itself: the service says so.
 * @param incoming what the record itself says
 * @param tasks its referrals
 * @returns a warning `referral-after-death` for each that goes on
 */
export function afterDeath(incoming: readonly Resource[], tasks: readonly Task[]): OperationOutcomeIssue[] {
  const died = incoming.some(
    (one) =>
      one.resourceType === 'Patient' && (one.deceasedDateTime !== undefined || one.deceasedBoolean === true),
  );
  const open = died ? tasks.filter(({ status }) => OPEN.has(status)) : [];
  return open.map(({ status }) =>
    issueOf({
      severity: 'warning',
      code: 'business-rule',
      rule: 'referral-after-death',
      diagnostics: `Task.status is ${status} and the person has died: end the referral with the reason died.`,
      expression: 'Task.status',
    }),
  );
}
