/** Notices that the clock went back, and brings back what it had put far off while it was ahead. */
import type { Store } from '../store/store.ts';
import { LONGEST_DELAY_MS } from './schedule.ts';

/** Clocks are set right by little all the time. */
const LARGEST_SLIP_MS = 1_000;
const NEVER_MS = Number.MAX_SAFE_INTEGER;

export interface WatchedClock {
  readonly store: Pick<Store, 'rewind'>;
  readonly target: string;
  readonly clock: () => number;
  readonly leaseMs: number;
}

export class ClockWatch {
  readonly #watched: WatchedClock;
  /** what the clock said last; at first anything is earlier, since a worker that starts cannot know what was before */
  #latestMs = NEVER_MS;
  #againAtMs = NEVER_MS;

  constructor(watched: WatchedClock) {
    this.#watched = watched;
  }

  /** @returns true when times were brought back @throws what the store throws; the next call tries again */
  async mind(): Promise<boolean> {
    const { store, target, clock, leaseMs } = this.#watched;
    const nowMs = clock();
    const wentBack = nowMs < this.#latestMs - LARGEST_SLIP_MS;
    const isNews = wentBack || nowMs >= this.#againAtMs;
    if (isNews) {
      // Where it is only suspected, what a target asked to be left alone for less than that is left alone.
      const aheadMs = wentBack && this.#latestMs !== NEVER_MS ? 0 : LONGEST_DELAY_MS;
      await store.rewind(target, { nowMs, leaseMs, aheadMs });
      // What was under way as the clock was set right may still bring times of before.
      this.#againAtMs = wentBack ? nowMs + leaseMs : NEVER_MS;
    }
    this.#latestMs = nowMs;
    return isNews;
  }
}
