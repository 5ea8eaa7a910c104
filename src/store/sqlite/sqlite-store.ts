/** The Store on SQLite: each method is one read, or one piece of work in a shared transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { brokenAt } from '../audit-chain.ts';
import { datesOf, type SearchIndex } from '../search-index.ts';
import type {
  BlockedResource,
  ClaimedGroup,
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
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
import { auditRows } from './audit-rows.ts';
import { commitBatch } from './batch.ts';
import { countAll } from './counts.ts';
import { claimGroup, recoverGroups, releaseStuck, settleGroup } from './delivery.ts';
import { eraseAll } from './erase.ts';
import { storeError } from './faults.ts';
import { Names } from './index-rows.ts';
import { joinPatients, personOf, splitPatient } from './join.ts';
import { selectBlocked, selectLinks, selectStuck } from './link-rows.ts';
import { claimEntriesOf, outboxEntry, selectExpiredKeys, selectNextDue } from './outbox-rows.ts';
import { probeRoom } from './probe.ts';
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
  selectHistory,
  selectOfPerson,
  selectResource,
  selectResources,
  selectSuperseded,
  storedVersion,
} from './resource-rows.ts';
import { countRows, searchRows } from './search.ts';
import { Transactions } from './transactions.ts';
import { resolveWorkItem, selectRefused, selectWork, selectWorkItem } from './work-rows.ts';

export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #index: SearchIndex;
  readonly #names: Names;
  readonly #transactions: Transactions;
  /** set by a failed write, until a probe succeeds: that a small write fits says nothing of a large one */
  #suspect = false;

  /** @param db open, of the newest schema */
  constructor(db: DatabaseSync, index: SearchIndex) {
    this.#db = db;
    this.#index = index;
    this.#names = new Names(db);
    db.function('search_dates', { deterministic: true }, (content, param) =>
      JSON.stringify(datesOf(index, JSON.parse(String(content)) as Identified, String(param))),
    );
    this.#transactions = new Transactions(db, () => this.#names.forget());
  }

  async commit(
    records: readonly (CommitRecord | RefusedRecord)[],
    rules: CommitRules,
    nowMs: number,
  ): Promise<readonly CommitResult[]> {
    if (records.length === 0) return [];
    const context = { db: this.#db, names: this.#names, index: this.#index, rules, nowMs };
    return this.#write(() => commitBatch(context, records));
  }

  async read(type: string, id: string): Promise<StoredVersion | undefined> {
    const row = this.#read(() => selectResource(this.#db, type, id));
    return row && storedVersion(row);
  }

  async readVersion(type: string, id: string, version: number): Promise<StoredVersion | undefined> {
    const current = this.#read(() => selectResource(this.#db, type, id));
    const row = current?.version === version ? current : selectSuperseded(this.#db, type, id, version);
    return row && storedVersion(row);
  }

  async history(type: string, id: string, count: number, before?: number): Promise<readonly StoredVersion[]> {
    const current = this.#read(() => selectResource(this.#db, type, id));
    if (!current || count <= 0) return [];
    const first = before === undefined || current.version < before ? [current] : [];
    const older = selectHistory(this.#db, type, id, before ?? current.version, count - first.length);
    return [...first, ...older].map(storedVersion);
  }

  async readMany(keys: readonly ResourceKey[]): Promise<readonly StoredVersion[]> {
    return this.#read(() => selectResources(this.#db, keys)).map(storedVersion);
  }

  async readPerson(personId: string, type: string): Promise<readonly StoredVersion[]> {
    return this.#read(() => selectOfPerson(this.#db, personId, type)).map(storedVersion);
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    const rows = this.#read(() => searchRows(this.#db, this.#names, query));
    const page = rows.slice(0, query.count);
    const next = rows.length > query.count ? (page.at(-1)?.rid ?? query.after) : undefined;
    return { versions: page.map(storedVersion), next: next === undefined ? undefined : String(next) };
  }

  async countMatches(query: SearchQuery): Promise<number> {
    return this.#read(() => countRows(this.#db, this.#names, query));
  }

  async openReceipt(receipt: Pick<Receipt, 'id' | 'source' | 'kind' | 'receivedMs' | 'file'>): Promise<void> {
    await this.#write(() => insertReceipt(this.#db, receipt));
  }

  async finishReceipt(id: string, nowMs: number): Promise<void> {
    await this.#write(() => finishReceipt(this.#db, id, nowMs));
  }

  async interruptReceipts(nowMs: number, id?: string): Promise<number> {
    return this.#write(() => interruptReceipts(this.#db, nowMs, id));
  }

  async receipt(id: string): Promise<Receipt | undefined> {
    return this.#read(() => selectReceipt(this.#db, id));
  }

  async sourceRecord(source: string, kind: string, key: string): Promise<SourceRow | undefined> {
    return this.#read(() => selectRecord(this.#db, source, kind, key));
  }

  async latestRecords(count: number): Promise<readonly SourceRow[]> {
    return this.#read(() => selectLatest(this.#db, count));
  }

  async keepMapSet(digest: string, text: string, nowMs: number): Promise<void> {
    await this.#write(() => insertMapSet(this.#db, digest, text, nowMs));
  }

  async claim(
    target: string,
    options: { nowMs: number; leaseMs: number; maxEntries: number },
  ): Promise<ClaimedGroup | undefined> {
    const dueMs = this.#read(() => selectNextDue(this.#db, target));
    if (dueMs === undefined || dueMs > options.nowMs) return undefined; // nothing to write, so no wait for the disk
    return this.#write(() => claimGroup(this.#db, target, options));
  }

  async claimAlso(
    target: string,
    deliveryKey: string,
    resources: readonly ResourceKey[],
  ): Promise<readonly OutboxEntry[]> {
    return this.#write(() => claimEntriesOf(this.#db, target, deliveryKey, resources).map(outboxEntry));
  }

  async nextDueMs(target: string): Promise<number | undefined> {
    return this.#read(() => selectNextDue(this.#db, target));
  }

  async settle(
    target: string,
    deliveryKey: string,
    settlements: readonly Settlement[],
    nowMs: number,
  ): Promise<void> {
    await this.#write(() => settleGroup(this.#db, target, deliveryKey, settlements, nowMs));
  }

  async recoverClaims(nowMs: number, everything: boolean): Promise<number> {
    const untilMs = everything ? Number.MAX_SAFE_INTEGER : nowMs;
    if (this.#read(() => selectExpiredKeys(this.#db, untilMs)).length === 0) return 0; // most often; no wait for the disk
    return this.#write(() => recoverGroups(this.#db, untilMs, nowMs));
  }

  async replayDeliveries(
    filter: { target?: string; resource?: ResourceKey; personId?: string; state?: 'parked' | 'held' },
    nowMs: number,
  ): Promise<number> {
    const [type, id] = filter.resource?.split('/') ?? [];
    return this.#write(() => {
      const entries = selectStuck(this.#db, { ...filter, type, id });
      releaseStuck(this.#db, entries, nowMs, true);
      return entries.length;
    });
  }

  async links(target: string, keys: readonly ResourceKey[]): Promise<readonly TargetLink[]> {
    return this.#read(() => selectLinks(this.#db, target, keys));
  }

  async blocked(target: string, keys: readonly ResourceKey[]): Promise<readonly BlockedResource[]> {
    return this.#read(() => selectBlocked(this.#db, target, keys));
  }

  async worklist(filter: {
    kind?: WorkKind;
    open: boolean;
    count: number;
    after?: string;
  }): Promise<readonly WorkItem[]> {
    return this.#read(() => selectWork(this.#db, filter));
  }

  async workItem(id: string): Promise<WorkItem | undefined> {
    return this.#read(() => selectWorkItem(this.#db, id));
  }

  async resolveWork(id: string, nowMs: number): Promise<boolean> {
    return this.#write(() => resolveWorkItem(this.#db, id, nowMs));
  }

  async refusedRecord(workId: string): Promise<RefusedRecord | undefined> {
    return this.#read(() => selectRefused(this.#db, workId));
  }

  async linkPerson(patientId: string, personId: string, reason: string, nowMs: number): Promise<void> {
    await this.#write(() => joinPatients(this.#db, patientId, personId, reason, nowMs));
  }

  async unlinkPerson(patientId: string, nowMs: number): Promise<void> {
    await this.#write(() => splitPatient(this.#db, patientId, nowMs));
  }

  async personOf(patientId: string): Promise<string> {
    return this.#read(() => personOf(this.#db, patientId));
  }

  async erasePerson(
    personId: string,
    actor: string,
    nowMs: number,
  ): Promise<{ resources: number; deliveries: number }> {
    const erasure = { db: this.#db, names: this.#names, index: this.#index, personId, nowMs };
    const erased = await this.#write(() => eraseAll(erasure, actor));
    // what is deleted is overwritten, but the log still holds it until it is emptied
    this.#read(() => this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    return erased;
  }

  async counts(): Promise<StoreCounts> {
    return this.#read(() => countAll(this.#db));
  }

  async verifyAudit(): Promise<number | undefined> {
    return this.#read(() => brokenAt(auditRows(this.#db)));
  }

  async writable(): Promise<boolean> {
    if (!this.#db.isOpen) return false;
    if (!this.#suspect) return true;
    this.#suspect = !(await this.#write(() => probeRoom(this.#db)).then(
      () => true,
      () => false,
    ));
    return !this.#suspect;
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return;
    this.#transactions.flush();
    this.#db.close();
  }

  async #write<T>(work: () => T): Promise<T> {
    try {
      return await this.#transactions.run(work);
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
  }

  #read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw storeError(error);
    }
  }
}
