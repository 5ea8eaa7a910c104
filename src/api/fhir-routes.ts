/** Serves the FHIR R4 read side: read, vread, history and search on the stored types, and the capability statement. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { type Definitions, STORED_TYPES, type StoredType } from '../fhir/definitions.ts';
import { createSearchIndex } from '../store/search-index.ts';
import type { Store, StoredVersion } from '../store/store.ts';
import { baseOf, type Pairs, queryOf } from './address.ts';
import { capabilityStatement } from './capability.ts';
import { historyPage } from './history.ts';
import { formatRefusal } from './negotiate.ts';
import { refuseMethod, sendFault, sendFhir } from './respond.ts';
import { readSearch } from './search-request.ts';
import { searchset } from './searchset.ts';
import { loadServedSearch } from './served-search.ts';

export interface FhirRoutesOptions {
  readonly store: Store;
  /** base R4, for the search parameters */
  readonly definitions: Definitions;
  readonly clock: () => number;
  /** version of the adapter, for the capability statement */
  readonly version: string;
}

/** A request that can be read and answered in JSON. */
interface Asked {
  readonly request: Request;
  readonly base: string;
  readonly query: Pairs;
  readonly type: StoredType;
  readonly id: string;
}
type Answer = (asked: Asked, response: Response) => Promise<void> | void;

const TYPES: ReadonlySet<string> = new Set(STORED_TYPES);

/** @returns routes to mount at the FHIR base @source docs/adr/0005-fhir-read-routes.md */
export function fhirRoutes({ store, definitions, clock, version }: FhirRoutesOptions): Router {
  const served = loadServedSearch();
  const index = createSearchIndex(definitions);
  const startedMs = clock();
  const routes = express.Router({ caseSensitive: true });
  routes.use(readsOnly);
  serve(routes, '/metadata', ({ base }, response) =>
    sendFhir(response, 200, capabilityStatement(served, { url: base, version, startedMs })),
  );
  routes.param('type', refuseUnknownType);
  serve(routes, '/:type', async ({ request, type, query, base }, response) => {
    const strict = /\bhandling=strict\b/.test(request.get('prefer') ?? '');
    const search = readSearch(served, { type, query, base, strict });
    if (!search.ok) return sendFhir(response, 400, search.outcome);
    sendFhir(response, 200, await searchset({ store, index }, search.value, base));
  });
  serve(routes, '/:type/:id', async ({ request, type, id }, response) =>
    sendVersion(request, response, await store.read(type, id)),
  );
  serve(routes, '/:type/:id/_history', async (asked, response) => {
    const page = await historyPage(store, asked);
    if (!page.ok) return sendFhir(response, 400, page.outcome);
    if (!page.value) return sendMissing(response);
    sendFhir(response, 200, page.value);
  });
  serve(routes, '/:type/:id/_history/:version', async ({ request, type, id }, response) => {
    const wanted = String(request.params.version);
    const known = /^[1-9]\d{0,9}$/.test(wanted);
    sendVersion(request, response, known ? await store.readVersion(type, id, Number(wanted)) : undefined);
  });
  routes.use((_request, response) =>
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-unknown-route',
      diagnostics: 'There is no such FHIR interaction here; /metadata lists what is served.',
    }),
  );
  return routes;
}

/** Adds a route, and answers what cannot be read (400) or not be answered in the format asked for (406). */
function serve(routes: Router, path: string, answer: Answer): void {
  routes.get(path, async (request, response) => {
    const query = queryOf(request.originalUrl);
    if (!query.ok) return sendFhir(response, 400, query.outcome);
    const refusal = formatRefusal(request.get('accept'), query.value);
    if (refusal) return sendFhir(response, 406, refusal);
    // a cache may keep a patient's data for the one who asked, and asks here whether it still holds
    response.vary('Accept').set('Cache-Control', 'private, no-cache');
    const { type, id } = request.params as { type: StoredType; id: string };
    await answer({ request, base: baseOf(request), query: query.value, type, id }, response);
  });
}

const refuseWrite = refuseMethod('GET, HEAD', 'Records come in through /intake/{source}/{kind}.');
const readsOnly: RequestHandler = (request, response, next) =>
  request.method === 'GET' || request.method === 'HEAD' ? next() : refuseWrite(request, response);

function refuseUnknownType(_request: Request, response: Response, next: () => void, type: string): void {
  if (TYPES.has(type)) return next();
  sendFault(response, 404, {
    code: 'not-supported',
    rule: 'api-unknown-type',
    diagnostics: `There is no such resource type here. Served are ${STORED_TYPES.join(', ')}.`,
  });
}

/** With ETag and Last-Modified; 304 where the client has that version already. */
function sendVersion(request: Request, response: Response, version: StoredVersion | undefined): void {
  if (!version) return sendMissing(response);
  if (!version.resource) {
    return sendFault(response, 410, {
      code: 'deleted',
      rule: 'api-gone',
      diagnostics:
        version.state === 'erased'
          ? 'This resource was erased.'
          : 'This resource was deleted; its history is kept.',
    });
  }
  response
    .set('ETag', `W/"${version.version}"`)
    .set('Last-Modified', new Date(version.lastUpdatedMs).toUTCString());
  if (isKnown(request.get('if-none-match'), `"${version.version}"`)) return void response.status(304).end();
  sendFhir(response, 200, version.resource);
}

/** Compares weakly, as If-None-Match does. @source RFC 9110, 13.1.2 */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(tag) || known.includes('*');
}

function sendMissing(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-not-found',
    diagnostics: 'There is no such resource, or no such version of it.',
  });
}
