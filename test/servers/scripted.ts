/** A small HTTP server that answers as a test tells it: any status, late, cut off, or after applying and then failing. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  /** the connection ends without an answer */
  | { readonly cut: 'before' }
  /** status and half of the body, then the connection ends */
  | { readonly cut: 'mid-body' }
  /** status and half of the body, then nothing more */
  | { readonly stall: 'mid-body' }
  /** never answers */
  | { readonly silent: true };

export interface Scripted {
  readonly url: string;
  readonly seen: Seen[];
  /** connections ever opened */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** @param script called for each request, in order; its promise may be late */
export async function startScripted(script: (seen: Seen) => Answer | Promise<Answer>): Promise<Scripted> {
  const seen: Seen[] = [];
  let connections = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const one = await read(request);
    seen.push(one);
    give(response, await script(one));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy()); // the caller has gone in the middle of its request
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const isJson = request.headers['content-type']?.includes('json') === true;
  const body = text === '' ? undefined : isJson ? (JSON.parse(text) as unknown) : text;
  return { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
}

function give(response: ServerResponse, answer: Answer): void {
  if ('silent' in answer) return;
  if ('stall' in answer) return half(response);
  if ('cut' in answer) {
    if (answer.cut === 'before') return void response.destroy();
    half(response);
    return void setTimeout(() => response.destroy(), 10);
  }
  const { status, headers, body } = answer;
  response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
  response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
}

function half(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/fhir+json', 'content-length': 1000 });
  response.write('{"resourceType":');
}

/** @returns a URL of this machine where nothing listens */
export async function closedUrl(): Promise<string> {
  const server = await startScripted(() => ({ status: 200 }));
  await server.close();
  return server.url;
}
