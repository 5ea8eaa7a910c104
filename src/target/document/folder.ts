/** Puts documents into a folder, for whoever prints and posts them: a PDF, and a page that says what it is. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binary, Bundle } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { writeWhole } from '../../wire/durable-file.ts';
import type { Gone, Way } from './way.ts';

const AGAIN_MS = 60_000;

/**
 * Nobody acknowledges paper: what is in the folder counts as handed over. File names hold no person data.
 * @param folder made where it is missing
 */
export function folderWay(folder: string): Way {
  const pathOf = (id: string): string => join(folder, `${id}.pdf`);
  return {
    kind: 'folder',
    send: async ({ id, document }): Promise<Gone> => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 }); // people's data
        await putOnce(pathOf(id), pdfIn(JSON.parse(document.bundle) as Bundle));
        return { state: 'answered' };
      } catch (error) {
        return { state: 'again', waitMs: AGAIN_MS, outcome: outcomeOf(unwritable(error)) };
      }
    },
    stop: async (id) => !existsSync(pathOf(id)),
    copies: {
      list: async () => idsIn(await readdir(folder).catch(() => [])),
      async remove(id) {
        for (const path of [pathOf(id), `${pathOf(id)}.part`]) await rm(path, { force: true });
      },
    },
  };
}

/** One that is half written may have been left by a process that died. */
function idsIn(names: readonly string[]): string[] {
  return names.flatMap((name) => /^(.+)\.pdf(\.part)?$/.exec(name)?.[1] ?? []);
}

/** @returns the readable form of a document: its first Binary */
export function pdfIn(bundle: Bundle): Buffer {
  const found = bundle.entry?.find(({ resource }) => resource?.resourceType === 'Binary')?.resource as Binary;
  return Buffer.from(found.data ?? '', 'base64');
}

/** The same once more is nothing. */
async function putOnce(path: string, bytes: Buffer): Promise<void> {
  const before = await readFile(path).catch(() => undefined);
  if (before === undefined || !before.equals(bytes)) await writeWhole(path, bytes);
}

function unwritable(error: unknown) {
  const code = (error as { code?: unknown }).code;
  return issueOf({
    code: 'exception',
    rule: 'document-folder',
    diagnostics: `The folder for letters cannot be written${typeof code === 'string' ? ` (${code})` : ''}: see to its disk and its rights.`,
  });
}
