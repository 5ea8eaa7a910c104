/** Turns content into the chunks that are sent: cut first, then each compressed by itself. */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

const compress = promisify(gzip);

/** Content that can be read in parts. */
export interface Content {
  readonly bytes: number;
  /** @returns bytes from `start` up to `end` */
  slice(start: number, end: number): Promise<Uint8Array>;
}

export function contentOf(bytes: Uint8Array): Content {
  return { bytes: bytes.length, slice: async (start, end) => bytes.subarray(start, end) };
}

/** @param bytes size of the file */
export function fileContent(path: string, bytes: number): Content {
  return {
    bytes,
    async slice(start, end) {
      const file = await open(path);
      try {
        return await readWhole(file, start, end);
      } finally {
        await file.close();
      }
    },
  };
}

/** One read may give less than was asked for. @throws AdapterError when the file ends before */
async function readWhole(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(end - start);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
    if (bytesRead === 0) throw new AdapterError('permanent', CUT_SHORT);
    at += bytesRead;
  }
  return bytes;
}

const CUT_SHORT = issueOf({
  code: 'exception',
  rule: 'mesh-file-short',
  diagnostics: 'A file with the content of a message is shorter than it was when it was kept.',
});

export function chunkCount({ bytes }: Content, chunkBytes: number): number {
  return Math.max(1, Math.ceil(bytes / chunkBytes));
}

/**
 * @param number from 1
 * @returns one chunk, compressed
 * @source MESH API: uncompressed data is split, then each chunk is compressed by the same algorithm
 */
export async function chunkOf(content: Content, number: number, chunkBytes: number): Promise<Buffer> {
  const start = (number - 1) * chunkBytes;
  return await compress(await content.slice(start, Math.min(start + chunkBytes, content.bytes)));
}
