/** SQL of the search rows, and of the short numbers that stand for parameter names and code systems in them. */
import type { DatabaseSync } from 'node:sqlite';
import type { IndexRow } from '../search-index.ts';
import { statement } from './statement.ts';

const SELECT_NAME = statement('SELECT nid FROM name WHERE text = ?');
const INSERT_NAME = statement('INSERT INTO name (text) VALUES (?)');

/** Numbers of names, remembered. What a rolled-back transaction added must be forgotten with it. */
export class Names {
  readonly #db: DatabaseSync;
  readonly #numbers = new Map<string, number>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** @returns the name's number, undefined when no row has ever used it */
  find(text: string): number | undefined {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const row = SELECT_NAME(this.#db).get(text) as { nid: number } | undefined;
    if (row) this.#numbers.set(text, row.nid);
    return row?.nid;
  }

  /** @returns the name's number, given now when it has none */
  number(text: string): number {
    const known = this.find(text);
    if (known !== undefined) return known;
    const nid = Number(INSERT_NAME(this.#db).run(text).lastInsertRowid);
    this.#numbers.set(text, nid);
    return nid;
  }

  forget(): void {
    this.#numbers.clear();
  }
}

const INSERT_TOKEN = statement(
  'INSERT OR IGNORE INTO search_token (param, code, rid, system) VALUES (?, ?, ?, ?)',
);
const INSERT_REF = statement('INSERT OR IGNORE INTO search_ref (param, target, rid) VALUES (?, ?, ?)');
const INSERT_DATE = statement(
  'INSERT OR IGNORE INTO search_date (param, low_ms, high_ms, rid) VALUES (?, ?, ?, ?)',
);
export function insertIndexRow(db: DatabaseSync, names: Names, rid: number, row: IndexRow): void {
  const param = names.number(row.param);
  if (row.kind === 'token') INSERT_TOKEN(db).run(param, row.code, rid, names.number(row.system));
  else if (row.kind === 'reference') INSERT_REF(db).run(param, row.target, rid);
  else INSERT_DATE(db).run(param, row.lowMs, row.highMs, rid);
}

const DELETE_TOKEN = statement(
  'DELETE FROM search_token WHERE param = ? AND code = ? AND rid = ? AND system = ?',
);
const DELETE_REF = statement('DELETE FROM search_ref WHERE param = ? AND target = ? AND rid = ?');
const DELETE_DATE = statement(
  'DELETE FROM search_date WHERE param = ? AND low_ms = ? AND high_ms = ? AND rid = ?',
);
export function deleteIndexRow(db: DatabaseSync, names: Names, rid: number, row: IndexRow): void {
  const param = names.number(row.param);
  if (row.kind === 'token') DELETE_TOKEN(db).run(param, row.code, rid, names.number(row.system));
  else if (row.kind === 'reference') DELETE_REF(db).run(param, row.target, rid);
  else DELETE_DATE(db).run(param, row.lowMs, row.highMs, rid);
}

/** Takes a resource from its old search rows to its new ones, touching only what differs. */
export function replaceIndexRows(
  db: DatabaseSync,
  names: Names,
  rid: number,
  before: readonly IndexRow[],
  after: readonly IndexRow[],
): void {
  const old = new Map(before.map((row) => [JSON.stringify(row), row]));
  const fresh = new Map(after.map((row) => [JSON.stringify(row), row]));
  for (const [text, row] of old) if (!fresh.has(text)) deleteIndexRow(db, names, rid, row);
  for (const [text, row] of fresh) if (!old.has(text)) insertIndexRow(db, names, rid, row);
}
