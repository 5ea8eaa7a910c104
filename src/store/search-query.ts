/** A search of the store: conditions that all hold, and a page of what they find. */
import type { ResourceKey, StoredVersion } from './resources.ts';

/** One condition of a search; the values of one condition are alternatives, conditions all hold. */
export type SearchClause =
  | { readonly kind: 'id'; readonly ids: readonly string[] }
  /** system undefined: any; '' : none. code undefined: any of the system */
  | {
      readonly kind: 'token';
      readonly param: string;
      readonly values: readonly { readonly system?: string; readonly code?: string }[];
    }
  | { readonly kind: 'reference'; readonly param: string; readonly targets: readonly ResourceKey[] }
  /** half-open range [lowMs, highMs) of the searched value's precision */
  | {
      readonly kind: 'date';
      readonly param: string;
      readonly values: readonly {
        readonly prefix: DatePrefix;
        readonly lowMs: number;
        readonly highMs: number;
      }[];
    }
  | {
      readonly kind: 'lastUpdated';
      readonly values: readonly {
        readonly prefix: DatePrefix;
        readonly lowMs: number;
        readonly highMs: number;
      }[];
    };
export type DatePrefix = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'sa' | 'eb' | 'ap';

export interface SearchQuery {
  readonly type: string;
  readonly clauses: readonly SearchClause[];
  /** page size, from 0 */
  readonly count: number;
  /** cursor of the page before; pages are stable under writes */
  readonly after?: string;
}
export interface SearchPage {
  readonly versions: readonly StoredVersion[];
  /** cursor of the next page, where there is one */
  readonly next: string | undefined;
}
