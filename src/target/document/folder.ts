/** Puts documents into a folder, for whoever prints and posts them: a PDF, and a page that says what it is. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Binary, Bundle } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
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
        mkdirSync(folder, { recursive: true });
        putWhole(pathOf(id), pdfIn(JSON.parse(document.bundle) as Bundle));
        return { state: 'answered' };
      } catch (error) {
        return { state: 'again', waitMs: AGAIN_MS, outcome: outcomeOf(unwritable(error)) };
      }
    },
    stop: async (id) => !existsSync(pathOf(id)),
  };
}

/** @returns the readable form of a document: its first Binary */
export function pdfIn(bundle: Bundle): Buffer {
  const found = bundle.entry?.find(({ resource }) => resource?.resourceType === 'Binary')?.resource as Binary;
  return Buffer.from(found.data ?? '', 'base64');
}

/** Whole or not at all; the same once more is nothing. */
function putWhole(path: string, bytes: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  writeFileSync(`${path}.part`, bytes, { mode: 0o600, flush: true });
  renameSync(`${path}.part`, path);
  flush(dirname(path));
}

/** A rename is on disk when its folder is. */
function flush(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function unwritable(error: unknown) {
  const code = (error as { code?: unknown }).code;
  return issueOf({
    code: 'exception',
    rule: 'document-folder',
    diagnostics: `The folder for letters cannot be written${typeof code === 'string' ? ` (${code})` : ''}: see to its disk and its rights.`,
  });
}
