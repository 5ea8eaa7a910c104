/** What a client of the API asks of the store with its write: what must be so when it is committed, and what goes. */
import type { Identified, ResourceKey } from './resources.ts';
import type { SearchClause } from './search-query.ts';
import type { Viewer } from './viewer.ts';

/** Held inside the transaction of the write, so that of clients at the same time one is the first. */
export type Expectation =
  /** `some`: it is here; `none`: it is not, or was deleted; a number: it is here, in this version */
  | {
      readonly kind: 'version';
      readonly resource: ResourceKey;
      readonly version: number | 'some' | 'none';
    }
  /** a search by the client finds just these, what the same write deletes left out */
  | {
      readonly kind: 'matches';
      readonly type: string;
      readonly clauses: readonly SearchClause[];
      readonly ids: readonly string[];
    };

export interface ClientWrite {
  /** who writes: a search of theirs finds what they see */
  readonly viewer: Viewer;
  readonly expects: readonly Expectation[];
  /** what is to be deleted: current, and named by an expectation */
  readonly deletes: readonly ResourceKey[];
  /** what is referred to, and neither written here nor absolute: it must be here */
  readonly refersTo: readonly ResourceKey[];
  /** where each resource stands in what was sent: `Bundle.entry[3]`; those that are not in it were sent alone */
  readonly places: ReadonlyMap<ResourceKey, string>;
  /** how each resource is written */
  /** what the client says of how the versions came to be, in place of what would be said of its write; without targets */
  readonly provenance?: Identified | undefined;
  readonly methods: ReadonlyMap<ResourceKey, 'POST' | 'PUT' | 'PATCH'>;
}
