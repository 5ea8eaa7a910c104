/** Turns writes that arrive in one turn of the event loop into one transaction, which is told of when it is on the disk. */
import type { DatabaseSync } from 'node:sqlite';
import { storeError } from './faults.ts';
import type { LogSync } from './log-sync.ts';

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
  /** told of before the disk has it */
  readonly isSoon: boolean;
}

/**
 * All writes of a store. Work is synchronous and may be run again: when one of several fails, the transaction
 * is rolled back and each runs in one of its own, so that no write suffers for another.
 */
export class Transactions {
  readonly #db: DatabaseSync;
  readonly #onRollback: () => void;
  readonly #log: LogSync;
  #jobs: Job[] = [];

  /** @param onRollback forgets what was remembered of rows that are gone again */
  constructor(db: DatabaseSync, log: LogSync, onRollback: () => void) {
    this.#db = db;
    this.#log = log;
    this.#onRollback = onRollback;
  }

  /** @throws AdapterError transient when the engine cannot write, permanent for a fault of ours */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject, isSoon: false });
      if (this.#jobs.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Runs it now, with what waits, and tells of it once the log has it: a process that is killed takes nothing back. */
  soon<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject, isSoon: true });
      this.flush();
    });
  }

  /** Runs what waits, now. */
  flush(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length === 0) return;
    try {
      this.#tell(jobs, this.#together(jobs.map((job) => job.work)));
    } catch (error) {
      if (jobs.length === 1) jobs[0]!.reject(storeError(error));
      else for (const job of jobs) this.#alone(job);
    }
  }

  #alone(job: Job): void {
    try {
      this.#tell([job], this.#together([job.work]));
    } catch (error) {
      job.reject(storeError(error));
    }
  }

  /** Once it is on the disk: until then a power cut could take it back. */
  #tell(jobs: readonly Job[], values: readonly unknown[]): void {
    const waiting: [Job, unknown][] = [];
    jobs.forEach((job, i) => {
      if (job.isSoon) job.resolve(values[i] as never);
      else waiting.push([job, values[i]]);
    });
    if (waiting.length === 0) return this.#log.soon();
    this.#log.done().then(
      () => {
        for (const [job, value] of waiting) job.resolve(value as never);
      },
      (error: unknown) => {
        for (const [job] of waiting) job.reject(storeError(error));
      },
    );
  }

  #together(works: readonly (() => unknown)[]): unknown[] {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const values = works.map((work) => work());
      this.#db.exec('COMMIT');
      return values;
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#onRollback();
      throw error;
    }
  }
}
