/** What is due at the targets, what a target holds, and how a delivery ends. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
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
  /** consent or the target's configuration let only part of it through: what is left goes when they let more */
  readonly stripped?: boolean;
}

/** A resource with an entry that a person (parked) or the person's consent (held) stops; parked where both do. */
export interface BlockedResource {
  readonly key: ResourceKey;
  readonly state: 'parked' | 'held';
}

/** How one claimed entry ends. */
export type Settlement =
  | {
      readonly kind: 'delivered';
      readonly seq: number;
      readonly link: TargetLink;
      /** kept as the state of this delivery, where the target gives receipts */
      readonly filing?: 'sent' | 'filed' | undefined;
      /** it is there, yet somebody must look: twins at the target. Becomes a worklist item */
      readonly report?: OperationOutcomeIssue | undefined;
    }
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
      /** the record is open elsewhere: that is nobody's failure, and counts as no attempt */
      readonly locked?: boolean;
      /** it goes on being tried, yet somebody must look. Becomes a worklist item, resolved when it is delivered */
      readonly report?: OperationOutcomeIssue | undefined;
    }
  /** not tried: something it needs is not there yet; does not count as an attempt */
  | { readonly kind: 'wait'; readonly seq: number; readonly dueMs: number }
  /** needs a person: stays until replayed; holds back later entries that touch or reference its resource */
  | {
      readonly kind: 'park';
      readonly seq: number;
      readonly outcome: OperationOutcome;
      /** an earlier try of it, or of a version that it makes needless, may have arrived */
      readonly ambiguous?: boolean;
      /** the target gives receipts, and its answer refuses it */
      readonly filing?: 'rejected' | undefined;
    }
  /** consent or identity does not allow it now: released when the person's record changes */
  | {
      readonly kind: 'hold';
      readonly seq: number;
      readonly outcome: OperationOutcome;
      /** what of the person that was decided from (`basisOf`): where it has changed meanwhile, the entry goes back in line */
      readonly basis?: string | undefined;
      /** the target is not configured to get it: it waits for a change of the person's record or of the configuration, and is on no worklist */
      readonly quiet?: boolean | undefined;
    };

/** Which parked and held deliveries; what is absent holds for all. */
export interface StuckFilter {
  readonly target?: string;
  readonly resource?: ResourceKey;
  readonly personId?: string;
  readonly state?: 'parked' | 'held';
  /** rule that the failure names first */
  readonly rule?: string;
  /** stopped at this time or later, epoch ms */
  readonly fromMs?: number;
  /** stopped before this time */
  readonly untilMs?: number;
}

/** A resource that a target is to be asked about, or sent, once more. */
export interface Resend {
  readonly key: ResourceKey;
  /**
   * look: the target is asked first, and what it holds already is not sent. over: it is known to hold this version id of
   * its own, which may be written over. anew: it holds none, whatever was known of it.
   */
  readonly how: 'look' | 'over' | 'anew';
  /** for `over`: the target's id and version id */
  readonly remoteId?: string;
  readonly remoteVersion?: string;
}

/** @returns the versions of a person's Patients and Consents as one text */
export function basisOf(
  versions: readonly { readonly type: string; readonly id: string; readonly version: number }[],
): string {
  return versions
    .map(({ type, id, version }) => `${type}/${id}/${version}`)
    .sort()
    .join();
}
