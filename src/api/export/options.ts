/** What the routes of exports are made with. */
import type { Definitions } from '../../fhir/definitions.ts';
import type { ExportLimits, Store } from '../../store/store.ts';
import type { SearchTerms } from '../search/coded.ts';
import type { ServedSearch } from '../search/served.ts';

export interface ExportOptions {
  readonly store: Pick<Store, 'exports' | 'seenBy'>;
  readonly definitions: Definitions;
  readonly served: ServedSearch;
  readonly terms?: SearchTerms | undefined;
  readonly clock: () => number;
  /** where the folders of exports are */
  readonly folder: string;
  readonly limits: ExportLimits;
  /** digest of how what a client gets is changed on its way; undefined: not at all */
  readonly transformOf: (client: string) => string | undefined;
  /** there is something to do */
  readonly wake: () => void;
  /** nobody wants it any more */
  readonly cancel: (id: string) => Promise<void>;
}
