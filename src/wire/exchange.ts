/** Turns a request into one HTTP exchange over kept-alive connections, and knows whether anything was sent when it fails. */
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline, type Writable } from 'node:stream';

export interface WireRequest {
  readonly method: string;
  /** absolute; must hold no patient value */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** where the body of an answer goes as it comes, in place of memory; undefined: it is kept like any other */
  readonly into?: (
    status: number,
    headers: Readonly<Record<string, string | undefined>>,
  ) => Writable | undefined;
}

/** What a server is shown to know us, and whom we trust, in PEM. */
export interface TlsIdentity {
  readonly cert?: string;
  readonly key?: string;
  /** in place of the public authorities */
  readonly ca?: string;
}

/** What came back, or why nothing did. `sent` is false only when it is certain that no byte of the request left. */
export type Exchanged =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string | undefined>>;
      readonly text: string;
      /** the body as it came; left out where only text is spoken */
      readonly bytes?: Buffer;
    }
  | { readonly ok: false; readonly sent: boolean; readonly reason: string };

/** One exchange; ends early when the signal aborts. Never rejects, never follows a redirect. */
export type Exchange = (request: WireRequest, signal: AbortSignal) => Promise<Exchanged>;

export interface ExchangeOptions {
  /** connections kept to one host; default 16 */
  readonly maxSockets?: number;
  /** larger answers are cut off; default 16 MiB */
  readonly maxResponseBytes?: number;
  /** asked before each request: another object than last time is a new identity, and new connections go by it */
  readonly tls?: () => TlsIdentity;
  /** finds the addresses of a name, where not every address may be called; a literal address is not asked about */
  readonly lookup?: LookupFunction;
}

const DEFAULT_SOCKETS = 16;
const DEFAULT_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * Opens a pool of connections. node:http with a keep-alive agent is used because it was measured at 1.6 to 2 times
 * the small PUTs per second of the built-in fetch (ADR 0004).
 * @returns the exchange, and what closes its connections
 */
export function createExchange(options: ExchangeOptions = {}): { exchange: Exchange; close(): void } {
  const pool = {
    keepAlive: true,
    maxSockets: options.maxSockets ?? DEFAULT_SOCKETS,
    scheduling: 'lifo' as const,
    ...(options.lookup ? { lookup: options.lookup } : {}),
  };
  const plain = new http.Agent(pool);
  const secure = secureAgents(pool, options.tls);
  const mostBytes = options.maxResponseBytes ?? DEFAULT_RESPONSE_BYTES;
  return {
    exchange: (request, signal) =>
      // What throws is the making of the request: a header or address that cannot be. Nothing was sent.
      exchangeOnce(request, signal, { plain, secure: secure.now, mostBytes }).catch(
        (error: NodeJS.ErrnoException) => ({ ok: false, sent: false, reason: reasonOf(error, signal) }),
      ),
    close: () => {
      plain.destroy();
      secure.close();
    },
  };
}

/** @returns the agent of the identity that holds now; what is under way over an earlier one ends there */
function secureAgents(
  pool: https.AgentOptions,
  tls: ExchangeOptions['tls'],
): { readonly now: () => https.Agent; close(): void } {
  let identity = tls?.();
  let agent = new https.Agent({ ...pool, ...identity });
  let earlier: https.Agent[] = [];
  return {
    now() {
      const current = tls?.();
      if (current === identity) return agent;
      earlier = [...earlier, agent].filter(isInUse);
      identity = current;
      agent = new https.Agent({ ...pool, ...current });
      return agent;
    },
    close() {
      for (const one of [...earlier, agent]) one.destroy();
    },
  };
}

/** Ends what lies idle; what is under way ends its connection itself. @returns whether anything is */
function isInUse(agent: https.Agent): boolean {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
  return Object.keys(agent.sockets).length > 0;
}

interface Pools {
  readonly plain: http.Agent;
  readonly secure: () => https.Agent;
  readonly mostBytes: number;
}

function exchangeOnce(request: WireRequest, signal: AbortSignal, pools: Pools): Promise<Exchanged> {
  return new Promise((resolve) => {
    const url = new URL(request.url);
    const isSecure = url.protocol === 'https:';
    let sent = false;
    if (signal.aborted) return resolve({ ok: false, sent, reason: 'stopped' });
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const outgoing = (isSecure ? https : http).request(url, {
      method: request.method,
      agent: isSecure ? pools.secure() : pools.plain,
      headers: { ...request.headers, ...(body ? { 'content-length': body.length } : {}) },
    });
    const end = (result: Exchanged): void => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    };
    const fail = (error: NodeJS.ErrnoException): void =>
      end({ ok: false, sent, reason: reasonOf(error, signal) });
    const abort = (): void => void outgoing.destroy(new Error('aborted'));
    signal.addEventListener('abort', abort);
    outgoing.on('error', fail);
    outgoing.on('socket', (socket) => {
      // A connection that was never ready carried nothing; from readiness on, bytes may have arrived.
      if (outgoing.reusedSocket || !socket.connecting) sent = true;
      else
        socket.once(isSecure ? 'secureConnect' : 'connect', () => {
          sent = true;
        });
    });
    outgoing.on('response', (incoming) => {
      const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
      const sink = request.into?.(incoming.statusCode ?? 0, headers);
      if (sink) pour(incoming, sink, end, fail);
      else collect(incoming, pools.mostBytes, end, fail);
    });
    outgoing.end(body);
  });
}

/** What the sink throws ends the exchange as a cut connection would, under the code of its error. */
function pour(
  incoming: http.IncomingMessage,
  sink: Writable,
  end: (result: Exchanged) => void,
  fail: (error: NodeJS.ErrnoException) => void,
): void {
  const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
  pipeline(incoming, sink, (error) => {
    if (error) fail(error);
    else end({ ok: true, status: incoming.statusCode ?? 0, headers, text: '', bytes: Buffer.alloc(0) });
  });
}

function collect(
  incoming: http.IncomingMessage,
  mostBytes: number,
  end: (result: Exchanged) => void,
  fail: (error: NodeJS.ErrnoException) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes)
      incoming.destroy(Object.assign(new Error('too large'), { code: 'ANSWER_TOO_LARGE' }));
    else chunks.push(chunk);
  });
  incoming.on('error', fail);
  incoming.on('end', () => {
    const headers = incoming.headers as Readonly<Record<string, string | undefined>>;
    const whole = Buffer.concat(chunks);
    end({ ok: true, status: incoming.statusCode ?? 0, headers, text: whole.toString(), bytes: whole });
  });
}

/** Error codes only: messages may hold addresses with paths. */
function reasonOf(error: NodeJS.ErrnoException, signal: AbortSignal): string {
  if (signal.aborted) return 'stopped';
  return error.code ?? 'connection failed';
}
