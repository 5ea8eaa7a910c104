/** Writes the files of an export as NDJSON, so that after any end of the process they can be cut back to a place that is known. */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportFile } from './asked.ts';

/** Names that are made here: a type, what of it, and a number. Nothing else is ever opened. */
export const FILE_NAME = /^[A-Z][A-Za-z]{1,60}(?:\.deleted|\.error)?\.[1-9]\d{0,8}\.ndjson$/;
/** Ids that are made here. */
export const EXPORT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws TypeError for what is no id of an export: no other folder is reached */
export function folderOf(root: string, id: string): string {
  if (!EXPORT_ID.test(id)) throw new TypeError('no id of an export');
  return join(root, id);
}

interface Written extends ExportFile {
  handle: FileHandle | undefined;
  count: number;
  bytes: number;
  /** bytes of it are not on disk yet */
  isDirty: boolean;
}

export class ExportFiles {
  readonly #folder: string;
  readonly #linesPerFile: number;
  readonly #files: Written[];
  /** files that have names already, and are no others' */
  readonly #taken: readonly ExportFile[];

  private constructor(
    folder: string,
    linesPerFile: number,
    files: readonly ExportFile[],
    taken: readonly ExportFile[] = [],
  ) {
    this.#taken = taken;
    this.#folder = folder;
    this.#linesPerFile = linesPerFile;
    this.#files = files.map((file) => ({ ...file, handle: undefined, isDirty: false }));
  }

  /**
   * Takes up a folder: what is behind the known places is cut off, what is not known is removed.
   * @returns undefined where something that is known is not there, whole: it has to be begun anew
   */
  static async resume(
    folder: string,
    linesPerFile: number,
    files: readonly ExportFile[],
  ): Promise<ExportFiles | undefined> {
    mkdirSync(folder, { recursive: true, mode: 0o700 }); // people's data
    const known = new Map(files.map((file) => [file.name, file]));
    for (const name of await readdir(folder)) if (!known.has(name)) await rm(join(folder, name));
    for (const { name, bytes } of files) {
      const path = join(folder, name);
      const size = await stat(path).then(
        ({ size }) => size,
        () => -1,
      );
      if (size < bytes) return undefined;
      if (size > bytes) await cut(path, bytes);
    }
    return new ExportFiles(folder, linesPerFile, files);
  }

  /** @returns files beside others of the folder, under names that these do not have */
  static beside(folder: string, linesPerFile: number, others: readonly ExportFile[]): ExportFiles {
    return new ExportFiles(folder, linesPerFile, [], others);
  }

  get list(): readonly ExportFile[] {
    return this.#files.map(({ name, type, kind, count, bytes }) => ({ name, type, kind, count, bytes }));
  }

  /** @param lines JSON texts, without line ends */
  async add(type: string, kind: ExportFile['kind'], lines: readonly string[]): Promise<void> {
    for (let at = 0; at < lines.length; ) {
      const file = this.#openFor(type, kind);
      const some = lines.slice(at, at + this.#linesPerFile - file.count);
      const bytes = Buffer.from(`${some.join('\n')}\n`);
      file.handle ??= await open(join(this.#folder, file.name), 'a', 0o600);
      await file.handle.appendFile(bytes);
      file.count += some.length;
      file.bytes += bytes.length;
      file.isDirty = true;
      at += some.length;
    }
  }

  /** What was added is on disk when this resolves, the names of the files too. Files of other types than the last are closed. */
  async settle(type?: string): Promise<void> {
    const dirty = this.#files.filter(({ isDirty }) => isDirty);
    for (const file of dirty) {
      await file.handle?.datasync();
      file.isDirty = false;
    }
    if (dirty.length > 0) await syncFolder(this.#folder);
    for (const file of this.#files) {
      if (file.type === type && file.count < this.#linesPerFile) continue;
      await file.handle?.close();
      file.handle = undefined;
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files) {
      await file.handle?.close();
      file.handle = undefined;
    }
  }

  #openFor(type: string, kind: ExportFile['kind']): Written {
    const isSame = (file: ExportFile): boolean => file.type === type && file.kind === kind;
    const same = this.#files.filter(isSame);
    const last = same.at(-1);
    if (last && last.count < this.#linesPerFile) return last;
    const what = kind === 'output' ? '' : `.${kind}`;
    const number = this.#taken.filter(isSame).length + same.length + 1;
    const name = `${type}${what}.${number}.ndjson`;
    const file: Written = { name, type, kind, count: 0, bytes: 0, handle: undefined, isDirty: false };
    this.#files.push(file);
    return file;
  }
}

async function cut(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** A file that is on disk under no name is lost with the power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined); // some systems open no folders
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}
