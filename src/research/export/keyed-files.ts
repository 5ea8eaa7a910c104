/** Writes the files of a de-identified export anew, in the order of their pseudonyms: that of the store would tell who came when. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Identified } from '../../store/resources.ts';
import { inKeyedOrder } from '../deidentify/keyed-order.ts';
import type { Held } from '../held.ts';
import type { ExportFile } from './asked.ts';
import { ExportFiles } from './files.ts';

/** Lines that are written at once. */
const BATCH = 500;

/**
 * The new files have names of their own: until they are all on disk, the old ones are what a restart finds.
 * @returns the files that there are then
 */
export async function inKeyedFiles(
  folder: string,
  linesPerFile: number,
  files: readonly ExportFile[],
): Promise<readonly ExportFile[]> {
  const output = files.filter(({ kind }) => kind === 'output');
  const made = ExportFiles.beside(folder, linesPerFile, files);
  try {
    for (const type of new Set(output.map((file) => file.type))) {
      const own = output.filter((file) => file.type === type);
      let lines: string[] = [];
      for await (const { resource } of inKeyedOrder(heldIn(folder, own), folder)) {
        lines.push(JSON.stringify(resource));
        if (lines.length < BATCH) continue;
        await made.add(type, 'output', lines);
        lines = [];
      }
      await made.add(type, 'output', lines);
      await made.settle(type);
    }
    await made.settle();
  } finally {
    await made.close();
  }
  for (const { name } of output) await rm(join(folder, name));
  return [...made.list, ...files.filter(({ kind }) => kind !== 'output')];
}

async function* heldIn(folder: string, files: readonly ExportFile[]): AsyncGenerator<Held> {
  for (const { name } of files)
    for await (const line of createInterface({ input: createReadStream(join(folder, name), 'utf8') }))
      yield { resource: JSON.parse(line) as Identified, personId: undefined };
}
