/** On PostgreSQL, too, every statement finds its rows by a key: none walks a table that grows. */
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import { searchSql } from '../../src/store/sql/search.ts';
import { inPostgres, STATEMENTS } from '../../src/store/sql/statement.ts';
import type { SearchClause } from '../../src/store/store.ts';
import { fillTables } from './fill-tables.ts';
import { commit, contact, patient, recordOf } from './samples.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from './temporary-postgres.ts';

/** What is read whole on purpose, or from an end: the same as on SQLite. */
const WHOLE = [
  /FROM audit\b/,
  /queued_ms AS waited_ms FROM outbox/, // the oldest delivery: from the end where it is
  /count\(\*\)/,
  /sum\(CASE/,
  /resolved_ms IS NOT NULL AND/,
  /ORDER BY received_ms DESC/,
  /instr\(payload|strpos\(payload/,
  /FROM restricted LIMIT 1/, // whether there is any
  /person_id IS NULL AND body IS NOT NULL/, // messages of nobody, in an erasure
  /DELETE FROM receipt WHERE id IN/, // in steps: planned with the number of a step, it goes by receipt_received
];
/** Partial indexes of what is in an unusual state: they stay small, and are read whole. */
const SMALL_INDEX = /^(outbox_stuck|receipt_open|work_open|incident_open)$/;
const SMALL_TABLE = /^(probe|counter|migration|instance)$/;

/** A node of PostgreSQL's `EXPLAIN (FORMAT JSON)`. */
interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}

async function opened(): Promise<{ client: Client; numbers: Map<string, number> }> {
  const url = await temporaryDatabase();
  const store = await temporaryPostgresStore({ url });
  await commit(store, recordOf([patient('p'), contact('e', 'p')]));
  const client = await temporaryClient(url);
  await fillTables(client);
  await client.query('SET plan_cache_mode = force_generic_plan');
  const { rows } = await client.query<{ text: string; nid: string }>('SELECT text, nid FROM name');
  return { client, numbers: new Map(rows.map((row) => [row.text, Number(row.nid)])) };
}

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: Plan }];
}
const explain = async (client: Client, text: string, values: readonly unknown[] = []): Promise<Plan> =>
  (await client.query<Explained>(`EXPLAIN (FORMAT JSON) ${text}`, [...values])).rows[0]!['QUERY PLAN'][0]
    .Plan;

/** The plan that serves any values, as a statement that is prepared once gets it. */
async function planOf(client: Client, text: string): Promise<Plan> {
  const count = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map((found) => Number(found[1])));
  const values = count === 0 ? '' : `(${Array.from({ length: count }, () => 'NULL').join(', ')})`;
  await client.query(`PREPARE asked AS ${text}`);
  const plan = await explain(client, `EXECUTE asked${values}`);
  await client.query('DEALLOCATE asked');
  return plan;
}

/** @returns the walks over whole tables in a plan, each in words */
function walksIn(plan: Plan): string[] {
  const { 'Node Type': kind, 'Relation Name': table, 'Index Name': index, 'Index Cond': condition } = plan;
  const walks =
    (kind === 'Seq Scan' && !SMALL_TABLE.test(table ?? '')) ||
    (/Index/.test(kind) && condition === undefined && !SMALL_INDEX.test(index ?? ''));
  return [
    ...(walks ? [`${kind} on ${table ?? ''} ${index ?? ''}`] : []),
    ...(plan.Plans ?? []).flatMap(walksIn),
  ];
}

test('no statement walks a table, but for those that read one whole on purpose', async () => {
  const { client } = await opened();
  const texts = STATEMENTS.map((one) => one.texts.postgres).filter((text) => text !== '');
  const walks: string[] = [];
  for (const text of texts.filter((one) => !WHOLE.some((pattern) => pattern.test(one))))
    for (const walk of walksIn(await planOf(client, text)))
      walks.push(`${walk}: ${text.trim().slice(0, 160)}`);
  expect(texts.length).toBeGreaterThan(50);
  expect(walks).toEqual([]);
});

const PATIENT: SearchClause = { kind: 'reference', param: 'patient', targets: ['Patient/1'] };
const STATUS: SearchClause = { kind: 'token', param: 'status', values: [{ code: 'finished' }] };
const DATE: SearchClause = { kind: 'date', param: 'date', values: [{ prefix: 'ge', lowMs: 1, highMs: 2 }] };
const UPDATED: SearchClause = { kind: 'lastUpdated', values: [{ prefix: 'ge', lowMs: 1, highMs: 2 }] };

test.each<[string, SearchClause[], string]>([
  ['a type', [], 'resource_type'],
  ['an id', [{ kind: 'id', ids: ['1'] }], 'resource_key'],
  ['a status', [STATUS], 'search_token_pkey'],
  ['a patient', [PATIENT, DATE], 'search_ref_pkey'],
  ['a patient with a status', [STATUS, PATIENT], 'search_token_pkey'],
  ['a date', [DATE], 'search_date_row'],
  ['a recent change', [UPDATED], 'resource_updated'],
])('a search by %s goes by its index', async (_name, clauses, index) => {
  const { client, numbers } = await opened();
  const names = { known: (text: string) => numbers.get(text) };
  const query = { type: 'Encounter', clauses, count: 10 };
  const { text, values } = searchSql(names, query, 'r.id', 'postgres');
  const plan = await explain(client, inPostgres(`${text} LIMIT 11`), values);
  expect(walksIn(plan)).toEqual([]);
  expect(JSON.stringify(plan)).toContain(`"${index}"`);
});
