/** How many groups one target is sent at once: more while it keeps up, half when it says that it is busy, fewer when it grows slow. */

const SMALLEST = 1;
/** Share that is left after the target said 429 or 503. */
const BUSY_SHARE = 0.5;
/** Share that is left when answers take much longer than they did. */
const SLOW_SHARE = 0.8;
/** Times the usual duration, and milliseconds beyond it, from which on answers count as slow. */
const SLOW_FACTOR = 3;
const SLOW_MARGIN_MS = 50;
/** Weight of the newest duration in the smoothed one. */
const WEIGHT = 0.25;
/** The usual duration may grow by so much with each answer: a target that became slower for good is not slow for ever. */
const DRIFT = 1.01;

/** How the answers of one size of group go. */
interface Pace {
  readonly usualMs: number;
  readonly recentMs: number;
}

/** What one group tells of its target. */
export interface Sample {
  readonly startedMs: number;
  readonly endedMs: number;
  /** entries sent */
  readonly entries: number;
  /** busy: it refused for load. none: nothing was learned, as when it was out of reach */
  readonly evidence: 'well' | 'busy' | 'none';
}

/** Additive increase, multiplicative decrease, between 1 and the configured concurrency. */
export class AdaptiveLimit {
  readonly #max: number;
  #limit: number;
  /** what was sent before the last cut says nothing of the limit after it */
  #cutMs = Number.NEGATIVE_INFINITY;
  readonly #paces = new Map<number, Pace>();

  /** @param max configured concurrency; it starts there */
  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  get current(): number {
    return Math.max(SMALLEST, Math.floor(this.#limit));
  }

  learn(sample: Sample): void {
    if (sample.evidence === 'none' || sample.endedMs < sample.startedMs) return; // the clock went back: no duration
    if (sample.evidence === 'busy') this.#cut(sample, BUSY_SHARE);
    else if (this.#isSlow(sample)) this.#cut(sample, SLOW_SHARE);
    else this.#limit = Math.min(this.#max, this.#limit + 1 / this.#limit);
  }

  #cut({ startedMs, endedMs }: Sample, share: number): void {
    if (startedMs < this.#cutMs && this.#cutMs <= endedMs) return; // a cut to come is one of a clock that was ahead
    this.#limit = Math.max(SMALLEST, this.#limit * share);
    this.#cutMs = endedMs;
  }

  /** A group of fifty takes longer than one: each size is held against its own. */
  #isSlow({ startedMs, endedMs, entries }: Sample): boolean {
    const size = Math.ceil(Math.log2(Math.max(1, entries)));
    const tookMs = endedMs - startedMs;
    const pace = this.#paces.get(size) ?? { usualMs: tookMs, recentMs: tookMs };
    const usualMs = Math.min(tookMs, pace.usualMs * DRIFT);
    const recentMs = pace.recentMs + WEIGHT * (tookMs - pace.recentMs);
    this.#paces.set(size, { usualMs, recentMs });
    return recentMs > usualMs * SLOW_FACTOR + SLOW_MARGIN_MS;
  }
}
