/** Puts $viewdefinition-run and the views of this adapter at their addresses. */
import type { Bundle, CapabilityStatement, Resource } from '@medplum/fhirtypes';
import express, { type Request, type Response, type Router } from 'express';
import { baseOf } from '../address.ts';
import type { FhirPart } from '../fhir-part.ts';
import { isFormatRefused } from '../formats.ts';
import { atMost } from '../intake-body.ts';
import { formatOf, refuseMethod, sendFault, sendFhir } from '../respond.ts';
import { answerRun, type ViewRunOptions } from './answer-run.ts';
import { RUN_DEFINITION } from './run-definition.ts';

/** Runs at once: each reads all there is of a type. */
const MOST_RUNS = 4;

/** @returns what is served of SQL on FHIR v2; to be tried before the operations of ours, whose definitions have the same address */
export function viewRuns(options: ViewRunOptions): FhirPart {
  return { routes: routesOf(options), says: saysViewRun };
}

/** ViewDefinition is no type of R4, so the operation is said of the server alone. */
export function saysViewRun(statement: CapabilityStatement): CapabilityStatement {
  const { code, url } = RUN_DEFINITION;
  return {
    ...statement,
    rest: statement.rest?.map((rest) => ({
      ...rest,
      operation: [...(rest.operation ?? []), { name: code!, definition: url! }],
    })),
  };
}

function routesOf(options: ViewRunOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const run = atMost(MOST_RUNS, (request, response) =>
    answerRun(options, request, response, request.params.id as string | undefined),
  );
  for (const path of ['', '/ViewDefinition', '/ViewDefinition/:id'])
    routes.route(`${path}/$viewdefinition-run`).get(run).post(run).all(refuseMethod('GET, HEAD, POST'));
  routes
    .route(`/OperationDefinition/${RUN_DEFINITION.id}`)
    .get((_request, response) => sendFhir(response, 200, RUN_DEFINITION))
    .all(refuseMethod('GET, HEAD'));
  routes
    .route('/ViewDefinition')
    .get((request, response) => sendList(options, request, response))
    .all(refuseMethod('GET, HEAD'));
  routes
    .route('/ViewDefinition/:id')
    .get((request, response) => sendView(options, request, response))
    .all(refuseMethod('GET, HEAD'));
  return routes;
}

function sendList({ views }: ViewRunOptions, request: Request, response: Response): void {
  if (isRefused(response)) return;
  const base = baseOf(request);
  const entry = views.map(({ id, json }) => ({
    fullUrl: `${base}/ViewDefinition/${id}`,
    resource: json as unknown as Resource,
    search: { mode: 'match' as const },
  }));
  const bundle: Bundle = {
    ...{ resourceType: 'Bundle', type: 'searchset', total: entry.length },
    ...(entry.length > 0 && { entry }),
  };
  sendFhir(response, 200, bundle);
}

function sendView({ views }: ViewRunOptions, request: Request, response: Response): void {
  if (isRefused(response)) return;
  const found = views.find(({ id }) => id === request.params.id);
  if (found) return sendFhir(response, 200, found.json as unknown as Resource);
  sendFault(response, 404, {
    code: 'not-found',
    rule: 'api-not-found',
    diagnostics: 'There is no such view here; GET ViewDefinition lists them.',
  });
}

/** XML names elements by the definitions of R4, which have no ViewDefinition. */
function isRefused(response: Response): boolean {
  if (isFormatRefused(response)) return true;
  if (formatOf(response).syntax === 'json') return false;
  sendFault(response, 406, {
    code: 'not-supported',
    rule: 'api-accept',
    diagnostics: 'Views are told as JSON alone: accept application/fhir+json.',
    expression: 'http.Accept',
  });
  return true;
}
