/** Takes a database to the newest schema: numbered SQL files, each applied once in a transaction of its own. */
import type { DatabaseSync } from 'node:sqlite';
import { type Migration, newerDatabase } from '../sql/migrations.ts';

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
