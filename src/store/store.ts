/** What the adapter keeps: one narrow interface, so that an engine (SQLite, PostgreSQL) is only SQL. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { AccessStore } from './accesses.ts';
import type { BrokenChain, ChainedRow, ChainName } from './audit-chain.ts';
import type { CodedEntryStore } from './coded-entries.ts';
import type { DeliveryStore } from './deliveries.ts';
import type { Compared, Drift, WalkedResource } from './drift.ts';
import type { ExportStore } from './exports.ts';
import type { ExtractPage, ExtractQuery } from './extract.ts';
import type { FilingStore } from './filings.ts';
import type { HistoryPage, HistoryQuery } from './history-query.ts';
import type { IncidentStore } from './incidents.ts';
import type { AnswerStore } from './kept-answers.ts';
import type { MessageStore } from './messages.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Receipt,
  ReceiptStart,
  RefusedRecord,
  SourceRow,
} from './records.ts';
import type { Identified, ResourceKey, StoredVersion } from './resources.ts';
import type { AuditArchive, Prunable, Pruned, PruneLimits } from './retention.ts';
import type { SearchPage, SearchQuery } from './search-query.ts';
import type { CommitPreview, MapUse, RecordFilter, StoredRecord } from './stored-records.ts';
import type { SubscriptionStore } from './subscriptions.ts';
import type { Viewer } from './viewer.ts';
import type { NewWork, WorkFilter, WorkItem, WorkKind } from './work.ts';

// what the interface speaks of is had with it
export type * from './accesses.ts';
export type * from './client-writes.ts';
export type * from './coded-entries.ts';
export type * from './course.ts';
export type * from './decisions.ts';
export type * from './deliveries.ts';
export type * from './drift.ts';
export type * from './exports.ts';
export type * from './extract.ts';
export type * from './history-query.ts';
export type * from './kept-answers.ts';
export type * from './messages.ts';
export type * from './records.ts';
export type * from './resources.ts';
export type * from './retention.ts';
export type * from './search-query.ts';
export type * from './stored-records.ts';
export type * from './subscriptions.ts';
export type * from './viewer.ts';
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

/** Records of sources, as they were committed. */
export interface RecordStore {
  /**
   * Makes a batch durable in one transaction; a refused record never stops the others. Order of results is that of `records`.
   * @param whole receipts all of whose records are in the batch: opened and finished with it
   */
  commit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
    whole?: readonly ReceiptStart[],
  ): Promise<readonly CommitResult[]>;
  /** What `commit` would do now: nothing of it stays. */
  previewCommit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
  ): Promise<readonly CommitPreview[]>;
  sourceRecord(source: string, kind: string, key: string): Promise<SourceRow | undefined>;
  /**
   * What a record last said of a shared resource, where others spoke of it too or it said a part of it alone.
   * @returns undefined where the record said nothing of it, or all that is said of it
   */
  saidBy(
    record: { readonly source: string; readonly kind: string; readonly key: string },
    type: string,
    id: string,
  ): Promise<Identified | undefined>;
  /** the newest source records, newest first, for the status page */
  latestRecords(count: number): Promise<readonly SourceRow[]>;
  /**
   * A page of kept records, in an order that commits between pages do not disturb.
   * @param after the last one of the page before
   */
  storedRecords(filter: RecordFilter, count: number, after?: StoredRecord): Promise<readonly StoredRecord[]>;
  /** outcomes of what reading a kept record warned of, still open */
  readingWarnings(source: string, kind: string, key: string): Promise<readonly OperationOutcome[]>;
  /** which versions of maps the kept records were mapped by */
  mapUse(): Promise<readonly MapUse[]>;
  /** text of a map set, as it was kept */
  mapSetText(digest: string): Promise<string | undefined>;
  /** keeps a map set's text under its digest; the same digest again is nothing */
  keepMapSet(digest: string, text: string, nowMs: number): Promise<void>;
}

