/** Turns the table of served search parameters into what a request may ask for, type by type. */
import type { SearchParameter } from '@medplum/fhirtypes';
import { readDefinitionBundle, STORED_TYPES, type StoredType } from '../fhir/definitions.ts';
import { SERVED_PARAMETERS } from '../store/served-parameters.ts';

/** One parameter of one type. */
export interface ServedParameter {
  readonly code: string;
  readonly type: 'token' | 'reference' | 'date' | 'uri';
  readonly url: string;
  /** types a reference may point at; empty when any */
  readonly targets: readonly string[];
}

export type ServedSearch = ReadonlyMap<string, ReadonlyMap<string, ServedParameter>>;

/** @returns the served parameters by type and code, `_id` and `_lastUpdated` apart */
export function loadServedSearch(): ServedSearch {
  const definitions = readDefinitionBundle('search-parameters.json').filter(
    (resource): resource is SearchParameter => resource.resourceType === 'SearchParameter',
  );
  return new Map(
    STORED_TYPES.map((type) => [
      type,
      new Map(SERVED_PARAMETERS[type].map((code) => [code, servedOf(type, code, definitions)])),
    ]),
  );
}

function servedOf(type: StoredType, code: string, definitions: readonly SearchParameter[]): ServedParameter {
  const definition = definitions.find((one) => one.code === code && one.base.includes(type));
  if (!definition) throw new TypeError(`${type}.${code} has no R4 definition`); // the store refuses such a table before
  return {
    code,
    type: definition.type as ServedParameter['type'],
    url: definition.url,
    // `patient` is defined for many types at once; of its targets only Patient is served under that name
    targets: code === 'patient' ? ['Patient'] : (definition.target ?? []),
  };
}
