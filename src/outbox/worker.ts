/** Takes due groups of one target from the outbox, several at once, and settles what became of them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import type { ClaimedGroup, OutboxEntry, Settlement, Store } from '../store/store.ts';
import { Circuit, type CircuitOptions, type CircuitState } from '../wire/circuit.ts';
import type { TargetHealth } from './alerts.ts';
import { ClockWatch } from './clock-watch.ts';
import { CRASHED, evidenceOf, isBusy } from './evidence.ts';
import { Lease } from './lease.ts';
import { AdaptiveLimit } from './limit.ts';
import { retryDelayMs } from './schedule.ts';

/** Sends one group. What the target says is in the settlements; an exception is a bug or lost I/O. */
export type Deliver = (group: ClaimedGroup, signal: AbortSignal) => Promise<readonly Settlement[]>;

export interface WorkerOptions {
  readonly store: Pick<Store, 'claim' | 'settle' | 'nextDueMs' | 'recoverClaims' | 'rewind'>;
  /** name of the target */
  readonly target: string;
  readonly deliver: Deliver;
  readonly clock: () => number;
  /** [0,1), for jitter; default Math.random */
  readonly random?: () => number;
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

export interface OutboxWorker {
  /** Begins to take and send; once is enough. */
  start(): void;
  /** Says that something may be due: after a commit or a replay. */
  wake(): void;
  /** Claims no more and waits for what is in flight; after `deadlineMs` that is stopped, its end being ambiguous. */
  stop(deadlineMs: number): Promise<void>;
  readonly circuit: CircuitState;
  readonly inFlight: number;
  readonly health: TargetHealth;
  readonly target: string;
  /** groups that the target bears at once, as far as it showed; at most the configured concurrency */
  readonly limit: number;
  readonly max: number;
}

/** Sleeps are cut here, so that a due time that moved, or a lost wake, costs at most this. */
const LONGEST_SLEEP_MS = 30_000;
const STORE_PAUSE_MS = 1_000;
const TAKEN_PAUSE_MS = 50;
const LONGEST_REST_MS = 10_000;
/** Share of the lease after which a delivery is stopped: the claim must not run out under it. */
const LEASE_SHARE = 0.8;

/** Takes nothing before `start`. */
export function openWorker(options: WorkerOptions): OutboxWorker {
  return new WorkerLoop(options);
}

/** Starts at once. */
export function startWorker(options: WorkerOptions): OutboxWorker {
  const worker = openWorker(options);
  worker.start();
  return worker;
}

class WorkerLoop implements OutboxWorker {
  readonly #options: WorkerOptions;
  readonly #circuit: Circuit;
  readonly #limit: AdaptiveLimit;
  readonly #halt = new AbortController();
  /** groups under way, their settlement included */
  readonly #flights = new Set<Promise<void>>();
  /** of these, the ones still with the target */
  #inFlight = 0;
  readonly #stopping = new AbortController();
  #isWoken = false;
  #rouse: () => void = () => {};
  #loop: Promise<void> | undefined;
  #recoverAtMs = 0;
  readonly #clockWatch: ClockWatch;
  /** nothing is known of the target until it has answered once */
  #hasAnswered = false;
  #downSinceMs: number | undefined;
  #failures = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#clockWatch = new ClockWatch(options);
    this.#circuit = new Circuit(options.circuit);
    this.#limit = new AdaptiveLimit(options.concurrency);
  }

  get circuit(): CircuitState {
    return this.#circuit.state;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get target(): string {
    return this.#options.target;
  }

  get limit(): number {
    return this.#limit.current;
  }

  get max(): number {
    return this.#options.concurrency;
  }

