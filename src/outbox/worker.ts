/** Takes due groups of one target from the outbox, several at once, and settles what became of them. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { ClaimedGroup, OutboxEntry, Settlement, Store } from '../store/store.ts';
import { Circuit, type CircuitOptions, type CircuitState } from './circuit.ts';
import { retryDelayMs } from './schedule.ts';

/** Sends one group. What the target says is in the settlements; an exception is a bug or lost I/O. */
export type Deliver = (group: ClaimedGroup, signal: AbortSignal) => Promise<readonly Settlement[]>;

export interface WorkerOptions {
  readonly store: Pick<Store, 'claim' | 'settle' | 'nextDueMs' | 'recoverClaims'>;
  /** name of the target */
  readonly target: string;
  readonly deliver: Deliver;
  readonly clock: () => number;
  /** [0,1), for jitter */
  readonly random: () => number;
  /** groups in flight at once */
  readonly concurrency: number;
  /** how long a claim lasts; delivery is stopped before it ends */
  readonly leaseMs: number;
  /** entries of one key taken at once */
  readonly maxEntries: number;
  readonly circuit?: CircuitOptions;
  /** after each durable settlement */
  readonly onSettled?: (group: ClaimedGroup, settlements: readonly Settlement[]) => void;
  /** a bug in delivery, or a store that cannot be reached */
  readonly onError?: (error: unknown) => void;
}

export interface Worker {
  /** Says that something may be due: after a commit or a replay. */
  wake(): void;
  /** Claims no more and waits for what is in flight; after `deadlineMs` that is stopped, its end being ambiguous. */
  stop(deadlineMs: number): Promise<void>;
  readonly circuit: CircuitState;
  readonly inFlight: number;
}

/** Sleeps are cut here, so that a due time that moved, or a lost wake, costs at most this. */
const LONGEST_SLEEP_MS = 30_000;
const STORE_PAUSE_MS = 1_000;
const TAKEN_PAUSE_MS = 50;
/** Share of the lease after which a delivery is stopped: the claim must not run out under it. */
const LEASE_SHARE = 0.8;

/** Starts at once. */
export function startWorker(options: WorkerOptions): Worker {
  const worker = new OutboxWorker(options);
  worker.start();
  return worker;
}

class OutboxWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #circuit: Circuit;
  readonly #halt = new AbortController();
  readonly #flights = new Set<Promise<void>>();
  #stopped = false;
  #isWoken = false;
  #rouse: () => void = () => {};
  #loop: Promise<void> = Promise.resolve();
  #recoverAtMs = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#circuit = new Circuit(options.circuit);
  }

  get circuit(): CircuitState {
    return this.#circuit.state;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  start(): void {
    this.#loop = this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.wake();
    const timer = setTimeout(() => this.#halt.abort(), deadlineMs);
    await this.#loop;
    await Promise.allSettled(this.#flights);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#isWoken = false;
      let pauseMs: number;
      try {
        pauseMs = await this.#step();
      } catch (error) {
        this.#options.onError?.(error);
        pauseMs = STORE_PAUSE_MS;
      }
      if (pauseMs > 0) await this.#sleep(pauseMs);
    }
  }

  /** Starts one group where it can. @returns milliseconds to sleep, 0 to go on */
  async #step(): Promise<number> {
    const { store, target, clock, concurrency, leaseMs, maxEntries } = this.#options;
    if (clock() >= this.#recoverAtMs) {
      await store.recoverClaims(clock(), false);
      this.#recoverAtMs = clock() + leaseMs;
    }
    if (this.#flights.size >= concurrency) return LONGEST_SLEEP_MS;
    const circuitMs = this.#circuit.waitMs(clock());
    if (circuitMs !== 0) return circuitMs ?? LONGEST_SLEEP_MS;
    this.#circuit.begin();
    const group = await this.#claim(() => store.claim(target, { nowMs: clock(), leaseMs, maxEntries }));
    if (!group) {
      const dueMs = await store.nextDueMs(target);
      // Due and yet not claimable: another worker has the key.
      return dueMs === undefined ? LONGEST_SLEEP_MS : Math.max(TAKEN_PAUSE_MS, dueMs - clock());
    }
    const flight = this.#fly(group);
    this.#flights.add(flight);
    void flight.finally(() => {
      this.#flights.delete(flight);
      this.wake();
    });
    return 0;
  }

  async #claim(claim: () => Promise<ClaimedGroup | undefined>): Promise<ClaimedGroup | undefined> {
    let group: ClaimedGroup | undefined;
    try {
      group = await claim();
    } finally {
      if (!group) this.#circuit.cancel();
    }
    return group;
  }

  /** Delivers and settles one group; never rejects. */
  async #fly(group: ClaimedGroup): Promise<void> {
    const { store, target, clock, onSettled, onError } = this.#options;
    const settlements = await this.#deliver(group);
    const evidence = evidenceOf(settlements);
    if (evidence === 'down') this.#circuit.failed(clock());
    else if (evidence === 'up') this.#circuit.succeeded();
    else this.#circuit.cancel();
    try {
      await store.settle(target, group.deliveryKey, settlements, clock());
      onSettled?.(group, settlements);
    } catch (error) {
      // The claim stays until its lease runs out; the entries are then looked up before they are sent again.
      onError?.(error);
    }
  }

  async #deliver(group: ClaimedGroup): Promise<readonly Settlement[]> {
    const { deliver, leaseMs, onError } = this.#options;
    const lease = new AbortController();
    const end = (): void => lease.abort();
    const timer = setTimeout(end, leaseMs * LEASE_SHARE);
    this.#halt.signal.addEventListener('abort', end);
    if (this.#halt.signal.aborted) end();
    try {
      return this.#complete(group, await deliver(group, lease.signal));
    } catch (error) {
      onError?.(error);
      return this.#complete(group, [], error);
    } finally {
      clearTimeout(timer);
      this.#halt.signal.removeEventListener('abort', end);
    }
  }

  /** Whatever delivery left unnamed is tried again, being looked up first: no entry is lost to a bug. */
  #complete(group: ClaimedGroup, settlements: readonly Settlement[], error?: unknown): readonly Settlement[] {
    const named = new Set(settlements.map((settlement) => settlement.seq));
    const outcome = error instanceof AdapterError ? error.outcome : CRASHED;
    return [
      ...settlements,
      ...group.entries.filter((entry) => !named.has(entry.seq)).map((entry) => this.#again(entry, outcome)),
    ];
  }

  #again(entry: OutboxEntry, outcome: OperationOutcome): Settlement {
    const { clock, random } = this.#options;
    const dueMs = clock() + retryDelayMs(entry.attempt + 1, random);
    return { kind: 'retry', seq: entry.seq, dueMs, ambiguous: true, outcome };
  }

  #sleep(ms: number): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#rouse(), Math.min(ms, LONGEST_SLEEP_MS));
      this.#rouse = () => {
        clearTimeout(timer);
        this.#rouse = () => {};
        resolve();
      };
    });
  }
}

const CRASHED = outcomeOf(
  issueOf({
    code: 'exception',
    rule: 'delivery-crashed',
    diagnostics: 'Delivery ended with an error of the adapter; the log has it. The entry is looked up and sent again.',
  }),
);

/** What a group says of its target: answered, out of reach, or nothing, when nothing was sent or one record was locked. */
function evidenceOf(settlements: readonly Settlement[]): 'up' | 'down' | 'none' {
  if (settlements.some((one) => one.kind === 'delivered' || one.kind === 'removed' || one.kind === 'park'))
    return 'up';
  const retries = settlements.filter((one) => one.kind === 'retry');
  if (retries.length === 0) return 'none';
  return retries.every((one) => one.outcome.issue[0]?.code === 'lock-error') ? 'up' : 'down';
}
