/** Turns a count out of a number into a rate and the interval in which it lies with 95 % confidence. */

/** The normal distribution's 97.5th percentile. */
const Z = 1.959_963_984_540_054;

export interface Interval {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

/**
 * The interval of Wilson's score, which stays within 0 and 1 and holds for small numbers too.
 * @param count of `total` @returns shares of one; undefined where there is no total, or where more are counted than there are
 * @source Wilson 1927; Public Health England, Technical Guide: Confidence Intervals
 */
export function wilson(count: number, total: number): Interval | undefined {
  if (total <= 0 || count < 0 || count > total) return undefined;
  const share = count / total;
  const scale = 1 + (Z * Z) / total;
  const centre = (share + (Z * Z) / (2 * total)) / scale;
  const half = (Z * Math.sqrt((share * (1 - share)) / total + (Z * Z) / (4 * total * total))) / scale;
  return { low: Math.max(0, centre - half), mid: share, high: Math.min(1, centre + half) };
}

/** @returns the interval in other units: per cent, per thousand */
export function times({ low, mid, high }: Interval, factor: number): Interval {
  return { low: low * factor, mid: mid * factor, high: high * factor };
}

/** @returns true where the two do not touch: chance alone hardly explains that they differ */
export function areApart(one: Interval, other: Interval): boolean {
  return one.low > other.high || one.high < other.low;
}
