/** An Open Referral UK directory (HSDS 3) that refuses what a strict one refuses: odd parameters, pages past the end, other paths. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HsdsService {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly last_modified?: string;
  readonly [member: string]: unknown;
}

export interface OpenReferralServer {
  /** base of the API, with a path of its own */
  readonly url: string;
  /** services in their order; tests change it */
  readonly services: Map<string, HsdsService>;
  /** paths with queries that were asked for, oldest first */
  readonly asked: string[];
  /** statuses that were answered, in the same order */
  readonly answered: number[];
  /** answers in place of the directory, where it returns true */
  interfere: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

/** Members that a list has of a service: the others stand in the service itself. */
const LISTED = ['id', 'name', 'status', 'description', 'last_modified'];
const KNOWN = new Set(['page', 'per_page', 'modified_after']);

export async function startOpenReferral(services: readonly HsdsService[]): Promise<OpenReferralServer> {
  const asked: string[] = [];
  const answered: number[] = [];
  const directory: OpenReferralServer = {
    url: '',
    services: new Map(services.map((one) => [one.id, one])),
    asked,
    answered,
    interfere: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.on('finish', () => answered.push(response.statusCode));
    if (!directory.interfere?.(request, response)) answer(directory, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(directory, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/o/v3` });
}

function answer(directory: OpenReferralServer, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://directory.example');
  const refuse = (status: number): void =>
    void response.writeHead(status, JSON_TYPE).end('{"error":"refused"}');
  if (request.method !== 'GET') return refuse(405);
  if (!/application\/json/.test(request.headers.accept ?? '')) return refuse(406);
  if (url.pathname === '/o/v3/services')
    return listed(directory, url.searchParams, request, response, refuse);
  const id = /^\/o\/v3\/services\/([^/]+)$/.exec(url.pathname)?.[1];
  const service = id === undefined ? undefined : directory.services.get(decodeURIComponent(id));
  return service ? send(request, response, service) : refuse(404);
}

function listed(
  { services }: OpenReferralServer,
  asked: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  refuse: (status: number) => void,
): void {
  const page = Number(asked.get('page'));
  const size = Number(asked.get('per_page'));
  const after = asked.get('modified_after');
  const isOdd = [...asked.keys()].some((name) => !KNOWN.has(name));
  if (isOdd || !Number.isInteger(page) || page < 1 || !Number.isInteger(size) || size < 1 || size > 100)
    return refuse(400);
  if (after !== null && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(after)) return refuse(400);
  const fitting = [...services.values()].filter(
    ({ last_modified: modified = '' }) => after === null || Date.parse(modified) >= Date.parse(after),
  );
  const pages = Math.max(1, Math.ceil(fitting.length / size));
  if (page > pages) return refuse(404);
  const contents = fitting
    .slice((page - 1) * size, page * size)
    .map((one) => Object.fromEntries(Object.entries(one).filter(([member]) => LISTED.includes(member))));
  send(request, response, {
    total_items: fitting.length,
    total_pages: pages,
    page_number: page,
    size: contents.length,
    first_page: page === 1,
    last_page: page === pages,
    empty: contents.length === 0,
    contents,
  });
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

function send(request: IncomingMessage, response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
  response.writeHead(200, { ...JSON_TYPE, etag }).end(text);
}
