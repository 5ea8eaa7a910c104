/** Turns a file's name and first bytes into its format, so that a file under a wrong name is told rather than misread. */
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Checked, refuse } from '../fhir/outcome.ts';

export type FileFormat = 'csv' | 'json' | 'ndjson' | 'xlsx';

const BY_EXTENSION: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.txt': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.xlsx': 'xlsx',
};
const ZIP = '504b0304';
/** Old Excel files, and new ones under a password. */
const COMPOUND_FILE = 'd0cf11e0';

/** @returns the format; or a refusal `read-format` that says how to save the file @throws when it cannot be opened */
export async function formatOf(path: string): Promise<Checked<FileFormat>> {
  const format = BY_EXTENSION[extname(path).toLowerCase()];
  const start = await firstBytes(path);
  if (start === COMPOUND_FILE)
    return misfit(
      'an Excel file of the old format, or one under a password: save it as .xlsx without a password',
    );
  if (!format) return misfit('known are .csv, .xlsx, .json and .ndjson: save it as one of these');
  if (format === 'xlsx' && start !== ZIP)
    return misfit('it is called .xlsx and is none: save it again as .xlsx');
  if (format !== 'xlsx' && start === ZIP)
    return misfit('it is a workbook or another zip file: call it .xlsx');
  return { ok: true, value: format };
}

function misfit(hint: string): Checked<FileFormat> {
  return refuse({ rule: 'read-format', code: 'not-supported', diagnostics: `the file's format: ${hint}` });
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead).toString('hex');
  } finally {
    await file.close();
  }
}
