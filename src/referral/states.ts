/** The referral's state machine: what may happen to a referral in which state, by whom, and what it becomes. */
import type { Task } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../fhir/outcome.ts';

/** Task.status of a referral; `none` before there is one. */
export type ReferralState =
  | 'none'
  | 'draft'
  | 'requested'
  | 'received'
  | 'accepted'
  | 'rejected'
  | 'cancelled'
  | 'in-progress'
  | 'on-hold'
  | 'failed'
  | 'completed'
  | 'entered-in-error';

export const REFERRAL_STATES: readonly ReferralState[] = [
  'none',
  'draft',
  'requested',
  'received',
  'accepted',
  'rejected',
  'cancelled',
  'in-progress',
  'on-hold',
  'failed',
  'completed',
  'entered-in-error',
];

/** Who acts: the organisation of Task.requester, that of Task.owner, or the owner of the new Task of a hand-over. */
export type ReferralActor = 'referrer' | 'service' | 'receiving-service';

export const REFERRAL_ACTORS: readonly ReferralActor[] = ['referrer', 'service', 'receiving-service'];

export type ReferralEvent =
  | 'offered'
  | 'referred'
  | 'self-referred'
  | 'declined'
  | 'withdrawn'
  | 'died'
  | 'moved'
  | 'received'
  | 'accepted'
  | 'rejected'
  | 'cancelled'
  | 'contact-attempted'
  | 'put-on-hold'
  | 'resumed'
  | 'could-not-be-contacted'
  | 'hand-over-offered'
  | 'hand-over-accepted'
  | 'hand-over-refused'
  | 'completed'
  | 'entered-in-error';

/** What a transition makes of the resources around the Task. */
export interface Effects {
  /** Task.status */
  readonly state: Exclude<ReferralState, 'none'>;
  /** Task.statusReason must be given */
  readonly reasonRequired: boolean;
  /** status of the ServiceRequest after it; undefined: unchanged */
  readonly request?: 'draft' | 'active' | 'completed' | 'revoked' | 'entered-in-error';
  /** what becomes of the EpisodeOfCare */
  readonly episode?: 'begins' | 'ends' | 'finished' | 'entered-in-error';
  /** the number in Task.businessStatus counts on: `first` from 1 */
  readonly attempt?: 'first' | 'next';
  /** a person has to look at it */
  readonly worklist?: boolean;
}

/** A row of the table. */
export interface Transition {
  readonly from: readonly ReferralState[];
  readonly event: ReferralEvent;
  readonly by: readonly ReferralActor[];
  readonly effects: Effects;
}

const CLOSED_BY_LIFE = ['withdrawn', 'died', 'moved'] as const;
const EITHER = ['referrer', 'service'] as const;
const REVOKED = { reasonRequired: true, request: 'revoked' } as const;

function row(
  from: readonly ReferralState[],
  event: ReferralEvent,
  by: readonly ReferralActor[],
  state: Effects['state'],
  also: Omit<Partial<Effects>, 'state'> = {},
): Transition {
  return { from, event, by, effects: { state, reasonRequired: false, ...also } };
}

/** Every transition there is; what stands in no row is refused. */
export const TRANSITIONS: readonly Transition[] = [
  row(['none'], 'offered', ['referrer'], 'draft', { request: 'draft' }),
  row(['none', 'draft'], 'referred', ['referrer'], 'requested', { request: 'active' }),
  row(['none', 'draft'], 'self-referred', ['referrer'], 'requested', { request: 'active' }),
  row(['draft'], 'declined', ['referrer'], 'cancelled', REVOKED),
  ...CLOSED_BY_LIFE.map((event) =>
    row(['draft', 'requested', 'received'], event, EITHER, 'cancelled', REVOKED),
  ),
  row(['requested'], 'received', ['service'], 'received'),
  row(['requested', 'received'], 'accepted', ['service'], 'accepted', { episode: 'begins' }),
  row(['requested', 'received'], 'rejected', ['service'], 'rejected', REVOKED),
  row(['requested', 'received'], 'cancelled', ['referrer'], 'cancelled', REVOKED),
  row(['accepted'], 'cancelled', ['referrer'], 'cancelled', { ...REVOKED, episode: 'ends' }),
  row(['accepted'], 'contact-attempted', ['service'], 'in-progress', { attempt: 'first' }),
  row(['in-progress'], 'contact-attempted', ['service'], 'in-progress', { attempt: 'next' }),
  row(['in-progress'], 'put-on-hold', ['service'], 'on-hold', { reasonRequired: true }),
  row(['on-hold'], 'resumed', ['service'], 'in-progress'),
  ...[...CLOSED_BY_LIFE, 'could-not-be-contacted' as const].map((event) =>
    row(['accepted', 'in-progress', 'on-hold'], event, ['service'], 'failed', {
      ...REVOKED,
      episode: 'ends',
    }),
  ),
  row(['in-progress'], 'hand-over-offered', ['service'], 'in-progress'),
  row(['in-progress'], 'hand-over-accepted', ['receiving-service'], 'completed', {
    request: 'completed',
    episode: 'finished',
  }),
  row(['in-progress'], 'hand-over-refused', ['receiving-service'], 'in-progress', { worklist: true }),
  row(['in-progress', 'on-hold'], 'completed', ['service'], 'completed', {
    request: 'completed',
    episode: 'finished',
  }),
  row(
    REFERRAL_STATES.filter((state) => state !== 'none' && state !== 'entered-in-error'),
    'entered-in-error',
    EITHER,
    'entered-in-error',
    { request: 'entered-in-error', episode: 'entered-in-error' },
  ),
];

/** Every event, in the order of the table. */
export const REFERRAL_EVENTS: readonly ReferralEvent[] = [...new Set(TRANSITIONS.map(({ event }) => event))];

const BY_STATE_AND_EVENT = new Map(
  TRANSITIONS.flatMap((one) => one.from.map((state) => [`${state} ${one.event}`, one] as const)),
);

/** @returns the row of an event in a state; undefined when it cannot follow */
export function transitionOf(state: ReferralState, event: ReferralEvent): Transition | undefined {
  return BY_STATE_AND_EVENT.get(`${state} ${event}`);
}

/**
 * Says what an event makes of a referral.
 * @param event what happened
 * @param actor for whom the caller's organisation acts; `entered-in-error` belongs to the author's organisation, whichever it is
 * @returns the effects, or a refusal: `referral-state` when the event cannot follow the state, `referral-actor` when another must say it
 */
export function next(state: ReferralState, event: ReferralEvent, actor: ReferralActor): Checked<Effects> {
  const transition = transitionOf(state, event);
  if (!transition) {
    const from = TRANSITIONS.filter((one) => one.event === event).flatMap((one) => one.from);
    return refuse({
      code: 'business-rule',
      rule: 'referral-state',
      diagnostics: `A referral that is ${state} cannot be ${event}: that follows ${[...new Set(from)].join(', ')}.`,
      expression: 'Task.status',
    });
  }
  if (!transition.by.includes(actor)) {
    return refuse({
      code: 'forbidden',
      rule: 'referral-actor',
      diagnostics: `Only the ${transition.by.join(' or the ')} may say of a referral that it is ${event}.`,
      expression: 'Task.status',
    });
  }
  return { ok: true, value: transition.effects };
}

/** @returns the state that a Task's status stands for; undefined for one that referrals do not use (`ready`) */
export function stateOf(task: Pick<Task, 'status'> | undefined): ReferralState | undefined {
  if (!task) return 'none';
  return REFERRAL_STATES.find((state) => state === task.status);
}
