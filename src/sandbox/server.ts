/** Serves the sandbox EHR: FHIR R4 over HTTP in front of @medplum/fhir-router and a SQLite file. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { badRequest, normalizeOperationOutcome, notFound } from '@medplum/core';
import { type FhirRepository, FhirRouter, type HttpMethod } from '@medplum/fhir-router';
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { type Answer, type Asked, answerOf, outcomeAnswer } from './answer.ts';
import type { Fault, Faults } from './faults.ts';
import { capabilityStatement } from './metadata.ts';
import { Records } from './records.ts';
import { createRepository } from './repository.ts';
import { Tables } from './tables.ts';

export interface SandboxOptions {
  /** 0: any free port */
  readonly port: number;
  /** default 127.0.0.1 */
  readonly host?: string;
  /** path of the SQLite file; made when absent */
  readonly file: string;
  readonly faults?: Faults;
  /** refuse resources that refer to what the server does not hold; default false */
  readonly integrity?: boolean;
  readonly clock?: () => number;
}

export interface Sandbox {
  /** the FHIR base, without a slash at the end */
  readonly url: string;
  /** ends open connections and closes the file */
  close(): Promise<void>;
}

const BASE_PATH = '/fhir/R4';
const LARGEST_BODY_BYTES = 16 * 1024 * 1024;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** @returns once the server listens @throws Error when the port or the file cannot be had */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const clock = options.clock ?? Date.now;
  const tables = new Tables(options.file);
  const records = new Records(tables, { clock, integrity: options.integrity ?? false });
  const repository = createRepository(tables, records);
  const router = new FhirRouter();
  const startedMs = clock();
  let base = '';
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const fault = options.faults?.({ method: request.method ?? '', path: request.url ?? '' });
    if (fault?.kind === 'cut') return void response.destroy();
    if (fault?.kind === 'refuse') return send(request, response, faultAnswer(fault));
    const answer = await handle(request, body, { router, repository, records, base, startedMs });
    if (fault?.kind === 'applyThenCut') return void response.destroy();
    send(request, response, fault ? faultAnswer(fault) : answer);
  };
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, host, resolve);
  });
  base = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}${BASE_PATH}`;
  return {
    url: base,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      tables.close();
    },
  };
}

interface Served {
  readonly router: FhirRouter;
  readonly repository: FhirRepository;
  readonly records: Records;
  readonly base: string;
  readonly startedMs: number;
}

async function handle(request: IncomingMessage, body: Buffer | undefined, served: Served): Promise<Answer> {
  const { router, repository, records, base, startedMs } = served;
  if (!request.url?.startsWith(BASE_PATH)) return outcomeAnswer(404, notFound);
  const path = request.url.slice(BASE_PATH.length).replace(/^\//, '');
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  if (!METHODS.has(method)) return outcomeAnswer(405, badRequest('Method not allowed'));
  if (body === undefined)
    return outcomeAnswer(413, badRequest(`A body has at most ${LARGEST_BODY_BYTES} bytes`));
  if (method === 'GET' && /^metadata(\?|$)/.test(path))
    return outcomeAnswer(200, capabilityStatement(base, startedMs) as never);
  if (/(^|\/)\$/.test(path)) return outcomeAnswer(404, notFound);
  const parsed = parseBody(body, request.headers['content-type']);
  if (!parsed.ok) return outcomeAnswer(400, parsed.outcome);
  const { prefer, 'if-none-match': ifNoneMatch } = request.headers;
  const asked: Asked = {
    method,
    path,
    prefer: Array.isArray(prefer) ? prefer.join() : prefer,
    ifNoneMatch,
    base,
    bundle: parsed.value as Partial<Bundle>,
  };
  try {
    const fhirRequest = {
      method: method as HttpMethod,
      url: path,
      pathname: '',
      query: {},
      params: {},
      body: parsed.value,
      headers: request.headers,
      // Without this the router treats a transaction as a batch.
      config: { transactions: true },
    };
    return answerOf(await router.handleRequest(fhirRequest, repository), asked, records);
  } catch (error) {
    return outcomeAnswer(500, normalizeOperationOutcome(error));
  }
}

/** @returns undefined when it is larger than the limit; the rest is read and thrown away, so that the answer arrives */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= LARGEST_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => resolve(bytes <= LARGEST_BODY_BYTES ? Buffer.concat(chunks) : undefined));
    request.on('error', reject);
  });
}

type ParsedBody = { ok: true; value: unknown } | { ok: false; outcome: OperationOutcome };

function parseBody(body: Buffer, contentType: string | undefined): ParsedBody {
  if (body.length === 0) return { ok: true, value: {} };
  if (contentType?.startsWith('application/x-www-form-urlencoded'))
    return { ok: true, value: Object.fromEntries(new URLSearchParams(body.toString())) };
  try {
    const value: unknown = JSON.parse(body.toString());
    if (value !== null && typeof value === 'object') return { ok: true, value };
  } catch {
    // the parser's message may quote the content: the outcome below says what matters
  }
  return { ok: false, outcome: badRequest('The body is not a JSON object') };
}

function faultAnswer(fault: Extract<Fault, { status: number }>): Answer {
  const headers: Record<string, string> = {};
  if (fault.kind === 'refuse' && fault.retryAfterS !== undefined)
    headers['retry-after'] = String(fault.retryAfterS);
  return outcomeAnswer(fault.status, badRequest('A fault the sandbox was told to make'), headers);
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const length = Buffer.byteLength(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': length });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}
