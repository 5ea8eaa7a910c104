/** Turns what a service answers about a referral into the state that it says the referral is in. Pure. */
import type { CheckedMessage } from './receive-checks.ts';
import { isJson, type Json } from './receive-entries.ts';

/** Task.status of a referral that an answer may tell. */
export type ToldState =
  | 'received'
  | 'accepted'
  | 'rejected'
  | 'cancelled'
  | 'in-progress'
  | 'on-hold'
  | 'failed'
  | 'completed'
  | 'entered-in-error';

export interface ToldReferral {
  /** undefined: nothing that a referral could go on by */
  readonly state: ToldState | undefined;
  /** why, as codings and words that came along */
  readonly reason: Json | undefined;
}

const BY_TASK: Readonly<Record<string, ToldState>> = {
  received: 'received',
  ready: 'accepted',
  accepted: 'accepted',
  rejected: 'rejected',
  cancelled: 'cancelled',
  'in-progress': 'in-progress',
  'on-hold': 'on-hold',
  failed: 'failed',
  completed: 'completed',
  'entered-in-error': 'entered-in-error',
};
/** Without a Task, what the referral itself says: one that is still active has been taken on. */
const BY_REQUEST: Readonly<Record<string, ToldState>> = {
  active: 'accepted',
  'on-hold': 'on-hold',
  revoked: 'rejected',
  completed: 'completed',
  'entered-in-error': 'entered-in-error',
};
/** The service's own Encounter: what came of the referral. */
const BY_ENCOUNTER: Readonly<Record<string, ToldState>> = {
  planned: 'accepted',
  arrived: 'in-progress',
  triaged: 'in-progress',
  'in-progress': 'in-progress',
  onleave: 'on-hold',
  finished: 'completed',
  cancelled: 'rejected',
};

/** A Task goes before the referral, and an end of the referral before its Encounter. */
export function readResponse({ entries, focus }: CheckedMessage): ToldReferral {
  const tasks = entries.filter(({ resource }) => resource.resourceType === 'Task');
  const request = entries.find(({ resource }) => resource.resourceType === 'ServiceRequest');
  const own = tasks.filter(
    ({ resource }) => isJson(resource.focus) && resource.focus.reference === request?.fullUrl,
  );
  const task = (own[0] ?? (tasks.length === 1 ? tasks[0] : undefined))?.resource;
  const reason = [task?.statusReason, request?.resource.statusReason].find(isJson);
  const told = BY_TASK[String(task?.status)];
  if (told) return { state: told, reason };
  const asked = BY_REQUEST[String(request?.resource.status)];
  const isOpen = asked === undefined || asked === 'accepted';
  const encounter = focus.resource.resourceType === 'Encounter' ? focus.resource : undefined;
  const outcome = isOpen ? BY_ENCOUNTER[String(encounter?.status)] : undefined;
  return { state: outcome ?? asked, reason };
}
