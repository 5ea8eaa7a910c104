/** The shapes that conditions of a search take before SQL is made of them. */
import type { DateValue } from '../../search-query.ts';
import type { Sql } from '../sql-text.ts';
import type { SystemOf } from './conditions.ts';

export type SearchTable =
  | 'search_token'
  | 'search_ref'
  | 'search_date'
  | 'search_text'
  | 'search_quantity'
  | 'search_pair';

/** Tables that find the rows of one resource by an index of their own, on both engines. */
export const BY_RID: Readonly<Partial<Record<SearchTable, string>>> = {
  search_date: 'search_date_row',
  search_text: 'search_text_row',
  search_quantity: 'search_quantity_row',
};

/** What makes a condition on the columns of a row. */
export interface Wording {
  readonly systemOf: SystemOf;
  readonly numberOf: (name: string) => number;
  readonly place: 'instr' | 'strpos';
  /** rows are read from content, where nothing has a number */
  readonly isContent: boolean;
}

/** One alternative of a lookup. */
export interface Alternative {
  /** it names the column that leads the table's key: rows of one resource are found by it, and stand in order of rid */
  readonly isSeek: boolean;
  /** it does not bound the column that leads the table's key: rows are gone through in order of rid, until a page is full */
  readonly isWide: boolean;
  readonly condition: (wording: Wording) => Sql;
}

/** Rows of a search table. */
export interface Lookup {
  readonly kind: 'lookup';
  readonly table: SearchTable;
  /** names of rows: `Patient.family` */
  readonly rows: readonly string[];
  readonly alternatives: readonly Alternative[];
  /** likely to leave few */
  readonly isNarrow: boolean;
}

/** References between resources that a condition goes along. */
export interface Joined {
  /** type of the resources at the other end, and what holds for them */
  readonly type: string;
  readonly nodes: readonly Node[];
  /** names of the rows of the references */
  readonly rows: readonly string[];
}

/** What organisations own, or have said something of. */
export interface Owned {
  readonly kind: 'owned';
  readonly organisations: readonly string[];
}

export type Node =
  | Lookup
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'updated'; readonly values: readonly DateValue[] }
  | Owned
  /** any of the bits is there */
  | { readonly kind: 'present'; readonly bits: readonly number[] }
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'not'; readonly node: Node }
  | ({ readonly kind: 'chain' } & Joined)
  | ({ readonly kind: 'has' } & Joined);
