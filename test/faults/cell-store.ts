/** Where a cell of the failure matrix keeps its store, and what is in it: read from beside, whatever the engine. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { Client } from 'pg';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type Held, heldOf, type Stuck } from './ledger.ts';

export type EngineName = 'SQLite' | 'PostgreSQL';

/** Environment variable that names the PostgreSQL of a cell. */
export const DATABASE_ENV = 'FAULTS_DATABASE_URL';

export interface CellStore {
  readonly engine: EngineName;
  /** what the adapter's configuration says of it */
  readonly settings: object;
  /** @param sql that both engines know */
  rows<T>(sql: string): Promise<T[]>;
}

/** @param dataDir of the adapter */
export function sqliteCell(dataDir: string): CellStore {
  const file = join(dataDir, 'hedgerow.sqlite');
  return {
    engine: 'SQLite',
    settings: {},
    async rows<T>(sql: string) {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        return database.prepare(sql).all() as T[];
      } finally {
        database.close();
      }
    },
  };
}

/** @param url of an empty database; adapters find it by the environment */
export function postgresCell(url: string): CellStore {
  const caller = new URL(url);
  caller.searchParams.set('options', '-c hedgerow.time=caller'); // what is due is due by the cell's clock
  process.env[DATABASE_ENV] = caller.href;
  return {
    engine: 'PostgreSQL',
    settings: { databaseUrlEnv: DATABASE_ENV },
    async rows<T>(sql: string) {
      const client = new Client({ connectionString: url });
      client.on('error', () => {}); // its server may be killed at any moment
      await client.connect();
      try {
        return (await client.query(sql)).rows as T[];
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}

async function count({ rows }: CellStore, sql: string): Promise<number> {
  return Number((await rows<{ n: number | string }>(sql))[0]!.n);
}

/** @returns deliveries that are still in line, in whatever state */
export async function undelivered(store: CellStore): Promise<number> {
  return await count(store, 'SELECT count(*) AS n FROM outbox');
}

/** @returns deliveries that are on their way, as far as the store knows */
export async function claimed(store: CellStore): Promise<number> {
  return await count(store, `SELECT count(*) AS n FROM outbox WHERE state = 'claimed'`);
}

/** @returns deliveries that were tried in vain, or stopped */
export async function triedAgain(store: CellStore): Promise<number> {
  return await count(
    store,
    `SELECT count(*) AS n FROM outbox WHERE attempt > 0 OR state IN ('parked', 'held')`,
  );
}

/** @returns questions about people that PDS was asked in vain */
export async function askedInVain(store: CellStore): Promise<number> {
  return await count(store, `SELECT count(*) AS n FROM outbox WHERE target = 'pds' AND attempt > 0`);
}

/** @returns `kind/key` of every record of a source, as often as it is stored */
export async function storedRecords({ rows }: CellStore, source: string): Promise<string[]> {
  const sql = `SELECT kind || '/' || record_key AS name FROM source_record WHERE source = '${source}'`;
  return (await rows<{ name: string }>(sql)).map((row) => row.name);
}

/** @returns deliveries that wait for a person, or for consent */
export async function stuckDeliveries({ rows }: CellStore): Promise<Stuck[]> {
  const stuck = await rows<{ key: string; state: 'parked' | 'held'; outcome: string }>(
    `SELECT type || '/' || id AS key, state, outcome FROM outbox WHERE state IN ('parked', 'held')`,
  );
  return stuck.map(({ outcome, ...one }) => ({
    ...one,
    rule: String(ruleOf((JSON.parse(outcome) as OperationOutcome).issue[0]!)),
  }));
}

/** @returns kinds of work that waits for a person, but for what only warns */
export async function openWork({ rows }: CellStore): Promise<string[]> {
  const sql = `SELECT kind FROM work WHERE resolved_ms IS NULL AND kind <> 'warning'`;
  return (await rows<{ kind: string }>(sql)).map((row) => row.kind);
}

interface ResourceRow {
  readonly type: string;
  readonly id: string;
  readonly version: number | string;
  readonly state: string;
  readonly content: string | null;
}

/** @returns resources by `Type/id` */
export async function heldByAdapter({ rows }: CellStore): Promise<Map<string, Held>> {
  const all = await rows<ResourceRow>('SELECT type, id, version, state, content FROM resource');
  return heldOf(
    all.map(({ version, state, ...row }) => ({
      ...row,
      versions: Number(version),
      deleted: state === 'current' ? 0 : 1,
    })),
  );
}
