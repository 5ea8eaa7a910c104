/** Every statement finds its rows by a key: none walks a table that grows. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createSearchIndex } from '../../src/store/search-index.ts';
import { Names } from '../../src/store/sql/index-rows.ts';
import { askingOf, countRows, type Searching, searchRows } from '../../src/store/sql/search.ts';
import { STATEMENTS, type Step } from '../../src/store/sql/statement.ts';
import type { SearchClause, SearchQuery, Viewer } from '../../src/store/store.ts';
import { SEES_ALL } from '../../src/store/viewer.ts';
import { commit, contact, patient, recordOf } from './samples.ts';
import {
  type Asked,
  askedBy,
  CASES,
  DATE,
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
import { definitions, temporaryFile, temporaryStore } from './temporary.ts';

/** What is read whole on purpose, or from an end: the audit, counts for the status page, resolved work, latest records, refused payloads in an erasure. */
const WHOLE = [
  /FROM (audit|access)(_archive)?\b(?! [ae]\b)/, // a chain, from one place on or from its end
  /min\(a\.seq\)/, // its ends
  /FROM access_reason w/, // all reasons, as the chain is verified
  /count\(\*\)/,
  /sum\(CASE/,
  /resolved_ms IS NOT NULL AND/,
  /ORDER BY received_ms DESC/,
  /instr\(payload/,
  /person_id IS NULL AND body IS NOT NULL/, // messages of nobody, in an erasure
  /FROM restricted LIMIT 1/, // whether there is any
  /queued_ms AS waited_ms FROM outbox/, // the oldest delivery: from the end where it is
];
/** Tables that stay small, and lists made from a parameter. */
const SMALL =
  /^SCAN (instance$|wanted|kept|json_each|probe|CONSTANT|\(|d$|outbox USING INDEX outbox_stuck|incident USING INDEX incident_open|receipt USING (COVERING )?INDEX receipt_open)/i;

async function opened(): Promise<DatabaseSync> {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([patient('p'), contact('e', 'p')]));
  const db = new DatabaseSync(file, { readOnly: true });
  db.function('search_rows', (_content, _params) => '[]');
  return db;
}
const planOf = (db: DatabaseSync, text: string, values: readonly (string | number)[] = []): string[] =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${text}`)
    .all(...values)
    .map((row) => String(row.detail));

test('no statement scans a table, but for those that read one whole on purpose', async () => {
  const db = await opened();
  const texts = STATEMENTS.map((one) => one.texts.sqlite).filter((text) => text !== '');
  const scans = texts
    .filter((text) => !WHOLE.some((pattern) => pattern.test(text)))
    .flatMap((text) =>
      planOf(db, text)
        .filter((line) => line.startsWith('SCAN') && !SMALL.test(line))
        .map((line) => `${line}: ${text.trim().slice(0, 120)}`),
    );
  expect(texts.length).toBeGreaterThan(50);
  expect(scans).toEqual([]);
  db.close();
});

const searchingOf = (viewer: Viewer = SEES_ALL): Searching => ({
  ...{ names: new Names(), index: createSearchIndex(definitions()), viewer, nowMs: 0 },
});
/** What steps ask of the database, besides the numbers of names. */
async function asksOf(db: DatabaseSync, steps: Step<unknown>): Promise<Asked[]> {
  const asked = await askedBy(steps, 'sqlite', ({ text, values }) => db.prepare(text).all(...values));
  return asked.filter(({ text }) => !text.startsWith('SELECT nid'));
}
/** Walks over tables that grow, by whatever name a statement calls them. */
const WALK =
  /^SCAN (resource|history|search_\w+|contribution|name|restricted|r\d*|h|s\d*|o|w|c|n|m|seal|restricted)\b/;
const walksIn = (db: DatabaseSync, asked: readonly Asked[]): string[] =>
  asked.flatMap(({ text, values }) =>
    planOf(db, text, values)
      .filter((line) => WALK.test(line))
      .map((line) => `${line}: ${text}`),
  );
const pageOf = async (db: DatabaseSync, query: SearchQuery): Promise<Asked> =>
  (await asksOf(db, searchRows(searchingOf(), query))).at(-1)!;

test.each<[string, SearchClause[], string]>([
  ['a type', [], 'SEARCH r USING INDEX resource_type (type=? AND rowid>?)'],
  ['an id', [{ kind: 'id', ids: ['1'] }], 'SEARCH r USING INDEX resource_key (type=? AND id=?)'],
  ['a status', [STATUS], 'SEARCH search_token USING PRIMARY KEY (param=? AND code=? AND rid>?)'],
  [
    'a patient',
    [PATIENT, STATUS, DATE],
    'SEARCH search_ref USING PRIMARY KEY (param=? AND target=? AND rid>?)',
  ],
  [
    'a patient with a status',
    [STATUS, PATIENT],
    'SEARCH search_token EXISTS USING PRIMARY KEY (param=? AND code=? AND rid=?)',
  ],
  ['a date', [DATE], 'SEARCH search_date USING COVERING INDEX search_date_row (param=? AND rid>?)'],
  [
    'a day',
    [{ kind: 'date', param: 'date', values: [{ prefix: 'eq', lowMs: 1, highMs: 2 }] }],
    'SEARCH search_date USING PRIMARY KEY (param=? AND low_ms>? AND low_ms<?)',
  ],
  [
    'a recent change',
    [UPDATED],
    'SEARCH resource USING COVERING INDEX resource_updated (type=? AND last_updated_ms>?)',
  ],
])('a search by %s goes by its index', async (_name, clauses, step) => {
  const db = await opened();
  const { text, values } = await pageOf(db, { type: 'Encounter', clauses, count: 10 });
  expect(planOf(db, text, values)).toContain(step);
  db.close();
});

test.each(VIEWERS)(
  'no search of one who sees %s walks a table, whatever it asks for',
  async (_name, viewer) => {
    const db = await opened();
    const rows = db.prepare('SELECT type, rid, version FROM resource').all() as unknown as {
      type: string;
      rid: number;
      version: number;
    }[];
    const walks: string[] = [];
    for (const one of CASES) {
      const { rid, version } = rows.find(({ type }) => type === one[1]) ?? rows[0]!;
      const after = one[3] ? `${rid}.${version}` : String(rid);
      for (const query of [queryOf(one), queryOf(one, after)])
        walks.push(...walksIn(db, await asksOf(db, searchRows(searchingOf(viewer), query))));
      for (const most of [undefined, MOST_COUNTED])
        walks.push(...walksIn(db, await asksOf(db, countRows(searchingOf(viewer), queryOf(one), most))));
    }
    expect(walks).toEqual([]);
    db.close();
  },
);

test.each(VIEWERS)('no read or history of one who sees %s walks a table', async (_name, viewer) => {
  const db = await opened();
  const asking = askingOf(searchingOf(viewer));
  for (const steps of readsOf(asking)) expect(walksIn(db, await asksOf(db, steps))).toEqual([]);
  db.close();
});

test.each(TENANT_SEARCHES)(
  'a small organisation is led to its own rows by $name',
  async ({ name: _, ...asked }) => {
    const db = await opened();
    const query = { type: 'Encounter', ...asked, count: 10 };
    for (const steps of [
      searchRows(searchingOf(TENANT), query),
      countRows(searchingOf(TENANT), query, MOST_COUNTED),
    ]) {
      const { text, values } = (await asksOf(db, steps)).at(-1)!;
      const plan = planOf(db, text, values).join('; ');
      expect(plan).toContain('resource_owner (owner_org=? AND type=?');
      expect(plan).toContain('contribution_owner (owner_org=? AND type=?');
      expect(plan).not.toMatch(/resource_type|resource_updated|search_date_pkey/);
    }
    db.close();
  },
);

test('who owns much is counted once, and then searches as others do', async () => {
  const db = await opened();
  const searching = { ...searchingOf(TENANT), manyOwned: new Set<string>() };
  const asked: string[][] = [];
  for (let time = 0; time < 2; time++) {
    const steps = searchRows(searching, { type: 'Encounter', clauses: [], count: 10 });
    const texts: string[] = [];
    await askedBy(steps, 'sqlite', ({ text, values }) => {
      if (!text.startsWith('SELECT nid')) texts.push(text);
      return text.startsWith('SELECT count(*) AS n FROM') ? [{ n: 5_000 }] : db.prepare(text).all(...values);
    });
    asked.push(texts);
  }
  expect(asked.map((texts) => texts.length)).toEqual([2, 1]);
  expect(planOf(db, asked[1]![0]!).join()).toContain('resource_type');
  db.close();
});

test('who owns much finds the same as who owns little, and others find none of it', async () => {
  const db = await opened();
  const found = (searching: Searching, query: SearchQuery): unknown[] => {
    const steps = searchRows(searching, query);
    let step = steps.next();
    while (!step.done) {
      if (step.value.kind !== 'statement') throw new Error('A search writes nothing');
      const { statement, values } = step.value;
      step = steps.next({ rows: db.prepare(statement.texts.sqlite).all(...values), changes: 0 });
    }
    return step.value.map(({ id }) => id);
  };
  const counts = TENANT_SEARCHES.map(({ name: _, ...asked }) => {
    const query = { type: 'Encounter', ...asked, count: 10 };
    const [little, much, other] = [
      found(searchingOf(TENANT), query),
      found({ ...searchingOf(TENANT), manyOwned: new Set(['Encounter X26']) }, query),
      found(
        { ...searchingOf({ ...TENANT, organisations: ['Y90'] }), manyOwned: new Set(['Encounter Y90']) },
        query,
      ),
    ];
    expect([much, other]).toEqual([little, []]);
    return little.length;
  });
  expect(counts).toEqual([1, 1, 1, 1, 0, 1, 1]);
  db.close();
});

test('what begins with few letters is not gathered and sorted, where much does', async () => {
  const db = await opened();
  const name: SearchClause = { kind: 'string', param: 'name', values: [{ text: 'a', how: 'starts' }] };
  const steps = searchRows(searchingOf(), { type: 'Patient', clauses: [name], count: 10 });
  const asked = await askedBy(steps, 'sqlite', ({ text, values }) =>
    text.startsWith('SELECT count(*) AS n FROM') ? [{ n: 5_000 }] : db.prepare(text).all(...values),
  );
  const { text, values } = asked.at(-1)!;
  const plan = planOf(db, text, values);
  expect(plan).toContain('SEARCH r USING INDEX resource_type (type=? AND rowid>?)');
  expect(plan.filter((line) => line.includes('TEMP B-TREE'))).toEqual([]);
  db.close();
});

test('a page by status or patient is read in order, without sorting all that matches', async () => {
  const db = await opened();
  for (const clauses of [[STATUS], [PATIENT], [PATIENT, STATUS]]) {
    const { text, values } = await pageOf(db, { type: 'Encounter', clauses, count: 10 });
    expect(planOf(db, text, values).filter((line) => line.includes('TEMP B-TREE'))).toEqual([]);
  }
  db.close();
});
