/** Turns the words `migrate` and `copy` into a database of the newest schema, and into one that holds what the embedded store held. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../config.ts';
import { loadBaseDefinitions } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { BrokenChain } from '../store/audit-chain.ts';
import { copyRows } from '../store/postgres/copy.ts';
import { storeError } from '../store/postgres/faults.ts';
import { migrate as migratePool } from '../store/postgres/migrate.ts';
import { openPool, openPostgresStore } from '../store/postgres/store.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import { takeLock } from './lock.ts';
import { databaseUrl, storeFile } from './open-store.ts';

type Out = { write(text: string): unknown };

/** Brings the configured store's schema up to date, as a start would. @returns 0 @throws AdapterError when it cannot */
export async function migrate(config: Config, out: Out, clock: () => number): Promise<number> {
  const url = databaseUrl(config);
  if (url === undefined) {
    out.write('DATABASE_URL is empty: the embedded store is brought up to date by itself at each start.\n');
    return 0;
  }
  const applied = await migrated(url, clock());
  for (const name of applied) out.write(`applied ${name}\n`);
  if (applied.length === 0) out.write('The schema is up to date; nothing was applied.\n');
  return 0;
}

async function migrated(url: string, nowMs: number): Promise<readonly string[]> {
  const pool = openPool(url, 1);
  try {
    return await migratePool(pool, nowMs);
  } catch (error) {
    throw storeError(error, true);
  } finally {
    await pool.end();
  }
}

export interface CopyOptions {
  /** `sqlite`, or `sqlite:` and the path of the store's file */
  readonly from: string;
  /** `postgres` for the one that the environment names, or its URL */
  readonly to: string;
}

/**
 * Copies the embedded store into an empty PostgreSQL while no adapter runs on it; it is left as it is.
 * @returns 0 @throws AdapterError when it cannot; then nothing was copied
 */
export async function copy(
  { from, to }: CopyOptions,
  config: Config,
  out: Out,
  clock: () => number,
): Promise<number> {
  const file = fileOf(from, config);
  const url = urlOf(to, config);
  const lock = takeLock(dirname(file));
  if (!lock.ok) throw new AdapterError('permanent', lock.outcome.issue[0]!);
  try {
    const definitions = loadBaseDefinitions();
    const source = await openSqliteStore({ file, definitions, clock }); // of the newest schema from here on
    const brokenBefore = await source.verifyAudit();
    await source.close();
    await migrated(url, clock());
    await copied(file, url, out);
    const target = await openPostgresStore({ url, definitions, clock });
    const brokenAfter = await target.verifyAudit();
    await target.close();
    if (wordOf(brokenAfter) !== wordOf(brokenBefore)) throw fault('copy-audit', auditDiffers(brokenAfter));
    out.write(
      brokenBefore === undefined
        ? 'The audit chain holds. Set DATABASE_URL and start the adapter; the embedded store is left as it was.\n'
        : `The audit chain is broken at ${wordOf(brokenBefore)}, as it was before the copy.\n`,
    );
    return 0;
  } finally {
    lock.value.release();
  }
}

async function copied(file: string, url: string, out: Out): Promise<void> {
  const db = new DatabaseSync(file, { readOnly: true });
  const pool = openPool(url, 1);
  try {
    db.exec('BEGIN'); // one state of all tables
    const client = await pool.connect();
    try {
      await copyRows(db, client, ({ table, rows }) => out.write(`${table.padEnd(16)} ${rows}\n`));
    } finally {
      client.release();
    }
  } catch (error) {
    throw storeError(error, true);
  } finally {
    db.close();
    await pool.end();
  }
}

function fileOf(from: string, config: Config): string {
  const path = /^sqlite(?::(.+))?$/.exec(from);
  if (!path)
    throw fault('copy-from', `--from ${from}: give sqlite, or sqlite: and the path of a store's file.`);
  const file = path[1] ?? storeFile(config);
  if (!existsSync(file)) throw fault('copy-from', `There is no store in ${file}.`);
  return file;
}

/** The URL is not repeated in what is said: it may hold a password. */
function urlOf(to: string, config: Config): string {
  const url = to === 'postgres' ? databaseUrl(config) : to.replace(/^postgres:(?=postgres)/, '');
  if (url !== undefined && /^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw fault(
    'copy-to',
    '--to: give postgres and set DATABASE_URL, or a URL such as postgres://user@host/hedgerow.',
  );
}

const auditDiffers = (at: BrokenChain | undefined): string =>
  `The audit chain does not verify as it did before the copy (${wordOf(at)}): empty the database and copy again.`;

function wordOf(broken: BrokenChain | undefined): string {
  return broken ? `row ${broken.seq} of ${broken.chain}` : 'no row';
}

function fault(rule: string, diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ severity: 'fatal', code: 'invalid', rule, diagnostics }));
}
