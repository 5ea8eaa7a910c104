/** Turns how a referral stands here, and what its service was told of it, into what the service is to be told next. Pure. */
import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { RequestCase } from '../../nhs/bars/request-message.ts';
import { isReferralTask } from '../../referral/task-event.ts';
import type { Message, MessageState, TargetLink } from '../../store/store.ts';

/** How the service is to see a referral; `nothing`: it is not told, or ended it itself. */
export type Wanted = 'nothing' | 'active' | Ending;

/** What is said of a referral last. */
export type Ending = 'revoked' | 'entered-in-error';

export function isEnding(state: Wanted): state is Ending {
  return state === 'revoked' || state === IN_ERROR;
}

/** What was said to the service of a referral, and arrived. */
export interface Told {
  readonly state: Wanted;
  /** of the content of the last message; undefined where it is no longer known */
  readonly digest: string | undefined;
  /** kept, and not known to have arrived: it is sent again before anything else, an ending before what it ends */
  readonly pending: Message | undefined;
  /** kept, and ended by a message that arrived since: they go no more */
  readonly overtaken: readonly Message[];
  /** withdrawn there, or about to be, and not for a newer one */
  readonly isTakenBack: boolean;
  /** a message was given up since then, and may have arrived: only the service knows */
  readonly inDoubt: boolean;
  /** a delivery of it was noted before */
  readonly isLinked: boolean;
  /** messages about it so far */
  readonly count: number;
}

/** What a message does, in the word that it is kept under: a cancellation for a newer referral is somebody's to look at. */
export type KeptCase = RequestCase | 'cancel-for-newer';

/** Task states that only the service brings about: it knows. */
const BY_SERVICE: ReadonlySet<string> = new Set(['rejected', 'failed', 'completed']);
const IN_ERROR = 'entered-in-error';

/** @param tasks of the person: those of other referrals are passed over */
export function wantedOf(request: ServiceRequest, tasks: readonly Resource[]): Wanted {
  const task = taskOf(request, tasks);
  if (request.status === IN_ERROR || task?.status === IN_ERROR) return IN_ERROR;
  if (task && BY_SERVICE.has(task.status)) return 'nothing';
  if (request.status === 'revoked' || task?.status === 'cancelled') return 'revoked';
  return request.status === 'active' && task?.status !== 'draft' ? 'active' : 'nothing';
}

/** @returns whether its service ended a referral, and so knows that it is over */
export function isEndedByService(request: ServiceRequest, tasks: readonly Resource[]): boolean {
  const task = taskOf(request, tasks);
  return task ? BY_SERVICE.has(task.status) : request.status === 'completed';
}

function taskOf({ id }: ServiceRequest, tasks: readonly Resource[]): Task | undefined {
  return tasks.find(
    (one): one is Task =>
      one.resourceType === 'Task' && isReferralTask(one) && one.focus?.reference === `ServiceRequest/${id}`,
  );
}

const ARRIVED: ReadonlySet<MessageState> = new Set(['sent', 'acknowledged', 'answered', 'silent']);
const STATES: Readonly<Record<KeptCase, Wanted>> = {
  new: 'active',
  update: 'active',
  cancel: 'revoked',
  'cancel-for-newer': 'revoked',
  'in-error': IN_ERROR,
};

/** @returns what a message that was kept makes of its referral at the service */
export function stateBy({ what }: Message): Wanted {
  return STATES[what as KeptCase] ?? 'active';
}

/** @returns whether a message arrived, as far as is known */
export function hasArrived({ direction, state }: Message): boolean {
  return direction === 'out' && ARRIVED.has(state);
}

/**
 * @param messages about the referral, newest first
 * @param link what is known of it at the service: it is older than retention
 */
export function toldOf(messages: readonly Message[], link: TargetLink | undefined): Told {
  const out = messages.filter(({ direction }) => direction === 'out');
  const last = out.find(hasArrived);
  const later = last === undefined ? out : out.slice(0, out.indexOf(last));
  const kept = out.filter(({ state, body }) => state === 'prepared' && body !== undefined);
  const overtaken = kept.filter((one) => last && isOvertaken(one, last, later));
  const waiting = kept.filter((one) => !overtaken.includes(one));
  const pending = waiting.findLast((one) => isEnding(stateBy(one))) ?? waiting.at(-1);
  const inDoubt = later.some(
    ({ state, body }) => state === 'replaced' || (state === 'prepared' && body === undefined),
  );
  const linked = linkedState(link);
  return {
    state: last ? stateBy(last) : (linked ?? 'nothing'),
    digest: inDoubt ? undefined : last?.digest,
    isTakenBack: (pending ?? last)?.what === 'cancel',
    ...{ pending, overtaken, inDoubt, isLinked: linked !== undefined, count: out.length },
  };
}

/** @param later messages than the last that arrived */
function isOvertaken(one: Message, last: Message, later: readonly Message[]): boolean {
  const state = stateBy(last);
  return isEnding(state) && (!later.includes(one) || stateBy(one) === state);
}

/** @returns whether the service holds a referral as open, or may */
export function mayBeOpen({ state, pending, inDoubt }: Told): boolean {
  return state === 'active' || pending !== undefined || inDoubt;
}

/** The version that a service has of a referral is what it was told of its state. */
function linkedState(link: TargetLink | undefined): Wanted | undefined {
  const version = link?.remoteVersion;
  return version === 'active' || version === 'revoked' || version === IN_ERROR ? version : undefined;
}

/** @returns what the service is told next; undefined: it has heard all. `digest` is that of what an update would say */
export function nextCase(wanted: Wanted, told: Told, digest: string | undefined): RequestCase | undefined {
  if (wanted === 'nothing' || told.state === IN_ERROR) return undefined;
  if (wanted === 'active') {
    if (told.state === 'nothing') return 'new';
    // one that was withdrawn there, as by a newer one, is not brought back
    return told.state === 'active' && told.digest !== digest ? 'update' : undefined;
  }
  if ((told.state === 'nothing' && !told.inDoubt) || told.state === wanted) return undefined;
  return wanted === 'revoked' ? 'cancel' : 'in-error';
}
