/** Serves the FHIR R4 reads on the stored types: read, vread, history, search, $everything, and the capability statement. */
import type { CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import express, { type RequestHandler, type Response, type Router } from 'express';
import { type Definitions, STORED_TYPES } from '../fhir/definitions.ts';
import { createSearchIndex } from '../store/search-index.ts';
import type { Store } from '../store/store.ts';
import type { Validator } from '../validation/validator.ts';
import { baseOf } from './address.ts';
import { Cursors } from './cursor.ts';
import { everythingRoutes } from './everything.ts';
import type { FhirPart } from './fhir-part.ts';
import type { FhirParts } from './fhir-parts.ts';
import { readRoutes } from './read-routes.ts';
import { sendFault, sendFhir } from './respond.ts';
import { searchRoutes } from './search-routes.ts';
import { isStored, loadServedSearch } from './served-search.ts';
import { servedStatement } from './served-statement.ts';

export interface FhirRoutesOptions {
  readonly store: Store;
  /** base R4, for the search parameters */
  readonly definitions: Definitions;
  /** knows the value sets that `:in` names */
  readonly validator?: Pick<Validator, 'codesOf'>;
  readonly clock: () => number;
  /** version of the adapter, for the capability statement */
  readonly version: string;
  /** how clients prove who they are, for the capability statement */
  readonly security?: (() => CapabilityStatementRestSecurity) | undefined;
  /** what else is served at the base, for the capability statement */
  readonly fhir?: readonly Pick<FhirPart, 'says'>[];
}

/** @returns routes to mount at the FHIR base @source docs/adr/0005-fhir-read-routes.md */
export function fhirRoutes(options: FhirRoutesOptions): Router {
  const { store, definitions, validator, clock } = options;
  const served = loadServedSearch();
  const startedMs = clock();
  const parts: FhirParts = {
    store,
    served,
    index: createSearchIndex(definitions),
    definitions,
    cursors: new Cursors(store, clock),
    codesOf: validator && ((valueSet) => validator.codesOf(valueSet)),
  };
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

/** What is read is asked for by GET, a search by POST too; and of a type that is served. */
const readsOnly: RequestHandler = (request, response, next) => {
  const isSearch = request.method === 'POST' && /(?:^|\/)_search$/.test(request.path);
  if (request.method !== 'GET' && request.method !== 'HEAD' && !isSearch) return next('router'); // what has an address was answered before
  const [type = ''] = request.path.slice(1).split('/', 1);
  if (!isStored(type) && !/^\/(?:metadata|_history|_search)?$/.test(request.path))
    return refuseUnknownType(response);
  // a cache may keep a patient's data for the one who asked, and asks here whether it still holds
  response.setHeader('Cache-Control', 'private, no-cache');
  next();
};

function refuseUnknownType(response: Response): void {
  sendFault(response, 404, {
    code: 'not-supported',
    rule: 'api-unknown-type',
    diagnostics: `There is no such resource type here. Served are ${STORED_TYPES.join(', ')}.`,
  });
}
