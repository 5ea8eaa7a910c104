/** The shipped SQL says the same on the workbench's SQLite and on PostgreSQL. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { population } from '../population.ts';
import { comparable, derived, filling, type Row, type Rows, rowsOf, shippedTables } from './bench.ts';
import { EDGES } from './edges.ts';

const TYPES = { boolean: 'boolean', integer: 'integer', decimal: 'double precision', text: 'text' } as const;

/** A schema of its own for each test: they may run side by side. */
async function expectSameOnPostgres(schema: string, given: Rows): Promise<void> {
  const client = new pg.Client({ connectionString: await (await fetch(inject('postgresAt'))).text() });
  await client.connect();
  onTestFinished(async () => {
    await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await client.end();
  });
  const tables = await shippedTables();
  const ours = await derived([...tables.derived.keys()], given);
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
  await client.query(readFileSync('views/dialects/postgresql.sql', 'utf8'));
  for await (const statement of filling(given, TYPES)) await client.query(statement);
  for (const { name, sql, columns } of tables.derived.values()) {
    await client.query(`CREATE TABLE "${name}" AS ${sql}`);
    const { rows: theirs } = await client.query<Row>(`SELECT * FROM "${name}"`);
    expect(comparable(theirs, columns), name).toEqual(comparable(ours[name]!, columns));
  }
}

test('every table has the same rows on PostgreSQL', async () => {
  const rows = await rowsOf([...population({ people: 100 })].map(({ resource }) => resource));
  const patient = rows.patient!.map((one, at) => ({ ...one, imd_decile: (at % 10) + 1 }));
  await expectSameOnPostgres('derived_tables', { ...rows, patient });
});

test.each(Object.entries(EDGES))('every table has the same rows at the edge %s', async (name, given) => {
  await expectSameOnPostgres(`derived_${name.toLowerCase()}`, given);
});
