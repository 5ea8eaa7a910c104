/** Turns a seed into the same stream of random choices on every run and every machine. */

/** mulberry32's increment and the multipliers of its mixing steps. */
const STEP = 0x6d2b79f5;
/** Odd multiplier that keeps the streams of neighbouring people apart. */
const STREAM = 0x9e3779b1;

/** A deterministic source of choices. Integer arithmetic only, so that no platform rounds differently. */
export class Random {
  #state: number;

  /** @param seed of the whole set @param stream number of the person or row, so that each has a stream of its own */
  constructor(seed: number, stream = 0) {
    this.#state = (seed ^ Math.imul(stream + 1, STREAM)) >>> 0;
  }

  /** @returns a whole number in 0 … below - 1 */
  below(below: number): number {
    this.#state = (this.#state + STEP) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  /** @returns a whole number in low … high, both included */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** @returns true in `percent` of a hundred cases */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** @returns one of the items; there must be one */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  /** @returns `count` different items (fewer when there are fewer), in the order of the list */
  some<T>(items: readonly T[], count: number): T[] {
    const left = items.map((_, i) => i);
    while (left.length > count) left.splice(this.below(left.length), 1);
    return left.map((i) => items[i]!);
  }

  /** @param weighted pairs of item and weight; weights are whole numbers */
  weighted<T>(weighted: readonly (readonly [T, number])[]): T {
    let at = this.below(weighted.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [item, weight] of weighted) {
      at -= weight;
      if (at < 0) return item;
    }
    throw new RangeError('nothing to pick from');
  }
}
