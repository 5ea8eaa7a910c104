/** The Store over an engine that runs SQL: each method is one read, or one piece of work in a transaction. */
import { randomUUID } from 'node:crypto';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ChainedRow } from '../audit-chain.ts';
import type { FilingStore } from '../filings.ts';
import type { IncidentStore } from '../incidents.ts';
import { keepable } from '../keepable.ts';
import type { SearchIndex } from '../search-index.ts';
import type {
  AuditArchive,
  BlockedResource,
  ClaimedGroup,
  CommitPreview,
  CommitRecord,
  CommitResult,
  CommitRules,
  Compared,
  Drift,
  MapUse,
  OutboxEntry,
  Prunable,
  Pruned,
  PruneLimits,
  Receipt,
  ReceiptStart,
  RecordFilter,
  RefusedRecord,
  Resend,
  ResourceKey,
  SearchPage,
  SearchQuery,
  Settlement,
  SourceRow,
  Store,
  StoreCounts,
  StoredRecord,
  StoredVersion,
  StuckFilter,
  TargetLink,
  WalkedResource,
  WorkFilter,
  WorkItem,
} from '../store.ts';
import { findBrokenAudit } from './audit-rows.ts';
import { commitWhole } from './commit/commit.ts';
import { previewBatch } from './commit/preview.ts';
import { countAll } from './counts.ts';
import { claimGroup, recoverGroups, replayStuck, rewindKeys, settleGroup } from './delivery.ts';
import { putDrift, selectDrift, selectUnsettled, selectWholePerson, walkResources } from './drift-rows.ts';
import { eraseAll } from './erase.ts';
import { filingStore } from './filing-rows.ts';
import { incidentStore, type Runner } from './incident-rows.ts';
import type { Names } from './index-rows.ts';
import { beginTurn, interruptAbandoned, putHeartbeat } from './instance-rows.ts';
import { joinPatients, personOf, splitPatient } from './join.ts';
import { selectBlocked, selectLinks, selectRemoteLinks, selectStripped } from './link-rows.ts';
import { claimEntriesOf, outboxEntry, selectExpiredKeys, selectNextDue } from './outbox-rows.ts';
import { archiveAudit, prune, readAudit } from './prune.ts';
import {
  finishReceipt,
  insertMapSet,
  insertReceipt,
  interruptReceipts,
  selectLatest,
  selectReceipt,
  selectRecord,
} from './record-rows.ts';
import { resend } from './resend.ts';
import {
  selectOfPerson,
  selectResource,
  selectResources,
  selectVersion,
  selectVersions,
  storedVersion,
} from './resource-rows.ts';
import { countRows, searchRows } from './search.ts';
import type { Step } from './statement.ts';
import {
  putJob,
  selectJob,
  selectMapSet,
  selectMapUse,
  selectReadingWarnings,
  selectStored,
} from './stored-rows.ts';
import { assignWork, noteWork, resolveWork } from './work-changes.ts';
import { selectRefused, selectWork, selectWorkItem } from './work-rows.ts';

/** A database that runs the store's steps. */
export interface Engine {
  /** Runs steps that read. @throws AdapterError when the engine cannot */
  read<T>(steps: () => Step<T>): Promise<T>;
  /** Runs steps in one transaction; they may be run again. @throws AdapterError transient when the engine cannot write, permanent for a fault of ours */
  write<T>(steps: () => Step<T>): Promise<T>;
  /** Runs work while no other process on the database runs work of this name. @returns false when one does */
  alone(name: string, work: () => Promise<boolean>): Promise<boolean>;
  /** Writes a little and takes it away again: rejects while there is no room. */
  probe(): Promise<void>;
  /** What was deleted is to be found nowhere. */
  scrub(): Promise<void>;
  /** Gives free room back to the disk, a little at a time. */
  vacuum(): Promise<void>;
  /** bytes in use, without free room; undefined where it cannot be told */
  bytes(): Promise<number | undefined>;
  readonly isOpen: boolean;
  close(): Promise<void>;
}

/** Ends the transaction of a preview, so that nothing of it stays. */
const TAKEN_BACK = new AdapterError(
  'permanent',
  issueOf({ severity: 'information', rule: 'store-preview', diagnostics: 'A preview is taken back.' }),
);

