/** What a journey of the demo set consists of, in words of its own that each source's writer translates. */
import type { Answers, Instrument } from './instruments.ts';
import type { Person } from './person.ts';
import type { LinkWorker, Place, Service } from './places.ts';

export type Need =
  | 'loneliness'
  | 'isolation'
  | 'caring'
  | 'bereavement'
  | 'money'
  | 'debt'
  | 'benefits'
  | 'housing'
  | 'homeless'
  | 'fuel-poverty'
  | 'unemployment'
  | 'volunteering'
  | 'skills'
  | 'fear-of-crime'
  | 'legal-advice'
  | 'food'
  | 'transport'
  | 'stress'
  | 'inactivity';

/** The eight determinants of health that outcomes are told by. */
export type Determinant =
  | 'work'
  | 'social'
  | 'education'
  | 'crime'
  | 'housing'
  | 'legal'
  | 'income'
  | 'welfare';

export type ReferredBy =
  | 'gp'
  | 'nurse'
  | 'hospital'
  | 'social-worker'
  | 'school'
  | 'family'
  | 'self'
  | 'link-worker';

export type Status =
  | 'offered'
  | 'declined'
  | 'requested'
  | 'rejected'
  | 'accepted'
  | 'in-progress'
  | 'on-hold'
  | 'completed'
  | 'handed-over'
  | 'withdrawn'
  | 'not-reached'
  | 'moved'
  | 'died';

/** Given, refused, or given and taken back; sharing with the GP may be `coded`: codes without narrative. */
export interface Consents {
  readonly refer: 'given' | 'refused' | 'withdrawn';
  readonly share: 'given' | 'coded' | 'refused' | 'withdrawn';
  readonly research: 'given' | 'refused' | 'withdrawn' | undefined;
  readonly on: string;
  readonly withdrawnOn: string | undefined;
}

export interface Contact {
  /** zoneless London time, `2026-03-02T14:30` */
  readonly start: string;
  readonly minutes: number;
  readonly mode:
    | 'telephone'
    | 'video'
    | 'home'
    | 'surgery'
    | 'community'
    | 'text'
    | 'email'
    | 'group'
    | 'walk';
  readonly attended: 'attended' | 'missed' | 'cancelled';
  /** sessions of a group share one */
  readonly session: string | undefined;
  readonly topics: readonly Need[];
  readonly note: string | undefined;
}

export interface Form {
  readonly instrument: Instrument;
  readonly on: string;
  readonly point: 'baseline' | 'follow-up';
  readonly answers: Answers;
}

export type SupportType =
  | 'signposting'
  | 'coaching'
  | 'benefits-advice'
  | 'befriending'
  | 'practical-help'
  | 'plan';

export interface Support {
  readonly type: SupportType;
  readonly on: string;
  readonly need: Need | undefined;
}

/** A referral onward to an activity on the menu. */
export interface Onward {
  readonly activity: string;
  readonly provider: string;
  readonly on: string;
  readonly status: 'offered' | 'declined' | 'referred' | 'attending' | 'completed';
  readonly need: Need | undefined;
}

export interface Closure {
  readonly on: string;
  readonly reason: 'completed' | 'handed-over' | 'withdrawn' | 'not-reached' | 'moved' | 'died';
  readonly changes: readonly (readonly [Determinant, 'better' | 'same' | 'worse'])[];
  readonly goalMet: 'met' | 'partly' | 'not-met' | undefined;
  readonly story: string | undefined;
  /** what the GP is asked to do */
  readonly forGp: string | undefined;
}

export interface Referral {
  /** unique in the set, from 1 */
  readonly number: number;
  readonly person: Person;
  readonly service: Service;
  readonly referredOn: string;
  readonly referredBy: ReferredBy;
  readonly referrer: string | undefined;
  readonly referrerPlace: Place | undefined;
  /** `recommended`: the responsibility stays with the person */
  readonly intent: 'referred' | 'recommended';
  readonly urgent: boolean;
  readonly needs: readonly Need[];
  readonly reason: string | undefined;
  readonly whatMatters: string | undefined;
  /** goal of the plan; there is a plan once the person was met */
  readonly goal: string | undefined;
  readonly status: Status;
  readonly statusOn: string;
  readonly acceptedOn: string | undefined;
  readonly linkWorker: LinkWorker | undefined;
  /** the referral that was handed over into this one */
  readonly follows: Referral | undefined;
  readonly consents: Consents;
  readonly contacts: readonly Contact[];
  readonly forms: readonly Form[];
  readonly support: readonly Support[];
  readonly onward: readonly Onward[];
  readonly closure: Closure | undefined;
}
