/** Takes a PostgreSQL database to the newest schema; of replicas that start at once, one does it and the others wait. */
import type { Pool, PoolClient } from 'pg';
import { newerDatabase, readMigrations } from '../sql/migrations.ts';

/** Key of the lock that migrations are made under: any number that is always the same. */
const LOCK_KEY = 4_805_511;

/**
 * Applies what the database has not had yet, in one transaction.
 * @returns names of what was applied
 * @throws AdapterError permanent when the database is newer than this program
 */
export async function migrate(pool: Pool, nowMs: number): Promise<readonly string[]> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_KEY]);
    const applied = await applyNew(client, nowMs);
    await client.query('COMMIT');
    return applied;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

async function applyNew(client: PoolClient, nowMs: number): Promise<string[]> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY, name text NOT NULL, applied_ms bigint NOT NULL)',
  );
  const { rows } = await client.query<{ last: number }>(
    'SELECT coalesce(max(number), 0) AS last FROM migration',
  );
  const last = rows[0]!.last;
  const migrations = readMigrations(new URL('./migrations/', import.meta.url));
  const newest = migrations.at(-1)?.number ?? 0;
  if (last > newest) throw newerDatabase(last, newest);
  const due = migrations.filter(({ number }) => number > last);
  for (const { number, name, sql } of due) {
    await client.query(sql);
    await client.query('INSERT INTO migration (number, name, applied_ms) VALUES ($1, $2, $3)', [
      number,
      name,
      nowMs,
    ]);
  }
  return due.map(({ name }) => name);
}
