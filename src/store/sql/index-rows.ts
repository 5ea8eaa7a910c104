/** SQL of the search rows, and of the short numbers that stand for parameter names and code systems in them. */
import type { IndexRow } from '../search-index.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';

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

const TOKENS = rowsOf(
  'search_token',
  { param: 'bigint', code: 'text', rid: 'bigint', system: 'bigint' },
  'ON CONFLICT DO NOTHING',
);
const REFERENCES = rowsOf(
  'search_ref',
  { param: 'bigint', target: 'text', rid: 'bigint' },
  'ON CONFLICT DO NOTHING',
);
const DATES = rowsOf(
  'search_date',
  { param: 'bigint', low_ms: 'bigint', high_ms: 'bigint', rid: 'bigint' },
  'ON CONFLICT DO NOTHING',
);
export function* insertIndexRows(names: Names, rows: readonly RowOf[]): Step<void> {
  const tokens: SqlValue[][] = [];
  const references: SqlValue[][] = [];
  const dates: SqlValue[][] = [];
  for (const { rid, row } of rows) {
    const param = names.known(row.param) ?? (yield* names.number(row.param));
    if (row.kind === 'token')
      tokens.push([param, row.code, rid, names.known(row.system) ?? (yield* names.number(row.system))]);
    else if (row.kind === 'reference') references.push([param, row.target, rid]);
    else dates.push([param, row.lowMs, row.highMs, rid]);
  }
  yield* TOKENS.insert(tokens);
  yield* REFERENCES.insert(references);
  yield* DATES.insert(dates);
}

const DELETE_TOKEN = statement(
  'DELETE FROM search_token WHERE param = ? AND code = ? AND rid = ? AND system = ?',
);
const DELETE_REF = statement('DELETE FROM search_ref WHERE param = ? AND target = ? AND rid = ?');
const DELETE_DATE = statement(
  'DELETE FROM search_date WHERE param = ? AND low_ms = ? AND high_ms = ? AND rid = ?',
);
export function* deleteIndexRows(names: Names, rows: readonly RowOf[]): Step<void> {
  for (const { rid, row } of rows) {
    const param = yield* names.number(row.param);
    if (row.kind === 'token') yield* DELETE_TOKEN.run(param, row.code, rid, yield* names.number(row.system));
    else if (row.kind === 'reference') yield* DELETE_REF.run(param, row.target, rid);
    else yield* DELETE_DATE.run(param, row.lowMs, row.highMs, rid);
  }
}

/** What takes a resource from its old search rows to its new ones: only what differs. */
export function indexChange(
  before: readonly IndexRow[],
  after: readonly IndexRow[],
): { readonly gone: readonly IndexRow[]; readonly fresh: readonly IndexRow[] } {
  if (before.length === 0) return { gone: [], fresh: after };
  const old = new Set(before.map((row) => JSON.stringify(row)));
  const now = new Set(after.map((row) => JSON.stringify(row)));
  return {
    gone: before.filter((row) => !now.has(JSON.stringify(row))),
    fresh: after.filter((row) => !old.has(JSON.stringify(row))),
  };
}
