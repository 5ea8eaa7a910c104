/** Turns the table of served search parameters into what a request may ask for, type by type. */
import type { SearchParameter } from '@medplum/fhirtypes';
import { readDefinitionBundle, STORED_TYPES, type StoredType } from '../fhir/definitions.ts';
import { PARAMETER_KINDS, type ParameterKind, SERVED_PARAMETERS } from '../store/served-parameters.ts';

/** One parameter of one type. */
export interface ServedParameter {
  readonly code: string;
  readonly type: ParameterKind;
  /** canonical URL of its R4 definition */
  readonly url: string;
  /** code that the store has its rows under */
  readonly index: string;
  /** types that a reference may point at; empty for the other kinds */
  readonly targets: readonly string[];
  /** true where the value is a canonical URL, not a reference to a resource here */
  readonly isCanonical: boolean;
}

export type ServedSearch = ReadonlyMap<StoredType, ReadonlyMap<string, ServedParameter>>;

/** @returns the served parameters by type and code, `_id` and `_lastUpdated` apart */
export function loadServedSearch(): ServedSearch {
  const definitions = readDefinitionBundle('search-parameters.json').filter(
    (resource): resource is SearchParameter => resource.resourceType === 'SearchParameter',
  );
  return new Map(STORED_TYPES.map((type) => [type, parametersOf(type, definitions)]));
}

function parametersOf(
  type: StoredType,
  definitions: readonly SearchParameter[],
): ReadonlyMap<string, ServedParameter> {
  const served = new Map<string, ServedParameter>();
  for (const code of SERVED_PARAMETERS[type]) {
    const definition = definitionOf(type, code, definitions);
    if (!definition) throw new TypeError(`${type}.${code} has no R4 definition`); // the store refuses such a table before
    served.set(code, servedOf(definition, code));
  }
  // `patient` is `subject` where that is a patient, which is all that social prescribing knows: both names are in use
  const subject = served.has('patient') ? definitionOf(type, 'subject', definitions) : undefined;
  if (subject) served.set('subject', servedOf(subject, 'patient'));
  return served;
}

function servedOf(definition: SearchParameter, index: string): ServedParameter {
  const targets = index === 'patient' ? ['Patient'] : (definition.target ?? []);
  return {
    code: definition.code,
    type: PARAMETER_KINDS[index]!,
    url: definition.url,
    index,
    targets: [...targets],
    isCanonical: index === 'questionnaire',
  };
}

function definitionOf(
  type: StoredType,
  code: string,
  definitions: readonly SearchParameter[],
): SearchParameter | undefined {
  return definitions.find((one) => one.code === code && one.base.includes(type));
}
