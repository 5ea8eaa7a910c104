/** Takes a file apart into its lines, block by block, without ever holding more than a block and the longest line. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Most bytes of one line: a resource is far smaller. */
export const LONGEST_LINE = 16 * 1024 * 1024;
/** Bytes that are read at once. */
const BLOCK = 1024 * 1024;
const LINE_FEED = 10;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * @param path plain or `.gz`, in UTF-8
 * @yields the lines of a block, to be gone through before the next is asked for; undefined for a line that is too long
 * @throws when the file cannot be opened or unpacked
 */
export async function* lineBlocks(path: string): AsyncGenerator<Iterable<string | undefined>> {
  const rest = new Rest();
  for await (const block of blocksOf(path)) yield linesIn(block, rest);
  if (rest.hasAny) yield [rest.take()];
}

/**
 * @yields whole lines as bytes of their own, for `wholeLines`, and how many there were before them; what is too long to be one
 *   is cut, and stays too long
 * @throws as `lineBlocks`
 */
export async function* lineBuffers(
  path: string,
): AsyncGenerator<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly linesBefore: number }> {
  const rest = new Rest();
  let linesBefore = 0;
  for await (const block of blocksOf(path)) {
    const end = block.lastIndexOf(LINE_FEED);
    if (end >= 0) {
      const bytes = rest.before(block.subarray(0, end + 1));
      yield { bytes, linesBefore };
      linesBefore += linesOf(block);
    }
    rest.add(block.subarray(end + 1));
  }
  if (rest.hasAny) yield { bytes: rest.before(Buffer.alloc(0)), linesBefore };
}

/** @returns the lines of a buffer of `lineBuffers`, as `lineBlocks` has them */
export function* wholeLines(bytes: Uint8Array<ArrayBuffer>): Generator<string | undefined> {
  const rest = new Rest();
  yield* linesIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), rest);
  if (rest.hasAny) yield rest.take();
}

function linesOf(block: Buffer): number {
  let count = 0;
  for (let at = block.indexOf(LINE_FEED); at >= 0; at = block.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

async function* blocksOf(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: BLOCK });
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip({ chunkSize: BLOCK }), () => {}) : file;
  let isFirst = true;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    yield isFirst && chunk.subarray(0, 3).equals(BYTE_ORDER_MARK) ? chunk.subarray(3) : chunk;
    isFirst = false;
  }
}

/** What stands after the last line end that was seen: it goes on in the next block. */
class Rest {
  #parts: Buffer[] = [];
  #length = 0;

  get hasAny(): boolean {
    return this.#length > 0;
  }

  add(bytes: Buffer): void {
    this.#length += bytes.length;
    const kept = this.#parts.reduce((sum, one) => sum + one.length, 0);
    // one byte more than the longest line says that it is longer
    const room = LONGEST_LINE + 1 - kept;
    if (room > 0) this.#parts.push(Buffer.from(bytes.subarray(0, room))); // the stream may write its own buffer over
  }

  /** @returns what there was and these in a buffer of its own; a line that is too long loses what is beyond that */
  before(bytes: Buffer): Uint8Array<ArrayBuffer> {
    const parts = [...this.#parts, bytes];
    const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return whole;
  }

  take(): string | undefined {
    const text = this.#length > LONGEST_LINE ? undefined : Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return text;
  }
}

function* linesIn(block: Buffer, rest: Rest): Generator<string | undefined> {
  let start = 0;
  for (;;) {
    const end = block.indexOf(LINE_FEED, start);
    if (end < 0) break;
    if (rest.hasAny) {
      rest.add(block.subarray(start, end));
      yield rest.take();
    } else yield end - start > LONGEST_LINE ? undefined : block.toString('utf8', start, end);
    start = end + 1;
  }
  if (start < block.length) rest.add(block.subarray(start));
}
