/** Stands between a client and a server of a published API description, and keeps what either says that the description does not allow. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

/** One thing that a request or its answer should not have said, as the checking proxy words it. */
export interface Violation {
  readonly method: string;
  /** without its query */
  readonly path: string;
  /** `request` or `response` first, then the way to what is wrong */
  readonly location: readonly string[];
  readonly message: string;
}

export interface Prism {
  /** in place of the server's own address */
  readonly url: string;
  /** those of every request so far, in order; severity error only */
  violations(): readonly Violation[];
  /** requests that went through */
  requests(): number;
  close(): Promise<void>;
}

interface CheckingServer {
  listen(port: number, host: string): Promise<string>;
  close(): Promise<void>;
}

/** What of the checking proxy's parts is used here. */
interface Parts {
  getHttpOperationsFromSpec(file: string): Promise<readonly unknown[]>;
  createServer(operations: readonly unknown[], options: unknown): CheckingServer;
  createLogger(name: string, options: { readonly level: string }): { child(of: object): unknown };
}

/**
 * Starts the proxy of @stoplight/prism-cli. Nothing is held back: what is not allowed goes through, and is named by `violations`.
 * @param spec path of an OpenAPI description (YAML or JSON; files that it refers to lie beside it)
 * @param upstream address of the server, to which the description's paths are appended
 */
export async function startPrism({ spec, upstream }: { spec: string; upstream: string }): Promise<Prism> {
  const { getHttpOperationsFromSpec, createServer: createChecking, createLogger } = partsOf();
  const checks = { validateRequest: true, validateResponse: true, checkSecurity: false, errors: false };
  const checking = createChecking(await getHttpOperationsFromSpec(spec), {
    cors: false,
    config: { ...checks, isProxy: true, upstream: new URL(upstream), mock: { dynamic: false } },
    components: { logger: createLogger('checks', { level: 'silent' }).child({ name: 'HTTP SERVER' }) },
  });
  const inner = await checking.listen(0, '127.0.0.1');
  const found: Violation[] = [];
  let requests = 0;
  const front = createServer((request, response) => {
    requests += 1;
    pass(request, response, inner, found).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    violations: () => found,
    requests: () => requests,
    close: async () => {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      await checking.close();
    },
  };
}

/** They are the proxy's own dependencies, and found from where it lies. */
function partsOf(): Parts {
  const here = createRequire(import.meta.url);
  const there = createRequire(here.resolve('@stoplight/prism-cli/package.json'));
  return {
    ...(there('@stoplight/prism-http') as Pick<Parts, 'getHttpOperationsFromSpec'>),
    ...(there('@stoplight/prism-http-server') as Pick<Parts, 'createServer'>),
    ...(there('@stoplight/prism-core') as Pick<Parts, 'createLogger'>),
  };
}

/** Hop-by-hop headers, and those that no longer fit a body that was read. */
const OWN_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
]);

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  inner: string,
  found: Violation[],
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined || OWN_HEADERS.has(name) ? [] : [[name, String(value)] as [string, string]],
  );
  const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
  const answer = await fetch(`${inner}${url}`, { method, headers, redirect: 'manual', ...body });
  const text = Buffer.from(await answer.arrayBuffer());
  const path = url.replace(/\?.*$/s, '');
  for (const one of saidIn(answer.headers.get('sl-violations'))) found.push({ method, path, ...one });
  for (const [name, value] of answer.headers)
    if (!OWN_HEADERS.has(name) && name !== 'sl-violations') response.setHeader(name, value);
  response.writeHead(answer.status).end(text);
}

interface Said extends Pick<Violation, 'location' | 'message'> {
  readonly severity: string;
}

function saidIn(header: string | null): readonly Pick<Violation, 'location' | 'message'>[] {
  if (header === null) return [];
  // a list too long for a header is cut off in the middle, behind these words
  if (header.startsWith('Too many violations!')) return [{ location: [], message: header }];
  const said = JSON.parse(header) as readonly Said[];
  return said
    .filter(({ severity }) => severity === 'Error')
    .map(({ location, message }) => ({ location, message }));
}
