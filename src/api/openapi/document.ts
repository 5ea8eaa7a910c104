/** Turns what is served into an OpenAPI 3.1 document. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { exportPaths } from './export-paths.ts';
import { fhirPaths } from './fhir-paths.ts';
import { ownPaths } from './own-paths.ts';
import { type Json, type Paths, resourceSchema } from './parts.ts';

export interface OpenApi extends Json {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Paths;
  readonly components: { readonly schemas: Json; readonly securitySchemes: Json };
}

/** Path of the FHIR base; the same as in server.ts, which stands above this. */
const BASE = '/fhir/R4';
const EVERYWHERE = ['Binary', 'Bundle', 'CapabilityStatement', 'OperationOutcome', 'Parameters'];

/**
 * @param statement what `/metadata` says
 * @param url of the server, without a path
 */
export function openApiOf(statement: CapabilityStatement, url: string): OpenApi {
  const types = (statement.rest ?? []).flatMap(({ resource = [] }) => resource.map(({ type }) => type!));
  const schemas = Object.fromEntries(
    [...new Set([...EVERYWHERE, ...types])].sort().map((type) => [type, resourceSchema(type)]),
  );
  const hasTokens = JSON.stringify(statement.rest?.[0]?.security ?? {}).includes('/auth/token');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hedgerow',
      version: statement.software?.version ?? '',
      description:
        'FHIR R4 adapter for social prescribing. What a resource holds is said by FHIR; what is served of it, here.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    } as OpenApi['info'],
    servers: [{ url }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths: { ...fhirPaths(statement, BASE), ...exportPaths(BASE), ...ownPaths(BASE, hasTokens) },
    components: {
      schemas: {
        ...schemas,
        Resource: {
          type: 'object',
          properties: { resourceType: { type: 'string' } },
          required: ['resourceType'],
        },
        GraphQL: { type: 'object', properties: { data: {}, errors: { type: 'array', items: {} } } },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token of SMART Backend Services',
        },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'An API key, where a client has one',
        },
      },
    },
  };
}
