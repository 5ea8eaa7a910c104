/** The paths beside FHIR that others call: tokens, intake, health, and this description. */
import { answerOf, type Json, type Paths, pathParameter, responses } from './parts.ts';

const OPEN = { security: [] };
const NAME = '^[^/]{1,64}$';

function jsonAnswer(description: string, schema: Json = { type: 'object' }): Json {
  return { description, content: { 'application/json': { schema } } };
}

/** @param base path of the FHIR base @param hasTokens whether access tokens are given out here */
export function ownPaths(base: string, hasTokens: boolean): Paths {
  return {
    ...(hasTokens ? tokenPaths() : {}),
    [`${base}/.well-known/smart-configuration`]: {
      get: {
        ...{ operationId: 'smartConfiguration', summary: 'Where tokens are had', tags: ['Access'], ...OPEN },
        responses: {
          200: jsonAnswer('The configuration'),
          default: answerOf('Not here', 'OperationOutcome'),
        },
      },
    },
    '/intake/{source}/{kind}': {
      post: {
        operationId: 'takeRecords',
        summary: 'Hand in records of a source',
        tags: ['Intake'],
        parameters: [
          pathParameter('source', 'Name of the source', NAME),
          pathParameter('kind', 'Kind of the records', NAME),
        ],
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: {} },
            'application/x-ndjson': { schema: { type: 'string' } },
            'text/csv': { schema: { type: 'string' } },
          },
        },
        responses: responses(
          { 202: jsonAnswer('Everything is on disk; what was refused is named') },
          404,
          422,
        ),
      },
    },
    '/intake/receipts/{id}': {
      get: {
        operationId: 'readReceipt',
        summary: 'What became of what was handed in',
        tags: ['Intake'],
        parameters: [pathParameter('id', 'Id of the receipt')],
        responses: responses({ 200: jsonAnswer('The receipt') }, 404),
      },
    },
    '/health': {
      get: {
        ...{ operationId: 'health', summary: 'Whether the process lives', tags: ['Operating'], ...OPEN },
        responses: { 200: jsonAnswer('It does') },
      },
    },
    '/ready': {
      get: {
        ...{ operationId: 'ready', summary: 'Whether it can work', tags: ['Operating'], ...OPEN },
        responses: { 200: jsonAnswer('It can'), 503: jsonAnswer('It cannot now') },
      },
    },
    '/openapi.json': {
      get: {
        ...{ operationId: 'openapi', summary: 'This description', tags: ['Operating'], ...OPEN },
        responses: { 200: jsonAnswer('The description') },
      },
    },
  };
}

function tokenPaths(): Paths {
  const form = {
    type: 'object',
    required: ['grant_type'],
    properties: {
      grant_type: { const: 'client_credentials' },
      scope: { type: 'string', description: 'Scopes, parted by spaces' },
      client_assertion_type: { const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
      client_assertion: { type: 'string', description: 'JWT that the client has signed' },
    },
  };
  return {
    '/auth/token': {
      post: {
        ...{ operationId: 'token', summary: 'Get an access token', tags: ['Access'], ...OPEN },
        requestBody: { required: true, content: { 'application/x-www-form-urlencoded': { schema: form } } },
        responses: {
          200: jsonAnswer('The token'),
          400: jsonAnswer('The request is not good'),
          401: jsonAnswer('The client is not known by it'),
          429: jsonAnswer('Too many requests'),
        },
      },
    },
  };
}
