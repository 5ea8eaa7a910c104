/** Every statement finds its rows by a key: none walks a table that grows. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Names } from '../../src/store/sql/index-rows.ts';
import { searchSql } from '../../src/store/sql/search.ts';
import { STATEMENTS } from '../../src/store/sql/statement.ts';
import type { SearchClause } from '../../src/store/store.ts';
import { commit, contact, patient, recordOf } from './samples.ts';
import { temporaryFile, temporaryStore } from './temporary.ts';

/** What is read whole on purpose, or from an end: the audit, counts for the status page, resolved work, latest records, refused payloads in an erasure. */
const WHOLE = [
  /FROM audit\b/,
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

async function opened(): Promise<{ db: DatabaseSync; names: Pick<Names, 'known'> }> {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([patient('p'), contact('e', 'p')]));
  const db = new DatabaseSync(file, { readOnly: true });
  db.function('search_dates', (_content, _param) => '[]');
  const numbers = new Map(
    db
      .prepare('SELECT text, nid FROM name')
      .all()
      .map((row) => [String(row.text), Number(row.nid)]),
  );
  return { db, names: { known: (text) => numbers.get(text) } };
}
const planOf = (db: DatabaseSync, text: string, values: readonly (string | number)[] = []): string[] =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${text}`)
    .all(...values)
    .map((row) => String(row.detail));

test('no statement scans a table, but for those that read one whole on purpose', async () => {
  const { db } = await opened();
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

const PATIENT: SearchClause = { kind: 'reference', param: 'patient', targets: ['Patient/1'] };
const STATUS: SearchClause = { kind: 'token', param: 'status', values: [{ code: 'finished' }] };
const DATE: SearchClause = { kind: 'date', param: 'date', values: [{ prefix: 'ge', lowMs: 1, highMs: 2 }] };
const UPDATED: SearchClause = { kind: 'lastUpdated', values: [{ prefix: 'ge', lowMs: 1, highMs: 2 }] };

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
  ['a date', [DATE], 'SEARCH search_date USING PRIMARY KEY (param=?)'],
  [
    'a recent change',
    [UPDATED],
    'SEARCH resource USING COVERING INDEX resource_updated (type=? AND last_updated_ms>?)',
  ],
])('a search by %s goes by its index', async (_name, clauses, step) => {
  const { db, names } = await opened();
  const { text, values } = searchSql(names, { type: 'Encounter', clauses, count: 10 }, 'r.id', 'sqlite');
  const plan = planOf(db, text, values);
  expect(plan).toContain(step);
  expect(plan.filter((line) => /^SCAN (r|resource|search_\w+)\b/.test(line))).toEqual([]);
  db.close();
});

test('a page by status or patient is read in order, without sorting all that matches', async () => {
  const { db, names } = await opened();
  for (const clauses of [[STATUS], [PATIENT], [PATIENT, STATUS]]) {
    const { text, values } = searchSql(names, { type: 'Encounter', clauses, count: 10 }, 'r.id', 'sqlite');
    expect(planOf(db, text, values).filter((line) => line.includes('TEMP B-TREE'))).toEqual([]);
  }
  db.close();
});
