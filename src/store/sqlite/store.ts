/** Turns a file into a Store: opens SQLite for durable writes and brings its schema up to date. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Definitions, loadBaseDefinitions } from '../../fhir/definitions.ts';
import { createSearchIndex, rowsIn } from '../search-index.ts';
import { Names } from '../sql/index-rows.ts';
import { readMigrations } from '../sql/migrations.ts';
import { sqlStore } from '../sql/sql-store.ts';
import type { Store } from '../store.ts';
import { SqliteEngine } from './engine.ts';
import { storeError } from './faults.ts';
import { migrate } from './migrate.ts';

export interface SqliteOptions {
  /** path of the database file; made, with its folder, when absent */
  readonly file: string;
  /** base R4, where the caller has loaded it already */
  readonly definitions?: Definitions;
  /** @returns epoch ms; for the dates of migrations, and for how long consents hold */
  readonly clock?: () => number;
  /** largest size of the file in bytes: a commit beyond it is refused as on a full disk */
  readonly maxBytes?: number;
}

/**
 * Opens the store.
 * @throws AdapterError permanent when the file was written by a newer version; transient when it cannot be opened
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { file, clock = Date.now } = options;
  const index = createSearchIndex(options.definitions ?? loadBaseDefinitions());
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(file);
    migrate(db, readMigrations(new URL('./migrations/', import.meta.url)), clock());
    if (options.maxBytes !== undefined) limitSize(db, options.maxBytes);
    db.function('search_rows', { deterministic: true }, (content, param) =>
      rowsIn(index, content === null ? null : String(content), String(param)),
    );
    const names = new Names();
    return sqlStore(new SqliteEngine(db, file, () => names.forget()), index, names, clock);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw storeError(error);
  }
}

/**
 * WAL with NORMAL, and a sync of our own before a row is acknowledged, so that it survives power loss: ADR 13. No foreign keys: references between
 * resources may dangle until the other record comes, and what must go together goes in one transaction.
 * What is deleted or replaced is overwritten at once: left to an erasure, it would miss the bytes of earlier versions
 * that no row leads to any more.
 */
function openDatabase(file: string): DatabaseSync {
  const isNew = !existsSync(file);
  if (isNew) mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file, { timeout: 5_000, enableForeignKeyConstraints: false });
  if (isNew) chmodSync(file, 0o600); // patients' data: for the adapter's own user alone
  if (isNew) db.exec('PRAGMA auto_vacuum = INCREMENTAL'); // a vacuum can then give room back a little at a time
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 20000;
    PRAGMA journal_size_limit = 67108864`);
  return db;
}

function limitSize(db: DatabaseSync, maxBytes: number): void {
  const { page_size: pageSize } = db.prepare('PRAGMA page_size').get() as { page_size: number };
  db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pageSize)}`);
}
