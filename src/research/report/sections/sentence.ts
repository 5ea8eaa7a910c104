/** Turns counts into the parts of a sentence, and says so where one is not told. */

import { isSuppressed, SUPPRESSED } from '../../disclosure/table.ts';
import { figure, percent } from '../figures.ts';
import { numberOf, type Row, type Told } from '../input.ts';

/** @returns `12 of 40 people (30%)`, or words for what is not told */
export function outOf(count: unknown, total: unknown, things = 'people'): string {
  const [part, whole] = [numberOf(count), numberOf(total)];
  if (part === undefined) return `too few ${things} to tell`;
  if (whole === undefined || whole === 0) return `${figure(part)} ${things}`;
  return `${figure(part)} of ${figure(whole)} ${things} (${percent(part / whole)})`;
}

/** @returns `120 (60%)` for the end of a bar, or the mark of suppression */
export function countNote(count: unknown, total: unknown): string {
  const [part, whole] = [numberOf(count), numberOf(total)];
  if (part === undefined) return isSuppressed(count) ? '[c]' : 'not known';
  return whole === undefined || whole === 0 ? figure(part) : `${figure(part)} (${percent(part / whole)})`;
}

/** @returns the row in which the number is highest, of those that tell it */
export function highest(rows: readonly Row[], column: string): Row | undefined {
  return extreme(rows, column, (value, best) => value > best);
}

export function lowest(rows: readonly Row[], column: string): Row | undefined {
  return extreme(rows, column, (value, best) => value < best);
}

function extreme(
  rows: readonly Row[],
  column: string,
  isBetter: (value: number, best: number) => boolean,
): Row | undefined {
  let found: Row | undefined;
  for (const row of rows) {
    const value = numberOf(row[column]);
    if (value === undefined) continue;
    if (found === undefined || isBetter(value, numberOf(found[column])!)) found = row;
  }
  return found;
}

/** @returns the sum, where every number of it is told */
export function sum(rows: readonly Row[], column: string): number | undefined {
  let total = 0;
  for (const row of rows) {
    const value = numberOf(row[column]);
    if (value === undefined) return undefined;
    total += value;
  }
  return total;
}

export const textOf = (cell: unknown): string =>
  typeof cell === 'string' ? cell : String(cell ?? 'not known');

/** @returns the numbers, where each is told */
export function allTold(cells: readonly unknown[]): number[] | undefined {
  const values = cells.map(numberOf);
  return values.every((value) => value !== undefined) ? values : undefined;
}

/** @returns what is left of the whole without its parts: told only where all of them are */
export function remainder(whole: unknown, ...parts: readonly unknown[]): Told | undefined {
  if ([whole, ...parts].some(isSuppressed)) return SUPPRESSED;
  const told = allTold([whole, ...parts]);
  return told?.slice(1).reduce((rest, part) => Math.max(0, rest - part), told[0]!);
}
