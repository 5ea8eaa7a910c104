/** A database on a disk that fails: the store's steps run on SQLite in memory, and a power cut takes back what was not synchronised. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Engine } from '../../../src/store/sql/engine.ts';
import { readMigrations } from '../../../src/store/sql/migrations.ts';
import type { Answer, Request, Rows, Statement, Step } from '../../../src/store/sql/statement.ts';
import { storeError } from '../../../src/store/sqlite/faults.ts';
import { migrate } from '../../../src/store/sqlite/migrate.ts';
import type { Timeline } from './timeline.ts';

const MIGRATIONS = new URL('../../../src/store/sqlite/migrations/', import.meta.url);
/** SQLite's own number for a full disk. */
const FULL = Object.assign(new Error('database or disk is full'), { errcode: 13 });
const BROKEN = Object.assign(new Error('i/o error'), { code: 'EIO' });
/** Longest moments, in ms, of one read, of waiting for a turn to write, and of a sync. */
const READ_MS = 2;
const TURN_MS = 3;
const SYNC_MS = 12;

/** The database; it is made once, and emptied for each seed. */
export class Database {
  readonly db: DatabaseSync;
  readonly #prepared = new WeakMap<Statement | Rows, StatementSync>();
  readonly #tables: readonly string[];
  readonly #counters: readonly { name: string; last: number }[];

  constructor() {
    this.db = new DatabaseSync(':memory:', { enableForeignKeyConstraints: false });
    migrate(this.db, readMigrations(MIGRATIONS), 0);
    // what keeps rows of the audit where they are would keep those of the seed before
    for (const chain of ['audit', 'audit_archive', 'access', 'access_archive'])
      this.db.exec(`DROP TRIGGER ${chain}_whole`);
    const tables = this.db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all() as {
      name: string;
    }[];
    this.#tables = tables.map(({ name }) => name).filter((name) => name !== 'migration');
    this.#counters = this.db.prepare('SELECT name, last FROM counter').all() as {
      name: string;
      last: number;
    }[];
  }

  empty(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
    for (const table of this.#tables) this.db.exec(`DELETE FROM "${table}"`);
    for (const { name, last } of this.#counters)
      this.db.prepare('INSERT INTO counter (name, last) VALUES (?, ?)').run(name, last);
  }

  rows<T>(sql: string): T[] {
    return this.db.prepare(sql).all() as T[];
  }

  run<T>(steps: Step<T>): T {
    let step = steps.next();
    while (!step.done) step = steps.next(this.#answer(step.value));
    return step.value;
  }

  #answer(request: Request): Answer {
    if (request.kind === 'insert') {
      const ready = this.#statement(request.into);
      for (const row of request.rows) ready.run(...row);
      return { rows: [], changes: 0 };
    }
    const { statement, values, wants } = request;
    if (statement.texts.sqlite === '') return { rows: [], changes: 0 };
    const ready = this.#statement(statement);
    if (wants === 'rows') return { rows: ready.all(...values), changes: 0 };
    return { rows: [], changes: Number(ready.run(...values).changes) };
  }

  #statement(of: Statement | Rows): StatementSync {
    const ready = this.#prepared.get(of) ?? this.db.prepare(of.texts.sqlite);
    this.#prepared.set(of, ready);
    return ready;
  }
}

/** What the disk does to writes. */
export interface DiskFaults {
  /** before anything is written */
  isFull(): boolean;
  /** after it was written: nobody knows whether it stays */
  syncFails(): boolean;
}

/** The machine's disk, under every program that runs there. */
export class Disk {
  readonly database: Database;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #faults: DiskFaults;

  constructor(database: Database, timeline: Timeline, random: () => number, faults: DiskFaults) {
    this.database = database;
    this.#timeline = timeline;
    this.#random = random;
    this.#faults = faults;
  }

  /** What was written since the last sync is gone. */
  cutPower(): void {
    if (this.database.db.isTransaction) this.database.db.exec('ROLLBACK');
  }

  /** @param onRollback forgets what was remembered of rows that are gone again */
  engine(onRollback: () => void): Engine {
    return {
      isOpen: true,
      isRemote: false,
      read: async (steps) => {
        if (this.#random() < 0.2) await this.#pause(READ_MS);
        return this.database.run(steps());
      },
      write: (steps) => this.#write(steps, onRollback),
      writeSoon: (steps) => this.#write(steps, onRollback),
      alone: (_name, work) => work(),
      probe: async () => {
        await this.#pause(TURN_MS);
        if (this.#faults.isFull()) throw storeError(FULL);
      },
      scrub: async () => {},
      vacuum: async () => {},
      bytes: async () => undefined,
      close: async () => {},
    };
  }

  /** As ADR 13 has it: all see a write at once, and whoever asked for it is told once a sync has taken it in. */
  async #write<T>(steps: () => Step<T>, onRollback: () => void): Promise<T> {
    await this.#pause(TURN_MS);
    if (this.#faults.isFull()) throw storeError(FULL);
    const { db } = this.database;
    if (!db.isTransaction) db.exec('BEGIN');
    db.exec('SAVEPOINT work');
    let value: T;
    try {
      value = this.database.run(steps());
    } catch (error) {
      db.exec('ROLLBACK TO work');
      onRollback();
      throw storeError(error);
    } finally {
      db.exec('RELEASE work');
    }
    await this.#pause(SYNC_MS);
    if (this.#faults.syncFails()) throw storeError(BROKEN);
    if (db.isTransaction) db.exec('COMMIT');
    return value;
  }

  async #pause(mostMs: number): Promise<void> {
    await this.#timeline.sleep(this.#random() * mostMs);
  }
}
