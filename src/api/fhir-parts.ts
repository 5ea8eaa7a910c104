/** What the routes of the FHIR base are made with. */
import type { Definitions } from '../fhir/definitions.ts';
import type { SearchIndex } from '../store/search-index.ts';
import type { Store } from '../store/store.ts';
import type { Cursors } from './cursor.ts';
import type { SearchTerms } from './search/coded.ts';
import type { ServedSearch } from './search/served.ts';

export interface FhirParts {
  readonly store: Store;
  readonly served: ServedSearch;
  /** finds the references of a resource as the store has found them */
  readonly index: SearchIndex;
  /** base R4 */
  readonly definitions: Definitions;
  readonly cursors: Cursors;
  readonly terms: SearchTerms | undefined;
}
