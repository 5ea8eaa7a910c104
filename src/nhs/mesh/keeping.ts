/** Keeps the content of messages: small ones with the message in the store, large ones in files of the data folder. */
import { copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { moveDurably, writeDurably } from '../../wire/durable-file.ts';
import { type Content, contentOf, fileContent } from './chunks.ts';
import type { Envelope, MexReceived } from './mex-headers.ts';

/** Where the content of a message is. */
export type Place = { readonly base64: string } | { readonly file: string; readonly bytes: number };

/** Body of a message as the store keeps it. */
export interface KeptOut {
  readonly envelope: Envelope;
  readonly content: Place;
  /** ids that MESH gave to it before it was sent again */
  readonly former?: readonly string[];
  /** when somebody had it sent again, epoch ms */
  readonly againMs?: number;
  /** NHS numbers in content that is in a file, of a message of nobody that is known */
  readonly numbers?: readonly string[];
}

export interface KeptIn {
  readonly mex: MexReceived;
  readonly content: Place;
  /** NHS numbers in content that is in a file */
  readonly numbers?: readonly string[];
}

export interface ContentKeeper {
  /** Makes content durable: in the message's body, or in a file that is on disk when this resolves. */
  keep(name: string, bytes: Uint8Array): Promise<Place>;
  /** Takes over a file that is complete; the path is free afterwards. */
  adopt(name: string, path: string): Promise<Place>;
  open(place: Place): Content;
  /** @returns whether all of it can be read here */
  isThere(place: Place): Promise<boolean>;
  bytesOf(place: Place): number;
  /** @returns path of a file with the content, under its own name; taken away by `forgetCopy` */
  copy(name: string, fileName: string, place: Place): Promise<string>;
  forgetCopy(name: string): Promise<void>;
  /** Takes away what no message needs any more. */
  forget(place: Place): Promise<void>;
  /** @returns path for what is not complete yet */
  partial(name: string): Promise<string>;
  /**
   * Takes away files that no message needs: what an erasure, the end of a time, or a dead process left behind.
   * @param needed names that `keep` and `adopt` were given of messages whose content is kept
   * @param beforeMs files that were written later stay: their message may be about to be kept
   * @returns how many
   */
  sweep(needed: ReadonlySet<string>, beforeMs: number): Promise<number>;
}

/** Of a file's name on a foreign system nothing but letters, digits and a few signs is taken. */
const LONGEST_NAME = 120;

/**
 * @param folder of one mailbox; made when it is needed, for the adapter's own user alone
 * @param inStoreBytes larger content goes to files
 */
export function contentKeeper(folder: string, inStoreBytes: number): ContentKeeper {
  const at = (name: string): string => join(folder, name);
  const adopt = (name: string, path: string): Promise<Place> =>
    adoptInto(folder, { name, path, inStoreBytes });
  const partial = async (name: string): Promise<string> => {
    await ready(at('partial'));
    return join(at('partial'), name);
  };
  return {
    adopt,
    partial,
    async keep(name, bytes) {
      if (bytes.length <= inStoreBytes) return { base64: Buffer.from(bytes).toString('base64') };
      const path = await partial(name);
      await writeDurably(path, bytes);
      return adopt(name, path);
    },
    open: (place) =>
      'file' in place
        ? fileContent(at(place.file), place.bytes)
        : contentOf(Buffer.from(place.base64, 'base64')),
    isThere: async (place) =>
      !('file' in place) || (await sizeOf(at(place.file)).catch(() => undefined)) === place.bytes,
    bytesOf: (place) => ('file' in place ? place.bytes : Buffer.byteLength(place.base64, 'base64')),
    copy: (name, fileName, place) => copyInto(folder, { name, fileName, place }),
    forgetCopy: (name) => rm(join(at('handing-over'), name), { recursive: true, force: true }),
    async forget(place) {
      if ('file' in place) await rm(at(place.file), { force: true });
    },
    sweep: (needed, beforeMs) => sweep(folder, needed, beforeMs),
  };
}

async function adoptInto(
  folder: string,
  {
    name,
    path,
    inStoreBytes,
  }: { readonly name: string; readonly path: string; readonly inStoreBytes: number },
): Promise<Place> {
  const { size } = await stat(path);
  if (size <= inStoreBytes) {
    const base64 = (await readFile(path)).toString('base64');
    await rm(path, { force: true });
    return { base64 };
  }
  await ready(folder);
  await moveDurably(path, join(folder, name));
  return { file: name, bytes: size };
}

function ready(path: string): Promise<unknown> {
  return mkdir(path, { recursive: true, mode: 0o700 });
}

async function copyInto(
  folder: string,
  { name, fileName, place }: { readonly name: string; readonly fileName: string; readonly place: Place },
): Promise<string> {
  const into = join(folder, 'handing-over', name);
  await ready(into);
  const path = join(into, safeName(fileName));
  if ('file' in place) await copyFile(join(folder, place.file), path);
  else await writeDurably(path, Buffer.from(place.base64, 'base64'));
  return path;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}

/** Files that are handed over, or half there, are in use for longer than others wait for their message. */
const IN_USE_MS = 86_400_000;

async function sweep(folder: string, needed: ReadonlySet<string>, beforeMs: number): Promise<number> {
  const kept = await oldIn(folder, beforeMs, (name) => /^(in|out)-/.test(name) && !needed.has(name));
  const partial = await oldIn(join(folder, 'partial'), beforeMs - IN_USE_MS, () => true);
  const handed = await oldIn(join(folder, 'handing-over'), beforeMs - IN_USE_MS, () => true);
  const old = [...kept, ...partial, ...handed];
  for (const path of old) await rm(path, { recursive: true, force: true });
  return old.length;
}

async function oldIn(folder: string, beforeMs: number, isOne: (name: string) => boolean): Promise<string[]> {
  const old: string[] = [];
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const path = join(folder, name);
    const writtenMs = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (isOne(name) && writtenMs !== undefined && writtenMs < beforeMs) old.push(path);
  }
  return old;
}

function safeName(name: string): string {
  const plain = basename(name.replaceAll('\\', '/')).replaceAll(/[^A-Za-z0-9 ._()-]/g, '_');
  const shown = plain.replace(/^[. ]+/, '');
  if (shown === '') return 'content.dat';
  const extension = extname(shown).slice(0, 20);
  return `${shown.slice(0, LONGEST_NAME - extension.length).replace(extension, '')}${extension}`;
}
