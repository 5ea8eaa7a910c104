/** Counts how often each delivery has waited for a reference, and says until when it waits. */
import { waitDelayMs } from '../../outbox/schedule.ts';
import type { Settlement } from '../../store/store.ts';

export interface Wait {
  /** from 1 */
  readonly times: number;
  readonly untilMs: number;
}

/** An erasure takes entries out of the outbox unseen here; a count is some 100 bytes. */
const MOST = 100_000;

/** How often an entry waited is not worth a row: after a restart it is counted anew. */
export class Waits {
  /** by seq, the one that came last at the end */
  readonly #waits = new Map<number, Wait>();
  readonly #most: number;

  /** @param most counts kept; beyond that the entry that has not come for longest is counted anew */
  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#waits.size;
  }

  /** Counts a wait. Other work of the same person brings an entry here early: that is no further wait. */
  count(seq: number, nowMs: number): Wait {
    const before = this.#waits.get(seq);
    const leftMs = (before?.untilMs ?? 0) - nowMs;
    // longer than it ever waits: the clock was ahead when it was counted
    if (before && leftMs > 0 && leftMs <= waitDelayMs(before.times)) return before;
    const times = (before?.times ?? 0) + 1;
    const wait = { times, untilMs: nowMs + waitDelayMs(times) };
    this.#keep(seq, wait);
    return wait;
  }

  /** Counts a time that an entry found its record open elsewhere. @returns times so far */
  countLocked(seq: number): number {
    const times = (this.#waits.get(seq)?.times ?? 0) + 1;
    this.#keep(seq, { times, untilMs: 0 });
    return times;
  }

  #keep(seq: number, wait: Wait): void {
    this.#waits.delete(seq);
    this.#waits.set(seq, wait);
    if (this.#waits.size > this.#most) this.#waits.delete(this.#waits.keys().next().value!);
  }

  /** Forgets what no longer waits, however it ended. */
  settle(settlements: Iterable<Settlement>): void {
    for (const one of settlements)
      if (one.kind !== 'wait' && !(one.kind === 'retry' && one.locked)) this.#waits.delete(one.seq);
  }
}
