/** Tables at the edges of what a report may get: one row, very many, very long names, very large numbers, nothing told. */
import type { ReportTable } from '../../../src/research/report/input.ts';
import { HIDDEN, TABLES } from './samples.ts';

type Cells = readonly unknown[];

/** @returns every table with other rows */
const withRows = (make: (rows: readonly Cells[]) => readonly Cells[]): ReportTable[] =>
  TABLES.map((table) => ({ ...table, rows: make(table.rows) }));

const mapCells = (table: ReportTable, make: (cell: unknown, role: string) => unknown): ReportTable => ({
  ...table,
  rows: table.rows.map((cells) => cells.map((cell, at) => make(cell, table.columns[at]!.role))),
});

const LONG = 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch';
const named = (name: string) => TABLES.find((table) => table.name === name)!;
const months = Array.from({ length: 61 }, (_, at) => {
  const month = `${2021 + Math.floor((at + 11) / 12)}-${String(((at + 11) % 12) + 1).padStart(2, '0')}`;
  return at % 7 < 3 ? [month, HIDDEN, HIDDEN] : [month, 1_000 + 5 * at, 900 + 5 * at];
});

export const ODD: Readonly<Record<string, readonly ReportTable[]>> = {
  'one row each': withRows((rows) => rows.slice(0, 1)),
  'nothing told': TABLES.map((table) =>
    mapCells(table, (cell, role) => (role === 'dimension' ? cell : HIDDEN)),
  ),
  'nothing but zero': TABLES.map((table) =>
    mapCells(table, (cell, role) => (role === 'dimension' ? cell : 0)),
  ),
  'nothing known': TABLES.map((table) =>
    mapCells(table, (cell, role) => (role === 'dimension' ? cell : null)),
  ),
  'millions of people': TABLES.map((table) =>
    mapCells(table, (cell, role) =>
      typeof cell === 'number' && (role === 'count' || role === 'denominator') ? cell * 100_000 : cell,
    ),
  ),
  'long names': TABLES.map((table) =>
    mapCells(table, (cell, role) =>
      role === 'dimension' &&
      typeof cell === 'string' &&
      !/^\d{4}-|_|^higher|^lower|^instr|^determ/.test(cell)
        ? `${cell} of ${LONG}`
        : cell,
    ),
  ),
  'five years, eighty neighbourhoods': [
    { ...named('referral_months'), rows: months },
    {
      ...named('reach'),
      rows: Array.from({ length: 80 }, (_, at) => [`Neighbourhood ${at}`, 5_000 + at, 5 * at, at]),
    },
  ],
};
