/** Synthetic Tasks of referrals, as they stand in each state and after each event. */
import type { CodeableConcept, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { ReferralEvent, ReferralState } from '../../src/referral/states.ts';

const SYSTEM = 'https://hedgerow.example/fhir/CodeSystem';

/** @param code of CodeSystem referral-status or status-reason */
export function reason(
  code: string,
  list: 'referral-status' | 'status-reason' = 'referral-status',
): CodeableConcept {
  return { coding: [{ system: `${SYSTEM}/${list}`, code }] };
}

export const DECLINED: CodeableConcept = {
  coding: [{ system: 'http://snomed.info/sct', code: '871711000000103' }],
};

export function task(
  status: Exclude<ReferralState, 'none'>,
  more: Partial<Task> = {},
): Task & { readonly id: string } {
  return {
    resourceType: 'Task',
    id: 'task',
    status,
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: 'ServiceRequest/request' },
    for: { reference: 'Patient/person' },
    requester: { reference: 'PractitionerRole/gp' },
    owner: { reference: 'Organization/service' },
    ...more,
  };
}

export function request(
  status: NonNullable<ServiceRequest['status']>,
  more: Partial<ServiceRequest> = {},
): ServiceRequest & { readonly id: string } {
  return {
    resourceType: 'ServiceRequest',
    id: 'request',
    status,
    intent: 'order',
    subject: { reference: 'Patient/person' },
    ...more,
  };
}

/** Task.output of a referral that another took over */
export function handedTo(key: string): NonNullable<Task['output']> {
  return [
    {
      type: { coding: [{ system: `${SYSTEM}/task-output`, code: 'hand-over' }] },
      valueReference: { reference: key },
    },
  ];
}

/** @returns the Task as a sender writes it after an event; undefined for those that change another Task */
export function taskAfter(state: ReferralState, event: ReferralEvent): Task | undefined {
  const held = ['accepted', 'in-progress', 'on-hold'].includes(state);
  switch (event) {
    case 'offered':
      return task('draft');
    case 'referred':
      return task('requested');
    case 'self-referred':
      return task('requested', { requester: { reference: 'Patient/person' } });
    case 'declined':
      return task('cancelled', { statusReason: DECLINED });
    case 'withdrawn':
    case 'died':
    case 'moved':
      return task(held ? 'failed' : 'cancelled', { statusReason: reason(event) });
    case 'could-not-be-contacted':
      return task('failed', { statusReason: reason('no-contact') });
    case 'cancelled':
    case 'rejected':
      return task(event, { statusReason: reason(event) });
    case 'contact-attempted':
      return task('in-progress', { businessStatus: { text: 'attempt 2' } });
    case 'put-on-hold':
      return task('on-hold', { statusReason: reason('unwell', 'status-reason') });
    case 'resumed':
      return task('in-progress');
    case 'hand-over-accepted':
      return task('completed', { output: handedTo('ServiceRequest/next') });
    case 'hand-over-offered':
    case 'hand-over-refused':
      return undefined;
    default:
      return task(event); // received, accepted, completed, entered-in-error
  }
}
