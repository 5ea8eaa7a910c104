/** Turns what is served into the CapabilityStatement that says so. */
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import type { StoredType } from '../fhir/definitions.ts';
import { isIncludable } from './search-request.ts';
import type { ServedParameter, ServedSearch } from './served-search.ts';

/** Of any type of R4, and so of the server as a whole. */
const VALIDATE = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
};

const READS = ['read', 'vread', 'history-instance', 'search-type'] as const;

/**
 * @param server its base URL, the adapter's version and when it started
 * @returns the statement at `/metadata`, made from the same table that the routes serve from
 */
export function capabilityStatement(
  served: ServedSearch,
  server: { url: string; version: string; startedMs: number },
): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(server.startedMs).toISOString(),
    kind: 'instance',
    software: { name: 'Hedgerow', version: server.version },
    implementation: {
      description: 'FHIR R4 adapter for social prescribing; read side. Records come in through /intake.',
      url: server.url,
    },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        resource: [...served].map(([type, parameters]) => resourceOf(type, parameters)),
        operation: [VALIDATE],
      },
    ],
  };
}

function resourceOf(
  type: StoredType,
  parameters: ReadonlyMap<string, ServedParameter>,
): CapabilityStatementRestResource {
  const own = [...parameters.values()];
  const searchInclude = own.filter(isIncludable).map((one) => `${type}:${one.code}`);
  return {
    type,
    interaction: READS.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: false,
    conditionalRead: 'not-match',
    ...(searchInclude.length === 0 ? {} : { searchInclude }), // JSON of FHIR has no empty arrays
    operation: [VALIDATE],
    searchParam: [
      { name: '_id', type: 'token', definition: 'http://hl7.org/fhir/SearchParameter/Resource-id' },
      {
        name: '_lastUpdated',
        type: 'date',
        definition: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
      },
      ...own.map((one) => ({ name: one.code, type: one.type, definition: one.url })),
    ],
  };
}
