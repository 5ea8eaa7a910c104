/** SQL of the search rows, and of the short numbers that stand for parameter names and code systems in them. */
import type { IndexRow, RowKind } from '../index-row.ts';
import { presentOf } from '../search-index.ts';
import { type Rows, rowsOf, type SqlValue, type Statement, type Step, statement } from './statement.ts';

const SELECT_NAME = statement('SELECT nid FROM name WHERE text = ?');
const INSERT_NAME = statement('INSERT INTO name (text) VALUES (?) ON CONFLICT (text) DO NOTHING');

/** Numbers of names, remembered. What a rolled-back transaction added must be forgotten with it. */
export class Names {
  readonly #numbers = new Map<string, number>();
  /** given by a transaction that may yet come to nothing */
  readonly #fresh = new Set<string>();

  /** @returns the name's number where it is remembered */
  known(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  /** @returns the name's number, undefined when no row has ever used it */
  *find(text: string): Step<number | undefined> {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const row = (yield* SELECT_NAME.get(text)) as { nid: number } | undefined;
    if (row) this.#numbers.set(text, row.nid);
    return row?.nid;
  }

  /** @returns the name's number, given now when it has none */
  *number(text: string): Step<number> {
    const known = yield* this.find(text);
    if (known !== undefined) return known;
    yield* INSERT_NAME.run(text);
    this.#fresh.add(text);
    return (yield* this.find(text))!;
  }

  /**
   * Asked by a transaction that has had to wait for all before it: whether what they gave is there, the tables say. With a
   * server that may cut off one connection, the next one can be further than the news of it.
   */
  forgetFresh(): void {
    for (const text of this.#fresh) this.#numbers.delete(text);
    this.#fresh.clear();
  }

  forget(): void {
    this.#fresh.clear();
    this.#numbers.clear();
  }
}

/** A search row of a resource. */
export interface RowOf {
  readonly rid: number;
  readonly row: IndexRow;
}

const UNIT = { system: 'bigint', code: 'text', unit: 'text' } as const;
const VALUE = {
  low: 'double precision',
  high: 'double precision',
  value_system: 'bigint',
  value_code: 'text',
} as const;
const KEPT = 'ON CONFLICT DO NOTHING';
const TABLES: Readonly<Record<RowKind, Rows>> = {
  token: rowsOf('search_token', { param: 'bigint', code: 'text', rid: 'bigint', system: 'bigint' }, KEPT),
  reference: rowsOf('search_ref', { param: 'bigint', target: 'text', rid: 'bigint' }, KEPT),
  date: rowsOf('search_date', { param: 'bigint', low_ms: 'bigint', rid: 'bigint', high_ms: 'bigint' }, KEPT),
  text: rowsOf('search_text', { param: 'bigint', norm: 'text', rid: 'bigint', written: 'text' }, KEPT),
  quantity: rowsOf(
    'search_quantity',
    { ...{ param: 'bigint', low: 'double precision', rid: 'bigint', high: 'double precision' }, ...UNIT },
    KEPT,
  ),
  pair: rowsOf(
    'search_pair',
    { ...{ param: 'bigint', code: 'text', rid: 'bigint', system: 'bigint' }, ...VALUE },
    KEPT,
  ),
};

/** Values of a row, in the order of its table's columns. */
function* valuesOf(names: Names, { rid, row }: RowOf): Step<SqlValue[]> {
  const param = names.known(row.param) ?? (yield* names.number(row.param));
  switch (row.kind) {
    case 'token': {
      const system = names.known(row.system) ?? (yield* names.number(row.system));
      if (!isNumbered(row.param)) return [param, row.code, rid, system];
      return [param, numbered(names.known(row.code) ?? (yield* names.number(row.code))), rid, system];
    }
    case 'reference':
      return [param, row.target, rid];
    case 'date':
      return [param, row.lowMs, rid, row.highMs];
    case 'text':
      return [param, row.norm, rid, row.written];
    case 'quantity':
      return [param, row.low, rid, row.high, yield* names.number(row.system), row.code, row.unit];
    case 'pair': {
      const system = yield* names.number(row.system);
      const valueSystem = yield* names.number(row.valueSystem);
      return [param, row.code, rid, system, row.low, row.high, valueSystem, row.valueCode];
    }
  }
}

/** Profiles are few and their URLs long, and every resource claims one: rows of theirs hold the number of the name. */
export function isNumbered(param: string): boolean {
  return param.endsWith('._profile');
}
export function numbered(nid: number): string {
  return `#${nid}`;
}

export function* insertIndexRows(names: Names, rows: readonly RowOf[]): Step<void> {
  const values: Record<RowKind, SqlValue[][]> = {
    ...{ token: [], reference: [], date: [], text: [], quantity: [], pair: [] },
  };
  for (const one of rows) values[one.row.kind].push(yield* valuesOf(names, one));
  for (const [kind, table] of Object.entries(TABLES)) yield* table.insert(values[kind as RowKind]);
}

/** A row is deleted by all of its columns. */
const DELETES = Object.fromEntries(
  Object.entries(TABLES).map(([kind, { table, columns }]) => [
    kind,
    statement(`DELETE FROM ${table} WHERE ${columns.map((column) => `${column} = ?`).join(' AND ')}`),
  ]),
) as Readonly<Record<RowKind, Statement>>;
export function* deleteIndexRows(names: Names, rows: readonly RowOf[]): Step<void> {
  for (const one of rows) yield* DELETES[one.row.kind].run(...(yield* valuesOf(names, one)));
}

/** What takes a resource from its old search rows to its new ones: only what differs. */
export interface IndexChange {
  readonly gone: readonly IndexRow[];
  readonly fresh: readonly IndexRow[];
  /** what of the type's parameters is there now: `resource.present` */
  readonly present: number;
}

export function indexChange(before: readonly IndexRow[], after: readonly IndexRow[]): IndexChange {
  const present = presentOf(after);
  if (before.length === 0) return { gone: [], fresh: after, present };
  const old = new Set(before.map((row) => JSON.stringify(row)));
  const now = new Set(after.map((row) => JSON.stringify(row)));
  return {
    gone: before.filter((row) => !now.has(JSON.stringify(row))),
    fresh: after.filter((row) => !old.has(JSON.stringify(row))),
    present,
  };
}
