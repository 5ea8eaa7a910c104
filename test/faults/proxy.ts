/** Stands between two parties on this machine, and cuts, delays, loses or forges what they say to each other when told to. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from '../servers/certificate.ts';

/** What the proxy does to every request, or connection, while it is told to. */
export type Trouble =
  /** nobody listens */
  | { readonly kind: 'refuse' }
  /** connections end within the TLS handshake */
  | { readonly kind: 'refuse-tls' }
  /** the request is passed on after so many milliseconds, whether or not the caller still waits */
  | { readonly kind: 'slow'; readonly ms: number }
  /** half of the request's body arrives, then both connections end; a request without a body does not arrive */
  | { readonly kind: 'cut-request' }
  /** the target has applied it; its status and half of its answer's body arrive, then the connection ends */
  | { readonly kind: 'cut-answer' }
  /** the target has applied it; the connection ends without an answer */
  | { readonly kind: 'lose-answer' }
  /** the target has applied it; the caller is told this status instead */
  | { readonly kind: 'apply-then-answer'; readonly status: number }
  /** the target never sees it; the caller is told this status */
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterS?: number };

export interface Asked {
  readonly method: string;
  /** with its query */
  readonly path: string;
}

export interface CuttingProxy {
  /** where the proxy stands in for the target, path included; stays the same until it is closed */
  readonly url: string;
  /** requests that came, troubled or not */
  readonly seen: number;
  /** of these, the ones that were troubled; for connections that were refused or cut within TLS it counts nothing */
  readonly troubled: number;
  /** Makes trouble from now on; a function chooses for each request. undefined: none. */
  trouble(trouble: Trouble | ((asked: Asked) => Trouble | undefined) | undefined): Promise<void>;
  /** Passes on to another address from now on: a party that was started again listens elsewhere. */
  aim(target: string): void;
  /** Ends the open connections. */
  close(): Promise<void>;
}

/** @param target URL to pass on to; its path is the proxy's too @param tls serve TLS; the target is still spoken to in the clear */
export async function startProxy(target: string, tls?: Certificate): Promise<CuttingProxy> {
  const proxy = new Middleman(target, tls);
  await proxy.listen(0);
  return proxy;
}

/** One request as the proxy holds it. */
interface Held {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly body: Buffer;
}

class Middleman implements CuttingProxy {
  seen = 0;
  troubled = 0;
  readonly #server: http.Server | https.Server;
  readonly #isSecure: boolean;
  readonly #path: string;
  readonly #sockets = new Set<Duplex>();
  #target: URL;
  #port = 0;
  #trouble: (asked: Asked) => Trouble | undefined = () => undefined;
  #tlsIsBroken = false;

  constructor(target: string, tls: Certificate | undefined) {
    this.#target = new URL(target);
    this.#path = this.#target.pathname.replace(/\/$/, '');
    this.#isSecure = tls !== undefined;
    const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    this.#server = tls ? https.createServer({ ...tls }, serve) : http.createServer(serve);
    this.#server.on('connection', (socket: Socket) => {
      if (this.#tlsIsBroken) return void socket.destroy();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.#port}${this.#path}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async trouble(trouble: Parameters<CuttingProxy['trouble']>[0]): Promise<void> {
    const kind = typeof trouble === 'object' ? trouble.kind : undefined;
    this.#trouble = typeof trouble === 'function' ? trouble : () => trouble;
    this.#tlsIsBroken = kind === 'refuse-tls';
    if (this.#tlsIsBroken) this.#cutAll();
    if (kind === 'refuse' && this.#server.listening) await this.close();
    if (kind !== 'refuse' && !this.#server.listening) await this.listen(this.#port);
  }

  aim(target: string): void {
    this.#target = new URL(target);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#cutAll();
    });
  }

  #cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    this.seen += 1;
    const trouble = this.#trouble({ method: request.method ?? '', path: request.url ?? '' });
    if (trouble) this.troubled += 1;
    await this.#answer({ request, response, body: Buffer.concat(chunks) }, trouble);
  }

  async #answer(held: Held, trouble: Trouble | undefined): Promise<void> {
    const { response } = held;
    if (trouble?.kind === 'refuse' || trouble?.kind === 'refuse-tls') return void response.destroy();
    if (trouble?.kind === 'cut-request') return await this.#passHalf(held);
    if (trouble?.kind === 'answer') return refuse(response, trouble);
    if (trouble?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, trouble.ms));
    const { status, headers, body } = await this.#pass(held);
    if (trouble?.kind === 'lose-answer') return void response.destroy();
    if (trouble?.kind === 'apply-then-answer') return refuse(response, trouble);
    response.writeHead(status, headers);
    if (trouble?.kind !== 'cut-answer') return void response.end(body);
    response.write(body.subarray(0, body.length / 2));
    setTimeout(() => response.destroy(), 5); // what was written has left by then
  }

  /** Passes all on. @returns the whole answer @throws when the target cannot be reached */
  #pass(held: Held): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const onward = this.#request(held, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const { 'transfer-encoding': _, ...headers } = answer.headers;
          const body = Buffer.concat(chunks);
          const length = {
            ...headers,
            ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
          };
          resolve({ status: answer.statusCode ?? 502, headers: length, body });
        });
      });
      onward.on('error', reject);
      onward.end(held.body);
    });
  }

  async #passHalf(held: Held): Promise<void> {
    if (held.body.length > 0)
      await new Promise<void>((resolve) => {
        const onward = this.#request(held, () => {});
        onward.on('error', () => resolve());
        onward.on('close', () => resolve());
        onward.write(held.body.subarray(0, held.body.length / 2), () => onward.destroy());
      });
    held.response.destroy();
  }

  #request({ request, body }: Held, onAnswer: (answer: http.IncomingMessage) => void): http.ClientRequest {
    const { connection: _, 'transfer-encoding': _chunked, ...headers } = request.headers;
    const { hostname, port } = this.#target;
    const length = body.length > 0 ? { 'content-length': body.length } : {};
    // No connection is kept: the target may be killed at any moment, and that must not look like trouble of ours.
    const onward = { hostname, port, path: request.url, method: request.method, agent: false as const };
    return http.request({ ...onward, headers: { ...headers, ...length, host: this.#target.host } }, onAnswer);
  }
}

function refuse(
  response: http.ServerResponse,
  { status, retryAfterS }: { status: number; retryAfterS?: number },
): void {
  const body = JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'transient', diagnostics: 'A fault that the proxy was told to make' }],
  });
  response.writeHead(status, {
    'content-type': 'application/fhir+json',
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
  });
  response.end(body);
}
