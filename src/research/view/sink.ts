/** What takes the rows of a view, and the temporary file that becomes the real one once it is whole. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { ViewColumn } from './compile.ts';

/** Takes rows one after the other; either `finish` or `abort` ends it, and after `abort` nothing of it is left. */
export interface ViewSink {
  /** The array is the caller's again afterwards. */
  row(values: readonly unknown[]): void;
  /** @returns once there is room for more rows; undefined where there is already */
  drain(): Promise<void> | undefined;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** Opens a sink for these columns. */
export type OpenSink = (columns: readonly ViewColumn[]) => Promise<ViewSink>;

/** Characters that are gathered before they are written. */
const CHUNK = 256 * 1024;

/** @returns a name beside the file, for what is not whole yet */
export function partOf(path: string): string {
  return `${path}.${randomUUID()}.part`;
}

/** Opens a sink that writes one text a row. @param write the text of a row, line end included */
export async function openTextSink(
  path: string,
  head: string,
  write: (values: readonly unknown[]) => string,
): Promise<ViewSink> {
  const part = partOf(path);
  return new TextSink(await open(part, 'wx'), part, path, head, write);
}

class TextSink implements ViewSink {
  readonly #file: FileHandle;
  readonly #part: string;
  readonly #path: string;
  readonly #write: (values: readonly unknown[]) => string;
  #text: string;

  constructor(
    file: FileHandle,
    part: string,
    path: string,
    head: string,
    write: (values: readonly unknown[]) => string,
  ) {
    this.#file = file;
    this.#part = part;
    this.#path = path;
    this.#text = head;
    this.#write = write;
  }

  row(values: readonly unknown[]): void {
    this.#text += this.#write(values);
  }

  drain(): Promise<void> | undefined {
    return this.#text.length < CHUNK ? undefined : this.#flush();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.#file.writeFile(text);
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#part, this.#path);
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#part, { force: true });
  }
}
