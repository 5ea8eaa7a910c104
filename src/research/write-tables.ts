/** Writes made tables as files, all of them or none, with a manifest that says how they were made. */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { Made } from './make.ts';
import { type ManifestAbout, manifestOf, type Written } from './manifest.ts';
import { writeRows } from './table-rows.ts';
import { parquetSink } from './view/parquet-sink.ts';
import type { OpenSink } from './view/sink.ts';
import { csvSink, ndjsonSink } from './view/text-sinks.ts';

export const FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** @returns what writes rows as a file of a format */
export function sinkFor(format: Format, path: string): OpenSink {
  return SINKS[format](path);
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
      const { sink, rows } = await writeRows(table, sinkFor(format, path), format === 'csv');
      await sink.finish();
      written.push({ name: table.table.name, rows });
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
