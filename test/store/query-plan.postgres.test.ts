/** On PostgreSQL, too, every statement finds its rows by a key: none walks a table that grows. */
import type { ClientBase } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openPool } from '../../src/store/postgres/store.ts';
import { createSearchIndex } from '../../src/store/search-index.ts';
import { Names } from '../../src/store/sql/index-rows.ts';
import { askingOf, countRows, type Searching, searchRows } from '../../src/store/sql/search.ts';
import { STATEMENTS, type Step } from '../../src/store/sql/statement.ts';
import type { SearchClause, Viewer } from '../../src/store/store.ts';
import { SEES_ALL } from '../../src/store/viewer.ts';
import { fillTables } from './fill-tables.ts';
import { commit, contact, patient, recordOf } from './samples.ts';
import {
  type Asked,
  askedBy,
  CASES,
  DATE,
  KINDS,
  MOST_COUNTED,
  PATIENT,
  queryOf,
  readsOf,
  STATUS,
  TENANT,
  TENANT_SEARCHES,
  UPDATED,
  VIEWERS,
} from './search-cases.ts';
import { definitions } from './temporary.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from './temporary-postgres.ts';

/** What is read whole on purpose, or from an end: the same as on SQLite. */
const WHOLE = [
  /FROM (audit|access)(_archive)?\b(?! [ae]\b)/, // a chain, from one place on or from its end
  /min\(a\.seq\)/, // its ends
  /FROM access_reason w/, // all reasons, as the chain is verified
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

async function opened(): Promise<ClientBase> {
  const url = await temporaryDatabase();
  const store = await temporaryPostgresStore({ url });
  await commit(store, recordOf([patient('p'), contact('e', 'p')]));
  await fillTables(await temporaryClient(url));
  const client = await ownConnection(url);
  await client.query('SET plan_cache_mode = force_generic_plan');
  return client;
}

/** @returns a connection as the store's are */
async function ownConnection(url: string): Promise<ClientBase> {
  const pool = openPool(url, 1);
  const client = await pool.connect();
  onTestFinished(async () => {
    client.release();
    await pool.end();
  });
  return client;
}

interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: Plan }];
}
const explain = async (client: ClientBase, text: string, values: readonly unknown[] = []): Promise<Plan> =>
  (await client.query<Explained>(`EXPLAIN (FORMAT JSON) ${text}`, [...values])).rows[0]!['QUERY PLAN'][0]
    .Plan;

/** The plan that serves any values, as a statement that is prepared once gets it. */
async function planOf(client: ClientBase, text: string): Promise<Plan> {
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
  const client = await opened();
  const texts = STATEMENTS.map((one) => one.texts.postgres).filter((text) => text !== '');
  const walks: string[] = [];
  for (const text of texts.filter((one) => !WHOLE.some((pattern) => pattern.test(one))))
    for (const walk of walksIn(await planOf(client, text)))
      walks.push(`${walk}: ${text.trim().slice(0, 160)}`);
  expect(texts.length).toBeGreaterThan(50);
  expect(walks).toEqual([]);
});

const searchingOf = (viewer: Viewer = SEES_ALL): Searching => ({
  ...{ names: new Names(), index: createSearchIndex(definitions()), viewer, nowMs: 0 },
});
/** What steps ask of the database, besides the numbers of names. */
async function asksOf(client: ClientBase, steps: Step<unknown>, few = /^$/): Promise<Asked[]> {
  const asked = await askedBy(steps, 'postgres', async ({ text, values }) => {
    // little is there, so that it would be found to leave few: as many say that all leave many
    if (text.startsWith('SELECT count(*) AS n FROM')) return [{ n: few.test(text) ? 100 : 1_000_000 }];
    return (await client.query(text, [...values])).rows;
  });
  return asked.filter(({ text }) => !text.startsWith('SELECT nid'));
}
async function walksOf(client: ClientBase, asked: readonly Asked[]): Promise<string[]> {
  const walks: string[] = [];
  for (const { text, values } of asked)
    for (const walk of walksIn(await explain(client, text, values))) walks.push(`${walk}: ${text}`);
  return walks;
}

