/** Runs into tables of PostgreSQL that others use: at once with another run, under views, with grants. */
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { postgresSink } from '../../src/research/view/postgres-sink.ts';
import { runView } from '../../src/research/view/run.ts';
import { compiled } from './samples.ts';

const clients: Client[] = [];
async function connected(): Promise<Client> {
  const client = new Client({ connectionString: await (await fetch(inject('postgresAt'))).text() });
  await client.connect();
  clients.push(client);
  return client;
}

const SCHEMA = 'view_tables';
beforeEach(async () => {
  await (await connected()).query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

const into = (client: Client) => postgresSink({ client, table: 'people', schema: SCHEMA });
const PEOPLE = { resource: 'Patient', select: [{ column: [{ name: 'id', path: 'id' }] }] };
const WIDER = {
  resource: 'Patient',
  select: [
    {
      column: [
        { name: 'id', path: 'id' },
        { name: 'active', path: 'active' },
      ],
    },
  ],
};
const people = (...ids: string[]) => ids.map((id) => ({ resourceType: 'Patient', id }));
const idsIn = async (table: string): Promise<unknown[]> =>
  (await clients[0]!.query(`SELECT id FROM ${SCHEMA}.${table} ORDER BY id`)).rows.map(
    ({ id }) => id as unknown,
  );
const tables = async (): Promise<unknown[]> =>
  (await clients[0]!.query(`SELECT tablename FROM pg_tables WHERE schemaname = '${SCHEMA}'`)).rows.map(
    ({ tablename }) => tablename as unknown,
  );

test('two runs at once into one table both end, and one of them is in it, whole', async () => {
  for (const isThere of [false, true]) {
    const [a, b] = [await connected(), await connected()];
    const manyOf = (letter: string) => people(...Array.from({ length: 5_000 }, (_, i) => `${letter}${i}`));
    await Promise.all([
      runView(compiled(PEOPLE), manyOf('a'), into(a)),
      runView(compiled(PEOPLE), manyOf('b'), into(b)),
    ]);
    const letters = new Set((await idsIn('people')).map((id) => String(id)[0]));
    expect([isThere, letters.size, (await idsIn('people')).length]).toEqual([isThere, 1, 5_000]);
    expect(await tables()).toEqual(['people']);
  }
});

test('a table of the same columns keeps the views, indexes and grants that hang on it', async () => {
  const client = await connected();
  await runView(compiled(PEOPLE), people('a', 'b'), into(client));
  await client.query(`CREATE VIEW ${SCHEMA}.report AS SELECT id FROM ${SCHEMA}.people WHERE id <> 'a'`);
  await client.query(`GRANT SELECT ON ${SCHEMA}.people TO PUBLIC; CREATE INDEX ON ${SCHEMA}.people (id)`);
  await runView(compiled(PEOPLE), people('b', 'c'), into(client));
  expect(await idsIn('report')).toEqual(['b', 'c']);
  const { rows } = await client.query(
    `SELECT has_table_privilege('public', '${SCHEMA}.people', 'SELECT') AS granted, (SELECT count(*)::int FROM pg_indexes WHERE schemaname = '${SCHEMA}') AS indexes`,
  );
  expect(rows).toEqual([{ granted: true, indexes: 1 }]);
});

test('refuses to take a table of other columns away from under a view, and says what to do', async () => {
  const client = await connected();
  await runView(compiled(PEOPLE), people('a'), into(client));
  await client.query(`CREATE VIEW ${SCHEMA}.report AS SELECT id FROM ${SCHEMA}.people`);
  const run = runView(compiled(WIDER), people('b'), into(client));
  await expect(run).rejects.toThrow(/views of the database hang on it: drop those first/);
  expect([await idsIn('report'), await tables()]).toEqual([['a'], ['people']]);
  await client.query(`DROP VIEW ${SCHEMA}.report`);
  await runView(compiled(WIDER), people('b'), into(client));
  expect(await idsIn('people')).toEqual(['b']);
});

test('a run that fails leaves the table as it was, and the connection fit for the next', async () => {
  const client = await connected();
  await runView(compiled(PEOPLE), people('a'), into(client));
  const bad = new AdapterError('permanent', { severity: 'error', code: 'invalid', diagnostics: 'bad' });
  await expect(runView(compiled(PEOPLE), [...people('b'), bad], into(client))).rejects.toThrow('bad');
  const [id] = people('x\0y');
  await expect(runView(compiled(PEOPLE), [id], into(client))).rejects.toThrow(/Column id: .*does not fit/);
  expect([await idsIn('people'), await tables()]).toEqual([['a'], ['people']]);
  await runView(compiled(PEOPLE), people('c'), into(client));
  expect(await idsIn('people')).toEqual(['c']);
});
