/** Turns bytes of a text file into text, strictly: UTF-8, or UTF-16 where a byte order mark says so. */
import { isUtf8 } from 'node:buffer';
import { AdapterError, issueOf } from '../fhir/outcome.ts';

/** Bytes that may begin a character and wait for the rest of it. */
const LONGEST_TAIL = 3;

/**
 * Decodes a stream; a byte order mark is taken off.
 * @throws AdapterError `read-encoding` with the byte and line of the first bytes that are no UTF-8
 */
export async function* decodeText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: Decoder | undefined;
  let head = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (!decoder) {
      head = Buffer.concat([head, bytes]);
      if (head.length < 3) continue;
      decoder = decoderOf(head);
    }
    const text = decoder.decode(head.length > 0 ? head : bytes);
    head = Buffer.alloc(0);
    if (text !== '') yield text;
  }
  decoder ??= decoderOf(head);
  const text = decoder.decode(head) + decoder.end();
  if (text !== '') yield text;
}

/** Decodes a whole text. @throws AdapterError `read-encoding` */
export function decodeBytes(chunk: Uint8Array): string {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const decoder = decoderOf(bytes);
  return decoder.decode(bytes) + decoder.end();
}

interface Decoder {
  decode(bytes: Buffer): string;
  end(): string;
}

function decoderOf(head: Buffer): Decoder {
  if (head[0] === 0xff && head[1] === 0xfe) return utf16Decoder('utf-16le');
  if (head[0] === 0xfe && head[1] === 0xff) return utf16Decoder('utf-16be');
  return new Utf8Decoder();
}

function utf16Decoder(encoding: 'utf-16le' | 'utf-16be'): Decoder {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (bytes?: Buffer): string => {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw encodingError('the text is not whole UTF-16, though it begins as such; save it as UTF-8', cause);
    }
  };
  return { decode, end: () => decode() };
}

/** Checks with the runtime's own UTF-8 validator, so that it knows the byte of a fault. */
class Utf8Decoder implements Decoder {
  #tail = Buffer.alloc(0);
  #bytesBefore = 0;
  #linesBefore = 0;
  #started = false;

  decode(chunk: Buffer): string {
    const bytes = this.#tail.length > 0 ? Buffer.concat([this.#tail, chunk]) : chunk;
    const end = wholeCharacters(bytes);
    this.#tail = Buffer.from(bytes.subarray(end));
    return this.#text(bytes.subarray(0, end));
  }

  end(): string {
    return this.#text(this.#tail);
  }

  #text(bytes: Buffer): string {
    if (!isUtf8(bytes)) throw this.#fault(bytes);
    this.#bytesBefore += bytes.length;
    this.#linesBefore += newlinesIn(bytes);
    const text = bytes.toString('utf8');
    if (this.#started || text === '') return text;
    this.#started = true;
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  }

  #fault(bytes: Buffer): AdapterError {
    const good = goodPrefix(bytes);
    const line = this.#linesBefore + newlinesIn(bytes.subarray(0, good)) + 1;
    const at = `byte ${this.#bytesBefore + good + 1}, line ${line}`;
    const hint = 'save the file as UTF-8 (in Excel: "CSV UTF-8"), or fix the program that wrote it';
    return encodingError(
      `${at}: these bytes are not UTF-8; perhaps the file is Windows-1252 (ANSI); ${hint}`,
    );
  }
}

/** @returns length of the longest start without a character that the next chunk may complete */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(LONGEST_TAIL, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** @returns bytes before the first that are no UTF-8 */
function goodPrefix(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  let at = 0;
  let from = 0;
  for (;;) {
    const mark = text.indexOf('\ufffd', from);
    if (mark < 0) return bytes.length;
    at += Buffer.byteLength(text.slice(from, mark));
    // The replacement character may also be there in its own right.
    if (bytes.subarray(at, at + 3).toString('hex') !== 'efbfbd') return at;
    at += 3;
    from = mark + 1;
  }
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

function encodingError(diagnostics: string, cause?: unknown): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'read-encoding', code: 'structure', diagnostics }),
    cause,
  );
}