export class SqlStore implements Store {
  readonly incidents: IncidentStore;
  readonly filings: FilingStore;
  readonly #engine: Engine;
  readonly #index: SearchIndex;
  readonly #names: Names;
  /** this process, among those on the database */
  readonly #instance = randomUUID();
  /** set by a failed write, until a probe succeeds: that a small write fits says nothing of a large one */
  #suspect = false;

  /** @param engine open, of the newest schema @param names what the engine forgets after a rollback */
  constructor(engine: Engine, index: SearchIndex, names: Names) {
    this.#engine = engine;
    this.#index = index;
    this.#names = names;
    const runner: Runner = {
      read: (steps) => engine.read(steps),
      write: (steps) => this.#write(steps),
    };
    this.incidents = incidentStore(runner);
    this.filings = filingStore(runner);
  }

  async commit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
    whole: readonly ReceiptStart[] = [],
  ): Promise<readonly CommitResult[]> {
    if (records.length === 0) return [];
    const context = { names: this.#names, index: this.#index, rules, nowMs };
    const kept = records.map(keepable);
    return this.#write(() => commitWhole(context, kept, whole, this.#instance));
  }

  async previewCommit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
  ): Promise<readonly CommitPreview[]> {
    if (records.length === 0) return [];
    const context = { names: this.#names, index: this.#index, rules, nowMs };
    let previews: readonly CommitPreview[] = [];
    const taken = this.#engine.write(function* () {
      previews = yield* previewBatch(context, records);
      throw TAKEN_BACK;
    });
    await taken.catch((error: unknown) => {
      if (error !== TAKEN_BACK) throw error;
    });
    return previews;
  }

  async read(type: string, id: string): Promise<StoredVersion | undefined> {
    const row = await this.#engine.read(() => selectResource(type, id));
    return row && storedVersion(row);
  }

  async readVersion(type: string, id: string, version: number): Promise<StoredVersion | undefined> {
    const row = await this.#engine.read(() => selectVersion(type, id, version));
    return row && storedVersion(row);
  }

  async history(type: string, id: string, count: number, before?: number): Promise<readonly StoredVersion[]> {
    if (count <= 0) return [];
    return (await this.#engine.read(() => selectVersions(type, id, count, before))).map(storedVersion);
  }

  async readMany(keys: readonly ResourceKey[]): Promise<readonly StoredVersion[]> {
    return (await this.#engine.read(() => selectResources(keys))).map(storedVersion);
  }

  async readPerson(personId: string, type: string): Promise<readonly StoredVersion[]> {
    return (await this.#engine.read(() => selectOfPerson(personId, type))).map(storedVersion);
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    const rows = await this.#engine.read(() => searchRows(this.#names, query));
    const page = rows.slice(0, query.count);
    const next = rows.length > query.count ? (page.at(-1)?.rid ?? query.after) : undefined;
    return { versions: page.map(storedVersion), next: next === undefined ? undefined : String(next) };
  }

  async countMatches(query: SearchQuery): Promise<number> {
    return this.#engine.read(() => countRows(this.#names, query));
  }

  async openReceipt(receipt: ReceiptStart): Promise<void> {
    await this.#write(() => insertReceipt(receipt, this.#instance));
  }

  async finishReceipt(id: string, nowMs: number): Promise<void> {
    await this.#write(() => finishReceipt(id, nowMs));
  }

  async interruptReceipts(nowMs: number, id?: string): Promise<number> {
    return this.#write(() => interruptReceipts(nowMs, id));
  }

  async heartbeat(nowMs: number): Promise<void> {
    await this.#write(() => putHeartbeat(this.#instance, nowMs));
  }

  async interruptAbandoned(nowMs: number, silentMs: number): Promise<number> {
    return this.#write(() => interruptAbandoned(nowMs, nowMs - silentMs));
  }

  async runOnce(name: string, dueMs: number, work: () => Promise<void>): Promise<boolean> {
    return this.#engine.alone(name, async () => {
      if (!(await this.#write(() => beginTurn(name, dueMs)))) return false;
      await work();
      return true;
    });
  }

  async receipt(id: string): Promise<Receipt | undefined> {
    return this.#engine.read(() => selectReceipt(id));
  }

  async sourceRecord(source: string, kind: string, key: string): Promise<SourceRow | undefined> {
    return this.#engine.read(() => selectRecord(source, kind, key));
  }

  async latestRecords(count: number): Promise<readonly SourceRow[]> {
    return this.#engine.read(() => selectLatest(count));
  }

  async storedRecords(
    filter: RecordFilter,
    count: number,
    after?: StoredRecord,
  ): Promise<readonly StoredRecord[]> {
    return this.#engine.read(() => selectStored(filter, count, after));
  }

  async mapUse(): Promise<readonly MapUse[]> {
    return this.#engine.read(selectMapUse);
  }

  async readingWarnings(source: string, kind: string, key: string): Promise<readonly OperationOutcome[]> {
    const texts = await this.#engine.read(() => selectReadingWarnings(source, kind, key));
    return texts.map((text) => JSON.parse(text) as OperationOutcome);
  }

  async mapSetText(digest: string): Promise<string | undefined> {
    return this.#engine.read(() => selectMapSet(digest));
  }

  async job(name: string): Promise<string | undefined> {
    return this.#engine.read(() => selectJob(name));
  }

  async keepJob(name: string, state: string | undefined, nowMs: number): Promise<void> {
    await this.#write(() => putJob(name, state, nowMs));
  }

  async keepMapSet(digest: string, text: string, nowMs: number): Promise<void> {
    await this.#write(() => insertMapSet(digest, text, nowMs));
  }

  async claim(
    target: string,
    options: { nowMs: number; leaseMs: number; maxEntries: number },
  ): Promise<ClaimedGroup | undefined> {
    const dueMs = await this.nextDueMs(target);
    if (dueMs === undefined || dueMs > options.nowMs) return undefined; // nothing to write, so no wait for the disk
    return this.#write(() => claimGroup(target, options));
  }

  async claimAlso(
    target: string,
    deliveryKey: string,
    resources: readonly ResourceKey[],
  ): Promise<readonly OutboxEntry[]> {
    return (await this.#write(() => claimEntriesOf(target, deliveryKey, resources))).map(outboxEntry);
  }

  async nextDueMs(target: string): Promise<number | undefined> {
    return this.#engine.read(() => selectNextDue(target));
  }

  async settle(
    target: string,
    deliveryKey: string,
    settlements: readonly Settlement[],
    nowMs: number,
  ): Promise<void> {
    await this.#write(() => settleGroup(target, deliveryKey, settlements, nowMs));
  }

  async rewind(
    target: string,
    options: { nowMs: number; leaseMs: number; aheadMs: number },
  ): Promise<number> {
    return this.#write(() => rewindKeys(target, options));
  }

  async recoverClaims(nowMs: number, everything: boolean): Promise<number> {
    const untilMs = everything ? Number.MAX_SAFE_INTEGER : nowMs;
    const expired = await this.#engine.read(() => selectExpiredKeys(untilMs));
    if (expired.length === 0) return 0; // most often; no wait for the disk
    return this.#write(() => recoverGroups(untilMs, nowMs));
  }

  async resendStripped(target: string, personId: string, nowMs: number): Promise<number> {
    const keys = await this.#engine.read(() => selectStripped(target, personId));
    return this.resend(
      target,
      keys.map((key) => ({ key, how: 'look' }) as const),
      'hedgerow',
      nowMs,
    );
  }

  async resend(target: string, resources: readonly Resend[], actor: string, nowMs: number): Promise<number> {
    return this.#write(() => resend(resources, { target, actor, nowMs }));
  }

  async walk(after: number, count: number): Promise<readonly WalkedResource[]> {
    return this.#engine.read(() => walkResources(after, count));
  }

  async compared(target: string, { key, personId }: WalkedResource): Promise<Compared> {
    return this.#engine.read(function* () {
      const [type, id] = key.split('/') as [string, string];
      const own = personId === undefined ? yield* selectResource(type, id) : undefined;
      const rows = personId === undefined ? (own ? [own] : []) : yield* selectWholePerson(personId);
      const unsettled = new Set(yield* selectUnsettled(personId ?? key, target));
      return { versions: rows.map(storedVersion), unsettled };
    });
  }

  async keepDrift(target: string, looked: readonly ResourceKey[], found: readonly Drift[]): Promise<void> {
    if (looked.length > 0) await this.#write(() => putDrift(target, looked, found));
  }

  async drift(target: string, count: number, after = ''): Promise<readonly Drift[]> {
    return this.#engine.read(() => selectDrift(target, after, count));
  }

  async replayDeliveries(filter: StuckFilter, nowMs: number): Promise<number> {
    const [type, id] = filter.resource?.split('/') ?? [];
    return this.#write(() => replayStuck({ ...filter, type, id }, nowMs));
  }

  async links(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]> {
    return this.#engine.read(() => selectLinks(target, keys));
  }

  async remoteLinks(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]> {
    return this.#engine.read(() => selectRemoteLinks(target, keys));
  }

  async blocked(target: string, keys: readonly ResourceKey[]): Promise<readonly BlockedResource[]> {
    return this.#engine.read(() => selectBlocked(target, keys));
  }

  async worklist(
    filter: WorkFilter & { readonly open: boolean; readonly count: number; readonly after?: string },
  ): Promise<readonly WorkItem[]> {
    return this.#engine.read(() => selectWork(filter));
  }

  async workItem(id: string): Promise<WorkItem | undefined> {
    return this.#engine.read(() => selectWorkItem(id));
  }

  async resolveWork(id: string, nowMs: number, actor: string): Promise<boolean> {
    return this.#write(() => resolveWork(id, { actor, nowMs }));
  }

  async assignWork(id: string, assignee: string | null, nowMs: number, actor: string): Promise<boolean> {
    return this.#write(() => assignWork(id, assignee, { actor, nowMs }));
  }

  async noteWork(id: string, action: 'retry' | 'amend', nowMs: number, actor: string): Promise<void> {
    await this.#write(() => noteWork(id, action, { actor, nowMs }));
  }

  async refusedRecord(workId: string): Promise<RefusedRecord | undefined> {
    return this.#engine.read(() => selectRefused(workId));
  }

  async linkPerson(patientId: string, personId: string, reason: string, nowMs: number): Promise<void> {
    await this.#write(() => joinPatients(patientId, personId, reason, nowMs));
  }

  async unlinkPerson(patientId: string, nowMs: number): Promise<void> {
    await this.#write(() => splitPatient(patientId, nowMs));
  }

  async personOf(patientId: string): Promise<string> {
    return this.#engine.read(() => personOf(patientId));
  }

  async erasePerson(
    personId: string,
    actor: string,
    nowMs: number,
  ): Promise<{ resources: number; deliveries: number }> {
    const erasure = { names: this.#names, index: this.#index, personId, nowMs };
    const erased = await this.#write(() => eraseAll(erasure, actor));
    await this.#engine.scrub();
    return erased;
  }

  async prune(what: Prunable, limits: PruneLimits): Promise<Pruned> {
    return this.#write(() => prune(what, limits));
  }

  async audit(count: number, after = 0): Promise<readonly ChainedRow[]> {
    return this.#engine.read(() => readAudit(after, count));
  }

  async archiveAudit(archive: AuditArchive, actor: string, nowMs: number): Promise<void> {
    await this.#write(() => archiveAudit(archive, actor, nowMs));
  }

  async vacuum(): Promise<void> {
    await this.#engine.vacuum();
  }

  async bytes(): Promise<number | undefined> {
    return this.#engine.bytes();
  }

  async counts(): Promise<StoreCounts> {
    return this.#engine.read(countAll);
  }

  async verifyAudit(): Promise<number | undefined> {
    return this.#engine.read(findBrokenAudit);
  }

  async writable(): Promise<boolean> {
    if (!this.#engine.isOpen) return false;
    if (!this.#suspect) return true;
    this.#suspect = !(await this.#engine.probe().then(
      () => true,
      () => false,
    ));
    return !this.#suspect;
  }

  async close(): Promise<void> {
    if (this.#engine.isOpen) await this.#engine.close();
  }

  async #write<T>(steps: () => Step<T>): Promise<T> {
    try {
      return await this.#engine.write(steps);
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
  }
}
