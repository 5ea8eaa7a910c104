/** The Personal Demographics Service on this machine, as an application may use it: refuses what the real one refuses, in its words. */
import { globSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Patient } from '@medplum/fhirtypes';
import { parseNhsNumber } from '../../src/fhir/identifiers.ts';
import { PUBLISHED } from './pds-errors.ts';
import type { PdsRecord } from './pds-records.ts';
import { error, faultIn, isRestricted, matches, type Said } from './pds-search.ts';

export interface PdsRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly status: number;
}

/** In place of the answer: a status with an error code, or the connection is cut. */
export type PdsFault =
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  | 'cut';

export interface PdsServer {
  readonly url: string;
  readonly seen: PdsRequest[];
  /** Puts a record in place, by its id. */
  put(record: PdsRecord): void;
  /** The first number is another person's from now on. */
  supersede(number: string, by: string): void;
  invalidate(number: string): void;
  /** Score of what a search finds by this number; default 1. */
  score(number: string, score: number): void;
  /** Asked before each answer. */
  fail(fault: (path: string) => PdsFault | undefined): void;
  close(): Promise<void>;
}

export interface PdsServerOptions {
  /** the token that requests must bear, or what tells it at each request; default none, as in the sandbox */
  readonly token?: string | (() => string);
  /** transactions a second; default 5 */
  readonly tps?: number;
  /** default: real time */
  readonly nowMs?: () => number;
}

export async function startPds(options: PdsServerOptions = {}): Promise<PdsServer> {
  const pds = new Pds(options);
  const server = createServer((request, response) => pds.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(pds, {
    url,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Slots of a rate and the network are not exact: a request may be this much early. */
const LEEWAY_MS = 100;

class Pds {
  readonly seen: PdsRequest[] = [];
  readonly #records = new Map<string, PdsRecord>();
  readonly #superseded = new Map<string, string>();
  readonly #invalidated = new Set<string>();
  readonly #scores = new Map<string, number>();
  readonly #options: PdsServerOptions;
  readonly #recent: number[] = [];
  #fault: (path: string) => PdsFault | undefined = () => undefined;

  constructor(options: PdsServerOptions) {
    this.#options = options;
    for (const file of PUBLISHED ? globSync(join(PUBLISHED, 'patientResponses/*.json')) : []) {
      const record = JSON.parse(readFileSync(file, 'utf8')) as PdsRecord;
      if (basename(file, '.json').endsWith(record.id)) this.put(record);
    }
  }

  put(record: PdsRecord): void {
    this.#records.set(record.id, record);
  }

  supersede(number: string, by: string): void {
    this.#superseded.set(number, by);
  }

  invalidate(number: string): void {
    this.#invalidated.add(number);
  }

  score(number: string, score: number): void {
    this.#scores.set(number, score);
  }

  fail(fault: (path: string) => PdsFault | undefined): void {
    this.#fault = fault;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://pds');
    const fault = this.#fault(pathname);
    const said = fault === 'cut' ? undefined : this.#say(request, pathname, searchParams, fault);
    this.seen.push({
      path: pathname,
      query: searchParams,
      headers: request.headers,
      status: said?.status ?? 0,
    });
    if (!said) {
      response.destroy();
      return;
    }
    const mirrored = Object.fromEntries(
      ['x-request-id', 'x-correlation-id'].flatMap((name) => {
        const value = request.headers[name];
        return value === undefined ? [] : [[name, String(value)]];
      }),
    );
    response.writeHead(said.status, {
      'content-type': 'application/fhir+json',
      ...mirrored,
      ...said.headers,
    });
    response.end(JSON.stringify(said.body));
  }

  #say(request: IncomingMessage, path: string, query: URLSearchParams, fault: PdsFault | undefined): Said {
    const { headers, method } = request;
    const id = headers['x-request-id'];
    if (this.#isTooFast()) return error(429, 'TOO_MANY_REQUESTS', undefined, { 'retry-after': '1' });
    const { token: wanted } = this.#options;
    const token = typeof wanted === 'function' ? wanted() : wanted;
    if (token !== undefined && headers.authorization !== `Bearer ${token}`)
      return error(401, 'ACCESS_DENIED');
    if (id === undefined) return error(400, 'MISSING_VALUE', "Missing value - 'X-Request-ID'");
    if (!UUID.test(String(id)))
      return error(400, 'INVALID_VALUE', "Invalid value - 'x' in header 'X-Request-ID'");
    if (!/^application\/fhir\+json\b/.test(headers.accept ?? ''))
      return error(400, 'INVALID_VALUE', "Invalid value in header 'Accept'");
    if (fault && fault !== 'cut')
      return fault.code
        ? error(fault.status, fault.code, undefined, fault.headers)
        : { status: fault.status, body: {}, headers: fault.headers };
    if (method !== 'GET') return error(405, 'UNSUPPORTED_SERVICE');
    const [, number] = /^\/Patient\/([^/]+)$/.exec(path) ?? [];
    if (number !== undefined) return this.#get(number);
    return path === '/Patient' ? this.#search(query) : { status: 404, body: {} };
  }

  #isTooFast(): boolean {
    const now = (this.#options.nowMs ?? Date.now)();
    while (this.#recent.length > 0 && this.#recent[0]! <= now - 1_000 + LEEWAY_MS) this.#recent.shift();
    this.#recent.push(now);
    return this.#recent.length > (this.#options.tps ?? 5);
  }

  #get(number: string): Said {
    if (parseNhsNumber(number) !== number) return error(400, 'INVALID_RESOURCE_ID');
    const current = this.#currentOf(number);
    if (this.#invalidated.has(current)) return error(404, 'INVALIDATED_RESOURCE');
    const record = this.#records.get(current);
    if (!record) return error(404, 'RESOURCE_NOT_FOUND');
    return { status: 200, body: shown(record), headers: { etag: `W/"${record.meta?.versionId ?? '1'}"` } };
  }

  #currentOf(number: string): string {
    const by = this.#superseded.get(number);
    return by === undefined ? number : this.#currentOf(by);
  }

  #search(query: URLSearchParams): Said {
    const wrong = faultIn(query);
    if (wrong) return wrong;
    const hasPlace = query.has('address-postalcode') || query.has('general-practitioner');
    const found = [...this.#records.values()].filter(
      (record) =>
        !this.#invalidated.has(record.id) &&
        !this.#superseded.has(record.id) &&
        !(hasPlace && isRestricted(record)) &&
        matches(record, query),
    );
    if (found.length > 1) return error(200, 'TOO_MANY_MATCHES');
    const entry = found.map((record) => ({
      fullUrl: `https://api.service.nhs.uk/personal-demographics/FHIR/R4/Patient/${record.id}`,
      search: { score: this.#scores.get(record.id) ?? 1 },
      resource: summary(shown(record)),
    }));
    const timestamp = '2026-01-05T12:00:00+00:00';
    const body = { resourceType: 'Bundle', type: 'searchset', timestamp, total: entry.length };
    return { status: 200, body: entry.length > 0 ? { ...body, entry } : body };
  }
}

/** A restricted record is shown without what would lead to the person. */
function shown(record: PdsRecord): PdsRecord {
  if (!isRestricted(record)) return record;
  const { address: _a, telecom: _t, contact: _c, generalPractitioner: _g, ...rest } = record;
  return rest;
}

/** What a search gives of a record. */
function summary({ extension: _extension, contact: _contact, address, ...rest }: PdsRecord): Patient {
  const home = address?.filter(({ use }) => use === 'home');
  return { ...rest, ...(home?.length ? { address: home } : {}) };
}
