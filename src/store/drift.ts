/** Where a target was found to differ from the store, and what the store knows of a resource that is compared. */
import type { ResourceKey, StoredVersion } from './resources.ts';

/** missing: not there. twin: there more than once. changed: other content. extra: there, and deleted or erased here. */
export type DriftKind = 'missing' | 'twin' | 'changed' | 'extra';

export interface Drift {
  readonly key: ResourceKey;
  readonly kind: DriftKind;
  readonly foundMs: number;
  readonly detail: DriftDetail;
}

/** Names, ids and paths; never a value of a person. */
export interface DriftDetail {
  /** who has changed it since it was last delivered */
  readonly by?: 'here' | 'there' | 'both';
  /** elements that differ from what was delivered last, or would be sent now */
  readonly elements?: readonly string[];
  /** the target's id, and the version id that was seen there */
  readonly remoteId?: string;
  readonly remoteVersion?: string;
  /** ids of all copies there, oldest first */
  readonly copies?: readonly string[];
}

/** One resource, in the order in which a walk goes through all. */
export interface WalkedResource {
  /** place in the walk */
  readonly place: number;
  readonly key: ResourceKey;
  readonly personId: string | undefined;
}

/** All that the store has of one person, or of one resource that belongs to nobody. */
export interface Compared {
  readonly versions: readonly StoredVersion[];
  /** keys with a delivery to the target that is not settled: in line, under way, parked or held */
  readonly unsettled: ReadonlySet<ResourceKey>;
}
