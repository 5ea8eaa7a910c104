/** Turns a zip file into its parts, with sizes bounded before anything is inflated and counted while it is. */

import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { AdapterError, type Checked, refuse } from '../fhir/outcome.ts';
import type { ReadLimits } from './limits.ts';

/** One part, as the zip's directory declares it. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated */
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  /** declared; reading stops at the first byte beyond */
  readonly size: number;
  /** offset of its local header */
  readonly offset: number;
}

/** A zip file whose directory is within bounds. */
export interface Zip {
  readonly bytes: Buffer;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_SIZE = 22;
const ENTRY_SIZE = 46;
const LOCAL_SIZE = 30;
/** A comment behind the end record may be this long. */
const LONGEST_COMMENT = 0xffff;
/** Small parts may pack well without harm: only larger ones are held to the ratio. */
const FREE_SIZE = 1_000_000;

/**
 * Reads the directory of a zip.
 * @returns its parts; or a refusal: `read-zip` (structure) for one that is damaged, encrypted or of the 64-bit kind,
 *   `read-zip-bomb` (too-costly) for one that would inflate beyond the limits
 * @source APPNOTE.TXT 6.3, 4.3
 */
export function openZip(bytes: Buffer, limits: ReadLimits): Checked<Zip> {
  const end = endRecord(bytes);
  if (end === undefined) return damaged('its directory is missing; the file may be cut off');
  const count = bytes.readUInt16LE(end + 10);
  const start = bytes.readUInt32LE(end + 16);
  if (count === 0xffff || start === 0xffffffff) return damaged('64-bit zip files are not read');
  if (count > limits.xlsxEntries) return tooCostly(`it has ${count} parts, more than ${limits.xlsxEntries}`);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_SIZE > end || bytes.readUInt32LE(at) !== ENTRY_SIGNATURE)
      return damaged('its directory is damaged');
    const entry = entryAt(bytes, at);
    const fault = entryFault(entry, bytes.readUInt16LE(at + 8), limits);
    if (fault) return fault;
    if (entries.has(entry.name)) return damaged('it has two parts of one name');
    entries.set(entry.name, entry);
    at +=
      ENTRY_SIZE + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  const size = [...entries.values()].reduce((total, entry) => total + entry.size, 0);
  if (size > limits.xlsxInflatedBytes)
    return tooCostly(`its parts would inflate to ${size} bytes, more than ${limits.xlsxInflatedBytes}`);
  return { ok: true, value: { bytes, entries } };
}

/**
 * Inflates one part.
 * @throws AdapterError `read-zip-bomb` as soon as it grows beyond its declared size, `read-zip` when it is damaged
 */
export async function* readEntry(zip: Zip, entry: ZipEntry): AsyncGenerator<Buffer> {
  const packed = packedBytes(zip.bytes, entry);
  const chunks: AsyncIterable<Buffer> =
    entry.method === 0 ? Readable.from([packed]) : Readable.from([packed]).pipe(createInflateRaw());
  let size = 0;
  let crc = 0;
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > entry.size) throw bombError('a part is larger than the file declares');
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (error) {
    if (isZlibError(error)) throw damagedError('a part cannot be inflated', error);
    throw error;
  }
  if (size !== entry.size || crc !== entry.crc)
    throw damagedError('a part is not what it was when it was saved');
}

function endRecord(bytes: Buffer): number | undefined {
  const last = bytes.length - END_SIZE;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--)
    if (bytes.readUInt32LE(at) === END_SIGNATURE) return at;
  return undefined;
}

function entryAt(bytes: Buffer, at: number): ZipEntry {
  return {
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    packedSize: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
    name: bytes.toString('utf8', at + ENTRY_SIZE, at + ENTRY_SIZE + bytes.readUInt16LE(at + 28)),
  };
}

function entryFault(
  entry: ZipEntry,
  flags: number,
  limits: ReadLimits,
): ReturnType<typeof refuse> | undefined {
  if ((flags & 1) !== 0) return damaged('it is encrypted: save it without a password');
  if (entry.method !== 0 && entry.method !== 8)
    return damaged('it is packed in a way that workbooks are not');
  if (entry.size === 0xffffffff || entry.packedSize === 0xffffffff)
    return damaged('64-bit zip files are not read');
  if (entry.size > FREE_SIZE && entry.size > entry.packedSize * limits.xlsxRatio)
    return tooCostly(`a part would inflate to more than ${limits.xlsxRatio} times its size`);
  return undefined;
}

function packedBytes(bytes: Buffer, entry: ZipEntry): Buffer {
  const { offset } = entry;
  if (offset + LOCAL_SIZE > bytes.length || bytes.readUInt32LE(offset) !== LOCAL_SIGNATURE)
    throw damagedError('its directory points to nothing');
  const start = offset + LOCAL_SIZE + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  if (start + entry.packedSize > bytes.length) throw damagedError('the file is cut off');
  return bytes.subarray(start, start + entry.packedSize);
}

function damaged(hint: string): ReturnType<typeof refuse> {
  return refuse({
    rule: 'read-zip',
    code: 'structure',
    diagnostics: `the workbook cannot be opened: ${hint}`,
  });
}

function tooCostly(hint: string): ReturnType<typeof refuse> {
  return refuse({
    rule: 'read-zip-bomb',
    code: 'too-costly',
    diagnostics: `the workbook is not opened: ${hint}`,
  });
}

function damagedError(hint: string, cause?: unknown): AdapterError {
  return new AdapterError('permanent', damaged(hint).outcome.issue[0]!, cause);
}

function bombError(hint: string): AdapterError {
  return new AdapterError('permanent', tooCostly(hint).outcome.issue[0]!);
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}
