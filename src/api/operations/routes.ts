/** Puts the operations of ours at their addresses, with the definitions that say what they are. */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  OperationDefinition,
} from '@medplum/fhirtypes';
import express, { type Router } from 'express';
import type { FhirPart } from '../fhir-part.ts';
import { atMost } from '../intake-body.ts';
import { refuseMethod, sendFault, sendFhir } from '../respond.ts';
import { answerConvert, type ConvertOptions } from './convert.ts';
import { OPERATIONS } from './definitions.ts';
import { answerReferralStatus, type ReferralStatusOptions } from './referral-status.ts';
import { answerStatus, type StatusOptions } from './status.ts';

export interface OperationOptions extends ConvertOptions {
  readonly store: StatusOptions['store'] & ReferralStatusOptions['store'];
  readonly targets: readonly string[];
  readonly version: string;
}

/** Conversions at once: each holds its answer in memory. */
const MOST_CONVERSIONS = 4;

export function ownOperations(options: OperationOptions): FhirPart {
  return { routes: routesOf(options), says: saysOperations };
}

/** Adds the operations to the server and to the types that they are asked of. */
export function saysOperations(statement: CapabilityStatement): CapabilityStatement {
  const definitions: CapabilityStatementRestResource = {
    type: 'OperationDefinition',
    interaction: [{ code: 'read' }],
  };
  return {
    ...statement,
    rest: statement.rest?.map((rest) => ({
      ...rest,
      resource: [...(rest.resource ?? []).map(withOwn), definitions],
      operation: [...(rest.operation ?? []), ...OPERATIONS.filter(({ system }) => system).map(listed)],
    })),
  };
}

function withOwn(resource: CapabilityStatementRestResource): CapabilityStatementRestResource {
  const own = OPERATIONS.filter((one) => one.resource?.some((type) => type === resource.type));
  if (own.length === 0) return resource;
  return { ...resource, operation: [...(resource.operation ?? []), ...own.map(listed)] };
}

function listed({ code, url }: OperationDefinition): CapabilityStatementRestResourceOperation {
  return { name: code!, definition: url! };
}

function routesOf(options: OperationOptions): Router {
  const routes = express.Router({ caseSensitive: true });
  const ofSystem = refuseMethod('GET, HEAD, POST');
  routes
    .route('/$convert')
    .post(atMost(MOST_CONVERSIONS, (request, response) => answerConvert(options, request, response)))
    .all(refuseMethod('POST', 'Send records of a source.'));
  routes
    .route('/$status')
    .get((request, response) => answerStatus(options, request, response))
    .post((request, response) => answerStatus(options, request, response))
    .all(ofSystem);
  routes
    .route('/ServiceRequest/:id/$status')
    .get((request, response) => answerReferralStatus(options, request, response))
    .post((request, response) => answerReferralStatus(options, request, response))
    .all(ofSystem);
  routes
    .route('/OperationDefinition/:id')
    .get((request, response) => {
      const found = OPERATIONS.find(({ id }) => id === request.params.id);
      if (found) return sendFhir(response, 200, found);
      sendFault(response, 404, {
        code: 'not-found',
        rule: 'api-not-found',
        diagnostics: `There is no such OperationDefinition here. There are ${OPERATIONS.map(({ id }) => id).join(', ')}.`,
      });
    })
    .all(refuseMethod('GET, HEAD'));
  return routes;
}
