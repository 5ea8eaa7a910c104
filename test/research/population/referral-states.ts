/** How a made-up referral went: the states that it ended in, and what our maps write of each. */
import type { Coding, EpisodeOfCare, ServiceRequest, Task } from '@medplum/fhirtypes';
import { own, snomed } from './words.ts';

export interface Ending {
  readonly task: NonNullable<Task['status']>;
  readonly request: NonNullable<ServiceRequest['status']>;
  /** of the spell, where there was one */
  readonly episode?: NonNullable<EpisodeOfCare['status']>;
  /** it has come to an end */
  readonly isOver?: boolean;
  readonly reason?: readonly Coding[];
}

const reason = (code: string, status?: string): readonly Coding[] => [
  ...(status ? [own('referral-status', status)] : []),
  own('status-reason', code),
];
const failed = { task: 'failed', request: 'revoked', episode: 'finished', isOver: true } as const;

export const ENDINGS = {
  offered: { task: 'draft', request: 'draft' },
  declined: {
    ...{ task: 'cancelled', request: 'revoked', isOver: true },
    reason: [snomed('871711000000103'), own('status-reason', 'person-request')],
  },
  requested: { task: 'requested', request: 'active' },
  received: { task: 'received', request: 'active' },
  rejected: { task: 'rejected', request: 'revoked', isOver: true, reason: reason('out-of-area', 'rejected') },
  cancelled: {
    task: 'cancelled',
    request: 'revoked',
    isOver: true,
    reason: reason('duplicate', 'cancelled'),
  },
  accepted: { task: 'accepted', request: 'active', episode: 'active' },
  active: { task: 'in-progress', request: 'active', episode: 'active' },
  'on-hold': { task: 'on-hold', request: 'on-hold', episode: 'active', reason: reason('unwell') },
  completed: { task: 'completed', request: 'completed', episode: 'finished', isOver: true },
  'handed-over': { task: 'completed', request: 'completed', episode: 'finished', isOver: true },
  withdrawn: { ...failed, reason: reason('person-request', 'withdrawn') },
  'no-contact': { ...failed, reason: reason('no-reply', 'no-contact') },
  died: { ...failed, reason: reason('died', 'died') },
  moved: { ...failed, reason: reason('moved', 'moved') },
  'in-error': {
    ...{ task: 'entered-in-error', request: 'entered-in-error', episode: 'entered-in-error', isOver: true },
  },
} as const satisfies Record<string, Ending>;

export type EndingName = keyof typeof ENDINGS;

/** How many of a thousand referrals end so, more or less. */
export const SHARES: Readonly<Record<EndingName, number>> = {
  offered: 30,
  declined: 80,
  requested: 40,
  received: 25,
  rejected: 50,
  cancelled: 20,
  accepted: 40,
  active: 110,
  'on-hold': 20,
  completed: 400,
  'handed-over': 50,
  withdrawn: 70,
  'no-contact': 45,
  died: 5,
  moved: 10,
  'in-error': 5,
};
