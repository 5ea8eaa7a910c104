/** Both engines keep the same tables with the same columns. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { temporaryFile, temporaryStore } from './temporary.ts';
import { temporaryClient, temporaryDatabase } from './temporary-postgres.ts';

/** What each engine calls a type that holds the same: text, whole numbers, decimals, bytes. */
const KIND: Readonly<Record<string, string>> = {
  TEXT: 'text',
  INTEGER: 'number',
  BLOB: 'bytes',
  REAL: 'decimal',
  text: 'text',
  bigint: 'number',
  bytea: 'bytes',
  'double precision': 'decimal',
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}
const said = (table: string, { name, type, nullable }: Column): string =>
  `${table}.${name} ${KIND[type] ?? type}${nullable ? '' : ' not null'}`;

async function sqliteColumns(): Promise<string[]> {
  const file = temporaryFile();
  await temporaryStore({ file });
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db
    .prepare(
      `SELECT t.name AS "table", c.name, c.type, c."notnull" = 0 AND c.pk = 0 AS nullable
       FROM sqlite_schema t JOIN pragma_table_info(t.name) c
       WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`,
    )
    .all() as unknown as (Omit<Column, 'nullable'> & { table: string; nullable: 0 | 1 })[];
  db.close();
  return rows.map((row) => said(row.table, { ...row, nullable: row.nullable === 1 })).sort();
}

async function postgresColumns(): Promise<string[]> {
  const client = await temporaryClient(await temporaryDatabase());
  const { rows } = await client.query<Column & { table: string }>(
    `SELECT table_name AS table, column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
     FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  return rows.map((row) => said(row.table, row)).sort();
}

test('names, kinds and what must be there are the same, column by column', async () => {
  const columns = await postgresColumns();
  expect(columns.length).toBeGreaterThan(100);
  expect(columns).toEqual(await sqliteColumns());
});
