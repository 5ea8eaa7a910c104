/** Serves the FHIR R4 reads on the stored types: read, vread, history, search, $everything, and the capability statement. */
import type { CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import express, { type RequestHandler, type Response, type Router } from 'express';
import { type Definitions, STORED_TYPES } from '../fhir/definitions.ts';
import { createSearchIndex } from '../store/search-index.ts';
import type { Store } from '../store/store.ts';
import { baseOf } from './address.ts';
import { Cursors } from './cursor.ts';
import { everythingRoutes } from './everything.ts';
import type { FhirPart } from './fhir-part.ts';
import type { FhirParts } from './fhir-parts.ts';
import { isFormatRefused } from './formats.ts';
import { readHandler, readRoutes } from './read-routes.ts';
import { sendFault, sendFhir } from './respond.ts';
import { nameShape } from './route-shape.ts';
import type { SearchTerms } from './search/coded.ts';
import { searchRoutes, typeSearchHandler } from './search/routes.ts';
import { isStored, loadServedSearch } from './search/served.ts';
import { servedStatement } from './served-statement.ts';

export interface FhirRoutesOptions {
  readonly store: Store;
  /** base R4, for the search parameters */
  readonly definitions: Definitions;
  /** knows the value sets that `:in` names, and what stands above and below a code */
  readonly validator?: SearchTerms;
  readonly clock: () => number;
  /** version of the adapter, for the capability statement */
  readonly version: string;
  /** how clients prove who they are, for the capability statement */
  readonly security?: (() => CapabilityStatementRestSecurity) | undefined;
  /** what else is served at the base, for the capability statement */
  readonly fhir?: readonly Pick<FhirPart, 'says'>[];
}

/** What the routes of the stored types read from. */
export function fhirParts({ store, definitions, validator, clock }: FhirRoutesOptions): FhirParts {
  return {
    store,
    served: loadServedSearch(),
    index: createSearchIndex(definitions),
    definitions,
    cursors: new Cursors(store, clock),
    terms: validator,
  };
}

/** @returns routes to mount at the FHIR base @source docs/adr/0005-fhir-read-routes.md */
export function fhirRoutes(parts: FhirParts, options: FhirRoutesOptions): Router {
  const startedMs = options.clock();
  const routes = express.Router({ caseSensitive: true });
  routes.use(readsOnly);
  routes.get('/metadata', (request, response) =>
    sendFhir(response, 200, servedStatement(options, baseOf(request), startedMs)),
  );
  routes.use(everythingRoutes(parts), readRoutes(parts), searchRoutes(parts));
  routes.use((_request, response) =>
    sendFault(response, 404, {
      code: 'not-found',
      rule: 'api-unknown-route',
      diagnostics: 'There is no such FHIR interaction here; /metadata lists what is served.',
    }),
  );
  return routes;
}

const OF_TYPE = /^\/([A-Z][A-Za-z]+)(?:\/([A-Za-z0-9.-]{1,64}))?$/;
/**
 * Answers a read by id and a search of one type, which most requests are, before the tables of routes are walked; those have
 * the same, for addresses that are not written as they usually are.
 */
export function mostAsked(parts: FhirParts): RequestHandler {
  const [read, search] = [readHandler(parts), typeSearchHandler(parts)];
  return (request, response, next) => {
    const { method, headers } = request;
    const hasBody = 'content-length' in headers || 'transfer-encoding' in headers;
    if ((method !== 'GET' && method !== 'HEAD') || hasBody) return next();
    const [, type = '', id] = OF_TYPE.exec(request.path) ?? [];
    if (!isStored(type)) return next();
    if (isFormatRefused(response)) return;
    nameShape(response, id === undefined ? '/:type' : '/:type/:id');
    keepPrivate(response);
    return id === undefined ? search(request, response, type) : read(request, response, type, id);
  };
}

/** What is read is asked for by GET, a search and $everything by POST too; and of a type that is served. */
const readsOnly: RequestHandler = (request, response, next) => {
  const isPosted = request.method === 'POST' && /(?:^|\/)(?:_search|\$everything)$/.test(request.path);
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isPosted) return next('router'); // what has an address was answered before
  const [type = ''] = request.path.slice(1).split('/', 1);
  if (!isStored(type) && !/^\/(?:metadata|_history|_search)?$/.test(request.path))
    return refuseUnknownType(response);
  keepPrivate(response);
  next();
};

/** A cache may keep a patient's data for the one who asked, and asks here whether it still holds. */
function keepPrivate(response: Response): void {
  response.setHeader('Cache-Control', 'private, no-cache');
}

function refuseUnknownType(response: Response): void {
  sendFault(response, 404, {
    code: 'not-supported',
    rule: 'api-unknown-type',
    diagnostics: `There is no such resource type here. Served are ${STORED_TYPES.join(', ')}.`,
  });
}
