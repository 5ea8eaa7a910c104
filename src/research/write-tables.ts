/** Writes made tables as files, all of them or none, with a manifest that says how they were made. */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { AnonymityReport } from './disclosure/k-anonymity.ts';
import { tell } from './disclosure/suppress.ts';
import { flaggedRows, markedRows, type SmallNumbers } from './disclosure/table.ts';
import type { Made, MadeTable } from './make.ts';
import type { TableColumn } from './tables/table-file.ts';
import { sinkColumns } from './tables/workbench.ts';
import type { ViewColumn } from './view/compile.ts';
import { parquetSink } from './view/parquet-sink.ts';
import type { OpenSink } from './view/sink.ts';
import { csvSink, ndjsonSink } from './view/text-sinks.ts';

export const FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** What the manifest says beside what is in the tables. */
export interface ManifestAbout {
  /** ISO time */
  readonly madeAt: string;
  /** version of the adapter */
  readonly version: string;
  /** tells exports under one key from those under another */
  readonly key: string;
  readonly smallNumbers: SmallNumbers;
  readonly counted: 'consented' | 'everyone';
}

export interface Written {
  readonly name: string;
  readonly rows: number;
}

const SINKS: Readonly<Record<Format, (path: string) => OpenSink>> = {
  csv: csvSink,
  ndjson: ndjsonSink,
  parquet: parquetSink,
};
const MANIFEST = 'manifest.json';

/**
 * Writes a file for each table, and `manifest.json`, into a folder: a new one, or one that this has written before, which is replaced.
 * @throws AdapterError rule `export-folder` where something else is in the folder; whatever is thrown, what was there stays
 */
export async function writeTables(
  made: Made,
  folder: string,
  format: Format,
  about: ManifestAbout,
): Promise<readonly Written[]> {
  await refuseOthers(folder);
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const whole = await mkdtemp(join(parent, `.${basename(folder)}-`));
  try {
    const written: Written[] = [];
    for (const table of made.tables) {
      const path = join(whole, `${table.table.name}.${format}`);
      written.push({ name: table.table.name, rows: await writeTable(table, SINKS[format](path), format) });
    }
    await writeFile(
      join(whole, MANIFEST),
      `${JSON.stringify(manifestOf(made, written, about), undefined, 2)}\n`,
    );
    await rm(folder, { recursive: true, force: true });
    await rename(whole, folder);
    return written;
  } finally {
    await rm(whole, { recursive: true, force: true });
  }
}

async function refuseOthers(folder: string): Promise<void> {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (!(await isThere(folder)) || (await isThere(join(folder, MANIFEST)))) return;
  const diagnostics = `There is something else at ${folder}: name a new folder, or one that an export has written.`;
  throw new AdapterError('permanent', issueOf({ rule: 'export-folder', code: 'conflict', diagnostics }));
}

/** @returns how many rows were written */
export async function writeTable(
  made: MadeTable,
  open: OpenSink,
  format: Format | 'postgres',
): Promise<number> {
  const { columns, rows } = shapeOf(made, format);
  const sink = await open(columns);
  let count = 0;
  try {
    for (const row of rows) {
      sink.row(row);
      count++;
      const full = sink.drain();
      if (full) await full;
    }
    await sink.finish();
    return count;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** In text files a number that is withheld is `[c]`; in typed ones it is null, with a column beside it that says so. */
function shapeOf(
  made: MadeTable,
  format: Format | 'postgres',
): { readonly columns: readonly ViewColumn[]; readonly rows: Iterable<readonly unknown[]> } {
  const { columns } = made.table;
  if (made.kind === 'row') return { columns: sinkColumns(columns), rows: made.rows() };
  if (format === 'csv') return { columns: sinkColumns(columns.map(asText)), rows: markedRows(made.shown) };
  const flagged = flaggedRows(made.shown);
  const flags = flagged.columns.slice(columns.length).map(flagOf);
  return { columns: sinkColumns([...columns, ...flags]), rows: flagged.rows };
}

function asText(column: TableColumn): TableColumn {
  return column.role === 'dimension' || column.role === 'key' ? column : { ...column, type: 'text' };
}

function flagOf(name: string): TableColumn {
  return { name, type: 'boolean', role: 'dimension', description: 'whether the number is withheld' };
}

/** Numbers of people in it are told as those of the tables are. */
function manifestOf(
  { cohort, anonymity, tables }: Made,
  written: readonly Written[],
  about: ManifestAbout,
): object {
  const { smallNumbers } = about;
  const leftOut = Object.entries(cohort.leftOut).map(([reason, people]) => [
    reason,
    tell(people, smallNumbers),
  ]);
  const rowsOf = new Map(written.map(({ name, rows }) => [name, rows]));
  return {
    ...about,
    people: {
      in: tell(cohort.size, smallNumbers),
      leftOut: Object.fromEntries(leftOut),
      optOuts: cohort.optOuts,
    },
    ...(anonymity ? { kAnonymity: toldOf(anonymity, smallNumbers) } : {}),
    tables: tables.map(({ kind, table }) => ({
      ...{ name: table.name, title: table.title, description: table.description, kind },
      rows: rowsOf.get(table.name),
      columns: table.columns.map(({ name, type, role, description }) => ({ name, type, role, description })),
    })),
  };
}

/** Without the numbers of people that could be subtracted from each other. */
function toldOf({ k, columns, otherwise, ...counts }: AnonymityReport, smallNumbers: SmallNumbers): object {
  const { rows, groups, rowsBelow, rowsAlike } = counts;
  return {
    ...{ k, columns, otherwise, groups },
    people: tell(rows, smallNumbers),
    peopleBelow: tell(rowsBelow, smallNumbers),
    ...(rowsAlike === undefined ? {} : { peopleAlike: tell(rowsAlike, smallNumbers) }),
  };
}
