/** Runs the store's steps on SQLite: at once, one after the other, with the writes of one turn of the event loop in one transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Engine } from '../sql/engine.ts';
import type { Answer, Request, Rows, Statement, Step } from '../sql/statement.ts';
import { Checkpoints } from './checkpoints.ts';
import { storeError } from './faults.ts';
import { LogSync } from './log-sync.ts';
import { Transactions } from './transactions.ts';

export class SqliteEngine implements Engine {
  readonly isRemote = false;
  readonly #db: DatabaseSync;
  readonly #prepared = new WeakMap<Statement | Rows, StatementSync>();
  readonly #transactions: Transactions;
  readonly #atWork = new Set<string>();

  readonly #log: LogSync;
  readonly #checkpoints: Checkpoints;

  /**
   * @param db open, of the newest schema
   * @param file its path
   * @param onRollback forgets what was remembered of rows that are gone again
   */
  constructor(db: DatabaseSync, file: string, onRollback: () => void) {
    this.#db = db;
    this.#log = new LogSync(file);
    this.#checkpoints = new Checkpoints(file);
    this.#transactions = new Transactions(db, this.#log, onRollback);
  }

  get isOpen(): boolean {
    return this.#db.isOpen;
  }

  async read<T>(steps: () => Step<T>): Promise<T> {
    try {
      return this.#run(steps());
    } catch (error) {
      throw storeError(error);
    }
  }

  async write<T>(steps: () => Step<T>): Promise<T> {
    const value = await this.#transactions.run(() => this.#run(steps()));
    this.#checkpoints.next();
    return value;
  }

  async writeSoon<T>(steps: () => Step<T>): Promise<T> {
    const value = await this.#transactions.soon(() => this.#run(steps()));
    this.#checkpoints.next();
    return value;
  }

  /** No other process has the database. */
  async alone(name: string, work: () => Promise<boolean>): Promise<boolean> {
    if (this.#atWork.has(name)) return false;
    this.#atWork.add(name);
    try {
      return await work();
    } finally {
      this.#atWork.delete(name);
    }
  }

  async probe(): Promise<void> {
    await this.#transactions.run(() => {
      this.#db.exec('INSERT INTO probe (room) VALUES (zeroblob(65536))');
      this.#db.exec('DELETE FROM probe');
    });
  }

  /** What is deleted is overwritten, but the log still holds it until it is emptied. */
  async scrub(): Promise<void> {
    await this.#checkpoints.idle();
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      throw storeError(error);
    }
  }

  async vacuum(): Promise<void> {
    const free = (): number =>
      (this.#db.prepare('PRAGMA freelist_count').get() as { freelist_count: number }).freelist_count;
    try {
      for (let left = free(), before = left + 1; left > 0 && left < before; before = left, left = free()) {
        this.#db.exec(`PRAGMA incremental_vacuum(${VACUUMED_PAGES})`);
        await nextTurn(); // others have their turn in between
      }
    } catch (error) {
      throw storeError(error);
    }
    await this.scrub();
  }

  async bytes(): Promise<number> {
    const row = this.#db
      .prepare(
        `SELECT (p.page_count - f.freelist_count) * s.page_size AS bytes
         FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s`,
      )
      .get() as { bytes: number };
    return row.bytes;
  }

  async close(): Promise<void> {
    this.#transactions.flush();
    await this.#checkpoints.close();
    await this.#log.close();
    if (this.#db.isOpen) this.#db.close();
  }

  #run<T>(steps: Step<T>): T {
    let step = steps.next();
    while (!step.done) step = steps.next(this.#answer(step.value));
    return step.value;
  }

  #answer(request: Request): Answer {
    if (request.kind === 'insert') return this.#insert(request.into, request.rows);
    const { statement, values, wants } = request;
    if (statement.texts.sqlite === '') return NOTHING;
    const ready = this.#statement(statement);
    if (wants === 'rows') return { rows: ready.all(...values), changes: 0 };
    const changes = Number(ready.run(...values).changes);
    this.#checkpoints.wrote(changes);
    return { rows: [], changes };
  }

  #insert(into: Rows, rows: Extract<Request, { kind: 'insert' }>['rows']): Answer {
    const ready = this.#statement(into);
    for (const row of rows) ready.run(...row);
    this.#checkpoints.wrote(rows.length);
    return NOTHING;
  }

  #statement(of: Statement | Rows): StatementSync {
    let ready = this.#prepared.get(of);
    if (!ready) {
      ready = this.#db.prepare(of.texts.sqlite);
      this.#prepared.set(of, ready);
    }
    return ready;
  }
}

/** Pages that a vacuum moves at once: some milliseconds. */
const VACUUMED_PAGES = 500;
const NOTHING: Answer = { rows: [], changes: 0 };
