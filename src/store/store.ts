/** What the adapter keeps: one narrow interface, so that an engine (SQLite, PostgreSQL) is only SQL. */
import type { BlockedResource, ClaimedGroup, OutboxEntry, Settlement, TargetLink } from './deliveries.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Receipt,
  RefusedRecord,
  SourceRow,
} from './records.ts';
import type { ResourceKey, StoredVersion } from './resources.ts';
import type { SearchPage, SearchQuery } from './search-query.ts';
import type { WorkItem, WorkKind } from './work.ts';

// what the interface speaks of is had with it
export type * from './deliveries.ts';
export type * from './records.ts';
export type * from './resources.ts';
export type * from './search-query.ts';
export type * from './work.ts';

/** Counts for the status page, the summary table and metrics. */
export interface StoreCounts {
  readonly sources: readonly {
    readonly source: string;
    readonly kind: string;
    readonly records: number;
    readonly refused: number;
  }[];
  readonly resources: readonly { readonly type: string; readonly count: number }[];
  readonly targets: readonly {
    readonly target: string;
    readonly waiting: number;
    readonly claimed: number;
    readonly parked: number;
    readonly held: number;
    readonly delivered: number;
  }[];
  readonly work: readonly { readonly kind: WorkKind; readonly open: number }[];
}

export interface Store {
  /** Makes a batch durable in one transaction; a refused record never stops the others. Order of results is that of `records`. */
  commit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
  ): Promise<readonly CommitResult[]>;

  read(type: string, id: string): Promise<StoredVersion | undefined>;
  readVersion(type: string, id: string, version: number): Promise<StoredVersion | undefined>;
  /** newest first; `before` is the version below which the page starts */
  history(type: string, id: string, count: number, before?: number): Promise<readonly StoredVersion[]>;
  /** current versions; absent ones are left out */
  readMany(keys: readonly ResourceKey[]): Promise<readonly StoredVersion[]>;
  /** current versions of one type that belong to a person */
  readPerson(personId: string, type: string): Promise<readonly StoredVersion[]>;
  search(query: SearchQuery): Promise<SearchPage>;
  countMatches(query: SearchQuery): Promise<number>;

  /** Opens a receipt; `commit` counts into it. */
  openReceipt(receipt: Pick<Receipt, 'id' | 'source' | 'kind' | 'receivedMs' | 'file'>): Promise<void>;
  finishReceipt(id: string, nowMs: number): Promise<void>;
  /** Closes a receipt that is open, or every one, as interrupted. Returns how many. */
  interruptReceipts(nowMs: number, id?: string): Promise<number>;
  receipt(id: string): Promise<Receipt | undefined>;
  sourceRecord(source: string, kind: string, key: string): Promise<SourceRow | undefined>;
  /** the newest source records, newest first, for the status page */
  latestRecords(count: number): Promise<readonly SourceRow[]>;
  /** keeps a map set's text under its digest; the same digest again is nothing */
  keepMapSet(digest: string, text: string, nowMs: number): Promise<void>;

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
  /** when the next key of this target is due, in epoch ms; undefined when nothing waits */
  nextDueMs(target: string): Promise<number | undefined>;
  /** Ends the claim of a group: every entry of it is named once. One transaction. */
  settle(
    target: string,
    deliveryKey: string,
    settlements: readonly Settlement[],
    nowMs: number,
  ): Promise<void>;
  /** Frees claims whose lease has run out (all, when `everything`): their entries are ambiguous from then on. Returns how many. */
  recoverClaims(nowMs: number, everything: boolean): Promise<number>;
  /** Puts parked and held entries back to waiting, due now. Returns how many. */
  replayDeliveries(
    filter: { target?: string; resource?: ResourceKey; personId?: string; state?: 'parked' | 'held' },
    nowMs: number,
  ): Promise<number>;
  /** keys (`Type/id`) of `keys` that the target is known to hold */
  links(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]>;
  /** of `keys`, those with a parked or held entry at the target */
  blocked(target: string, keys: readonly ResourceKey[]): Promise<readonly BlockedResource[]>;

  worklist(filter: {
    kind?: WorkKind;
    open: boolean;
    count: number;
    after?: string;
  }): Promise<readonly WorkItem[]>;
  /** one item, open or resolved */
  workItem(id: string): Promise<WorkItem | undefined>;
  resolveWork(id: string, nowMs: number): Promise<boolean>;
  /** payload of a refused record, to amend and replay */
  refusedRecord(workId: string): Promise<RefusedRecord | undefined>;

  /** Joins two patients as one person (verified NHS number, or by hand); undone by `unlinkPerson`. */
  linkPerson(patientId: string, personId: string, reason: string, nowMs: number): Promise<void>;
  unlinkPerson(patientId: string, nowMs: number): Promise<void>;
  /** @returns the person of a patient: itself when never linked */
  personOf(patientId: string): Promise<string>;
  /**
   * A person's right: content, history, index, source payloads and worklist outcomes become tombstones;
   * targets that hold a copy get a delete. The audit keeps ids only, so its chain still verifies.
   */
  erasePerson(
    personId: string,
    actor: string,
    nowMs: number,
  ): Promise<{ resources: number; deliveries: number }>;

  counts(): Promise<StoreCounts>;
  /** @returns undefined when the hash chain of the audit holds, else the first broken seq */
  verifyAudit(): Promise<number | undefined>;
  /** false when the engine cannot write (disk full, closed) */
  writable(): Promise<boolean>;
  close(): Promise<void>;
}
