/** Turns a ServiceRequest and the Task that fulfils it into what they say against each other. */
import type { OperationOutcomeIssue, ServiceRequest, Task } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';
import type { Effects } from './states.ts';

/** ServiceRequest.status that goes with each Task.status. A request on hold is one whose Task is; the table leaves it active. */
export const REQUEST_STATUSES: Readonly<
  Record<Effects['state'], readonly NonNullable<ServiceRequest['status']>[]>
> = {
  draft: ['draft'],
  requested: ['active'],
  received: ['active'],
  accepted: ['active'],
  rejected: ['revoked'],
  cancelled: ['revoked'],
  'in-progress': ['active'],
  'on-hold': ['active', 'on-hold'],
  failed: ['revoked'],
  completed: ['completed'],
  'entered-in-error': ['entered-in-error'],
};

/**
 * @param severity `error` where one record says both, `warning` where the other is stored and may yet follow
 * @returns `referral-agreement` where they disagree; a request of unknown status agrees with all
 */
export function disagreement(
  { status }: ServiceRequest,
  task: Task,
  severity: 'error' | 'warning',
): OperationOutcomeIssue | undefined {
  const fitting = REQUEST_STATUSES[task.status as Effects['state']];
  if (!fitting || status === 'unknown' || !status || fitting.includes(status)) return undefined;
  return issueOf({
    severity,
    code: 'business-rule',
    rule: 'referral-agreement',
    diagnostics: `ServiceRequest.status is ${status} and its Task.status ${task.status}: with that Task it is ${fitting.join(' or ')}; send both as they stand.`,
    expression: 'ServiceRequest.status',
  });
}
