/** Stores in PostgreSQL databases that are emptied after each test, and removed after the last of a file. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, afterEach, inject } from 'vitest';
import { migrate } from '../../src/store/postgres/migrate.ts';
import { openPool, openPostgresStore, type PostgresOptions } from '../../src/store/postgres/store.ts';
import type { Store } from '../../src/store/store.ts';
import { definitions } from './temporary.ts';

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
afterAll(async () => {
  const { client } = (await server?.catch(() => undefined)) ?? {};
  for (const database of made) await database.client.end();
  for (const { name } of made) await client?.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await client?.end();
});

/** Connects once a test file. */
async function connected(): Promise<{ url: string; client: Client }> {
  const answer = await fetch(inject('postgresAt'));
  const url = await answer.text();
  if (!answer.ok) throw new Error(url);
  return { url, client: await clientOf(url) };
}
let server: ReturnType<typeof connected> | undefined;

async function clientOf(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

interface Database {
  readonly name: string;
  readonly url: string;
  readonly client: Client;
  /** SQL that takes it back to how the schema was made */
  readonly reset: string;
}
const made: Database[] = [];
/** Emptied, for the next test: to make one takes a hundred times as long. */
const free: Database[] = [];

async function makeDatabase(schema: boolean): Promise<Database> {
  server ??= connected();
  const { url: at, client: admin } = await server;
  const name = `hedgerow_test_${randomUUID().replaceAll('-', '')}`;
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = Object.assign(new URL(at), { pathname: `/${name}` }).href;
  if (schema) {
    const pool = openPool(url, 1);
    await migrate(pool, 0);
    await pool.end();
  }
  const client = await clientOf(url);
  const database = { name, url, client, reset: schema ? await resetOf(client) : '' };
  made.push(database);
  return database;
}

async function resetOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  // not held by the triggers that keep rows of the audit where they are
  const steps = [`SET lock_timeout = '10s'`, 'SET session_replication_role = replica'];
  for (const { name } of rows.filter((table) => table.name !== 'migration')) {
    const kept = await client.query<{ rows: string | null }>(
      `SELECT json_agg(t)::text AS rows FROM ${name} t`,
    );
    const seed = kept.rows[0]?.rows;
    steps.push(`DELETE FROM ${name}`);
    if (seed)
      steps.push(
        `INSERT INTO ${name} OVERRIDING SYSTEM VALUE
         SELECT * FROM json_populate_recordset(NULL::${name}, ${client.escapeLiteral(seed)})`,
      );
  }
  return steps.join(';\n');
}

/** @returns URL of a database with the newest schema and no rows; `bare`: without the schema too */
export async function temporaryDatabase(options: { bare?: boolean } = {}): Promise<string> {
  if (options.bare) return (await makeDatabase(false)).url;
  const database = free.pop() ?? (await makeDatabase(true));
  undo.push(async () => {
    await database.client.query(database.reset);
    free.push(database);
  });
  return database.url;
}

/** @returns a connection to look at rows beside the store */
export async function temporaryClient(url: string): Promise<Client> {
  const client = await clientOf(url);
  undo.push(() => client.end());
  return client;
}

/** @param options with the `url` of an earlier database, the store is another one on the same rows; time is the caller's unless told otherwise */
export async function temporaryPostgresStore(options: Partial<PostgresOptions> = {}): Promise<Store> {
  const url = options.url ?? (await temporaryDatabase());
  const store = await openPostgresStore({
    definitions: definitions(),
    connections: 4,
    time: 'caller',
    ...options,
    url,
  });
  undo.push(() => store.close());
  return store;
}
