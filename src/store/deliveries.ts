/** What is due at the targets, what a target holds, and how a delivery ends. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { ResourceKey } from './resources.ts';

/** One delivery due at one target. */
export interface OutboxEntry {
  /** assigned at commit: the order of delivery within a key */
  readonly seq: number;
  readonly target: string;
  /** person id, or `Type/id` of a resource that belongs to no person */
  readonly deliveryKey: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly action: 'put' | 'delete';
  /** deliveries tried so far */
  readonly attempt: number;
  /** an earlier try may have been applied: look before sending again */
  readonly ambiguous: boolean;
}

/** Waiting entries of one delivery key, claimed under a lease, in order of seq. */
export interface ClaimedGroup {
  readonly target: string;
  readonly deliveryKey: string;
  readonly entries: readonly OutboxEntry[];
}

/** Where a target holds a resource of ours. */
export interface TargetLink {
  readonly target: string;
  readonly type: string;
  readonly id: string;
  readonly remoteId: string;
  /** version id of the target's copy (without W/""), where it gives one */
  readonly remoteVersion: string | undefined;
  /** our version that was delivered, and its digest: the base of a later three-way merge */
  readonly version: number;
  readonly digest: string;
  readonly deliveredMs: number;
}

/** A resource with an entry that a person (parked) or the person's consent (held) stops; parked where both do. */
export interface BlockedResource {
  readonly key: ResourceKey;
  readonly state: 'parked' | 'held';
}

/** How one claimed entry ends. */
export type Settlement =
  | { readonly kind: 'delivered'; readonly seq: number; readonly link: TargetLink }
  /** a later version in the same group made this one needless */
  | { readonly kind: 'superseded'; readonly seq: number }
  /** deleted at the target, or never was there */
  | { readonly kind: 'removed'; readonly seq: number }
  /** try again at dueMs; the key waits with it */
  | {
      readonly kind: 'retry';
      readonly seq: number;
      readonly dueMs: number;
      readonly ambiguous: boolean;
      readonly outcome: OperationOutcome;
    }
  /** not tried: something it needs is not there yet; does not count as an attempt */
  | { readonly kind: 'wait'; readonly seq: number; readonly dueMs: number }
  /** needs a person: stays until replayed; holds back later entries that touch or reference its resource */
  | { readonly kind: 'park'; readonly seq: number; readonly outcome: OperationOutcome }
  /** consent or identity does not allow it now: released when the person's record changes */
  | { readonly kind: 'hold'; readonly seq: number; readonly outcome: OperationOutcome };
