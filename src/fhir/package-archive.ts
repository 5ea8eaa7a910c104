/** Turns a published FHIR package (.tgz) into its JSON files, one by one, within bounds. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { Parser, type ReadEntry } from 'tar';
import { issueOf } from './outcome.ts';

/** A JSON file of a package. */
export interface PackedFile {
  /** path within `package/`, with slashes */
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a package may hold at most: it comes from elsewhere, and a small archive can hide a large one. */
export interface PackageLimits {
  /** bytes of one file */
  readonly file: number;
  /** bytes of all files, unpacked */
  readonly total: number;
  /** files and folders */
  readonly entries: number;
}

/** Generous: a package of a whole country's value sets has some ten thousand files and some hundred megabytes. */
export const PACKAGE_LIMITS: PackageLimits = { file: 64 * 2 ** 20, total: 2 ** 30, entries: 50_000 };

const FOLDER = 'package/';
const FILE_TYPES = ['File', 'OldFile', 'ContiguousFile'];
/** What a tar archive adds to each entry at most, header and padding. */
const ENTRY_BYTES = 2048;

/**
 * Unpacks an archive; what is outside `package/` or no JSON is passed over.
 * @param take called with each JSON file, subfolders included, in the archive's order
 * @returns the reason why the archive is refused: damaged, too large, links, or paths that lead elsewhere
 * @throws what `take` throws
 */
export async function readArchive(
  path: string,
  limits: PackageLimits,
  take: (file: PackedFile) => void,
): Promise<OperationOutcomeIssue | undefined> {
  const stream = createReadStream(path);
  const gunzip = createGunzip();
  stream.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  const unpacking = new Unpacking(path, limits, take);
  try {
    for await (const chunk of gunzip) if (!unpacking.write(chunk as Buffer)) break;
    return unpacking.end();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error === stream.errored) return fault(path, 'package-file', `it cannot be read (${code})`);
    if (!code.startsWith('Z_')) throw error; // of the caller's
    return fault(path, 'package-archive', `it is no complete gzip'd tar archive (${code}): fetch it again`);
  } finally {
    stream.destroy();
    gunzip.destroy();
  }
}

/** Bytes of a tar archive on their way into files; the first fault ends it. */
class Unpacking {
  readonly #path: string;
  readonly #limits: PackageLimits;
  readonly #take: (file: PackedFile) => void;
  readonly #parser = new Parser({ strict: true });
  #unpacked = 0;
  #stored = 0;
  #entries = 0;
  #fault: OperationOutcomeIssue | undefined;

  constructor(path: string, limits: PackageLimits, take: (file: PackedFile) => void) {
    this.#path = path;
    this.#limits = limits;
    this.#take = take;
    this.#parser.on('error', () =>
      this.#fail('package-archive', 'it is no tar archive, or a damaged one: fetch it again'),
    );
    this.#parser.on('entry', (entry: ReadEntry) => this.#open(entry));
    this.#parser.on('ignoredEntry', (entry: ReadEntry) => this.#checkType(entry));
  }

  /** @returns false when nothing more is wanted. Padding counts too: an archive of zeros alone would never end */
  write(chunk: Buffer): boolean {
    this.#unpacked += chunk.length;
    if (this.#unpacked > this.#limits.total + this.#limits.entries * ENTRY_BYTES) this.#failSize();
    else this.#parser.write(chunk);
    return this.#fault === undefined;
  }

  end(): OperationOutcomeIssue | undefined {
    if (this.#fault === undefined) this.#parser.end();
    return this.#fault;
  }

  #open(entry: ReadEntry): void {
    const path = entry.path.replace(/^(\.\/)+/, '');
    this.#checkType(entry);
    this.#checkPath(path);
    this.#stored += entry.size;
    if (++this.#entries > this.#limits.entries || this.#stored > this.#limits.total) this.#failSize();
    const isWanted = entry.type !== 'Directory' && path.startsWith(FOLDER) && path.endsWith('.json');
    if (isWanted && entry.size > this.#limits.file)
      this.#fail('package-size', `${path} has ${entry.size} bytes; ${this.#limits.file} are allowed`);
    if (!isWanted || this.#fault !== undefined) {
      entry.resume();
      return;
    }
    const parts: Buffer[] = [];
    entry.on('data', (part: Buffer) => parts.push(part));
    entry.on('end', () => this.#take({ name: path.slice(FOLDER.length), bytes: Buffer.concat(parts) }));
  }

  #checkType(entry: ReadEntry): void {
    if (entry.meta || entry.type === 'Directory' || FILE_TYPES.includes(entry.type)) return;
    this.#fail(
      'package-entry',
      `${quoted(entry.path)} is neither file nor folder (${entry.type}): pack it without links`,
    );
  }

  /** The empty path is the archive's own root. */
  #checkPath(path: string): void {
    if (path === '' || isSafePath(path.replace(/\/$/, ''))) return;
    this.#fail('package-entry', `the path ${quoted(path)} may lead out of the package: rename it`);
  }

  #failSize(): void {
    const { total, entries } = this.#limits;
    this.#fail('package-size', `it unpacks to more than ${total} bytes or ${entries} files`);
  }

  #fail(rule: string, what: string): void {
    this.#fault ??= fault(this.#path, rule, what);
  }
}

/** @returns true when each part of the path is a plain name on every system */
function isSafePath(path: string): boolean {
  return !/[\\:\p{Cc}]/u.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part));
}

function quoted(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}

function fault(path: string, rule: string, what: string): OperationOutcomeIssue {
  return issueOf({ code: 'structure', rule, diagnostics: `${path} was not added: ${what}.` });
}
