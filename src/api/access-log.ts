/** Turns accesses that end in one turn of the event loop into one transaction of the store; each is told when it is kept. */
import type { AccessStore, NewAccess } from '../store/accesses.ts';

interface Waiting {
  readonly access: NewAccess;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Pause after which what accesses are found by is written. */
const IDLE_MS = 100;
/** Rows in one transaction. */
const MOST = 500;

/** While a transaction is on its way, what comes goes together in the next one. */
export class AccessLog {
  readonly #store: Pick<AccessStore, 'record' | 'index'>;
  readonly #clock: () => number;
  #idle: NodeJS.Timeout | undefined;
  /** by whether they wait for the disk */
  readonly #lines: readonly [soon: Line, onDisk: Line];

  /** @param clock epoch ms */
  constructor(store: Pick<AccessStore, 'record' | 'index'>, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
    this.#lines = [
      new Line((rows) => this.#record(rows, false)),
      new Line((rows) => this.#record(rows, true)),
    ];
  }

  /**
   * Resolves once it is kept, whatever becomes of this process.
   * @param isOnDisk whatever becomes of the machine's power, too
   * @throws AdapterError when it is not
   */
  note(access: NewAccess, isOnDisk: boolean): Promise<void> {
    if (this.#idle) this.#idle.refresh();
    else this.#idle = setTimeout(() => void this.#index(), IDLE_MS).unref();
    return this.#lines[isOnDisk ? 1 : 0].add(access);
  }

  /** While nobody asks for anything, a step at a time. */
  async #index(): Promise<void> {
    try {
      if (await this.#store.index()) this.#idle?.refresh();
    } catch {
      // the next one goes on from there, and a search does it first
    }
  }

  #record(accesses: readonly NewAccess[], isOnDisk: boolean): Promise<void> {
    return this.#store.record(accesses, this.#clock(), isOnDisk);
  }
}

class Line {
  readonly #record: (accesses: readonly NewAccess[]) => Promise<void>;
  #waiting: Waiting[] = [];
  #isUnderWay = false;

  constructor(record: (accesses: readonly NewAccess[]) => Promise<void>) {
    this.#record = record;
  }

  add(access: NewAccess): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ access, resolve, reject });
      if (this.#isUnderWay) return;
      this.#isUnderWay = true;
      setImmediate(() => void this.#next());
    });
  }

  async #next(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, MOST);
      try {
        await this.#record(taken.map(({ access }) => access));
        for (const { resolve } of taken) resolve();
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    this.#isUnderWay = false;
  }
}
