/** Turns two versions of a referral's Task into the event that leads from one to the other. */
import type { Task } from '@medplum/fhirtypes';
import type { ReferralEvent, ReferralState } from './states.ts';

const REFERRAL_STATUS_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/referral-status';
const STATUS_REASON_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/status-reason';
const TASK_CODE_SYSTEM = 'http://hl7.org/fhir/CodeSystem/task-code';
const TASK_OUTPUT_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/task-output';
const SNOMED_SYSTEM = 'http://snomed.info/sct';
const SOCIAL_PRESCRIBING_DECLINED = '871711000000103';

/** What ends a referral in Task.statusReason, where the status alone does not tell it. */
type Ending = Extract<
  ReferralEvent,
  'declined' | 'withdrawn' | 'died' | 'moved' | 'could-not-be-contacted' | 'cancelled'
>;

/** By code of CodeSystem referral-status: the event itself. */
const TOLD_EVENTS: Readonly<Record<string, Ending>> = {
  declined: 'declined',
  withdrawn: 'withdrawn',
  died: 'died',
  moved: 'moved',
  'no-contact': 'could-not-be-contacted',
  cancelled: 'cancelled',
};

/** By code of CodeSystem status-reason: the event that a reason stands for, where nobody names the event. */
const REASONS: Readonly<Record<string, Ending>> = {
  'person-request': 'withdrawn',
  died: 'died',
  moved: 'moved',
  'no-reply': 'could-not-be-contacted',
};

/** @returns whether a Task carries a referral: it fulfils a ServiceRequest. What the GP is asked to do does not. */
export function isReferralTask(task: Task): boolean {
  const fulfils = task.code?.coding?.some(
    ({ system, code }) => system === TASK_CODE_SYSTEM && code === 'fulfill',
  );
  return fulfils === true && task.focus?.reference?.startsWith('ServiceRequest/') === true;
}

/**
 * Names what happened.
 * @param before undefined where the referral is new
 * @param from state of `before` @param to state of `after`
 * @returns the event; undefined when the two say the same of the referral's course
 */
export function eventOf(
  before: Task | undefined,
  after: Task,
  from: ReferralState,
  to: Exclude<ReferralState, 'none'>,
): ReferralEvent | undefined {
  if (from === to) return attemptOf(before) === attemptOf(after) ? undefined : 'contact-attempted';
  switch (to) {
    case 'draft':
      return 'offered';
    case 'requested':
      return isByThePerson(after) ? 'self-referred' : 'referred';
    case 'on-hold':
      return 'put-on-hold';
    case 'in-progress':
      return from === 'on-hold' ? 'resumed' : 'contact-attempted';
    case 'cancelled':
      return cancellation(endingOf(after), from);
    case 'failed':
      return failure(endingOf(after));
    case 'completed':
      return successorOf(after) === undefined ? 'completed' : 'hand-over-accepted';
    default:
      return to; // received, accepted, rejected, entered-in-error: the state is the event
  }
}

/** @returns reference of the ServiceRequest that took over (`ServiceRequest/id`), where the referral was handed over */
export function successorOf(task: Task): string | undefined {
  const output = task.output?.find(({ type }) =>
    type.coding?.some(({ system, code }) => system === TASK_OUTPUT_SYSTEM && code === 'hand-over'),
  );
  return output?.valueReference?.reference;
}

/** @returns what Task.statusReason says ended the referral; an event that is named goes before a reason that implies one */
export function endingOf({ statusReason }: Pick<Task, 'statusReason'>): Ending | undefined {
  let implied: Ending | undefined;
  for (const { system, code = '' } of statusReason?.coding ?? []) {
    if (system === REFERRAL_STATUS_SYSTEM && TOLD_EVENTS[code]) return TOLD_EVENTS[code];
    if (system === SNOMED_SYSTEM && code === SOCIAL_PRESCRIBING_DECLINED) return 'declined';
    if (system === STATUS_REASON_SYSTEM) implied ??= REASONS[code];
  }
  return implied;
}

/** A no to an offer declines it; the same no after the referral was sent withdraws it. */
function cancellation(ending: Ending | undefined, from: ReferralState): ReferralEvent {
  if (from === 'draft') return ending === undefined || ending === 'cancelled' ? 'declined' : ending;
  return ending === 'declined' ? 'withdrawn' : (ending ?? 'cancelled');
}

/** After acceptance nobody cancels: what is left is the person's wish. */
function failure(ending: Ending | undefined): ReferralEvent {
  return ending === undefined || ending === 'declined' || ending === 'cancelled' ? 'withdrawn' : ending;
}

function isByThePerson({ requester }: Task): boolean {
  return requester?.reference?.startsWith('Patient/') === true;
}

function attemptOf(task: Task | undefined): string | undefined {
  return task?.businessStatus?.text ?? task?.businessStatus?.coding?.[0]?.code;
}
