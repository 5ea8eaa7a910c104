/** Takes a database to the newest schema: numbered SQL files, each applied once in a transaction of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** One numbered step. */
export interface Migration {
  /** from 1, without gaps */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** Reads `migrations/NNNN-name.sql`, in order. */
export function readMigrations(): Migration[] {
  const folder = new URL('./migrations/', import.meta.url);
  const names = readdirSync(folder).filter((name) => /^\d{4}-.+\.sql$/.test(name));
  return names.sort().map((name) => ({
    number: Number(name.slice(0, 4)),
    name,
    sql: readFileSync(new URL(name, folder), 'utf8'),
  }));
}

/**
 * Applies what the database has not had yet.
 * @throws AdapterError permanent when the database is newer than this program
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], nowMs: number): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT',
  );
  const { last } = db.prepare('SELECT coalesce(max(number), 0) AS last FROM migration').get() as {
    last: number;
  };
  const newest = migrations.at(-1)?.number ?? 0;
  if (last > newest) throw newerDatabase(last, newest);
  for (const migration of migrations) if (migration.number > last) apply(db, migration, nowMs);
}

function apply(db: DatabaseSync, migration: Migration, nowMs: number): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(migration.sql);
    db.prepare('INSERT INTO migration (number, name, applied_ms) VALUES (?, ?, ?)').run(
      migration.number,
      migration.name,
      nowMs,
    );
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function newerDatabase(last: number, newest: number): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'not-supported',
      rule: 'store-newer',
      diagnostics:
        `The database was written by a newer version of Hedgerow (schema ${last}, this one knows ${newest}). ` +
        'Start the newer version, or restore the backup made before it was installed.',
    }),
  );
}
