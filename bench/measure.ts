/** Turns two ways of doing the same work into one ratio, so that a noisy machine cancels out. */

/** One line of bench/results.json. `ratio` is ours to the other, in speed: above 1, ours is faster; with `most`, it is one of times. */
export interface Result {
  readonly name: string;
  readonly ratio: number;
  /** medians, in `unit` */
  readonly ours: number;
  readonly other: number;
  readonly unit: string;
  /** least ratio that the project promises; absent where the figure is only reported */
  readonly goal?: number;
  /** greatest ratio that it promises, where less is better */
  readonly most?: number;
  /** what the figure leaves out, or its shares */
  readonly note?: string;
}

export interface Rounds {
  /** measured rounds; each runs both ways, the first of the two in turn */
  readonly rounds: number;
  /** calls a round */
  readonly calls: number;
  /** least time that both ways run before they are measured, where the engine takes long to optimise what is many small functions; default 0 */
  readonly warmUpMs?: number;
}

/**
 * Measures two synchronous ways, interleaved, in one process.
 * @returns medians in operations a second, and their ratio
 */
export function compare(
  name: string,
  ours: () => unknown,
  other: () => unknown,
  { rounds, calls, warmUpMs = 0 }: Rounds,
): Result {
  const started = performance.now();
  for (let warm = 0; warm < 3 || performance.now() - started < warmUpMs; warm++) {
    operationsPerSecond(ours, calls);
    operationsPerSecond(other, calls);
  }
  const pairs: { ours: number; other: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0;
    const a = operationsPerSecond(first ? ours : other, calls);
    const b = operationsPerSecond(first ? other : ours, calls);
    pairs.push(first ? { ours: a, other: b } : { ours: b, other: a });
  }
  return resultOf(name, pairs, 'operations/s');
}

/** Measures two asynchronous ways of one batch; each returns how many operations it did. */
export async function compareBatches(
  name: string,
  ours: () => Promise<number>,
  other: () => Promise<number>,
  rounds: number,
  unit: string,
): Promise<Result> {
  const pairs: { ours: number; other: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0;
    const a = await batchPerSecond(first ? ours : other);
    const b = await batchPerSecond(first ? other : ours);
    pairs.push(first ? { ours: a, other: b } : { ours: b, other: a });
  }
  return resultOf(name, pairs, unit);
}

/** @returns the middle of the ratios pair by pair, beside the middle of each side */
function resultOf(name: string, pairs: readonly { ours: number; other: number }[], unit: string): Result {
  return {
    name,
    ratio: rounded(median(pairs.map((pair) => pair.ours / pair.other)), 3),
    ours: rounded(median(pairs.map((pair) => pair.ours)), 1),
    other: rounded(median(pairs.map((pair) => pair.other)), 1),
    unit,
  };
}

/** @returns the results, and last the least of them under the common name */
export function withLeast(name: string, results: readonly Result[], goal: number): Result[] {
  const least = results.reduce((low, one) => (one.ratio < low.ratio ? one : low));
  const note = `least of all kinds: ${least.name.slice(name.length + 1)}`;
  return [...results, { ...least, name, goal, note }];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function operationsPerSecond(work: () => unknown, calls: number): number {
  const started = performance.now();
  for (let call = 0; call < calls; call++) work();
  return (calls * 1000) / (performance.now() - started);
}

async function batchPerSecond(work: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const done = await work();
  return (done * 1000) / (performance.now() - started);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
