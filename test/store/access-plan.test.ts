/** Accesses are found by a key, newest first, without sorting all that matches. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { accessSql, leadsOf } from '../../src/store/sql/access-store.ts';
import { inPostgres } from '../../src/store/sql/statement.ts';
import type { AccessQuery } from '../../src/store/store.ts';
import { fillTables } from './fill-tables.ts';
import { temporaryFile, temporaryStore } from './temporary.ts';
import { temporaryClient, temporaryDatabase } from './temporary-postgres.ts';

const QUERIES: Record<string, Partial<AccessQuery>> = {
  nothing: {},
  'a client': { client: 'vendor' },
  'an organisation': { organisations: ['X26'] },
  'a resource': { entities: [['Patient/1']], organisations: ['X26', 'B1'] },
  'a resource and a patient': { entities: [['Encounter/1'], ['Patient/1', 'Patient/2']] },
  failures: { actions: ['failed'] },
};
const asked = (query: Partial<AccessQuery>): { text: string; values: (string | number | null)[] } => {
  const full = { organisations: undefined, count: 50, ...query };
  return accessSql({ ...full, from: 5, until: 9_000 }, leadsOf(full)[0]);
};

test.each(Object.entries(QUERIES))('by %s, in the embedded store', async (_name, query) => {
  const file = temporaryFile();
  await temporaryStore({ file });
  const db = new DatabaseSync(file, { readOnly: true });
  const { text, values } = asked(query);
  const plan = db
    .prepare(`EXPLAIN QUERY PLAN ${text}`)
    .all(...values)
    .map((row) => String(row.detail));
  db.close();
  expect(plan.filter((line) => /^SCAN|TEMP B-TREE/.test(line))).toEqual([]);
});

test('by each of them, in PostgreSQL', async () => {
  const client = await temporaryClient(await temporaryDatabase());
  await fillTables(client);
  for (const [name, query] of Object.entries(QUERIES)) {
    const { text, values } = asked(query);
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${inPostgres(text)}`, values);
    const walks = JSON.stringify(rows).match(/"Node Type": ?"(Seq Scan|Sort)"/g);
    expect([name, walks]).toEqual([name, null]);
  }
});
