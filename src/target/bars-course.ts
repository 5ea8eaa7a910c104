/** Turns how a referral stands here, and what its service was told of it, into what the service is to be told next. Pure. */
import type { Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { RequestCase } from '../nhs/bars/request-message.ts';
import { isReferralTask } from '../referral/task-event.ts';
import type { Message, MessageState, TargetLink } from '../store/store.ts';

/** How the service is to see a referral; `nothing`: it is not told, or ended it itself. */
export type Wanted = 'nothing' | 'active' | 'revoked' | 'entered-in-error';

/** What was said to the service of a referral, and arrived. */
export interface Told {
  readonly state: Wanted;
  /** of the content of the last message; undefined where it is no longer known */
  readonly digest: string | undefined;
  /** kept, and not known to have arrived: it is sent again before anything else */
  readonly pending: Message | undefined;
}

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

function taskOf({ id }: ServiceRequest, tasks: readonly Resource[]): Task | undefined {
  return tasks.find(
    (one): one is Task =>
      one.resourceType === 'Task' && isReferralTask(one) && one.focus?.reference === `ServiceRequest/${id}`,
  );
}

/** What is kept of a message once it has arrived: nothing of the person. */
interface Summary {
  readonly what: RequestCase;
  readonly digest: string;
}

export function summaryOf(what: RequestCase, digest: string): string {
  return JSON.stringify({ what, digest } satisfies Summary);
}

const ARRIVED: ReadonlySet<MessageState> = new Set([
  'sent',
  'acknowledged',
  'answered',
  'silent',
  'replaced',
]);
const STATES: Readonly<Record<RequestCase, Wanted>> = {
  new: 'active',
  update: 'active',
  cancel: 'revoked',
  'in-error': IN_ERROR,
};

/**
 * @param messages about the referral, newest first
 * @param link what is known of it at the service: it is older than retention
 */
export function toldOf(messages: readonly Message[], link: TargetLink | undefined): Told {
  const out = messages.filter(({ direction }) => direction === 'out');
  const pending = out.findLast(({ state }) => state === 'prepared');
  const last = out.find(({ state }) => ARRIVED.has(state));
  const summary = summaryIn(last?.body);
  const state = summary ? STATES[summary.what] : last ? 'active' : (linkedState(link) ?? 'nothing');
  return { state, digest: summary?.digest, pending };
}

/** The version that a service has of a referral is what it was told of its state. */
function linkedState(link: TargetLink | undefined): Wanted | undefined {
  const version = link?.remoteVersion;
  return version === 'active' || version === 'revoked' || version === IN_ERROR ? version : undefined;
}

function summaryIn(body: string | undefined): Summary | undefined {
  if (!body?.startsWith('{"what":')) return undefined;
  return JSON.parse(body) as Summary;
}

/** @returns what the service is told next; undefined: it has heard all. `digest` is that of what an update would say */
export function nextCase(wanted: Wanted, told: Told, digest: string | undefined): RequestCase | undefined {
  if (wanted === 'nothing' || told.state === IN_ERROR) return undefined;
  if (wanted === 'active') {
    if (told.state === 'nothing') return 'new';
    // one that was withdrawn there, as by a newer one, is not brought back
    return told.state === 'active' && told.digest !== digest ? 'update' : undefined;
  }
  if (told.state === 'nothing' || told.state === wanted) return undefined;
  return wanted === 'revoked' ? 'cancel' : 'in-error';
}
