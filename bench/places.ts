/** Gives the benchmarks places for a store on either engine: files of SQLite, and databases of a PostgreSQL that brings every commit to disk. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Definitions } from '../src/fhir/definitions.ts';
import { openPostgresStore } from '../src/store/postgres/store.ts';
import { openSqliteStore } from '../src/store/sqlite/store.ts';
import type { Store } from '../src/store/store.ts';
import { type Cluster, startCluster } from '../test/servers/postgres/cluster.ts';

export const ENGINES = ['sqlite', 'postgres'] as const;
export type Engine = (typeof ENGINES)[number];

/** Where one store is, or is to be. */
export interface Place {
  readonly engine: Engine;
  /** path of the file, or connection string of the database */
  readonly at: string;
  /** a process with these, started in the folder, has its store there */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  open(definitions?: Definitions): Promise<Store>;
  /** Runs SQL beside the store, which is closed. */
  run(...statements: readonly string[]): Promise<void>;
}

/** @param folder of its own @returns a place with nothing in it */
export async function newPlace(engine: Engine, folder: string): Promise<Place> {
  return engine === 'sqlite' ? sqlitePlace(folder) : await postgresPlace(folder);
}

function sqlitePlace(folder: string): Place {
  const file = join(folder, 'data', 'hedgerow.sqlite');
  return {
    engine: 'sqlite',
    at: file,
    folder,
    environment: {},
    open: (definitions) => openSqliteStore({ file, ...(definitions && { definitions }) }),
    async run(...statements) {
      const database = new DatabaseSync(file);
      for (const text of statements) database.exec(text);
      database.close();
    },
  };
}

async function postgresPlace(folder: string): Promise<Place> {
  const server = await postgresUrl();
  const name = `hedgerow_bench_${randomUUID().replaceAll('-', '')}`;
  await connected(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE template0`));
  made.push(name);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return {
    engine: 'postgres',
    at: url,
    folder,
    environment: { DATABASE_URL: url },
    open: (definitions) => openPostgresStore({ url, ...(definitions && { definitions }) }),
    run: (...statements) =>
      connected(url, async (client) => {
        for (const text of statements) await client.query(text);
      }),
  };
}

let cluster: Promise<Cluster> | undefined;
const made: string[] = [];

/** The server that `TEST_DATABASE_URL` names, else one of our own, found as the tests find theirs. */
async function postgresUrl(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return given;
  cluster ??= startCluster({ durable: true });
  return (await cluster).url;
}

/** Ends what was started for the benchmarks. */
export async function leavePlaces(): Promise<void> {
  const own = cluster;
  cluster = undefined;
  const names = made.splice(0);
  if (own) return await (await own).stop();
  const given = process.env.TEST_DATABASE_URL;
  if (!given || names.length === 0) return;
  await connected(given, async (client) => {
    for (const name of names) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  });
}

async function connected(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
