/** Turns a file of a source (CSV, JSON, NDJSON, XLSX) into records, after deciding which kind it holds. */

import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError, type Checked } from '../fhir/outcome.ts';
import { kindByName, kindNamed, kindOfHeader, noKind } from './choose-kind.ts';
import { csvRows } from './csv-rows.ts';
import { decodeText } from './decode.ts';
import { type FileFormat, formatOf } from './file-format.ts';
import { refuseTooLong } from './json.ts';
import type { KindReader, ReadOptions } from './kind-reader.ts';
import { READ_LIMITS } from './limits.ts';
import type { LoadedSource } from './load.ts';
import { readCsv } from './read-csv.ts';
import { readJson, readNdjson } from './read-json.ts';
import { readXlsx } from './read-xlsx.ts';
import type { ReadRecord } from './record.ts';
import { refusedFile } from './refused-file.ts';

/** How to read a file. */
export interface FileOptions extends Omit<ReadOptions, 'file'> {
  /** kind of its records; else its name, its sheets' names or its header row decide */
  readonly kind?: string;
  /** ends the reading after the record in hand */
  readonly signal?: AbortSignal;
}

/**
 * Reads a file in constant memory (a JSON document within its bound). Each record carries its kind.
 * @returns a record for each that the file holds, read or not; a file that cannot be read at all is one refusal without a key
 * @throws when the file cannot be opened
 */
export async function* readFileRecords(
  source: LoadedSource,
  path: string,
  options: FileOptions,
): AsyncGenerator<ReadRecord> {
  for await (const record of recordsOf(source, path, options)) {
    if (options.signal?.aborted) return;
    yield record;
  }
}

async function* recordsOf(
  source: LoadedSource,
  path: string,
  options: FileOptions,
): AsyncGenerator<ReadRecord> {
  const file = basename(path);
  const format = await formatOf(path);
  if (!format.ok) yield refusedFile(source, file, options.kind, format.outcome);
  else if (format.value === 'xlsx') yield* readXlsx(source, path, { ...options, file });
  else yield* readTextFile(source, path, format.value, { ...options, file });
}

async function* readTextFile(
  source: LoadedSource,
  path: string,
  format: Exclude<FileFormat, 'xlsx'>,
  options: FileOptions & { file: string },
): AsyncGenerator<ReadRecord> {
  const decoded = format === 'json' ? undefined : await checkEncoding(path);
  const reader = decoded ?? (await readerFor(source, path, format, options));
  if (!reader.ok) yield refusedFile(source, options.file, options.kind, reader.outcome);
  else if (format === 'csv') yield* readCsv(reader.value, createReadStream(path), options);
  else if (format === 'ndjson') yield* readNdjson(reader.value, createReadStream(path), options);
  else yield* readJsonFile(source, reader.value, path, options);
}

/** Reads a file through once, so that one in the wrong encoding is refused whole and not from its first accent on. */
async function checkEncoding(path: string): Promise<{ ok: false; outcome: OperationOutcome } | undefined> {
  try {
    for await (const _ of decodeText(createReadStream(path)));
    return undefined;
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, outcome: error.outcome };
    throw error;
  }
}

async function readerFor(
  source: LoadedSource,
  path: string,
  format: FileFormat,
  options: FileOptions,
): Promise<Checked<KindReader>> {
  if (options.kind !== undefined) return kindNamed(source, options.kind);
  const byName = kindByName(source, basename(path));
  if (byName) return { ok: true, value: byName };
  if (format !== 'csv') return noKind(source);
  for await (const rows of csvRows(decodeText(createReadStream(path)), options.limits ?? READ_LIMITS)) {
    const first = rows[0];
    if (first) return first.ok ? kindOfHeader(source, first.cells) : noKind(source);
  }
  return noKind(source);
}

async function* readJsonFile(
  source: LoadedSource,
  reader: KindReader,
  path: string,
  options: FileOptions & { file: string },
): AsyncGenerator<ReadRecord> {
  const { jsonBytes } = options.limits ?? READ_LIMITS;
  const { size } = await stat(path);
  if (size > jsonBytes)
    yield refusedFile(source, options.file, reader.kind, refuseTooLong('the file', jsonBytes).outcome);
  else yield* readJson(reader, await readFile(path), options);
}
