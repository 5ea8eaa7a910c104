/** Turns content into the chunks that are sent: cut first, then each compressed by itself. */
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

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
        const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
        return buffer;
      } finally {
        await file.close();
      }
    },
  };
}

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
