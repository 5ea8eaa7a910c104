/** Writes the report: a page, and a folder of CSV files beside it, both whole or neither. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { csvOf } from './csv.ts';
import { type ReportAbout, type ReportTable, Tables } from './input.ts';
import { pageOf } from './page.ts';
import { SECTIONS } from './sections/all.ts';

/**
 * @param tables of counts, small numbers suppressed
 * @param path of the page; the tables go to the folder of the same name that ends in `.csv`: `report.html`, `report.csv/`
 * @throws AdapterError where a table tells a small number; what stood at the path before stays
 */
export async function writeReport(
  tables: readonly ReportTable[],
  about: ReportAbout,
  path: string,
): Promise<void> {
  const held = new Tables(tables, about);
  const sections = SECTIONS.map((make) => make(held, about));
  const page = await pageOf(sections, held, about);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const made = await mkdtemp(join(folder, '.report-'));
  try {
    await mkdir(join(made, 'csv'));
    for (const { id, table } of sections.flatMap(({ exhibits }) => exhibits))
      if (table !== undefined) await writeFile(join(made, 'csv', `${id}.csv`), csvOf(table));
    await writeFile(join(made, 'page'), page);
    await replace(made, path);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** @returns the folder of the tables that belong to the page */
export function csvFolderOf(path: string): string {
  return join(dirname(path), `${basename(path, extname(path))}.csv`);
}

/** Puts the new folder and page in the place of the old; the old folder comes back where the page cannot be put there. */
async function replace(made: string, path: string): Promise<void> {
  const folder = csvFolderOf(path);
  const before = join(made, 'before');
  const hadBefore = await moved(folder, before);
  try {
    await rename(join(made, 'csv'), folder);
    await rename(join(made, 'page'), path);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    if (hadBefore) await rename(before, folder);
    throw error;
  }
}

/** @returns false where there was nothing to move */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
