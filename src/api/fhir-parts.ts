/** What the routes of the FHIR base are made with. */
import type { Definitions } from '../fhir/definitions.ts';
import type { SearchIndex } from '../store/search-index.ts';
import type { Store, TokenValue } from '../store/store.ts';
import type { Cursors } from './cursor.ts';
import type { ServedSearch } from './served-search.ts';

export interface FhirParts {
  readonly store: Store;
  readonly served: ServedSearch;
  /** finds the references of a resource as the store has found them */
  readonly index: SearchIndex;
  /** base R4 */
  readonly definitions: Definitions;
  readonly cursors: Cursors;
  /** codes of a value set that is known whole here; undefined where it is not */
  readonly codesOf: ((valueSet: string) => readonly TokenValue[] | undefined) | undefined;
}