/** Resources, current and earlier. */
export interface ResourceStore {
  read(type: string, id: string): Promise<StoredVersion | undefined>;
  readVersion(type: string, id: string, version: number): Promise<StoredVersion | undefined>;
  /** newest first; `before` is the version below which the page starts */
  history(type: string, id: string, count: number, before?: number): Promise<readonly StoredVersion[]>;
  /** current versions; absent ones are left out */
  readMany(keys: readonly ResourceKey[]): Promise<readonly StoredVersion[]>;
  /** current versions of one type that belong to a person */
  readPerson(personId: string, type: string): Promise<readonly StoredVersion[]>;
  /** @param queries one; or one a type, with the same order, count and cursor: a page of all of them in that order */
  search(...queries: readonly [SearchQuery, ...SearchQuery[]]): Promise<SearchPage>;
  /** @param most where it is enough to know that there are so many @returns how many there are, or `most` where there are more */
  countMatches(query: SearchQuery, most?: number): Promise<number>;
  /** The same reads for somebody from outside: each statement holds to what they may see, and what they may not is not there. */
  seenBy(viewer: Viewer): SeenStore;
}

/** What a viewer reads. */
export interface SeenStore
  extends Pick<ResourceStore, 'read' | 'readVersion' | 'history' | 'readMany' | 'search' | 'countMatches'> {
  /** versions of one resource, one type or all, newest first */
  changes(query: HistoryQuery): Promise<HistoryPage>;
  /** A page of one type as it was at one moment. Keys of a type that the viewer does not see at all: an empty page. */
  extract(query: ExtractQuery): Promise<ExtractPage>;
}

/** Receipts of what was handed in. */
export interface ReceiptStore {
  /** Opens a receipt; `commit` counts into it. */
  openReceipt(receipt: ReceiptStart): Promise<void>;
  finishReceipt(id: string, nowMs: number): Promise<void>;
  /** Closes a receipt that is open, or every one, as interrupted. Returns how many. */
  interruptReceipts(nowMs: number, id?: string): Promise<number>;
  /** Closes as interrupted what processes have left open that were not heard of for `silentMs`. Returns how many. */
  interruptAbandoned(nowMs: number, silentMs: number): Promise<number>;
  receipt(id: string): Promise<Receipt | undefined>;
}

/** What processes on one database tell each other. */
export interface TurnStore {
  /** Says that this process is alive: its open receipts are its own. Of processes on one database each says it, well within `silentMs`. */
  heartbeat(nowMs: number): Promise<void>;
  /**
   * Runs work unless another process on the database is at it, or has begun this turn of it.
   * @param name of the schedule
   * @param turn when it is due, alike for all processes: the schedule's time, not the clock's; one that is yet to come is not begun
   * @returns whether it ran; a turn whose process died is not begun again, the next one makes up for it
   */
  runOnce(
    name: string,
    turn: { readonly dueMs: number; readonly nowMs: number },
    work: () => Promise<void>,
  ): Promise<boolean>;
  /**
   * Takes the next slot of a rate that all processes on the database keep together.
   * @param everyMs milliseconds from one slot to the next, more than 0
   * @returns milliseconds until the slot begins: 0 now
   */
  pace(name: string, everyMs: number, nowMs: number): Promise<number>;
  /** the time that turns go by: the caller's, or the database's where processes share it */
  sharedNowMs(nowMs: number): Promise<number>;
  /** JSON text of how far a long job has come; undefined when none is under way */
  job(name: string): Promise<string | undefined>;
  /** @param state JSON text; undefined when the job is done */
  keepJob(name: string, state: string | undefined, nowMs: number): Promise<void>;
}

/** Comparison of the store with a target. */
export interface DriftStore {
  /** Goes through all resources, whatever their state. @param after place of the last one of the page before, 0 at first */
  walk(after: number, count: number): Promise<readonly WalkedResource[]>;
  /** what is to be compared at a target of a person (all that belongs to them), or of a resource that belongs to nobody */
  compared(target: string, of: WalkedResource): Promise<Compared>;
  /** Takes what was found now for all that is to be said of these resources at a target. */
  keepDrift(target: string, looked: readonly ResourceKey[], found: readonly Drift[]): Promise<void>;
  /** differences found at a target, by key; `after` is the key of the last one of the page before */
  drift(target: string, count: number, after?: string): Promise<readonly Drift[]>;
}

