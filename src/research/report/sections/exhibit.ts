/** What each part of the report gives to the page: a heading, what is read from it, a picture, and its table. */
import type { Picture } from '../chart/draw.ts';
import type { ChartSpec } from '../chart/parts.ts';
import type { ReportAbout, ReportColumn, ReportTable, Tables } from '../input.ts';

/** Something to show, with its table. */
export interface Exhibit {
  /** in addresses and file names: lower case, hyphens */
  readonly id: string;
  readonly title: string;
  /** what is to be read from it, in one plain sentence; undefined where there is nothing to show */
  readonly reading: string | undefined;
  readonly picture: Picture | undefined;
  readonly table: ReportTable | undefined;
  /** what it cannot say */
  readonly notes: readonly string[];
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  readonly exhibits: readonly Exhibit[];
}

export type MakeSection = (tables: Tables, about: ReportAbout) => Section;

export interface ExhibitOf {
  readonly id: string;
  readonly title: string;
  readonly table: ReportTable | undefined;
  /** asked only where the table has rows */
  readonly show: () => { readonly reading: string; readonly spec: ChartSpec | undefined };
  readonly notes?: readonly string[];
}

/** An exhibit of a table without rows says that there is nothing, and has no empty chart. */
export function exhibit({ id, title, table, show, notes = [] }: ExhibitOf): Exhibit {
  if (table === undefined || table.rows.length === 0)
    return { id, title, reading: undefined, picture: undefined, table: undefined, notes: [] };
  const { reading, spec } = show();
  const picture = spec && { spec, title, description: reading };
  return { id, title, reading, picture, table, notes };
}

/** @returns the table with the rows that have the value, without the column that says it */
export function part(
  table: ReportTable | undefined,
  column: string,
  value: string,
  told: { readonly name: string; readonly title: string },
): ReportTable | undefined {
  if (table === undefined) return undefined;
  const at = table.columns.findIndex(({ name }) => name === column);
  const rows = table.rows.filter((cells) => cells[at] === value);
  return columnsOf({ ...table, ...told, rows }, ({ name }) => name !== column);
}

/** @returns the table with some of its columns */
export function columnsOf(
  table: ReportTable | undefined,
  isKept: (column: ReportColumn) => boolean,
): ReportTable | undefined {
  if (table === undefined) return undefined;
  const kept = table.columns.flatMap((column, at) => (isKept(column) ? [at] : []));
  return {
    ...table,
    columns: kept.map((at) => table.columns[at]!),
    rows: table.rows.map((cells) => kept.map((at) => cells[at])),
  };
}
