/** A reader of published tables who tries to work out what is withheld, by trying all numbers that fit what is shown. */
import type { ShownTable, SmallNumbers } from '../../../src/research/disclosure/table.ts';
import { isSuppressed } from '../../../src/research/disclosure/table.ts';

type Range = readonly [number, number];
/** Highest number that is tried for a withheld one; sums of them may be higher. */
const HIGHEST = 30;
const MOST_TRIES = 300_000;

/** @returns what a reader knows of a number from how it is shown */
export function rangeOf(shown: unknown, { below, roundTo, keepZero }: SmallNumbers): Range {
  if (isSuppressed(shown)) return [keepZero ? 1 : 0, HIGHEST];
  const value = Number(shown);
  if (value === 0) return [0, 0];
  const spread = Math.floor(roundTo / 2);
  return [Math.max(below, value - spread), value + spread];
}

/**
 * Tries all grids of numbers that fit a table of two dimensions with its totals.
 * @returns places of withheld numbers that have one value in all of them: what the table gives away
 */
export function givenAway(
  table: ShownTable,
  rows: readonly string[],
  columns: readonly string[],
  settings: SmallNumbers,
): string[] {
  const range = new Map<string, Range>();
  const withheld = new Map<string, Set<number>>();
  for (const [row, column, shown] of table.rows) {
    const key = `${String(row)}/${String(column)}`;
    range.set(key, rangeOf(shown, settings));
    if (!isSuppressed(shown)) continue;
    withheld.set(key, new Set());
    if (key.includes('All')) range.set(key, [range.get(key)![0], Number.POSITIVE_INFINITY]);
  }
  const all = [...rows.flatMap((row) => columns.map((column) => `${row}/${column}`))];
  const open = (): boolean => [...withheld.values()].some((seen) => seen.size < 2);
  const values = new Map<string, number>();
  let tries = 0;
  const fits = (key: string, sum: number, isWhole: boolean): boolean => {
    const known = range.get(key);
    return !known || (sum <= known[1] && (!isWhole || sum >= known[0]));
  };
  const sumOf = (keys: readonly string[]): number =>
    keys.reduce((sum, key) => sum + (values.get(key) ?? 0), 0);
  const isWhole = (keys: readonly string[]): boolean => keys.every((key) => values.has(key));
  const sums = [
    ...rows.map((row) => [`${row}/All`, columns.map((column) => `${row}/${column}`)] as const),
    ...columns.map((column) => [`All/${column}`, rows.map((row) => `${row}/${column}`)] as const),
    ['All/All', all] as const,
  ];
  const remember = (): void => {
    for (const [key, seen] of withheld) {
      const whole = sums.find(([name]) => name === key);
      seen.add(whole ? sumOf(whole[1]) : values.get(key)!);
    }
  };
  const go = (at: number): void => {
    if (!open() || ++tries > MOST_TRIES) return;
    if (at === all.length) {
      remember();
      return;
    }
    const key = all[at]!;
    const [lowest, highest] = range.get(key)!;
    for (let value = lowest; value <= highest; value++) {
      values.set(key, value);
      const isPossible = sums.every(
        ([name, keys]) => !keys.includes(key) || fits(name, sumOf(keys), isWhole(keys)),
      );
      if (isPossible) go(at + 1);
      values.delete(key);
    }
  };
  go(0);
  if (tries > MOST_TRIES) return [];
  return [...withheld].filter(([, seen]) => seen.size < 2).map(([key]) => key);
}
