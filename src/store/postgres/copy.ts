/** Copies every row of an embedded store into an empty PostgreSQL, in one transaction: all of it is there, or nothing. */
import type { DatabaseSync } from 'node:sqlite';
import type { PoolClient } from 'pg';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** Rows that travel together. */
const PAGE = 2_000;
/** What a database has without ever having kept a record; it is replaced. */
const WITHOUT_RECORDS = ['counter', 'map_set', 'schedule'];
/** What belongs to one database: its schema, its processes, its room. */
const NOT_COPIED = ['migration', 'instance', 'pace', 'probe'];

interface Table {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly counts: boolean }[];
}

export interface Copied {
  readonly table: string;
  readonly rows: number;
}

/**
 * @param from open for reading, of the newest schema; no adapter may run on it
 * @param client of a database of the newest schema
 * @param onTable told of each table once it is copied
 * @throws AdapterError permanent when the database holds records already, or came to hold other rows than it was given
 */
export async function copyRows(
  from: DatabaseSync,
  client: PoolClient,
  onTable: (copied: Copied) => void,
): Promise<void> {
  await client.query('BEGIN');
  try {
    const tables = await tablesOf(client);
    for (const { name } of tables) await client.query(`LOCK TABLE ${name}`);
    await checkEmpty(client, tables);
    for (const table of tables) onTable(await copyTable(from, client, table));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
  await client.query('ANALYZE');
}

async function tablesOf(client: PoolClient): Promise<Table[]> {
  const { rows } = await client.query<{ table: string; name: string; type: string; counts: boolean }>(
    `SELECT table_name AS table, column_name AS name, data_type AS type, is_identity = 'YES' AS counts
     FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> ALL ($1)
     ORDER BY table_name, ordinal_position`,
    [NOT_COPIED],
  );
  return [...Map.groupBy(rows, (row) => row.table)].map(([name, columns]) => ({ name, columns }));
}

async function checkEmpty(client: PoolClient, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables) {
    if (WITHOUT_RECORDS.includes(name)) await client.query(`DELETE FROM ${name}`);
    const { rowCount } = await client.query(`SELECT 1 FROM ${name} LIMIT 1`);
    if (rowCount !== 0)
      throw fault(
        'copy-target-not-empty',
        `The PostgreSQL database holds rows already (table ${name}): copy into a new one.`,
      );
  }
}

async function copyTable(from: DatabaseSync, client: PoolClient, table: Table): Promise<Copied> {
  const { name, columns } = table;
  const names = columns.map((column) => column.name).join(', ');
  const arrays = columns.map(({ type }, at) => `$${at + 1}::${type}[]`).join(', ');
  const into = `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${arrays})`;
  let page: Record<string, unknown>[] = [];
  const flush = async (): Promise<void> => {
    if (page.length === 0) return;
    await client.query(
      into,
      columns.map((column) => page.map((row) => row[column.name])),
    );
    page = [];
  };
  for (const row of from.prepare(`SELECT ${names} FROM ${name}`).iterate()) {
    page.push(row as Record<string, unknown>);
    if (page.length === PAGE) await flush();
  }
  await flush();
  for (const { name: column } of columns.filter((one) => one.counts))
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${name}', '${column}'), greatest(max(${column}), 1)) FROM ${name}`,
    );
  return { table: name, rows: await checkCount(from, client, name) };
}

/** @returns how many rows there are, on both sides */
async function checkCount(from: DatabaseSync, client: PoolClient, table: string): Promise<number> {
  const count = `SELECT count(*) AS rows FROM ${table}`;
  const given = Number(from.prepare(count).get()?.rows);
  const kept = Number((await client.query<{ rows: unknown }>(count)).rows[0]?.rows);
  if (given === kept) return kept;
  throw fault(
    'copy-count',
    `Table ${table} has ${given} rows, and ${kept} came to be copied; nothing was kept.`,
  );
}

function fault(rule: string, diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ severity: 'fatal', code: 'conflict', rule, diagnostics }));
}
