/** Serves the operation $graphql: over the whole system, and on one resource. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import type { Definitions } from '../fhir/definitions.ts';
import type { Fault } from '../fhir/outcome.ts';
import type { Store } from '../store/store.ts';
import { accessOf, touch } from './access.ts';
import { baseOf } from './address.ts';
import { Cursors } from './cursor.ts';
import type { FhirPart } from './fhir-part.ts';
import { type LoadedGraphql, loadedGraphql } from './graphql/loaded.ts';
import { readGraphql } from './graphql-request.ts';
import { atMost } from './intake-body.ts';
import { permit } from './permit.ts';
import { statusOfBody } from './resource-body.ts';
import { refuseMethod, sendFault, sendFhir, statusOf } from './respond.ts';
import type { SearchTerms } from './search/coded.ts';
import { isStored } from './search/served.ts';

export interface GraphqlRoutesOptions {
  readonly store: Store;
  /** base R4, for the schema */
  readonly definitions: Definitions;
  /** knows the value sets and codes that searches may name */
  readonly validator?: SearchTerms;
  readonly clock: () => number;
  readonly log?: Logger;
}

/** Queries run at once: each may read much. */
const AT_ONCE = 8;

/**
 * @returns routes to mount at the FHIR base, before those of `/:type/:id`, and what /metadata says of them
 * @source hl7.org/fhir/R4/graphql.html
 */
export function graphqlPart(options: GraphqlRoutesOptions): FhirPart {
  return { routes: routesOf(options), says: saysGraphql };
}

const OPERATION = { name: 'graphql', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-graphql' };

export function saysGraphql(statement: CapabilityStatement): CapabilityStatement {
  const rest = statement.rest?.map((one) => ({
    ...one,
    resource: one.resource?.map((resource) =>
      isStored(resource.type ?? '')
        ? { ...resource, operation: [...(resource.operation ?? []), OPERATION] }
        : resource,
    ),
    operation: [...(one.operation ?? []), OPERATION],
  }));
  return { ...statement, ...(rest ? { rest } : {}) };
}

function routesOf(options: GraphqlRoutesOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const serve = atMost(AT_ONCE, (request, response) => answer(options, request, response));
  const refuse = refuseMethod('GET, POST', 'Send the query in the body, or as the parameter query.');
  routes.route('/$graphql').get(serve).post(serve).all(refuse);
  routes.route('/:type/:id/$graphql').get(serve).post(serve).all(refuse);
  return routes;
}

async function answer(options: GraphqlRoutesOptions, request: Request, response: Response): Promise<void> {
  const { type, id } = request.params as { type?: string; id?: string };
  if (type !== undefined && !isStored(type)) return sendFault(response, 404, UNKNOWN_TYPE);
  const asked = await readGraphql(request);
  if (!asked.ok) return sendFhir(response, statusOfBody(asked.outcome), asked.outcome);
  const allowed = type === undefined ? undefined : permit(accessOf(response), [type], 'read');
  if (allowed?.ok === false) return sendFhir(response, statusOf(allowed.outcome), allowed.outcome);
  const loaded = await loadedGraphql(options.definitions);
  const asking = askingFor(options, loaded, request, response);
  const root = type === undefined ? undefined : await asking.read(type, String(id));
  if (type !== undefined && root === undefined) {
    touch(response, { interaction: '$graphql', keys: [] }); // naming it would tell, by the audit, that it is there
    return sendFault(response, 404, NOT_FOUND);
  }
  const failed = (error: unknown): void =>
    options.log?.error(
      { requestId: response.get('X-Request-Id'), error: nameOf(error) },
      'unexpected error in GraphQL',
    );
  const { status, body } = await loaded.runGraphql(
    loaded.schemas.schema(type),
    asked.value,
    asking,
    root,
    failed,
  );
  touch(response, { interaction: '$graphql', keys: [...asking.keys], params: [...asking.params] });
  response
    .status(status)
    .set({ 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'private, no-store' })
    .send(JSON.stringify(body));
}

function askingFor(
  { store, definitions, validator, clock }: GraphqlRoutesOptions,
  { served, Asking }: LoadedGraphql,
  request: Request,
  response: Response,
) {
  const access = accessOf(response);
  return new Asking({
    store: store.seenBy(access.viewer),
    access,
    definitions,
    cursors: new Cursors(store, clock),
    clauses: { served, base: baseOf(request), terms: validator },
  });
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

const NOT_FOUND: Fault = {
  code: 'not-found',
  rule: 'api-not-found',
  diagnostics: 'There is no such resource to ask of.',
};
const UNKNOWN_TYPE: Fault = {
  code: 'not-supported',
  rule: 'api-unknown-type',
  diagnostics: 'There is no such resource type here; /metadata lists what is served.',
};
