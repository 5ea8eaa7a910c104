/** Turns a large Bundle of definitions on disk into resources that are read one by one, when they are asked for. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Resource } from '@medplum/fhirtypes';

/** A resource in the file, not yet read. */
export interface DefinitionEntry {
  readonly resourceType: string;
  /** canonical URL; absent for resources without one */
  readonly url: string | undefined;
  readonly version: string | undefined;
  /** bytes of the file, end excluded */
  readonly start: number;
  readonly end: number;
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [...'"\\{}[]'].map((one) => one.charCodeAt(0));

/** Objects and arrays around the members of `Bundle.entry[].resource`. */
const RESOURCE_DEPTH = 4;

/** Members that say what a resource is, with the opening quote: each is long enough to be looked for by its first bytes. */
const MEMBERS = ['resourceType', 'url', 'version'] as const;

/**
 * A Bundle file that is kept as places, not as objects: base R4 alone is 70 MB of JSON, of which few are ever asked for.
 * @param path of a FHIR Bundle in JSON, UTF-8; trusted to be well formed
 */
export class DefinitionFile {
  readonly path: string;
  #entries: readonly DefinitionEntry[] | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** What the file holds, in order; found by one pass over its bytes at the first call. */
  get entries(): readonly DefinitionEntry[] {
    this.#entries ??= entriesOf(readFileSync(this.path));
    return this.#entries;
  }

  /** Reads one resource anew: nothing is kept. */
  read({ start, end }: DefinitionEntry): Resource {
    const bytes = Buffer.alloc(end - start);
    const file = openSync(this.path, 'r');
    try {
      for (let at = 0; at < bytes.length; ) {
        const count = readSync(file, bytes, at, bytes.length - at, start + at);
        if (count === 0) throw new Error(`${this.path} is shorter than it was`);
        at += count;
      }
    } finally {
      closeSync(file);
    }
    return JSON.parse(bytes.toString('utf8')) as Resource;
  }
}

function entriesOf(bytes: Buffer): DefinitionEntry[] {
  const found: DefinitionEntry[] = [];
  let depth = 0;
  let start = 0;
  let members: Partial<Record<(typeof MEMBERS)[number], string>> = {};
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfText(bytes, at);
      if (depth === RESOURCE_DEPTH) members = withMember(bytes, at, end, members);
      at = end;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      depth++;
      if (depth !== RESOURCE_DEPTH) continue;
      start = at;
      members = {};
    } else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (depth === RESOURCE_DEPTH && members.resourceType !== undefined) {
        const { resourceType, url, version } = members;
        found.push({ resourceType, url, version, start, end: at + 1 });
      }
      depth--;
    }
  }
  return found;
}

/** @returns where the closing quote of a text stands */
function endOfText(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE!, start + 1);
  while (isEscaped(bytes, end)) end = bytes.indexOf(QUOTE!, end + 1);
  return end < 0 ? bytes.length : end;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let slashes = 0;
  while (bytes[at - 1 - slashes] === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

/** Adds the member whose name stands from `start` to `end`, when it is one of those asked for. */
function withMember<Found extends object>(bytes: Buffer, start: number, end: number, found: Found): Found {
  const length = end - start - 1;
  if (length !== 3 && length !== 7 && length !== 12) return found;
  const name = MEMBERS.find(
    (one) => one.length === length && bytes.toString('latin1', start + 1, end) === one,
  );
  if (name === undefined || name in found) return found;
  const value = /^\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(bytes.toString('latin1', end + 1, end + 400))?.[1];
  return value === undefined ? found : { ...found, [name]: value };
}
