/** Brings SQLite's write-ahead log to disk beside the main thread, so that nobody stands still while the disk writes. */
import { close, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

/** Between a write that nobody waits for and its sync: under load one sync serves hundreds. */
const SOON_MS = 50;

/**
 * SQLite writes a transaction to its log and, told `synchronous = NORMAL`, leaves it to the system when that reaches the
 * disk. Here it is brought there before anybody is told of the transaction, one sync for all that wait.
 * @see ADR 13
 */
export class LogSync {
  readonly #path: string;
  readonly #bringToDisk: (file: number) => Promise<void>;
  #file: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param file path of the database @param bringToDisk what is done with the open log; default `fdatasync` */
  constructor(file: string, bringToDisk: (file: number) => Promise<void> = promisify(fdatasync)) {
    this.#path = `${file}-wal`;
    this.#bringToDisk = bringToDisk;
  }

  /** Resolves when all that was written before the call is on the disk. @throws what the disk says */
  done(): Promise<void> {
    if (!this.#running) return this.#start();
    this.#next ??= this.#running.catch(() => {}).then(() => this.#start());
    return this.#next;
  }

  /** Has all that was written until then on the disk within a tenth of a second; nobody waits for it. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.done().catch(() => {}); // who waits for a later one is told
    }, SOON_MS).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#running) await (this.#next ?? this.#running).catch(() => {});
    if (this.#file !== undefined) await promisify(close)(this.#file);
    this.#file = undefined;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  /** The log is there from the first write on, and stays the same file until the database is closed. */
  async #sync(): Promise<void> {
    this.#file ??= openSync(this.#path, 'r+');
    await this.#bringToDisk(this.#file);
  }
}
