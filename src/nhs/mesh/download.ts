/** Turns a message of the inbox into a file on disk and what its headers say, chunk by chunk, in bounded memory. */
import { createWriteStream } from 'node:fs';
import { open, rm, truncate } from 'node:fs/promises';
import { PassThrough, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { WireAnswer } from '../../wire/http.ts';
import type { Answered, MeshClient } from './client.ts';
import type { MeshFault } from './faults.ts';
import { type MexReceived, readMexHeaders } from './mex-headers.ts';

export interface Downloaded {
  readonly mex: MexReceived;
  /** after decompression */
  readonly bytes: number;
}

export interface DownloadOptions {
  readonly client: Pick<MeshClient, 'download'>;
  readonly messageId: string;
  /** what lies there is written over */
  readonly path: string;
  /** more than that, decompressed, is not taken */
  readonly mostBytes: number;
}

/** Tries of one chunk that is cut off or refused; the message is tried anew at the next look. */
const TRIES = 3;

/** @returns what was written, and is on disk; the file is gone where a fault is returned */
export async function download(options: DownloadOptions, signal: AbortSignal): Promise<Answered<Downloaded>> {
  const done = await allChunks(options, signal);
  if (!done.ok) await rm(options.path, { force: true });
  return done;
}

async function allChunks(options: DownloadOptions, signal: AbortSignal): Promise<Answered<Downloaded>> {
  const { path, mostBytes } = options;
  const file = await open(path, 'w', 0o600);
  try {
    let bytes = 0;
    for (let number = 1; ; number++) {
      const chunk = await oneChunk(options, { number, before: bytes }, signal);
      if (!chunk.ok) return chunk;
      bytes = chunk.value.bytes;
      const { answer, mex } = chunk.value;
      if (answer.status === 206 && number < MOST_CHUNKS) continue;
      if (mex.type === 'DATA' && mex.chunks !== number) return cutShort(number, mex.chunks);
      await file.sync();
      return bytes > mostBytes ? tooLarge(mostBytes) : { ok: true, value: { mex, bytes } };
    }
  } finally {
    await file.close();
  }
}

/** An inbox that never ends. */
const MOST_CHUNKS = 10_000;

async function oneChunk(
  options: DownloadOptions,
  { number, before }: { readonly number: number; readonly before: number },
  signal: AbortSignal,
): Promise<Answered<{ answer: WireAnswer; mex: MexReceived; bytes: number }>> {
  const { client, messageId, path, mostBytes } = options;
  for (let attempt = 1; ; attempt++) {
    await truncate(path, before);
    const sink = new ChunkSink(path, mostBytes - before);
    const answer = await client.download(messageId, number, (headers) => sink.begin(headers), signal);
    const written = await sink.end();
    if (sink.isTooLarge) return tooLarge(mostBytes);
    if (answer.ok && written !== undefined)
      return {
        ok: true,
        value: { answer: answer.value, mex: readMexHeaders(answer.value.headers), bytes: before + written },
      };
    if (!answer.ok && !isWorthAnother(answer)) return answer;
    if (attempt === TRIES || signal.aborted) return answer.ok ? unreadable() : answer;
  }
}

/** What made us wait in vain once would hold the rest of the inbox up once more. */
function isWorthAnother({ retry, waitMs, isLate }: MeshFault): boolean {
  return retry !== 'permanent' && waitMs === undefined && isLate !== true;
}

/** Where one chunk goes: decompressed where it has to be, counted, and to the end of the file. */
class ChunkSink {
  readonly #path: string;
  readonly #most: number;
  #bytes = 0;
  #done: Promise<void> = Promise.resolve();
  isTooLarge = false;

  constructor(path: string, most: number) {
    this.#path = path;
    this.#most = most;
  }

  begin(headers: WireAnswer['headers']): Writable | undefined {
    if (readMexHeaders(headers).type === 'REPORT') return undefined;
    const first = headers['content-encoding']?.trim() === 'gzip' ? createGunzip() : new PassThrough();
    this.#done = pipeline(first, this.#counter(), createWriteStream(this.#path, { flags: 'a' }));
    this.#done.catch(() => {}); // it is awaited when the exchange has ended
    return first;
  }

  /** @returns bytes that were written; undefined where they cannot be read */
  async end(): Promise<number | undefined> {
    return await this.#done.then(
      () => this.#bytes,
      () => undefined,
    );
  }

  #counter(): Transform {
    return new Transform({
      transform: (part: Buffer, _encoding, next) => {
        this.#bytes += part.length;
        if (this.#bytes > this.#most) this.isTooLarge = true;
        next(this.isTooLarge ? new Error('too large') : null, part);
      },
    });
  }
}

function tooLarge(mostBytes: number): MeshFault {
  return fault(
    'mesh-too-large',
    `A message is larger than the ${mostBytes} bytes that are taken. It stays at MESH: raise "maxBytes" of the mailbox before it expires there.`,
  );
}

function cutShort(number: number, of: number): MeshFault {
  return fault('mesh-chunks', `MESH gave ${number} chunks of a message that has ${of}; it is read again.`);
}

function unreadable(): MeshFault {
  return fault('mesh-chunks', 'A chunk of a message could not be decompressed or written; it is read again.');
}

function fault(rule: string, diagnostics: string): MeshFault {
  const outcome = outcomeOf(
    issueOf({ code: rule === 'mesh-too-large' ? 'too-long' : 'exception', rule, diagnostics }),
  );
  return { ok: false, retry: rule === 'mesh-too-large' ? 'permanent' : 'transient', outcome };
}
