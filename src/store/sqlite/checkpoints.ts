/** Has SQLite's write-ahead log copied into the database beside the main thread, so that no commit stands still for it. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Rows that are written between two copies: some 6,000 pages of the log. */
const ROWS_BETWEEN = 24_000;

/** What copies, in a thread of its own; it is started with the path of the database. */
const SCRIPT = new URL('./checkpoint-worker.ts', import.meta.url);

/**
 * A log that is copied to its end is begun anew by the next write. Should copying fall behind, SQLite does it itself at
 * the end of a commit (`wal_autocheckpoint`), so that the log stays bounded.
 * @see ADR 13
 */
export class Checkpoints {
  readonly #file: string;
  readonly #rowsBetween: number;
  #rows = 0;
  /** begun when there is first something to copy */
  #worker: Worker | undefined;
  #running: Promise<void> | undefined;

  /** @param file path of the database */
  constructor(file: string, rowsBetween: number = ROWS_BETWEEN) {
    this.#file = file;
    this.#rowsBetween = rowsBetween;
  }

  /** Rows were written within a transaction that is under way. */
  wrote(rows: number): void {
    this.#rows += rows;
  }

  /** Begins a copy when it is time; called when a transaction is on the disk. */
  next(): void {
    if (this.#rows < this.#rowsBetween || this.#running) return;
    this.#rows = 0;
    this.#running = this.#copy().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when no copy is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** What cannot be copied stays in the log: the next copy, or SQLite itself, tries again. */
  async #copy(): Promise<void> {
    try {
      this.#worker ??= this.#start();
      this.#worker.postMessage('copy');
      await once(this.#worker, 'message');
    } catch {
      const broken = this.#worker;
      this.#worker = undefined;
      await broken?.terminate();
    }
  }

  #start(): Worker {
    const worker = new Worker(SCRIPT, { workerData: this.#file });
    worker.unref();
    worker.on('error', () => {}); // who waits for its answer hears of it
    return worker;
  }
}
