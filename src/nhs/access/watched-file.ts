/** Turns a file that may change into its text now, read again only when the file is another than before. */
import { readFileSync, statSync } from 'node:fs';

/** Throws what the file system says at the first look; later, what cannot be read is as it was. */
export class WatchedFile {
  readonly #path: string;
  #mark = '';
  #text: string;

  /** @throws Error of the file system, where there is no such file */
  constructor(path: string) {
    this.#path = path;
    this.#text = '';
    this.#look();
  }

  /** @returns the text as it is now; as it was last, while there is no file to read */
  text(): string {
    try {
      this.#look();
    } catch {
      // Taken away for a moment, as when a file is put in its place.
    }
    return this.#text;
  }

  #look(): void {
    // A file that is replaced is another inode, one that is written over has another time or size.
    const { ino, size, mtimeMs, ctimeMs } = statSync(this.#path);
    const mark = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    if (mark === this.#mark) return;
    this.#text = readFileSync(this.#path, 'utf8');
    this.#mark = mark;
  }
}
