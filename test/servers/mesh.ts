/** A MESH server on this machine, as strict as the real one, with a clock of its own: it can lose answers, cut connections and send late reports. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  type Answer,
  answerOf,
  authRefusal,
  bodyRefusal,
  chunkOf,
  GIVEN,
  headerRefusal,
  isV2,
  lookUp,
  reportHeaders,
} from './mesh-rules.ts';
import type { Asked, Fault, MeshOptions, MeshServer, Stored } from './mesh-types.ts';

export type { Asked, Fault, MeshOptions, MeshServer, Stored };

const DAY_MS = 86_400_000;
const FIVE_MINUTES_MS = 300_000;

export async function startMesh(options: MeshOptions): Promise<MeshServer> {
  const mesh = new Mesh(options);
  const listener = (request: IncomingMessage, response: ServerResponse) => void mesh.serve(request, response);
  const { tls } = options;
  const server = tls
    ? createSecureServer({ ...tls, ca: tls.cert, requestCert: true, rejectUnauthorized: true }, listener)
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(mesh, {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

class Mesh {
  readonly messages: Stored[] = [];
  readonly asked: Asked[] = [];
  readonly tooSoon: string[] = [];
  readonly #options: MeshOptions;
  readonly #used = new Set<string>();
  readonly #passwords: ReadonlyMap<string, string>;
  readonly #late: { readonly dueMs: number; readonly put: () => void }[] = [];
  readonly #looks = new Map<string, { readonly atMs: number; readonly isFull: boolean }>();
  #fault: MeshOptions['fault'];
  #count = 0;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#fault = options.fault;
    this.#passwords = new Map(Object.entries(options.mailboxes).map(([id, { password }]) => [id, password]));
  }

  setFault(fault: MeshOptions['fault']): void {
    this.#fault = fault;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    } catch {
      return; // the caller has gone in the middle of its request
    }
    const url = new URL(request.url ?? '', 'http://mesh');
    const path = decodeURIComponent(url.pathname).replace('/messageexchange/', '');
    const asked = { method: request.method ?? '', path, headers: request.headers };
    this.asked.push(asked);
    const fault = this.#fault?.(asked);
    if (fault === 'cut') return void response.destroy();
    this.#passTime();
    const answer = typeof fault === 'object' ? fault : this.#answer(asked, url, Buffer.concat(parts));
    if (fault === 'lost') return void response.destroy();
    const isBytes = Buffer.isBuffer(answer.body);
    const body = isBytes
      ? (answer.body as Buffer)
      : Buffer.from(answer.body ? JSON.stringify(answer.body) : '');
    response.writeHead(answer.status, {
      'content-type': isBytes ? 'application/octet-stream' : 'application/json',
      'content-length': String(body.length),
      ...answer.headers,
    });
    if (fault !== 'half') return void response.end(body);
    response.write(body.subarray(0, Math.max(1, body.length >> 1)), () => response.destroy());
  }

  put(to: string, content: Uint8Array, headers: Readonly<Record<string, string>> = {}): string {
    const named = { 'mex-workflowid': 'TEST', ...headers };
    return this.#add({
      from: 'OTHER',
      to,
      headers: named,
      chunks: [Buffer.from(content)],
      status: 'accepted',
    }).id;
  }

  report(about: { id?: string; localId?: string; to: string }, code: string): string {
    const report = reportHeaders(about, code);
    return this.#add({ from: '', to: about.to, headers: {}, chunks: [], status: 'accepted', report }).id;
  }

  contentOf(message: Stored): Buffer {
    const isZipped = message.headers['content-encoding'] === 'gzip';
    return Buffer.concat(message.chunks.map((chunk) => (isZipped ? gunzipSync(chunk!) : chunk!)));
  }

  #add(message: Omit<Stored, 'id' | 'atMs' | 'workflow'>): Stored {
    const id = `2026${String(++this.#count).padStart(12, '0')}_MESH`;
    const workflow = String(message.headers['mex-workflowid'] ?? '');
    const stored = { ...message, id, workflow, atMs: this.#options.clock() };
    this.messages.push(stored);
    return stored;
  }

  /** Reports that are due, and messages that nobody collected. */
  #passTime(): void {
    const nowMs = this.#options.clock();
    for (const late of this.#late.filter(({ dueMs }) => dueMs <= nowMs)) {
      this.#late.splice(this.#late.indexOf(late), 1);
      late.put();
    }
    for (const message of [...this.messages])
      if (message.status === 'accepted' && !message.report && nowMs - message.atMs > 5 * DAY_MS) {
        message.status = 'gone';
        if (message.from !== 'OTHER') this.report({ id: message.id, to: message.from }, '14');
      }
  }

  #answer({ method, path, headers }: Asked, url: URL, body: Buffer): Answer {
    const { sharedKey, mailboxes, clock } = this.#options;
    const [first = '', second, third, fourth, fifth] = path.split('/');
    const isLookUp = first === 'endpointlookup' || first === 'workflowsearch';
    const rules = { sharedKey, passwords: this.#passwords, used: this.#used, nowMs: clock() };
    const refused = authRefusal(headers.authorization, isLookUp ? undefined : first, rules);
    if (refused) return answerOf(refused, headers);
    if (isLookUp) return lookUp(mailboxes, first, second ?? '', third);
    if (!mailboxes[first]) return { status: 404 };
    const call = `${method} ${second ?? ''}`;
    if (call === 'POST ') return this.#shake(headers);
    if (call === 'GET inbox')
      return third === undefined
        ? this.#list(first, url, headers)
        : this.#give(first, third, fourth, headers);
    if (call === 'PUT inbox' && fourth === 'status' && fifth === 'acknowledged')
      return this.#acknowledge(first, third);
    if (call === 'POST outbox')
      return third === undefined
        ? this.#send(first, headers, body)
        : this.#chunk(first, third, Number(fourth), headers, body);
    if (call === 'GET outbox' && third === 'tracking') return this.#track(first, url, fourth, headers);
    return { status: 404 };
  }

  #shake(headers: Asked['headers']): Answer {
    const needed = ['mex-clientversion', 'mex-osname', 'mex-osversion'];
    return { status: needed.every((name) => headers[name]) ? 200 : 400 };
  }

  #list(mailbox: string, url: URL, headers: Asked['headers']): Answer {
    const size = Number(url.searchParams.get('max_results') ?? 500);
    if (!(size >= 10 && size <= 5_000)) return { status: 400 };
    const waiting = this.messages.filter(({ to, status }) => to === mailbox && status === 'accepted');
    const from = url.searchParams.get('continue_from');
    const at =
      from === null ? 0 : waiting.findIndex(({ id }) => Buffer.from(id).toString('base64url') === from) + 1;
    const page = waiting.slice(at, at + size).map(({ id }) => id);
    this.#noteLook(mailbox, from === null, page.length === size);
    if (!isV2(headers)) return { status: 200, body: { messages: page } };
    const self = `/messageexchange/${mailbox}/inbox`;
    const isMore = waiting.length > at + size;
    const next = isMore
      ? `${self}?continue_from=${Buffer.from(page.at(-1)!).toString('base64url')}`
      : undefined;
    return {
      status: 200,
      body: { messages: page, approx_inbox_count: waiting.length, links: { self, next } },
    };
  }

  #noteLook(mailbox: string, isFirst: boolean, isFull: boolean): void {
    const before = this.#looks.get(mailbox);
    const nowMs = this.#options.clock();
    if (isFirst && before && !before.isFull && nowMs - before.atMs < FIVE_MINUTES_MS)
      this.tooSoon.push(mailbox);
    this.#looks.set(mailbox, { atMs: nowMs, isFull });
  }

  #give(mailbox: string, id: string, chunk: string | undefined, headers: Asked['headers']): Answer {
    const message = this.messages.find((one) => one.id === id);
    if (!message) return answerOf({ status: 404, code: '20', event: 'RECEIVE' }, headers);
    if (message.to !== mailbox) return { status: 403 };
    if (message.status === 'gone') return { status: 410 };
    const number = Number(chunk ?? 1);
    const of = Math.max(1, message.chunks.length);
    if (!(number >= 1 && number <= of)) return { status: 404 };
    const said = {
      'mex-from': message.from,
      'mex-to': message.to,
      'mex-messageid': id,
      'mex-messagetype': 'DATA',
      'mex-chunk-range': `${number}:${of}`,
      ...Object.fromEntries(
        Object.entries(message.headers)
          .filter(([name]) => GIVEN.test(name))
          .map(([name, value]) => [name, String(value)]),
      ),
      ...message.report,
    };
    if (message.report) return { status: 200, headers: said };
    const stored = message.chunks[number - 1]!;
    const zipped = message.headers['content-encoding'] === 'gzip' ? stored : gzipSync(stored);
    const status = number < of ? 206 : 200;
    const wants = String(headers['accept-encoding'] ?? '').includes('gzip');
    return wants
      ? { status, headers: { ...said, 'content-encoding': 'gzip' }, body: zipped }
      : { status, headers: said, body: gunzipSync(zipped) };
  }

  #acknowledge(mailbox: string, id: string | undefined): Answer {
    const message = this.messages.find((one) => one.id === id);
    if (!message) return { status: 404 };
    if (message.to !== mailbox) return { status: 403 };
    if (message.status === 'accepted') message.status = 'acknowledged';
    return { status: 200, body: { messageId: id } };
  }

  #send(from: string, headers: Asked['headers'], body: Buffer): Answer {
    const bad = headerRefusal(headers) ?? bodyRefusal(headers, body);
    if (bad) return answerOf(bad, headers);
    const chunk = chunkOf(headers['mex-chunk-range'] as string | undefined, 1);
    if ('status' in chunk) return answerOf(chunk, headers);
    const address = String(headers['mex-to']);
    const routed = this.#options.practices?.[address];
    const to = routed ? ('mailbox' in routed ? routed.mailbox : '') : address;
    const box = this.#options.mailboxes[to];
    if (!box && !routed) return answerOf({ status: 417, code: '12', event: 'SEND' }, headers);
    const status = chunk.of > 1 ? 'uploading' : 'accepted';
    const chunks = [body, ...Array.from<undefined>({ length: chunk.of - 1 })];
    const message = this.#add({ from, to, headers, chunks, status });
    const takes = box?.workflows === undefined || box.workflows.includes(message.workflow);
    if (routed && 'code' in routed) this.#failLater(message, routed.code);
    else if (!takes) this.#failLater(message, '17');
    return { status: 202, body: isV2(headers) ? { message_id: message.id } : { messageID: message.id } };
  }

  #failLater(message: Stored, code: string): void {
    message.status = 'gone';
    const localId = message.headers['mex-localid'] as string | undefined;
    const about = { id: message.id, to: message.from, ...(localId === undefined ? {} : { localId }) };
    const dueMs = this.#options.clock() + (this.#options.reportMs ?? 0);
    this.#late.push({ dueMs, put: () => void this.report(about, code) });
  }

  #chunk(from: string, id: string, number: number, headers: Asked['headers'], body: Buffer): Answer {
    const message = this.messages.find((one) => one.id === id);
    if (!message) return { status: 404 };
    if (message.from !== from) return { status: 403 };
    if (message.status !== 'uploading')
      return answerOf({ status: 423, code: '19', event: 'SEND' }, headers, id);
    const chunk = chunkOf(headers['mex-chunk-range'] as string | undefined, number);
    if ('status' in chunk) return answerOf(chunk, headers, id);
    if (chunk.of !== message.chunks.length)
      return answerOf({ status: 417, code: '06', event: 'SEND' }, headers, id);
    const bad = bodyRefusal(headers, body);
    if (bad) return answerOf(bad, headers, id);
    if (headers['content-encoding'] !== message.headers['content-encoding']) return { status: 417 };
    if (message.chunks.slice(0, number - 1).includes(undefined))
      return answerOf({ status: 417, code: '06', event: 'SEND' }, headers, id);
    message.chunks[number - 1] = body;
    if (number === chunk.of) message.status = 'accepted';
    return { status: 202 };
  }

  #track(mailbox: string, url: URL, localId: string | undefined, headers: Asked['headers']): Answer {
    const id = url.searchParams.get('messageID');
    const found = this.messages.filter(
      (one) =>
        one.from === mailbox &&
        (localId === undefined ? one.id === id : one.headers['mex-localid'] === localId),
    );
    const [message] = found;
    if (!message) return { status: 404 };
    if (found.length > 1) return { status: 300 };
    const status = message.status === 'gone' ? 'error' : message.status;
    return isV2(headers) && localId === undefined
      ? { status: 200, body: { message_id: message.id, local_id: message.headers['mex-localid'], status } }
      : {
          status: 200,
          body: { messageId: message.id, status: status.replace(/^./, (c) => c.toUpperCase()) },
        };
  }
}
