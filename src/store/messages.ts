/** Messages to and from NHS services: under which ids each was sent, what came of it, and its body while that is needed. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { ResourceKey } from './resources.ts';

/**
 * Out: `prepared` (kept before its first byte leaves), `sent` (the transport took it), `acknowledged` (its receiver has
 * it), `answered` (what it asked for was done, or filed), `rejected` (its receiver will not have it), `silent` (no
 * acknowledgement came in time), `replaced` (sent another way, or by a newer one). In: `received` (kept, not yet taken),
 * `taken` (what it says is committed), `refused` (it was answered with an error).
 */
export type MessageState =
  | 'prepared'
  | 'sent'
  | 'acknowledged'
  | 'answered'
  | 'rejected'
  | 'silent'
  | 'replaced'
  | 'received'
  | 'taken'
  | 'refused';

export type Direction = 'in' | 'out';

/** What a message is known by: the id that its sender gave it (X-Request-Id, Mex-LocalID, a reference of ours). */
export interface MessageKey {
  /** name of the target, or of the endpoint, that it goes through */
  readonly channel: string;
  readonly direction: Direction;
  readonly id: string;
}

export interface NewMessage extends MessageKey {
  /** the same for a message, what updates it, and what answers it */
  readonly conversation: string;
  /** what it speaks of, here */
  readonly about?: ResourceKey | undefined;
  /** version of that */
  readonly version?: number | undefined;
  readonly personId?: string | undefined;
  readonly ownerOrg: string;
  /** its id at the other end: a Bundle's, or the transport's */
  readonly remoteId?: string | undefined;
  /** where answers go, as the sender named it */
  readonly replyTo?: string | undefined;
  /** ODS code of the organisation at the other end: who sent it, or whom it is for */
  readonly organisation?: string | undefined;
  /** the service that it is for, `system|value` */
  readonly service?: string | undefined;
  /** what it does, in a word of its channel: it stays when the body goes */
  readonly what?: string | undefined;
  /** of what it says: the same for messages that say the same */
  readonly digest?: string | undefined;
  readonly state: MessageState;
  /** as it is sent, or as it came */
  readonly body?: string | undefined;
  /** when something must have come of it */
  readonly dueMs?: number | undefined;
}

export interface Message extends NewMessage {
  readonly outcome?: OperationOutcome | undefined;
  readonly createdMs: number;
  readonly changedMs: number;
}

/** What is left out stays as it is; null takes it away. */
export interface MessageChange {
  readonly state?: MessageState;
  readonly personId?: string | null;
  readonly remoteId?: string | null;
  readonly replyTo?: string | null;
  readonly body?: string | null;
  readonly digest?: string | null;
  readonly dueMs?: number | null;
  readonly outcome?: OperationOutcome | null;
}

/**
 * Retention takes bodies of settled messages. An erasure takes bodies, digests, outcomes and where answers go; a
 * restriction takes bodies, digests and outcomes, but of what came and is not worked yet. What was prepared, and has no
 * `dueMs` at which somebody looks again, is `replaced` by either: it is in doubt whether it arrived, and it goes no more.
 */
export interface MessageStore {
  /** Keeps a message, unless one of its key is kept already: then that one counts. */
  keep(message: NewMessage, nowMs: number): Promise<{ readonly message: Message; readonly isNew: boolean }>;
  /**
   * Changes a message.
   * @param from states that it may be in; default any
   * @returns false when there is none, or it is in another state: another process was quicker
   */
  change(
    key: MessageKey,
    change: MessageChange,
    nowMs: number,
    from?: readonly MessageState[],
  ): Promise<boolean>;
  get(key: MessageKey): Promise<Message | undefined>;
  /**
   * Finds the newest of a channel and direction under an id of the other end.
   * @param organisation at the other end: ids of different ones may be alike; default any
   */
  byRemoteId(
    channel: string,
    direction: Direction,
    remoteId: string,
    organisation?: string,
  ): Promise<Message | undefined>;
  /** oldest first, in both directions */
  ofConversation(channel: string, conversation: string): Promise<readonly Message[]>;
  /** newest first, over all channels or in one */
  about(resource: ResourceKey, channel?: string): Promise<readonly Message[]>;
  /** keys of those of a channel whose body is kept */
  withBody(channel: string): Promise<readonly MessageKey[]>;
  /** those whose `dueMs` has passed, the longest overdue first */
  overdue(channel: string, nowMs: number, count: number): Promise<readonly Message[]>;
}
