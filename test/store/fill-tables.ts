/** Makes PostgreSQL's planner see every table as one that has grown for years. */
import type { Client } from 'pg';

const ROWS = 500;
const SEEN_AS = 10_000_000;
/** Columns of few values. */
const FEW = /\.(type|kind|source|(?<!search_ref\.)target|param|owner_org|record_kind|system)$/;
const KEPT = ['migration', 'counter', 'probe'];

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

/** Rows of made-up values in every table, and statistics that say that there are millions. */
export async function fillTables(client: Client): Promise<void> {
  const allowed = await allowedValues(client);
  const { rows } = await client.query<Column>(
    `SELECT table_name AS table, column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
     FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> ALL ($1)`,
    [KEPT],
  );
  for (const [table, columns] of Map.groupBy(rows, (column) => column.table)) {
    const names = columns.map((column) => column.name).join(', ');
    const values = columns.map((column) => madeUp(column, allowed.get(`${table}.${column.name}`)));
    await client.query(
      `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
       SELECT ${values.join(', ')} FROM generate_series(1, ${ROWS}) i ON CONFLICT DO NOTHING`,
    );
  }
  await client.query('ANALYZE');
  await client.query(
    `UPDATE pg_class SET reltuples = ${SEEN_AS} WHERE relnamespace = 'public'::regnamespace AND relname <> ALL ($1)`,
    [KEPT],
  );
}

function madeUp({ table, name, type, nullable }: Column, allowed: readonly string[] | undefined): string {
  if (allowed) return `(ARRAY[${allowed.map((one) => `'${one}'`).join(', ')}])[1 + i % ${allowed.length}]`;
  const number = FEW.test(`${table}.${name}`) ? 'i % 7' : '1000 + i';
  const value = type === 'text' ? `'v' || ${number}` : number;
  return nullable ? `CASE WHEN i % 2 = 0 THEN ${value} END` : value;
}

/** What the schema's checks allow, by `table.column`. */
async function allowedValues(client: Client): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ column: string; check: string }>(
    `SELECT c.relname || '.' || a.attname AS column, pg_get_constraintdef(k.oid) AS check
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
     WHERE k.contype = 'c' AND c.relnamespace = 'public'::regnamespace`,
  );
  return new Map(
    rows.map(({ column, check }) => [column, [...check.matchAll(/'([^']+)'/g)].map((found) => found[1]!)]),
  );
}
