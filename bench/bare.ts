/** The peers of everything that writes: bare loops that insert the same rows into tables with the same indexes, a hundred records a transaction. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Client } from 'pg';
import { migrate } from '../src/store/postgres/migrate.ts';
import { openPool } from '../src/store/postgres/store.ts';
import type { Place } from './places.ts';

const BATCH = 100;

type Value = null | number | bigint | string | Uint8Array;

interface TableRows {
  readonly columns: readonly string[];
  readonly values: readonly (readonly Value[])[];
}

/** What records have left in a store. */
export interface Rows {
  /** the schema's statements, as SQLite keeps them */
  readonly schema: string;
  readonly tables: ReadonlyMap<string, TableRows>;
}

/** What tells in which order rows came, of the tables that are kept in the order of their keys. */
const ARRIVAL: Readonly<Record<string, string>> = {
  search_token: 'ORDER BY rid',
  search_ref: 'ORDER BY rid',
  search_date: 'ORDER BY rid',
  contribution: 'ORDER BY record_id',
  record_patient: 'ORDER BY record_id',
  saying: 'ORDER BY latest_record_id',
  outbox_key: 'ORDER BY first_seq',
};

/** Every table's rows in the order in which they came, and the schema that they stand in. */
export function rowsOf(file: string): Rows {
  const database = new DatabaseSync(file, { readOnly: true });
  const texts = (query: string): string[] =>
    database
      .prepare(query)
      .all()
      .map((row) => String(Object.values(row)[0]));
  const tables = new Map<string, TableRows>();
  for (const name of texts(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  )) {
    const rows = database.prepare(`SELECT * FROM "${name}" ${ARRIVAL[name] ?? ''}`).all();
    if (rows.length === 0) continue;
    const values = rows.map((row) => Object.values(row) as Value[]);
    tables.set(name, { columns: Object.keys(rows[0]!), values });
  }
  const schema = texts(
    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
  ).join(';\n');
  database.close();
  return { schema, tables };
}

/** A place that rows are written to, a part of them after the other. */
export interface Bare {
  /** Writes the rows of so many more records. */
  insert(records: number): Promise<void>;
  close(): Promise<void>;
}

/** @param records that the rows are of @returns the loop, with its tables made and empty */
export async function openBare(place: Place, rows: Rows, records: number): Promise<Bare> {
  return place.engine === 'sqlite'
    ? bareSqlite(place.at, rows, records)
    : await barePostgres(place, rows, records);
}

/** Writes some rows of a table: those in `from` up to `to` of its values. */
type Write = (from: number, to: number) => unknown;

/** @returns the part of a table's rows that belongs to the records from one up to another */
function partOf(values: readonly unknown[], records: number, from: number, to: number): [number, number] {
  return [Math.floor((values.length * from) / records), Math.floor((values.length * to) / records)];
}

function bareSqlite(file: string, rows: Rows, records: number): Bare {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000',
  );
  database.exec(rows.schema);
  const tables = [...rows.tables].map(([name, { columns, values }]) => {
    const named = columns.map((column) => `"${column}"`).join(', ');
    const marks = columns.map(() => '?').join(', ');
    return { values, statement: database.prepare(`INSERT INTO "${name}" (${named}) VALUES (${marks})`) };
  });
  let done = 0;
  return {
    async insert(count) {
      for (const until = done + count; done < until; ) {
        const next = Math.min(done + BATCH, until);
        database.exec('BEGIN IMMEDIATE');
        for (const { values, statement } of tables)
          runAll(statement, values, ...partOf(values, records, done, next));
        database.exec('COMMIT');
        done = next;
      }
    },
    close: async () => database.close(),
  };
}

function runAll(
  statement: StatementSync,
  values: readonly (readonly Value[])[],
  ...[from, to]: Parameters<Write>
): void {
  for (let row = from; row < to; row++) statement.run(...values[row]!);
}

/** What a new database has already, or what belongs to a process. */
const NOT_WRITTEN = ['migration', 'counter', 'instance', 'name'];

/** One statement a table and batch: a round trip a row would be no rival. */
async function barePostgres(place: Place, rows: Rows, records: number): Promise<Bare> {
  const pool = openPool(place.at, 1);
  await migrate(pool, 0);
  await pool.end();
  const client = new Client({ connectionString: place.at });
  await client.connect();
  const types = await columnTypes(client);
  const tables = [...rows.tables]
    .filter(([name]) => !NOT_WRITTEN.includes(name))
    .map(([name, { columns, values }]) => {
      const arrays = columns
        .map((column, at) => `$${at + 1}::${types.get(`${name}.${column}`)}[]`)
        .join(', ');
      const text = `INSERT INTO ${name} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`;
      const write: Write = (from, to) => {
        const part = values.slice(from, to);
        return client.query({ name, text, values: columns.map((_column, at) => part.map((row) => row[at])) });
      };
      return { values, write };
    });
  let done = 0;
  return {
    async insert(count) {
      for (const until = done + count; done < until; ) {
        const next = Math.min(done + BATCH, until);
        await client.query('BEGIN');
        for (const { values, write } of tables) await write(...partOf(values, records, done, next));
        await client.query('COMMIT');
        done = next;
      }
    },
    close: () => client.end(),
  };
}

/** @returns PostgreSQL's type of each column, by `table.column` */
async function columnTypes(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ column: string; type: string }>(
    `SELECT table_name || '.' || column_name AS column, data_type AS type
     FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  return new Map(rows.map(({ column, type }) => [column, type]));
}
