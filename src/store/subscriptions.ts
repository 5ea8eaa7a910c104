/** Subscriptions of clients as they are kept: where each stands, what it has been told, and what it follows. */
import type { ResourceKey } from './resources.ts';
import type { Viewer } from './viewer.ts';

/** @source FHIR R4, SubscriptionStatusCodes */
export type SubscriptionState = 'requested' | 'active' | 'error' | 'off';

/** What a client asked for. */
export interface NewSubscription {
  readonly id: string;
  readonly client: string;
  readonly ownerOrg: string;
  readonly state: 'requested' | 'off';
  /** the Subscription as JSON text, without id, meta, status and the values of its headers */
  readonly content: string;
  /** `Name: value`; never read back to anybody */
  readonly headers: readonly string[];
  /** what the client could see when it asked */
  readonly viewer: Viewer;
  /** types whose versions it follows */
  readonly types: readonly string[];
  readonly endMs: number | undefined;
}

export interface KeptSubscription extends Omit<NewSubscription, 'state' | 'types'> {
  readonly state: SubscriptionState;
  readonly version: number;
  readonly lastUpdatedMs: number;
  /** changes up to this one are events of it, or are none */
  readonly lastChange: number;
  /** number of its newest event; 0 while there is none */
  readonly lastEvent: number;
  /** number of the last event that the subscriber took */
  readonly sentEvent: number;
  /** times in a row that nothing was taken */
  readonly attempts: number;
  /** nothing is sent before, by the time that processes share */
  readonly dueMs: number;
  readonly failingSinceMs: number | undefined;
  /** when the subscriber last took something; undefined: nothing since the client asked */
  readonly sentMs: number | undefined;
  /** what is wrong, for the client; names no person */
  readonly fault: string | undefined;
}

/** A subscription that this process alone is at, until its lease ends. */
export interface ClaimedSubscription extends KeptSubscription {
  readonly holder: string;
}

/** A version that was committed, in the order of commits. */
export interface CommittedVersion {
  readonly no: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
}

export interface NewEvent {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  /** what else it is about */
  readonly context: ResourceKey | undefined;
  readonly atMs: number;
}
export interface SubscriptionEvent extends NewEvent {
  /** from 1, without gaps */
  readonly no: number;
}

/** What became of a claim; what is left out stays as it was. */
export interface SubscriptionTurn {
  readonly state?: SubscriptionState;
  readonly sentEvent?: number;
  readonly attempts?: number;
  /** milliseconds until something may be sent again */
  readonly waitMs?: number;
  readonly failingSinceMs?: number | null;
  readonly sentMs?: number;
  readonly fault?: string | null;
}

export interface SubscriptionStore {
  /** Keeps a new one: it follows what is committed from now on. */
  make(subscription: NewSubscription, nowMs: number): Promise<KeptSubscription>;
  /**
   * Takes what its client asks for now. Where it was off, it follows what is committed from now on.
   * @param version that is replaced; undefined: whichever there is
   * @returns undefined when there is no such version
   */
  replace(
    subscription: NewSubscription,
    version: number | undefined,
    nowMs: number,
  ): Promise<KeptSubscription | undefined>;
  /** @returns whether there was one */
  remove(id: string): Promise<boolean>;
  get(id: string): Promise<KeptSubscription | undefined>;
  /** all of a client's, oldest first; undefined: everybody's */
  list(client: string | undefined): Promise<readonly KeptSubscription[]>;
  /** those that are followed and that nobody is at, with the number of the newest change, and the time that due times are kept in */
  waiting(nowMs: number): Promise<{
    readonly subscriptions: readonly KeptSubscription[];
    readonly lastChange: number;
    readonly nowMs: number;
  }>;
  /** @returns undefined when another process is at it, or it is off or gone */
  claim(id: string, nowMs: number, leaseMs: number): Promise<ClaimedSubscription | undefined>;
  /** Changes after one, in the order of their commits; of one change all its versions. */
  changes(after: number, count: number): Promise<readonly CommittedVersion[]>;
  /**
   * Numbers events, and says how far the changes have been looked through: both, or neither.
   * @returns the claim as it is now; undefined when it is no longer held
   */
  number(
    claimed: ClaimedSubscription,
    lastChange: number,
    events: readonly NewEvent[],
  ): Promise<ClaimedSubscription | undefined>;
  /** events from one to another, both included */
  events(id: string, from: number, to: number, count: number): Promise<readonly SubscriptionEvent[]>;
  /** Writes down what became of a turn, and keeps the claim. @returns undefined when it is no longer held */
  settle(
    claimed: ClaimedSubscription,
    turn: SubscriptionTurn,
    nowMs: number,
  ): Promise<ClaimedSubscription | undefined>;
  release(claimed: ClaimedSubscription): Promise<void>;
  /** Frees what processes held that have ended. @param everything also what is leased still */
  recover(nowMs: number, everything: boolean): Promise<number>;
  /** Takes out changes that nobody follows any more, and events that were sent before a time. @returns rows that went */
  tidy(sentBeforeMs: number): Promise<number>;
}