/** The worklist. */
export interface WorkStore {
  /** a page, oldest first; `after` is the id of the last item of the page before */
  worklist(
    filter: WorkFilter & { readonly open: boolean; readonly count: number; readonly after?: string },
  ): Promise<readonly WorkItem[]>;
  /** one item, open or resolved */
  workItem(id: string): Promise<WorkItem | undefined>;
  /** Opens items, each id once; one that was resolved opens again, but for a warning that says the same. */
  raiseWork(items: readonly NewWork[], nowMs: number): Promise<void>;
  /** Closes an open item, and drops the payload of a refused record with it. False when there is no such open item. */
  resolveWork(id: string, nowMs: number, actor: string): Promise<boolean>;
  /** Names who is to see to an open item; null: nobody in particular. False when there is no such open item. */
  assignWork(id: string, assignee: string | null, nowMs: number, actor: string): Promise<boolean>;
  /** Writes into the audit that somebody had an item tried again, or amended. */
  noteWork(id: string, action: 'retry' | 'amend', nowMs: number, actor: string): Promise<void>;
  /** payload of a refused record, to amend and replay */
  refusedRecord(workId: string): Promise<RefusedRecord | undefined>;
  /**
   * Puts what a target has deleted in line for it anew, and closes the item that says so. What was stopped there goes too.
   * False when there is no such open item, or nothing here to restore.
   */
  restoreDeleted(id: string, nowMs: number, actor: string): Promise<boolean>;
}

/** People and their rights. */
export interface PersonStore {
  /** Joins two patients as one person (verified NHS number, or by hand); undone by `unlinkPerson`. */
  linkPerson(patientId: string, personId: string, reason: string, nowMs: number): Promise<void>;
  /**
   * Makes a patient its own person, for good: no number joins it to anybody again. Others who were one person stay so.
   * @param actor as the audit names them; default the store
   */
  unlinkPerson(patientId: string, nowMs: number, actor?: string): Promise<void>;
  /**
   * @returns patients of a person of whom nothing is kept that leads to them: by a label of theirs, of whoever is one person
   *   with them, or of whoever is said to have a number of theirs
   */
  restricted(personId: string): Promise<readonly string[]>;
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
}

/** Upkeep, and the state of the engine. */
export interface UpkeepStore {
  /** Takes out what has passed its time and is settled, one bounded step. */
  prune(what: Prunable, limits: PruneLimits): Promise<Pruned>;
  /** rows of the audit that are not archived, in order; `after` is the seq of the last one of the page before; default the chain of changes */
  audit(count: number, after?: number, chain?: ChainName): Promise<readonly ChainedRow[]>;
  /** files that rows of a chain lie in, oldest first */
  auditArchives(chain: ChainName): Promise<readonly AuditArchive[]>;
  /**
   * Takes rows out of the audit that lie in a file. Its chain goes on, and still verifies.
   * @throws AdapterError permanent when the archive does not end with a row of the audit
   */
  archiveAudit(archive: AuditArchive, actor: string, nowMs: number): Promise<void>;
  /** Gives room that nothing needs any more back to the disk. */
  vacuum(): Promise<void>;
  /** bytes in use; undefined where the engine cannot tell what would be won */
  bytes(): Promise<number | undefined>;
  counts(): Promise<StoreCounts>;
  /** @returns undefined when the hash chains of the audit hold, else the first row that does not fit */
  verifyAudit(): Promise<BrokenChain | undefined>;
  /** false when the engine cannot write (disk full, closed) */
  writable(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Times are the caller's, in epoch ms, wherever a row says when something was. What processes that share a database have
 * to agree on (when a delivery is due, how long a claim lasts, who is alive, whose turn it is) goes by the database's own
 * clock, so that a replica whose clock is wrong takes nothing from the others and leaves nothing behind; the embedded
 * store has one process, and goes by its clock.
 */
export interface Store
  extends RecordStore,
    ResourceStore,
    ReceiptStore,
    TurnStore,
    DeliveryStore,
    DriftStore,
    WorkStore,
    PersonStore,
    UpkeepStore {
  /** what an operator is told of */
  readonly incidents: IncidentStore;
  /** what the receiving side made of what was sent */
  readonly filings: FilingStore;
  /** messages to and from NHS services */
  readonly messages: MessageStore;
  /** answers of services that are asked the same again and again */
  readonly answers: AnswerStore;
  /** what is to be filed in GP records, and was */
  readonly codedEntries: CodedEntryStore;
  /** accesses to the API, in a chain of their own */
  readonly accesses: AccessStore;
  /** what clients are told of as it is committed */
  readonly subscriptions: SubscriptionStore;
  /** bulk exports of clients */
  readonly exports: ExportStore;
}
