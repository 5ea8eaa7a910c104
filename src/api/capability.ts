/** Turns what is served into the CapabilityStatement that says so. */
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestSecurity,
} from '@medplum/fhirtypes';
import type { StoredType } from '../fhir/definitions.ts';
import { SERVED_FORMATS } from './negotiate.ts';
import { modifiersOf } from './search/modifiers.ts';
import { followedOf, type ServedParameter, type ServedSearch } from './search/served.ts';

/** Of any type of R4, and so of the server as a whole. */
const VALIDATE = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
};

const EVERYTHING = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
};

const READS = ['read', 'vread', 'history-instance', 'history-type', 'search-type'] as const;
const SYSTEM_READS = ['history-system', 'search-system'] as const;

const ID = {
  name: '_id',
  type: 'token',
  definition: 'http://hl7.org/fhir/SearchParameter/Resource-id',
  documentation: 'Modifiers: :not.',
} as const;
const LAST_UPDATED = {
  name: '_lastUpdated',
  type: 'date',
  definition: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
} as const;

/**
 * @param server its base URL, the adapter's version and when it started
 * @returns the statement at `/metadata`, made from the same table that the routes serve from
 */
export function capabilityStatement(
  served: ServedSearch,
  server: {
    url: string;
    version: string;
    startedMs: number;
    security?: CapabilityStatementRestSecurity | undefined;
  },
): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(server.startedMs).toISOString(),
    kind: 'instance',
    software: { name: 'Hedgerow', version: server.version },
    implementation: {
      description: 'FHIR R4 adapter for social prescribing. Records of sources come in through /intake.',
      url: server.url,
    },
    fhirVersion: '4.0.1',
    format: [...SERVED_FORMATS],
    rest: [
      {
        mode: 'server',
        ...(server.security ? { security: server.security } : {}),
        interaction: SYSTEM_READS.map((code) => ({ code })),
        resource: [...served].map(([type, parameters]) => resourceOf(served, type, parameters)),
        searchParam: [ID, LAST_UPDATED, ...commonOf(served).map(searchParamOf)],
        compartment: ['http://hl7.org/fhir/CompartmentDefinition/patient'],
        operation: [VALIDATE],
      },
    ],
  };
}

function resourceOf(
  served: ServedSearch,
  type: StoredType,
  parameters: ReadonlyMap<string, ServedParameter>,
): CapabilityStatementRestResource {
  const searchInclude = followedOf(served, type).map((one) => `${type}:${one.code}`);
  const searchRevInclude = [...served.keys()].flatMap((source) =>
    followedOf(served, source).flatMap(({ code, targets }) =>
      targets.includes(type) ? [`${source}:${code}`] : [],
    ),
  );
  return {
    type,
    interaction: READS.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: false,
    conditionalRead: 'full-support',
    // JSON of FHIR has no empty arrays
    ...(searchInclude.length === 0 ? {} : { searchInclude: ['*', ...searchInclude] }),
    ...(searchRevInclude.length === 0 ? {} : { searchRevInclude: ['*', ...searchRevInclude] }),
    operation: [VALIDATE, ...(type === 'Patient' ? [EVERYTHING] : [])],
    searchParam: [ID, LAST_UPDATED, ...[...parameters.values()].map(searchParamOf)],
  };
}

/** R4 has no element for modifiers and chains: words say them. */
function searchParamOf(parameter: ServedParameter) {
  const { code, kind, url, targets, isCanonical } = parameter;
  const modifiers = [...(kind === 'composite' ? [] : ['missing']), ...modifiersOf(parameter)];
  const types = kind === 'reference' && !isCanonical ? ' and the types of its targets' : '';
  const chained = kind === 'reference' && !isCanonical && targets.length > 0 ? ' Can be chained.' : '';
  const documentation = `Modifiers: ${modifiers.map((one) => `:${one}`).join(', ')}${types}.${chained}`;
  return {
    name: code,
    type: kind,
    definition: url,
    ...(modifiers.length === 0 ? {} : { documentation }),
  };
}

/** @returns the parameters that every type has */
function commonOf(served: ServedSearch): readonly ServedParameter[] {
  const [first, ...others] = [...served.values()];
  return [...(first?.values() ?? [])].filter(({ url }) =>
    others.every((parameters) => [...parameters.values()].some((one) => one.url === url)),
  );
}
