/** Writes made tables into a schema of PostgreSQL in one transaction: all of them, or none. */
import { Client } from 'pg';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import type { Made } from './make.ts';
import { type ManifestAbout, manifestOf, type Written } from './manifest.ts';
import { writeRows } from './table-rows.ts';
import type { ViewColumn } from './view/compile.ts';
import { type PostgresTarget, postgresSink } from './view/postgres-sink.ts';
import { quoted } from './view/sql-type.ts';

export interface PostgresPlace {
  /** with a password, perhaps: it is in no message */
  readonly url: string;
  /** made where it is not there */
  readonly schema: string;
}

const MANIFEST = 'manifest';
const MANIFEST_COLUMNS: readonly ViewColumn[] = [
  {
    ...{ name: MANIFEST, type: 'string', isCollection: false, tags: new Map() },
    description: 'How the tables were made, as JSON',
  },
];

/**
 * The table `manifest` says how they were made.
 * @throws AdapterError where the database refuses anything: what was there stays
 */
export async function writeToPostgres(
  made: Made,
  { url, schema }: PostgresPlace,
  about: ManifestAbout,
): Promise<readonly Written[]> {
  const client = new Client({ connectionString: url, application_name: 'hedgerow export' });
  client.on('error', () => {}); // whoever uses it is told
  try {
    await client.connect();
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
    await client.query('BEGIN');
    const written = await writeAll(made, { client, schema, transaction: 'callers' }, about);
    await client.query('COMMIT');
    return written;
  } catch (error) {
    throw error instanceof AdapterError ? error : refused(error);
  } finally {
    await client.end().catch(() => {}); // a transaction that is open is undone with it
  }
}

async function writeAll(
  made: Made,
  target: Omit<PostgresTarget, 'table'>,
  about: ManifestAbout,
): Promise<readonly Written[]> {
  const written: Written[] = [];
  for (const table of made.tables) {
    const { name } = table.table;
    const { sink, rows } = await writeRows(table, postgresSink({ ...target, table: name }), false);
    await sink.finish();
    written.push({ name, rows });
  }
  const manifest = await postgresSink({ ...target, table: MANIFEST })(MANIFEST_COLUMNS);
  manifest.row([JSON.stringify(manifestOf(made, written, about))]);
  await manifest.finish();
  return written;
}

/** What PostgreSQL says of an error may hold a value; its code does not. */
function refused(error: unknown): AdapterError {
  const { code } = error as { code?: unknown };
  const said = typeof code === 'string' && /^[A-Z0-9_]{3,20}$/.test(code) ? ` (${code})` : '';
  const diagnostics = `PostgreSQL did not take the tables${said}: nothing was replaced. Check its address, that it runs, and that its user may make tables in the schema.`;
  return new AdapterError('permanent', issueOf({ rule: 'export-postgres', code: 'exception', diagnostics }));
}
