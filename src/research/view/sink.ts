/** What takes the rows of a view, and the temporary file that becomes the real one once it is whole. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';
import type { OnMisfit } from './fit.ts';
import type { RowForm, Shape } from './row-text.ts';

/** Takes rows one after the other; either `finish` or `abort` ends it, and after `abort` nothing of it is left. */
export interface ViewSink {
  /** The array is the caller's again afterwards. */
  row(values: readonly unknown[]): void;
  /** @returns once there is room for more rows; undefined where there is already */
  drain(): Promise<void> | undefined;
  finish(): Promise<void>;
  abort(): Promise<void>;
  /** where rows may come as text that was made elsewhere */
  readonly made?: MadeRows;
}

/** Takes rows as text, made by `rowText` in another thread. */
export interface MadeRows {
  readonly form: RowForm;
  /** @param shape of these rows */
  add(bytes: Uint8Array, shape: Shape): Promise<void>;
}

/** Opens a sink for these columns. @param onMisfit told where a typed column does not take a value; without it the run ends there */
export type OpenSink = (columns: readonly ViewColumn[], onMisfit?: OnMisfit) => Promise<ViewSink>;

/** Characters that are gathered before they are written. */
const CHUNK = 256 * 1024;

/** @returns a name beside the file, for what is not whole yet */
export function partOf(path: string): string {
  return `${path}.${randomUUID()}.part`;
}

/** A file that text is added to, some at a time. */
export class TextFile {
  readonly path: string;
  readonly #file: FileHandle;
  #text = '';

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** @throws where it cannot be made, or is there already */
  static async open(path: string): Promise<TextFile> {
    return new TextFile(path, await open(path, 'wx', 0o600).catch(refuseFull));
  }

  add(text: string): void {
    this.#text += text;
  }

  drain(): Promise<void> | undefined {
    return this.#text.length < CHUNK ? undefined : this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    await this.#file.writeFile(text).catch(refuseFull);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    await this.#file.writeFile(bytes).catch(refuseFull);
  }

  /** Leaves the file whole, and on the disk. */
  async close(): Promise<void> {
    await this.#flush();
    await this.#file.sync().catch(refuseFull);
    await this.#file.close();
  }

  async remove(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.path, { force: true });
  }
}

/** Codes of a disk without room, of a quota, and of a limit on the length of files. */
const FULL = /\b(?:ENOSPC|EDQUOT|EFBIG)\b|No space left|Disk quota exceeded|File too large/i;

export function isFull(message: string): boolean {
  return FULL.test(message);
}

/** @throws AdapterError transient, rule `view-no-room`, where there is no room; else the error as it is */
export function refuseFull(error: unknown): never {
  if (error instanceof Error && isFull(error.message)) {
    const diagnostics =
      'There is no room to write the table: nothing of it was kept. Make room where it is to be written, and run it again.';
    throw new AdapterError(
      'transient',
      issueOf({ rule: 'view-no-room', code: 'no-store', diagnostics }),
      error,
    );
  }
  throw error;
}
