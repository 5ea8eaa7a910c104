/** Turns accesses that end in one turn of the event loop into one transaction of the store; each is told when it is kept. */
import type { AccessStore, NewAccess } from '../store/accesses.ts';
import { InBatches } from '../store/in-batches.ts';

type Line = InBatches<NewAccess, undefined>;

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
    this.#lines = [this.#line(false), this.#line(true)];
  }

  /**
   * Resolves once it is kept, whatever becomes of this process.
   * @param isOnDisk whatever becomes of the machine's power, too
   * @throws AdapterError when it is not
   */
  async note(access: NewAccess, isOnDisk: boolean): Promise<void> {
    if (this.#idle) this.#idle.refresh();
    else this.#idle = setTimeout(() => void this.#index(), IDLE_MS).unref();
    await this.#lines[isOnDisk ? 1 : 0].add(access);
  }

  /** While nobody asks for anything, a step at a time. */
  async #index(): Promise<void> {
    try {
      if (await this.#store.index()) this.#idle?.refresh();
    } catch {
      // the next one goes on from there, and a search does it first
    }
  }

  #line(isOnDisk: boolean): Line {
    return new InBatches(MOST, async (accesses) => {
      await this.#store.record(accesses, this.#clock(), isOnDisk);
      return accesses.map(() => undefined);
    });
  }
}
