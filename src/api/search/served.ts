/** Says what a request may search by, type by type: what the store has rows for. */
import { STORED_TYPES, type StoredType } from '../../fhir/definitions.ts';
import { type SearchedParameter, searchedParameters } from '../../store/search-parameters.ts';

/** One parameter of one type. */
export type ServedParameter = Pick<
  SearchedParameter,
  'code' | 'kind' | 'url' | 'targets' | 'isCanonical' | 'holds' | 'components'
>;

export type ServedSearch = ReadonlyMap<StoredType, ReadonlyMap<string, ServedParameter>>;

/** @returns the served parameters by type and code, `_id` and `_lastUpdated` apart */
export function loadServedSearch(): ServedSearch {
  return searchedParameters();
}

const STORED: ReadonlySet<string> = new Set(STORED_TYPES);
/** @returns whether resources of the type are here */
export function isStored(type: string): type is StoredType {
  return STORED.has(type);
}

/** @returns whether a reference of the parameter leads to resources here */
export function isFollowed(parameter: ServedParameter): boolean {
  return parameter.kind === 'reference' && !parameter.isCanonical && parameter.targets.some(isStored);
}

/** @returns the parameters of a type whose references lead to resources here */
export function followedOf(served: ServedSearch, type: string): readonly ServedParameter[] {
  return [...(served.get(type as StoredType)?.values() ?? [])].filter(isFollowed);
}
