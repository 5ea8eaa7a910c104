/** Asks a server the same few requests over kept connections, and turns the answers' times into requests a second, p50 and p99. */
import { connect, type Socket } from 'node:net';
import { rounded } from './measure.ts';

export interface Load {
  /** such as `http://127.0.0.1:8080` */
  readonly url: string;
  /** path with query, asked in turn */
  readonly paths: readonly string[];
  /** besides Host */
  readonly headers?: Readonly<Record<string, string>>;
  /** sent with each, as POST; absent: GET */
  readonly bodies?: readonly string[];
  readonly count: number;
  /** connections at once */
  readonly atOnce: number;
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What an answer is to be; anything else ends the run: a fast refusal is no figure. */
const OK = /^HTTP\/1\.1 (?:200|201) /;
const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Writes requests and counts bytes, so that little of the machine goes to the asking. @throws Error for an answer that is no success */
export async function load({ url, paths, headers = {}, bodies, count, atOnce }: Load): Promise<Loaded> {
  const { hostname, port } = new URL(url);
  const head = Object.entries({ Host: `${hostname}:${port}`, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const texts = bodies
    ? bodies.map((body, at) => posted(paths[at % paths.length]!, head, body))
    : paths.map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\n${head}\r\n`));
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  const askAll = async (): Promise<void> => {
    const socket = connect(Number(port), hostname).setNoDelay();
    const answers = answersOf(socket);
    for (let at = next++; at < count; at = next++) {
      const askedMs = performance.now();
      socket.write(texts[at % texts.length]!);
      await answers.next();
      times.push(performance.now() - askedMs);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, askAll));
  const perSecond = (count * 1000) / (performance.now() - started);
  times.sort((a, b) => a - b);
  return { perSecond, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

function posted(path: string, head: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${head}Content-Type: application/fhir+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** Resolves once a turn, when a whole answer has come. */
function answersOf(socket: Socket): { next(): Promise<void> } {
  let told: { resolve: () => void; reject: (error: Error) => void } | undefined;
  let parts: Buffer[] = [];
  let wanted: number | undefined;
  let bytes = 0;
  const fail = (message: string): void => told?.reject(new Error(message));
  socket.on('error', (error) => told?.reject(error));
  socket.on('close', () => fail('the server closed the connection'));
  socket.on('data', (chunk) => {
    parts.push(chunk);
    bytes += chunk.length;
    wanted ??= wholeLength(parts.length === 1 ? chunk : Buffer.concat(parts), fail);
    if (wanted === undefined || bytes < wanted) return;
    [parts, bytes, wanted] = [[], 0, undefined];
    told?.resolve();
  });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        told = { resolve, reject };
      }),
  };
}

/** @returns bytes of head and body; undefined while the head is not whole */
function wholeLength(answer: Buffer, fail: (message: string) => void): number | undefined {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = answer.toString('latin1', 0, end + 2);
  if (!OK.test(head)) fail(`the server answered ${head.slice(0, head.indexOf('\r\n'))}`);
  const length = LENGTH.exec(head)?.[1];
  if (length === undefined) fail('the answer does not say how long it is');
  return end + 4 + Number(length);
}

function quantile(sorted: readonly number[], share: number): number {
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!, 2);
}
