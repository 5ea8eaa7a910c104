/** The Store over an engine that runs SQL: each method is one read, or one piece of work in a transaction. */
import type { SearchIndex } from '../search-index.ts';
import type {
  BlockedResource,
  ClaimedGroup,
  CommitRecord,
  CommitResult,
  CommitRules,
  OutboxEntry,
  Receipt,
  RefusedRecord,
  ResourceKey,
  SearchPage,
  SearchQuery,
  Settlement,
  SourceRow,
  Store,
  StoreCounts,
  StoredVersion,
  TargetLink,
  WorkItem,
  WorkKind,
} from '../store.ts';
import { findBrokenAudit } from './audit-rows.ts';
import { commitBatch } from './commit/commit.ts';
import { countAll } from './counts.ts';
import { claimGroup, recoverGroups, replayStuck, settleGroup } from './delivery.ts';
import { eraseAll } from './erase.ts';
import type { Names } from './index-rows.ts';
import { joinPatients, personOf, splitPatient } from './join.ts';
import { selectBlocked, selectLinks } from './link-rows.ts';
import { claimEntriesOf, outboxEntry, selectExpiredKeys, selectNextDue } from './outbox-rows.ts';
import {
  finishReceipt,
  insertMapSet,
  insertReceipt,
  interruptReceipts,
  selectLatest,
  selectReceipt,
  selectRecord,
} from './record-rows.ts';
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
import { resolveWorkItem, selectRefused, selectWork, selectWorkItem } from './work-rows.ts';

/** A database that runs the store's steps. */
export interface Engine {
  /** Runs steps that read. @throws AdapterError when the engine cannot */
  read<T>(steps: () => Step<T>): Promise<T>;
  /** Runs steps in one transaction; they may be run again. @throws AdapterError transient when the engine cannot write, permanent for a fault of ours */
  write<T>(steps: () => Step<T>): Promise<T>;
  /** Writes a little and takes it away again: rejects while there is no room. */
  probe(): Promise<void>;
  /** What was deleted is to be found nowhere. */
  scrub(): Promise<void>;
  readonly isOpen: boolean;
  close(): Promise<void>;
}

export class SqlStore implements Store {
  readonly #engine: Engine;
  readonly #index: SearchIndex;
  readonly #names: Names;
  /** set by a failed write, until a probe succeeds: that a small write fits says nothing of a large one */
  #suspect = false;

  /** @param engine open, of the newest schema @param names what the engine forgets after a rollback */
  constructor(engine: Engine, index: SearchIndex, names: Names) {
    this.#engine = engine;
    this.#index = index;
    this.#names = names;
  }

  async commit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
  ): Promise<readonly CommitResult[]> {
    if (records.length === 0) return [];
    const context = { names: this.#names, index: this.#index, rules, nowMs };
    return this.#write(() => commitBatch(context, records));
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

  async openReceipt(receipt: Pick<Receipt, 'id' | 'source' | 'kind' | 'receivedMs' | 'file'>): Promise<void> {
    await this.#write(() => insertReceipt(receipt));
  }

  async finishReceipt(id: string, nowMs: number): Promise<void> {
    await this.#write(() => finishReceipt(id, nowMs));
  }

  async interruptReceipts(nowMs: number, id?: string): Promise<number> {
    return this.#write(() => interruptReceipts(nowMs, id));
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

  async recoverClaims(nowMs: number, everything: boolean): Promise<number> {
    const untilMs = everything ? Number.MAX_SAFE_INTEGER : nowMs;
    const expired = await this.#engine.read(() => selectExpiredKeys(untilMs));
    if (expired.length === 0) return 0; // most often; no wait for the disk
    return this.#write(() => recoverGroups(untilMs, nowMs));
  }

  async replayDeliveries(
    filter: { target?: string; resource?: ResourceKey; personId?: string; state?: 'parked' | 'held' },
    nowMs: number,
  ): Promise<number> {
    const [type, id] = filter.resource?.split('/') ?? [];
    return this.#write(() => replayStuck({ ...filter, type, id }, nowMs));
  }

  async links(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]> {
    return this.#engine.read(() => selectLinks(target, keys));
  }

  async blocked(target: string, keys: readonly ResourceKey[]): Promise<readonly BlockedResource[]> {
    return this.#engine.read(() => selectBlocked(target, keys));
  }

  async worklist(filter: {
    kind?: WorkKind;
    open: boolean;
    count: number;
    after?: string;
  }): Promise<readonly WorkItem[]> {
    return this.#engine.read(() => selectWork(filter));
  }

  async workItem(id: string): Promise<WorkItem | undefined> {
    return this.#engine.read(() => selectWorkItem(id));
  }

  async resolveWork(id: string, nowMs: number): Promise<boolean> {
    return this.#write(() => resolveWorkItem(id, nowMs));
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