test.each<[string, SearchClause[], string]>([
  ['a type', [], 'resource_type'],
  ['an id', [{ kind: 'id', ids: ['1'] }], 'resource_key'],
  ['a status', [STATUS], 'search_token_pkey'],
  ['a patient', [PATIENT, DATE], 'search_ref_pkey'],
  ['a patient with a status', [STATUS, PATIENT], 'search_ref_pkey'],
  ['a date', [DATE], 'search_date_row'],
  ['a recent change', [UPDATED], 'resource_updated'],
])('a search by %s goes by its index', async (_name, clauses, index) => {
  const client = await opened();
  const query = { type: 'Encounter', clauses, count: 10 };
  const { text, values } = (await asksOf(client, searchRows(searchingOf(), query), /last_updated_ms/)).at(
    -1,
  )!;
  const plan = await explain(client, text, values);
  expect(walksIn(plan)).toEqual([]);
  expect(JSON.stringify(plan)).toContain(`"${index}"`);
});

test.each(VIEWERS)(
  'no search of one who sees %s walks a table, whatever it asks for',
  async (_name, viewer) => {
    const client = await opened();
    const { rows } = await client.query<{ type: string; rid: number; version: number }>(
      `SELECT type, rid, version FROM resource WHERE type IN ('Patient', 'Encounter')`,
    );
    const walks: string[] = [];
    for (const one of CASES) {
      const { rid, version } = rows.find(({ type }) => type === one[1]) ?? rows[0]!;
      const after = one[3] ? `${rid}.${version}` : String(rid);
      walks.push(
        ...(await walksOf(
          client,
          await asksOf(client, searchRows(searchingOf(viewer), queryOf(one, after))),
        )),
      );
    }
    expect(walks).toEqual([]);
  },
);

test.each(VIEWERS)('no count for one who sees %s walks a table', async (_name, viewer) => {
  const client = await opened();
  const walks: string[] = [];
  for (const one of KINDS)
    for (const most of [undefined, MOST_COUNTED])
      walks.push(
        ...(await walksOf(client, await asksOf(client, countRows(searchingOf(viewer), queryOf(one), most)))),
      );
  expect(walks).toEqual([]);
});

test.each(TENANT_SEARCHES)(
  'a small organisation is led to its own rows by $name',
  async ({ name: _, ...asked }) => {
    const client = await opened();
    const query = { type: 'Encounter', ...asked, count: 10 };
    for (const steps of [
      searchRows(searchingOf(TENANT), query),
      countRows(searchingOf(TENANT), query, MOST_COUNTED),
    ]) {
      const { text, values } = (await asksOf(client, steps, /owner_org/)).at(-1)!;
      const plan = await explain(client, text, values);
      expect(walksIn(plan)).toEqual([]);
      expect(JSON.stringify(plan)).toMatch(/"(resource|contribution)_owner"/);
      expect(JSON.stringify(plan)).not.toMatch(/"(resource_type|resource_updated)"/);
    }
  },
);

test('what is looked up for each row of a page is not read whole before the first', async () => {
  const client = await opened();
  const two: SearchClause = { ...STATUS, values: [{ code: 'a' }, { code: 'b' }] } as SearchClause;
  const query = { type: 'Encounter', clauses: [two], count: 10 };
  const { text, values } = (await asksOf(client, searchRows(searchingOf(TENANT), query))).at(-1)!;
  const plan = JSON.stringify(await explain(client, text, values));
  expect(plan).toContain('"resource_type"');
  expect(plan).not.toMatch(/"(Hash|Aggregate|Sort)"|hashed SubPlan/);
});

test('a page of what many have is read along the index, and ends when it is full', async () => {
  const url = await temporaryDatabase();
  const store = await temporaryPostgresStore({ url });
  const many = Array.from({ length: 4_000 }, (_, at) => contact(`e${at}`, 'p', { status: 'finished' }));
  await commit(store, recordOf([patient('p'), ...many]));
  await (await temporaryClient(url)).query('ANALYZE');
  const client = await ownConnection(url);
  const finished = { ...STATUS, values: [{ code: 'finished' }] } as SearchClause;
  const query = { type: 'Encounter', clauses: [finished], count: 20 };
  const { text, values } = (await asksOf(client, searchRows(searchingOf(), query))).at(-1)!;
  await client.query('SET plan_cache_mode = force_generic_plan');
  for (const plan of [await explain(client, text, values), await planOf(client, text)]) {
    expect(JSON.stringify(plan)).toContain('"search_token_pkey"');
    expect(JSON.stringify(plan)).not.toMatch(/"Sort"|Bitmap/);
  }
});

test.each(VIEWERS)('no read or history of one who sees %s walks a table', async (_name, viewer) => {
  const client = await opened();
  const asking = askingOf(searchingOf(viewer));
  for (const steps of readsOf(asking)) expect(await walksOf(client, await asksOf(client, steps))).toEqual([]);
});
