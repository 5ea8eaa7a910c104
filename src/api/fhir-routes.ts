/** Serves the FHIR R4 read side: read, vread, history and search on the stored types, and the capability statement. */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { STORED_TYPES } from '../fhir/definitions.ts';
import type { Store, StoredVersion } from '../store/store.ts';
import { capabilityStatement } from './capability.ts';
import { FHIR_JSON, refuseMethod, sendFault, sendFhir } from './respond.ts';
import { CURSOR, readSearch } from './search-request.ts';
import { historyBundle, searchset } from './searchset.ts';
import { loadServedSearch } from './served-search.ts';

export interface FhirRoutesOptions {
  readonly store: Store;
  readonly clock: () => number;
  /** version of the adapter, for the capability statement */
  readonly version: string;
}

const TYPES: ReadonlySet<string> = new Set(STORED_TYPES);
const READ_METHODS = 'GET, HEAD';
const NO_WRITES = 'Records come in through /intake/{source}/{kind}.';
const HISTORY_COUNT = 50;
const LARGEST_HISTORY = 200;

/** @returns routes to mount at the FHIR base */
export function fhirRoutes({ store, clock, version }: FhirRoutesOptions): Router {
  const served = loadServedSearch();
  const startedMs = clock();
  const routes = express.Router({ caseSensitive: true });
  routes.use(acceptsJson);
  only(routes, '/metadata', (request, response) =>
    sendFhir(response, 200, capabilityStatement(served, { url: baseOf(request), version, startedMs })),
  );
  routes.param('type', (_request, response, next, type: string) => {
    if (TYPES.has(type)) return next();
    sendFault(response, 404, {
      code: 'not-supported',
      rule: 'api-unknown-type',
      diagnostics: `There is no such resource type here. Served are ${STORED_TYPES.join(', ')}.`,
    });
  });
  only(routes, '/:type', async (request, response) => {
    const type = String(request.params.type);
    const search = readSearch(
      served,
      type,
      pairsOf(request),
      /handling=strict/.test(request.get('prefer') ?? ''),
    );
    if (!search.ok) return sendFhir(response, 400, search.outcome);
    sendFhir(response, 200, await searchset(store, search.value, { base: baseOf(request), path: type }));
  });
  only(routes, '/:type/:id', async (request, response) => {
    const { type, id } = keyOf(request);
    sendVersion(request, response, await store.read(type, id));
  });
  only(
    routes,
    '/:type/:id/_history',
    async (request, response) => await sendHistory(store, request, response),
  );
  only(routes, '/:type/:id/_history/:version', async (request, response) => {
    const { type, id } = keyOf(request);
    const wanted = String(request.params.version);
    const found = /^[1-9]\d{0,9}$/.test(wanted)
      ? await store.readVersion(type, id, Number(wanted))
      : undefined;
    sendVersion(request, response, found);
  });
  routes.use((request, response) => {
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-unknown-route',
      diagnostics: 'There is no such FHIR interaction here; /metadata lists what is served.',
    });
    void request;
  });
  return routes;
}

function only(
  routes: Router,
  path: string,
  handler: (request: Request, response: Response) => unknown,
): void {
  routes
    .route(path)
    .get(handler as RequestHandler)
    .all(refuseMethod(READ_METHODS, NO_WRITES));
}

async function sendHistory(store: Store, request: Request, response: Response): Promise<void> {
  const { type, id } = keyOf(request);
  const query = new Map(pairsOf(request));
  const asked = query.get('_count') ?? String(HISTORY_COUNT);
  const before = query.get(CURSOR);
  if (!/^[1-9]\d{0,5}$/.test(asked) || (before !== undefined && !/^[1-9]\d{0,9}$/.test(before))) {
    return sendFault(response, 400, {
      code: 'value',
      rule: 'search-value',
      diagnostics: 'Write _count as a number from 1 on, and follow the next link as it was given.',
      expression: 'http',
    });
  }
  const count = Math.min(Number(asked), LARGEST_HISTORY);
  const versions = await store.history(
    type,
    id,
    count + 1,
    before === undefined ? undefined : Number(before),
  );
  if (versions.length === 0 && before === undefined) return sendMissing(response);
  const page = versions.slice(0, count);
  const next = versions.length > count ? page.at(-1)!.version : undefined;
  sendFhir(
    response,
    200,
    historyBundle(page, next, count, { base: baseOf(request), path: `${type}/${id}/_history` }),
  );
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
  const etag = `W/"${version.version}"`;
  response.set('ETag', etag).set('Last-Modified', new Date(version.lastUpdatedMs).toUTCString());
  const known = (request.get('if-none-match') ?? '').split(',').map((one) => one.trim());
  if (known.includes(etag) || known.includes('*')) {
    response.status(304).end();
    return;
  }
  sendFhir(response, 200, version.resource);
}

function sendMissing(response: Response): void {
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-not-found',
    diagnostics: 'There is no such resource, or no such version of it.',
  });
}

function keyOf(request: Request): { type: string; id: string } {
  return { type: String(request.params.type), id: String(request.params.id) };
}

function pairsOf(request: Request): [string, string][] {
  const at = request.originalUrl.indexOf('?');
  return at < 0 ? [] : [...new URLSearchParams(request.originalUrl.slice(at + 1))];
}

/** The address as the client sees it. The Host header is only believed when it looks like one. */
function baseOf(request: Request): string {
  const host = request.get('host') ?? '';
  return `${request.protocol}://${/^[\w.:[\]-]{1,255}$/.test(host) ? host : 'localhost'}${request.baseUrl}`;
}

/** Only JSON is served: an Accept that rules it out is 406. */
const acceptsJson: RequestHandler = (request, response, next) => {
  const accept = request.get('accept');
  const format = new Map(pairsOf(request)).get('_format');
  if (format !== undefined || !accept || /json|\*\/\*|application\/\*|text\/html/.test(accept)) {
    response.vary('Accept');
    return next();
  }
  sendFault(response, 406, {
    code: 'not-supported',
    rule: 'api-accept',
    diagnostics: `Only ${FHIR_JSON.split(';')[0]} is served; ask for that.`,
  });
};
