/** Computes rates anew from the numbers that are shown, and withholds measures of people who are too few. */
import {
  type CountColumn,
  type CountTable,
  isNumberColumn,
  isSuppressed,
  SUPPRESSED,
  type Suppressed,
  type Value,
} from './table.ts';

type Shown = Value | Suppressed;
type Ratio = NonNullable<CountColumn['ratio']>;

/** What rates are told per. */
const PER = [1, 100, 1_000, 10_000, 100_000];
const DIGITS = 1;

/**
 * @param rows numbers withheld and rounded already
 * @returns rows whose rates follow from the numbers beside them; other measures as they were, or withheld where any number of the row is
 */
export function measures(table: CountTable, rows: Shown[][]): Shown[][] {
  const { columns } = table;
  const numbers = columns.flatMap((column, at) => (isNumberColumn(column) ? [at] : []));
  for (const [at, column] of columns.entries()) {
    if (column.role !== 'measure') continue;
    const ratio = column.ratio ?? foundRatio(table, at, numbers);
    for (const row of rows)
      if (row[at] !== null && row[at] !== undefined)
        row[at] = ratio
          ? rate(row, columns, ratio)
          : numbers.some((one) => isSuppressed(row[one]))
            ? SUPPRESSED
            : row[at];
  }
  return rows;
}

function rate(
  row: readonly Shown[],
  columns: readonly CountColumn[],
  { of, to, per, digits = DIGITS }: Ratio,
): Shown {
  const shownIn = (name: string): Shown => row[columns.findIndex((column) => column.name === name)] ?? null;
  const [part, whole] = [shownIn(of), shownIn(to)];
  if (isSuppressed(part) || isSuppressed(whole)) return SUPPRESSED;
  if (typeof part !== 'number' || typeof whole !== 'number' || whole === 0) return null;
  return Number(((part / whole) * per).toFixed(digits));
}

/** A rate that nobody said to be one would give the exact numbers away: it is known by its values. */
function foundRatio(
  { columns, rows }: CountTable,
  at: number,
  numbers: readonly number[],
): Ratio | undefined {
  const told = rows.filter((row) => typeof row[at] === 'number' && row[at] !== 0);
  if (told.length === 0) return undefined;
  for (const part of numbers)
    for (const whole of numbers)
      for (const per of part === whole ? [] : PER) {
        const isRatio = told.every((row) =>
          isClose(Number(row[at]), (Number(row[part]) / Number(row[whole])) * per),
        );
        if (isRatio)
          return { of: columns[part]!.name, to: columns[whole]!.name, per, digits: per === 1 ? 2 : DIGITS };
      }
  return undefined;
}

/** To the digits that the rate is told with. */
function isClose(value: number, other: number): boolean {
  const [, decimals = ''] = String(value).split('.');
  return Math.abs(value - other) <= 0.5 * 10 ** -decimals.length + 1e-9;
}
