/** Goes through what the store holds of one type, as it was at one moment: for bulk exports and research tables. */
import type { StoredVersion } from './resources.ts';
import type { SearchClause } from './search-query.ts';

export interface ExtractQuery {
  readonly type: string;
  /** versions that were current at this moment; what came later is not there */
  readonly asOfMs: number;
  /** only what was changed after this moment: `_since` */
  readonly sinceMs?: number;
  /** only what belongs to a person: `all`, or these, by the id of their Patient or of who they are joined to */
  readonly people?: 'all' | readonly string[];
  /** only those of which, as they are stored when they are read, one of these sets of conditions holds; deleted ones fulfil none */
  readonly only?: readonly (readonly SearchClause[])[];
  /** deleted ones too, without their content */
  readonly withDeleted?: boolean;
  /** page size, from 1 */
  readonly count: number;
  /** place of the last one of the page before, 0 at first */
  readonly after: number;
}

/** A version on its way out: what is asked of it then, and no more. */
export type ExtractedVersion = Pick<
  StoredVersion,
  'type' | 'id' | 'version' | 'lastUpdatedMs' | 'personId' | 'state' | 'resource' | 'text'
>;

export interface ExtractPage {
  /** in an order that commits between pages do not disturb; `text` is there for all that are current */
  readonly versions: readonly ExtractedVersion[];
  /** place to go on from; undefined where this was the last page */
  readonly next: number | undefined;
}
