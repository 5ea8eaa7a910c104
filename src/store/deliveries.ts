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
   * its own, which may be written over. anew: it holds none, whatever was known of it. first: it was never sent
   * any; should it hold one by now, it is sent none.
   */
  readonly how: 'look' | 'over' | 'anew' | 'first';
  /** for `over`: the target's id and version id */
  readonly remoteId?: string;
  readonly remoteVersion?: string;
}

/** Stands in a basis in place of a type: this patient is restricted. */
export const RESTRICTED = 'restricted';

/**
 * @param restricted patients of the person who are so
 * @returns the versions of a person's Patients and Consents, and who of them is restricted, as one text
 */
export function basisOf(
  versions: readonly { readonly type: string; readonly id: string; readonly version: number }[],
  restricted: readonly string[] = [],
): string {
  return [...versions, ...restricted.map((id) => ({ type: RESTRICTED, id, version: 0 }))]
    .map(({ type, id, version }) => `${type}/${id}/${version}`)
    .sort()
    .join();
}

/** The line of what is to be sent, and what targets are known to hold. */
export interface DeliveryStore {
  /** Claims the waiting entries of the due delivery key that has waited longest; undefined when none is due. */
  claim(
    target: string,
    options: { nowMs: number; leaseMs: number; maxEntries: number },
  ): Promise<ClaimedGroup | undefined>;
  /**
   * Claims what a claimed group needs of its own key, wherever it stands in line, under the group's lease.
   * @returns the entries, in order of seq: their settlements travel with the group's
   */
  claimAlso(
    target: string,
    deliveryKey: string,
    resources: readonly ResourceKey[],
  ): Promise<readonly OutboxEntry[]>;
  /** when the next key of this target is due, in epoch ms by the caller's clock; undefined when nothing waits */
  nextDueMs(target: string, nowMs: number): Promise<number | undefined>;
  /** Ends the claim of a group: every entry of it is named once. One transaction. */
  settle(
    target: string,
    deliveryKey: string,
    settlements: readonly Settlement[],
    nowMs: number,
  ): Promise<void>;
  /** Frees claims whose lease has run out (all, when `everything`): their entries are ambiguous from then on. Returns how many. */
  recoverClaims(nowMs: number, everything: boolean): Promise<number>;
  /**
   * After the clock went back, which had made keys due far off: what is due more than `aheadMs` from now is due now, and
   * leases end as if they began now. Returns how many keys that changed.
   */
  rewind(target: string, options: { nowMs: number; leaseMs: number; aheadMs: number }): Promise<number>;
  /** Puts parked and held entries back to waiting, due now. Returns how many. */
  replayDeliveries(filter: StuckFilter, nowMs: number): Promise<number>;
  /** Puts current versions in line once more, whatever was delivered before; the target is asked first. Returns how many. */
  resend(target: string, resources: readonly Resend[], actor: string, nowMs: number): Promise<number>;
  /** Puts in line once more what of a person the target holds in part only. Returns how many. */
  resendStripped(target: string, personId: string, nowMs: number): Promise<number>;
  /** keys (`Type/id`) of `keys` that the target is known to hold */
  links(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]>;
  /**
   * Notes that a target holds a resource, found by asking it; what is known of a later version there stands. What a person
   * decided is released with it: whoever holds a copy of them must hear of it.
   */
  keepLink(link: TargetLink, deliveryKey: string, nowMs: number): Promise<void>;
  /** what of ours the target is known to hold under these keys of its own */
  remoteLinks(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]>;
  /** of `keys`, those with a parked or held entry at the target */
  blocked(target: string, keys: readonly ResourceKey[]): Promise<readonly BlockedResource[]>;
}
