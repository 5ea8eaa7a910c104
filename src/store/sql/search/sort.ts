/** Turns the order of a search into what each resource is sorted by, and into what comes after a place in it. */
import type { SearchIndex } from '../../search-index.ts';
import { type SearchedParameter, searchedParameter } from '../../search-parameters.ts';
import type { SortKey } from '../../search-query.ts';
import type { StoredVersion } from '../../store.ts';
import { allOf, anyOf, type Sql, sql } from '../sql-text.ts';
import { type Asking, numberOf } from './asking.ts';

/** What a resource has for a key; null for nothing. */
export type SortValue = string | number | null;

/** Place that a page ended at. */
export interface Place {
  readonly values: readonly SortValue[];
  readonly rid: number;
}

/** Names of a table's columns, and the place in a row that \`search_rows\` gives. */
interface SortColumn {
  readonly table: string;
  readonly column: string;
  /** SQLite finds the rows of one resource by an index */
  readonly isByRid: boolean;
  /** what else tells rows of one resource apart */
  readonly beside: readonly string[];
}

const AMOUNT: SortColumn = {
  ...{ table: 'search_quantity', column: 'low', isByRid: true },
  beside: ['high', 'system', 'code', 'unit'],
};
const COLUMNS: Readonly<Record<Exclude<SearchedParameter['kind'], 'composite'>, SortColumn>> = {
  date: { table: 'search_date', column: 'low_ms', isByRid: true, beside: ['high_ms'] },
  string: { table: 'search_text', column: 'norm', isByRid: true, beside: ['written'] },
  number: AMOUNT,
  quantity: AMOUNT,
  token: { table: 'search_token', column: 'code', isByRid: false, beside: [] },
  uri: { table: 'search_token', column: 'code', isByRid: false, beside: [] },
  reference: { table: 'search_ref', column: 'target', isByRid: false, beside: [] },
};

/** What is made of several is sorted by the first of them: names by the family. */
export interface SortedBy extends SortColumn {
  readonly row: string;
  readonly bit: number;
}

/** @throws TypeError for a composite, which has no order */
export function sortedBy(type: string, code: string): SortedBy {
  const { kind, rows } = searchedParameter(type, code);
  const row = rows[0];
  if (kind === 'composite' || row === undefined) throw new TypeError(`${type}.${code} is nothing to sort by`);
  const { bit } = searchedParameter(type, row.slice(type.length + 1));
  return { ...COLUMNS[kind], row, bit };
}

/** Name of the index that leads through a type in the order of a key; undefined where there is none. */
export function isWalkable(type: string, sort: readonly SortKey[]): boolean {
  const [key] = sort;
  if (!key || sort.length !== 1) return false;
  if (isColumn(key.param)) return true;
  return sortedBy(type, key.param).isByRid;
}

export function isColumn(param: string): boolean {
  return param === '_id' || param === '_lastUpdated';
}

/** @returns what a resource `r` is sorted by for a key */
export function valueSql(asking: Asking, type: string, { param, descending }: SortKey): Sql {
  if (param === '_id') return sql('r.id');
  if (param === '_lastUpdated') return sql('r.last_updated_ms');
  const { table, column, isByRid, row } = sortedBy(type, param);
  const pick = descending ? 'max' : 'min';
  if (isByRid) {
    const hint = asking.dialect === 'sqlite' ? `INDEXED BY ${table}_row` : '';
    return sql(
      `(SELECT ${pick}(${column}) FROM ${table} ${hint} WHERE param = ? AND rid = r.rid)`,
      numberOf(asking, row),
    );
  }
  if (asking.dialect === 'sqlite')
    return sql(`(SELECT ${pick}(value ->> 0) FROM json_each(search_rows(r.content, ?)))`, row);
  return sql(
    `(SELECT ${pick}(s.${column}) FROM ${table} s WHERE s.rid = r.rid AND s.param = (SELECT nid FROM name WHERE text = ?))`,
    row,
  );
}

/** @param columns what the keys' values are called */
export function orderSql(columns: readonly string[], sort: readonly SortKey[], rid: string): string {
  const keys = sort.map(
    ({ descending }, at) => `(${columns[at]} IS NULL), ${columns[at]}${descending ? ' DESC' : ''}`,
  );
  return [...keys, `${rid}${sort[0]?.descending ? ' DESC' : ''}`].join(', ');
}

/** What comes after a place; those without a value come last, and the rid decides between equals. */
export function afterSql(
  columns: readonly string[],
  sort: readonly SortKey[],
  rid: string,
  place: Place,
): Sql {
  const steps: Sql[] = [];
  const equal: Sql[] = [];
  for (const [at, { descending }] of sort.entries()) {
    const column = columns[at]!;
    const value = place.values[at] ?? null;
    if (value !== null)
      steps.push(
        allOf([...equal, sql(`(${column} ${descending ? '<' : '>'} ? OR ${column} IS NULL)`, value)]),
      );
    equal.push(value === null ? sql(`${column} IS NULL`) : sql(`${column} = ?`, value));
  }
  steps.push(allOf([...equal, sql(`${rid} ${sort[0]?.descending ? '<' : '>'} ?`, place.rid)]));
  return anyOf(steps.map(({ text, values }) => ({ text: `(${text})`, values })));
}

/** What a version had for each key: a page ends at a version, and goes on after it whatever has become of it since. */
export function sortValues(
  index: SearchIndex,
  version: Pick<StoredVersion, 'type' | 'id' | 'lastUpdatedMs' | 'resource'>,
  sort: readonly SortKey[],
): SortValue[] {
  const { type } = version;
  const rows = sort.every(({ param }) => isColumn(param)) || !version.resource ? [] : index(version.resource);
  return sort.map(({ param, descending }) => {
    if (param === '_id') return version.id;
    if (param === '_lastUpdated') return version.lastUpdatedMs;
    const { row } = sortedBy(type, param);
    const values = rows.filter((one) => one.param === row).map(sortedValue);
    values.sort(byBytes);
    return (descending ? values.at(-1) : values[0]) ?? null;
  });
}

/** @returns what compares places as `orderSql` does: without a value last, then by the rid */
export function orderOf(sort: readonly SortKey[]): (a: Place, b: Place) => number {
  return (a, b) => {
    for (const [at, { descending }] of sort.entries()) {
      const [one = null, other = null] = [a.values[at], b.values[at]];
      if (one === null && other === null) continue;
      if (one === null || other === null) return one === null ? 1 : -1;
      const order = byBytes(one, other);
      if (order !== 0) return descending ? -order : order;
    }
    return sort[0]?.descending ? b.rid - a.rid : a.rid - b.rid;
  };
}

function sortedValue(row: ReturnType<SearchIndex>[number]): string | number {
  switch (row.kind) {
    case 'token':
    case 'pair':
      return row.code;
    case 'reference':
      return row.target;
    case 'date':
      return row.lowMs;
    case 'text':
      return row.norm;
    case 'quantity':
      return row.low;
  }
}

/** As both engines compare: texts by their UTF-8. */
function byBytes(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
