/** What a table of counts says of its columns, so that small numbers in it can be suppressed. */

/** dimension: what is counted apart. count, denominator: numbers of people or things. measure: a rate, mean or percentile. key: names a row */
export type ColumnRole = 'dimension' | 'count' | 'denominator' | 'measure' | 'key';

export interface CountColumn {
  readonly name: string;
  readonly role: ColumnRole;
  /**
   * Of a dimension, how its rows add up. `partition` (default): everybody is in one of them. `overlap`: somebody may be in several,
   * so that they have no sum. `nested`: each row is part of the one before (a funnel). `family`: it names which partition the
   * other dimension of the row is of (`dimension` beside `group`), and all of them are of the same people
   */
  readonly sums?: 'partition' | 'overlap' | 'nested' | 'family';
  /** of a count, the count that it is part of: what is left over is protected too */
  readonly within?: string;
  /** of a measure, the counts that it is computed from, to compute it anew from what is shown */
  readonly ratio?: {
    readonly of: string;
    readonly to: string;
    readonly per: number;
    readonly digits?: number;
  };
}

export type Value = string | number | boolean | null;

export interface CountTable {
  readonly name: string;
  readonly columns: readonly CountColumn[];
  readonly rows: readonly (readonly Value[])[];
}

export interface SmallNumbers {
  /** numbers from 1 to below this are suppressed; default 5 */
  readonly below: number;
  /** all others are rounded to a multiple of it; default 5, 1 leaves them as they are */
  readonly roundTo: number;
  /** zero is shown; default true */
  readonly keepZero: boolean;
  /** what a dimension says of the row that is the sum of the others; default `All` */
  readonly total?: string;
}

export const SMALL_NUMBERS: SmallNumbers = { below: 5, roundTo: 5, keepZero: true };

/** Stands where a number is withheld. */
export const SUPPRESSED: { readonly suppressed: true } = Object.freeze({ suppressed: true as const });
export type Suppressed = typeof SUPPRESSED;

/** @source Government Analysis Function, symbols in tables: c for confidential */
export const SUPPRESSED_MARK = '[c]';

export interface ShownTable {
  readonly name: string;
  readonly columns: readonly CountColumn[];
  readonly rows: readonly (readonly (Value | Suppressed)[])[];
}

export function isSuppressed(value: unknown): value is Suppressed {
  return typeof value === 'object' && value !== null && (value as Partial<Suppressed>).suppressed === true;
}

export function isNumberColumn({ role }: CountColumn): boolean {
  return role === 'count' || role === 'denominator';
}

/** @returns the table for CSV and pages: `[c]` where a number is withheld */
export function markedRows({ rows }: ShownTable): Value[][] {
  return rows.map((row) => row.map((value) => (isSuppressed(value) ? SUPPRESSED_MARK : value)));
}

/** @returns the table for typed files: null where a number is withheld, and after all columns `<name>_suppressed`, true or false, for each number */
export function flaggedRows({ columns, rows }: ShownTable): { columns: string[]; rows: Value[][] } {
  const told = columns.flatMap(({ role }, at) => (role === 'dimension' || role === 'key' ? [] : [at]));
  return {
    columns: [...columns.map(({ name }) => name), ...told.map((at) => `${columns[at]!.name}_suppressed`)],
    rows: rows.map((row) => [
      ...row.map((value) => (isSuppressed(value) ? null : value)),
      ...told.map((at) => isSuppressed(row[at])),
    ]),
  };
}
