/** Gives each subscription its turns: several subscriptions at once, one turn of each at a time, over all processes on the database. */
import { AdapterError, ruleOf } from '../../fhir/outcome.ts';
import { isDue, LEASE_MS, type TurnParts, takeTurn } from './turn.ts';

export interface WorkerOptions extends TurnParts {
  /** turns under way at once */
  readonly concurrency: number;
  /** milliseconds between looks at what was committed; default 1 s */
  readonly lookMs?: number;
  /** milliseconds that events are kept after they were sent */
  readonly keepMs: number;
  /** a bug in a turn, or a store that cannot be reached; names its rule */
  readonly onError?: (rule: string | undefined) => void;
}

export interface SubscriptionWorker {
  start(): void;
  /** Says that something may be due. */
  wake(): void;
  /** Begins no turn, and ends those under way: what was not taken is sent again. */
  stop(): Promise<void>;
}

const LOOK_MS = 1_000;
const TIDY_EVERY_MS = 60_000;

export function openSubscriptionWorker(options: WorkerOptions): SubscriptionWorker {
  return new Loop(options);
}

class Loop implements SubscriptionWorker {
  readonly #options: WorkerOptions;
  readonly #stopping = new AbortController();
  readonly #flights = new Map<string, Promise<void>>();
  #loop: Promise<void> | undefined;
  #rouse: () => void = () => {};
  #isWoken = false;
  #tidyAtMs = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#loop;
    await Promise.all(this.#flights.values());
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#isWoken = false;
      try {
        await this.#look();
      } catch (error) {
        this.#tell(error);
      }
      await this.#sleep();
    }
  }

  async #look(): Promise<void> {
    const { store, clock, concurrency, keepMs } = this.#options;
    const nowMs = clock();
    const { subscriptions, lastChange, nowMs: sharedMs } = await store.subscriptions.waiting(nowMs);
    // those that were due first come first: none is kept waiting by one that always is
    const due = subscriptions
      .filter((one) => !this.#flights.has(one.id) && isDue(one, { lastChange, sharedMs, nowMs }))
      .sort((a, b) => a.dueMs - b.dueMs || a.lastChange - b.lastChange);
    for (const { id } of due.slice(0, Math.max(0, concurrency - this.#flights.size))) this.#launch(id);
    if (nowMs < this.#tidyAtMs) return;
    this.#tidyAtMs = nowMs + TIDY_EVERY_MS;
    await store.subscriptions.tidy(nowMs - keepMs);
  }

  #launch(id: string): void {
    const flight = this.#fly(id)
      .catch((error: unknown) => this.#tell(error))
      .finally(() => {
        this.#flights.delete(id);
      });
    this.#flights.set(id, flight);
  }

  async #fly(id: string): Promise<void> {
    const { store, clock } = this.#options;
    const claimed = await store.subscriptions.claim(id, clock(), LEASE_MS);
    if (claimed) await takeTurn(this.#options, claimed, this.#stopping.signal);
  }

  #tell(error: unknown): void {
    this.#options.onError?.(error instanceof AdapterError ? ruleOf(error.outcome.issue[0]!) : undefined);
  }

  #sleep(): Promise<void> {
    if (this.#isWoken || this.#stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#rouse(), this.#options.lookMs ?? LOOK_MS);
      this.#rouse = () => {
        clearTimeout(timer);
        this.#rouse = () => {};
        resolve();
      };
    });
  }
}