  get health(): TargetHealth {
    const failures = this.#hasAnswered ? this.#failures : Math.max(1, this.#failures);
    return { target: this.#options.target, downSinceMs: this.#downSinceMs, failures };
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  wake(): void {
    this.#isWoken = true;
    this.#rouse();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const timer = setTimeout(() => this.#halt.abort(), deadlineMs);
    await this.#loop;
    await Promise.allSettled(this.#flights);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
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

  /** Fills the free places. @returns milliseconds to sleep, 0 to go on */
  async #step(): Promise<number> {
    const { store, target, clock, leaseMs } = this.#options;
    const wasAhead = await this.#clockWatch.mind();
    if (wasAhead || clock() >= this.#recoverAtMs) {
      await store.recoverClaims(clock(), false);
      this.#recoverAtMs = clock() + leaseMs;
    }
    const free = this.#limit.current - this.#inFlight;
    if (free <= 0) return LONGEST_SLEEP_MS;
    const circuitMs = this.#circuit.waitMs(clock());
    if (circuitMs !== 0) return circuitMs ?? LONGEST_SLEEP_MS;
    const wanted = this.#circuit.state === 'closed' ? free : 1;
    this.#circuit.begin();
    let launched = 0;
    try {
      launched = await this.#claim(wanted);
    } finally {
      // Also where the store cannot claim: a probe that never took off would be waited for for ever.
      if (launched === 0) this.#circuit.cancel();
    }
    if (launched === wanted) return 0;
    const dueMs = await store.nextDueMs(target, clock());
    // Due and yet not claimable: another worker has the key.
    return dueMs === undefined ? LONGEST_SLEEP_MS : Math.max(TAKEN_PAUSE_MS, dueMs - clock());
  }

  /** Claims at once, so that the store can make the claims durable together. @returns how many groups took off */
  async #claim(wanted: number): Promise<number> {
    const { store, target, clock, leaseMs, maxEntries } = this.#options;
    const claim = { nowMs: clock(), leaseMs, maxEntries };
    const claims = await Promise.allSettled(Array.from({ length: wanted }, () => store.claim(target, claim)));
    const groups = claims.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
    for (const group of groups) this.#launch(group);
    const failed = claims.find((one) => one.status === 'rejected');
    if (failed && groups.length === 0) throw failed.reason;
    return groups.length;
  }

  #launch(group: ClaimedGroup): void {
    const flight = this.#fly(group);
    this.#flights.add(flight);
    void flight.finally(() => this.#flights.delete(flight));
  }

  /** Delivers and settles one group; never rejects. */
  async #fly(group: ClaimedGroup): Promise<void> {
    const { store, target, clock, onSettled, onError } = this.#options;
    this.#inFlight += 1;
    const startedMs = clock();
    const settlements = await this.#deliver(group);
    this.#inFlight -= 1;
    this.#learn(settlements, startedMs);
    const restMs = this.#restOf(group, settlements);
    if (restMs > 0) await pause(restMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    const settled = store.settle(target, group.deliveryKey, settlements, clock());
    // The next claim goes to disk with this settlement, not after it.
    this.wake();
    try {
      await settled;
      onSettled?.(group, settlements);
      // What was settled may be due again, or be what others wait for.
      this.wake();
    } catch (error) {
      // The claim stays until its lease runs out; the entries are then looked up before they are sent again.
      onError?.(error);
    }
  }

  /**
   * A full group of which every entry waits would be claimed again at once, since more of the key waits behind it:
   * its claim is kept until the first of them is due. @returns milliseconds, mostly 0
   */
  #restOf(group: ClaimedGroup, settlements: readonly Settlement[]): number {
    const { clock, leaseMs, maxEntries } = this.#options;
    if (group.entries.length < maxEntries) return 0;
    const due = settlements.map((one) => (one.kind === 'wait' ? one.dueMs - clock() : 0));
    return Math.min(LONGEST_REST_MS, leaseMs / 2, ...due);
  }

  #learn(settlements: readonly Settlement[], startedMs: number): void {
    const nowMs = this.#options.clock();
    const evidence = evidenceOf(settlements);
    this.#limit.learn({
      startedMs,
      endedMs: nowMs,
      entries: settlements.length,
      evidence: isBusy(settlements) ? 'busy' : evidence === 'up' ? 'well' : 'none',
    });
    if (evidence === 'none') this.#circuit.cancel();
    else if (evidence === 'up') {
      this.#circuit.succeeded();
      this.#hasAnswered = true;
      this.#downSinceMs = undefined;
      this.#failures = 0;
    } else {
      this.#circuit.failed(nowMs);
      this.#downSinceMs = Math.min(this.#downSinceMs ?? nowMs, nowMs); // the clock may have gone back
      this.#failures += 1;
    }
  }

  async #deliver(group: ClaimedGroup): Promise<readonly Settlement[]> {
    const { deliver, leaseMs, clock, onError } = this.#options;
    const lease = new Lease({ clock, ms: leaseMs * LEASE_SHARE, halt: this.#halt.signal });
    try {
      return this.#complete(group, await deliver(group, lease.signal));
    } catch (error) {
      onError?.(error);
      return this.#complete(group, [], error);
    } finally {
      lease.release();
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
    const { clock, random = Math.random } = this.#options;
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
