/** The sandbox EHR's SQLite file: resources, their older versions, and the search index. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { IndexValue } from './index-values.ts';

/** A resource as kept; `content` is its JSON, '' when deleted. */
export interface ResourceRow {
  readonly key: number;
  readonly version: number;
  readonly updated_ms: number;
  readonly deleted: number;
  readonly content: string;
  readonly indexed: string;
}
export interface VersionRow {
  readonly version: number;
  readonly updated_ms: number;
  readonly deleted: number;
  readonly content: string;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS resource (
  key INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, deleted INTEGER NOT NULL, content TEXT NOT NULL, indexed TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS resource_id ON resource (type, id);
CREATE INDEX IF NOT EXISTS resource_updated ON resource (type, updated_ms);
CREATE TABLE IF NOT EXISTS older_version (
  resource_key INTEGER NOT NULL, version INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  deleted INTEGER NOT NULL, content TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS older_version_of ON older_version (resource_key, version);
CREATE TABLE IF NOT EXISTS search_value (
  type TEXT NOT NULL, param TEXT NOT NULL, code TEXT NOT NULL, system TEXT NOT NULL, key INTEGER NOT NULL,
  PRIMARY KEY (type, param, code, system, key)) WITHOUT ROWID;
`;

export class Tables {
  readonly #db: DatabaseSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #keep: StatementSync;
  readonly #update: StatementSync;
  readonly #versions: StatementSync;
  readonly #index: StatementSync;
  readonly #unindex: StatementSync;
  readonly #searches = new Map<string, StatementSync>();

  /** @param file path of the SQLite file; made when absent */
  constructor(file: string) {
    // people's data, if made-up ones: for its own user alone, from its first byte on; SQLite's files beside it follow
    closeSync(openSync(file, 'a', 0o600));
    const db = new DatabaseSync(file);
    // NORMAL may lose the last commits on power loss, never tear them: enough for a sandbox's demonstration data.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000');
    // Checkpoints are what waits for the disk: fewer, larger ones.
    db.exec('PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -65536');
    db.exec(SCHEMA);
    this.#db = db;
    this.#find = db.prepare(
      'SELECT key, version, updated_ms, deleted, content, indexed FROM resource WHERE type = ? AND id = ?',
    );
    this.#insert = db.prepare(
      `INSERT INTO resource (type, id, version, updated_ms, deleted, content, indexed) VALUES (?, ?, 1, ?, 0, ?, ?)`,
    );
    this.#keep = db.prepare(
      `INSERT INTO older_version (resource_key, version, updated_ms, deleted, content)
       SELECT key, version, updated_ms, deleted, content FROM resource WHERE key = ?`,
    );
    this.#update = db.prepare(
      'UPDATE resource SET version = ?, updated_ms = ?, deleted = ?, content = ?, indexed = ? WHERE key = ?',
    );
    this.#versions = db.prepare(
      `SELECT version, updated_ms, deleted, content FROM resource WHERE key = ?1
       UNION ALL SELECT version, updated_ms, deleted, content FROM older_version WHERE resource_key = ?1
       ORDER BY version DESC LIMIT ?2 OFFSET ?3`,
    );
    this.#index = db.prepare(
      'INSERT OR IGNORE INTO search_value (type, param, code, system, key) VALUES (?, ?, ?, ?, ?)',
    );
    this.#unindex = db.prepare(
      'DELETE FROM search_value WHERE type = ? AND param = ? AND code = ? AND system = ? AND key = ?',
    );
  }

  find(type: string, id: string): ResourceRow | undefined {
    return this.#find.get(type, id) as unknown as ResourceRow | undefined;
  }

  /** Writes version 1 of a resource. */
  insert(type: string, id: string, nowMs: number, content: string, values: readonly IndexValue[]): void {
    const { lastInsertRowid } = this.#insert.run(type, id, nowMs, content, JSON.stringify(values));
    this.#reindex(type, Number(lastInsertRowid), [], values);
  }

  /** Moves the present version to the older ones and writes the next; empty content deletes. */
  replace(
    type: string,
    row: ResourceRow,
    version: number,
    nowMs: number,
    content: string,
    values: readonly IndexValue[],
  ): void {
    const indexed = JSON.stringify(values);
    this.#keep.run(row.key);
    this.#update.run(version, nowMs, content === '' ? 1 : 0, content, indexed, row.key);
    if (indexed !== row.indexed)
      this.#reindex(type, row.key, JSON.parse(row.indexed) as IndexValue[], values);
  }

  /** newest first */
  versions(key: number, limit: number, offset: number): VersionRow[] {
    return this.#versions.all(key, limit, offset) as unknown as VersionRow[];
  }

  /** Runs a search statement made by `searchSql`; statements are kept, since there are only few shapes. */
  rows(sql: string, parameters: readonly SQLInputValue[]): Record<string, unknown>[] {
    let statement = this.#searches.get(sql);
    if (!statement) {
      if (this.#searches.size > 200) this.#searches.clear();
      statement = this.#db.prepare(sql);
      this.#searches.set(sql, statement);
    }
    return statement.all(...parameters);
  }

  begin(): void {
    this.#db.exec('BEGIN IMMEDIATE');
  }
  commit(): void {
    this.#db.exec('COMMIT');
  }
  rollback(): void {
    this.#db.exec('ROLLBACK');
  }
  close(): void {
    this.#db.close();
  }

  #reindex(type: string, key: number, before: readonly IndexValue[], after: readonly IndexValue[]): void {
    for (const value of before) this.#unindex.run(type, value.param, value.code, value.system, key);
    for (const value of after) this.#index.run(type, value.param, value.code, value.system, key);
  }
}
