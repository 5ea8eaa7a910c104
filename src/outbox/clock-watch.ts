/** Notices that the clock went back, and brings back what it had put far off while it was ahead. */
import type { Store } from '../store/store.ts';
import { LONGEST_DELAY_MS } from './schedule.ts';

/** Clocks are set right by little all the time. */
const LARGEST_SLIP_MS = 1_000;
const NEVER_MS = Number.MAX_SAFE_INTEGER;

/** A clock that tells how often it went back, as far as anybody saw who read it. */
export interface MarkedClock {
  (): number;
  readonly setBack: {
    readonly times: number;
    /** how far it was ahead before the last time */
    readonly byMs: number;
  };
}

/** Whoever reads the same marked clock sees by it what the others saw. @returns the clock itself when it is marked already */
export function markedClock(clock: (() => number) | MarkedClock): MarkedClock {
  if ('setBack' in clock) return clock;
  const setBack = { times: 0, byMs: 0 };
  let latestMs = Number.NEGATIVE_INFINITY;
  const read = (): number => {
    const nowMs = clock();
    if (nowMs < latestMs - LARGEST_SLIP_MS) {
      setBack.times += 1;
      setBack.byMs = latestMs - nowMs;
      latestMs = nowMs;
    }
    latestMs = Math.max(latestMs, nowMs);
    return nowMs;
  };
  return Object.assign(read, { setBack });
}

export interface Watched {
  readonly store: Pick<Store, 'rewind'>;
  readonly target: string;
  /** a marked one is shared: times that another reader put far off are brought back too */
  readonly clock: () => number;
  readonly leaseMs: number;
}

export class ClockWatch {
  readonly #watched: Watched;
  readonly #clock: MarkedClock;
  /** times that it went back and was answered; a worker that starts cannot know what was before */
  #answered = -1;
  /** until then, what was under way as the clock was set right may still bring times of before: so far ahead */
  #untilMs = NEVER_MS;
  #staleMs = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#clock = markedClock(watched.clock);
  }

  /** @returns true when the clock went back, or may have @throws what the store throws; the next call tries again */
  async mind(): Promise<boolean> {
    const { leaseMs } = this.#watched;
    const nowMs = this.#clock();
    const { times, byMs } = this.#clock.setBack;
    const isNews = times !== this.#answered;
    if (isNews) {
      // Where it is only suspected, what a target asked to be left alone for less than that is left alone.
      await this.#rewind(nowMs, this.#answered < 0 ? LONGEST_DELAY_MS : 0);
      if (byMs > 2 * leaseMs) [this.#untilMs, this.#staleMs] = [nowMs + leaseMs, byMs - leaseMs];
      this.#answered = times;
    } else if (this.#untilMs !== NEVER_MS) {
      // Nothing lasts longer than a lease; what is put off by less than this is so by the right clock.
      await this.#rewind(nowMs, this.#staleMs);
      if (nowMs >= this.#untilMs) this.#untilMs = NEVER_MS;
    }
    return isNews;
  }

  async #rewind(nowMs: number, aheadMs: number): Promise<void> {
    const { store, target, leaseMs } = this.#watched;
    await store.rewind(target, { nowMs, leaseMs, aheadMs });
  }
}
