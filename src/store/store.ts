/** What the adapter keeps: one narrow interface, so that an engine (SQLite, PostgreSQL) is only SQL. */
import type { OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';

/** A resource of a known id, as every stored one is. */
export type Identified = Resource & { id: string };
/** `Type/id`. */
export type ResourceKey = `${string}/${string}`;

/** One version as stored. `resource.meta` carries versionId and lastUpdated. A deleted or erased version has no resource. */
export interface StoredVersion {
  readonly type: string;
  readonly id: string;
  /** from 1 */
  readonly version: number;
  readonly lastUpdatedMs: number;
  /** person the row belongs to; undefined for organisations, practitioners and services */
  readonly personId: string | undefined;
  readonly ownerOrg: string;
  readonly digest: string;
  readonly state: 'current' | 'deleted' | 'erased';
  readonly resource: Identified | undefined;
}

/** A source's record after mapping, ready to be made durable. */
export interface CommitRecord {
  /** name of the source; never changes */
  readonly source: string;
  /** kind of record: `referral`, `contact`, … */
  readonly kind: string;
  /** the record's own key within source and kind */
  readonly key: string;
  /** canonical digest of the payload: the same again changes nothing */
  readonly digest: string;
  /** digest of the map set that mapped it */
  readonly mapDigest: string;
  /** the record as read, dates in ISO */
  readonly payload: unknown;
  readonly ownerOrg: string;
  /** when the source says it was so; orders contributions to shared resources, and versions of the record: an older one changes nothing */
  readonly sourceTimeMs: number;
  readonly receiptId: string;
  /** file name and line where it came from a file */
  readonly file?: string;
  readonly line?: number;
  /** resources under their final ids; `partial` ones only add to a resource that another record must supply in full */
  readonly resources: readonly { readonly resource: Identified; readonly partial: boolean }[];
  /** warnings: each becomes a worklist item */
  readonly warnings: readonly OperationOutcomeIssue[];
}

/** A record that was refused: kept with its outcome, so that it can be amended and replayed. */
export interface RefusedRecord {
  readonly source: string;
  readonly kind: string;
  /** the record's key, where it had one; else undefined */
  readonly key: string | undefined;
  readonly payload: unknown;
  readonly ownerOrg: string;
  readonly receiptId: string;
  readonly file?: string;
  readonly line?: number;
  readonly outcome: OperationOutcome;
}

/** What a commit asks of the layers above. All are pure: they run inside the transaction. */
export interface CommitRules {
  /** issues of a merged shared resource; an error refuses the record */
  check(resource: Identified): readonly OperationOutcomeIssue[];
  /** the Provenance of one record's commit, under its final id; undefined when nothing was written */
  provenance(record: CommitRecord, written: readonly WrittenVersion[], nowMs: number): Identified | undefined;
  /** names of the targets a resource goes to */
  route(resource: Identified): readonly string[];
}

export interface WrittenVersion {
  readonly type: string;
  readonly id: string;
  readonly version: number;
}

/** What became of one record. */
export type CommitResult =
  | { readonly state: 'committed'; readonly written: readonly WrittenVersion[]; readonly deliveries: number }
  | { readonly state: 'unchanged' }
  | { readonly state: 'refused'; readonly outcome: OperationOutcome };

/** One condition of a search; the values of one condition are alternatives, conditions all hold. */
export type SearchClause =
  | { readonly kind: 'id'; readonly ids: readonly string[] }
  /** system undefined: any; '' : none. code undefined: any of the system */
  | {
      readonly kind: 'token';
      readonly param: string;
      readonly values: readonly { readonly system?: string; readonly code?: string }[];
    }
  | { readonly kind: 'reference'; readonly param: string; readonly targets: readonly ResourceKey[] }
  /** half-open range [lowMs, highMs) of the searched value's precision */
  | {
      readonly kind: 'date';
      readonly param: string;
      readonly values: readonly {
        readonly prefix: DatePrefix;
        readonly lowMs: number;
        readonly highMs: number;
      }[];
    }
  | {
      readonly kind: 'lastUpdated';
      readonly values: readonly {
        readonly prefix: DatePrefix;
        readonly lowMs: number;
        readonly highMs: number;
      }[];
    };
export type DatePrefix = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'sa' | 'eb' | 'ap';

export interface SearchQuery {
  readonly type: string;
  readonly clauses: readonly SearchClause[];
  /** page size, from 0 */
  readonly count: number;
  /** cursor of the page before; pages are stable under writes */
  readonly after?: string;
}
export interface SearchPage {
  readonly versions: readonly StoredVersion[];
  /** cursor of the next page, where there is one */
  readonly next: string | undefined;
}

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

export type WorkKind = 'rejected' | 'warning' | 'incomplete' | 'parked' | 'held';

/** Something that needs a person. */
export interface WorkItem {
  readonly id: string;
  readonly kind: WorkKind;
  readonly createdMs: number;
  readonly resolvedMs: number | undefined;
  readonly ownerOrg: string;
  readonly source: string | undefined;
  readonly recordKind: string | undefined;
  readonly recordKey: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** the resource, for deliveries */
  readonly resource: ResourceKey | undefined;
  readonly target: string | undefined;
  readonly outcome: OperationOutcome;
}

/** What a source was told: one per accepted request or file. */
export interface Receipt {
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  readonly receivedMs: number;
  readonly file: string | undefined;
  readonly committed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** set when the whole request or file has been read */
  readonly finishedMs: number | undefined;
}

/** A source record as kept. */
export interface SourceRow {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  readonly digest: string;
  readonly mapDigest: string;
  readonly payload: unknown;
  readonly receivedMs: number;
  readonly receiptId: string;
  readonly resources: readonly ResourceKey[];
}

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
