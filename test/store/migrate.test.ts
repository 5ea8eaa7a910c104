/** Schemas only move forward, one whole step at a time. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { type Migration, readMigrations } from '../../src/store/sql/migrations.ts';
import { migrate } from '../../src/store/sqlite/migrate.ts';
import { measureStore } from '../../src/store/sqlite/size.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { commit, idOf, patient, recordOf } from './samples.ts';
import { definitions, temporaryFile, temporaryStore } from './temporary.ts';

const STEPS: readonly Migration[] = [
  { number: 1, name: '0001-a.sql', sql: 'CREATE TABLE a (x INTEGER) STRICT' },
  {
    number: 2,
    name: '0002-b.sql',
    sql: 'ALTER TABLE a ADD COLUMN y TEXT; INSERT INTO a (x, y) VALUES (1, 2)',
  },
];

test('applies each step once, in order, and records it', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, STEPS.slice(0, 1), 10);
  migrate(db, STEPS, 20);
  migrate(db, STEPS, 30);
  expect(
    db
      .prepare('SELECT number, applied_ms FROM migration')
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([
    { number: 1, applied_ms: 10 },
    { number: 2, applied_ms: 20 },
  ]);
  expect(db.prepare('SELECT count(*) AS n FROM a').get()).toMatchObject({ n: 1 });
});

test('takes a step that fails back whole', () => {
  const db = new DatabaseSync(':memory:');
  const broken = {
    number: 2,
    name: '0002-x.sql',
    sql: 'ALTER TABLE a ADD COLUMN y TEXT; INSERT INTO nowhere VALUES (1)',
  };
  expect(() => migrate(db, [STEPS[0]!, broken], 1)).toThrow('nowhere');
  expect(db.prepare('SELECT max(number) AS last FROM migration').get()).toMatchObject({ last: 1 });
  expect(() => db.prepare('SELECT y FROM a')).toThrow('no such column');
});

test('numbers its files without gaps', () => {
  const numbers = readMigrations(new URL('../../src/store/sqlite/migrations/', import.meta.url)).map(
    (step) => step.number,
  );
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test('refuses a database that a newer version wrote, with a sentence that says what to do', async () => {
  const file = temporaryFile();
  await (await openSqliteStore({ file, definitions: definitions() })).close();
  const db = new DatabaseSync(file);
  db.exec(`INSERT INTO migration VALUES (999, '0999-later.sql', 1)`);
  db.close();
  const opening = openSqliteStore({ file, definitions: definitions() });
  await expect(opening).rejects.toThrow(AdapterError);
  await expect(opening).rejects.toThrow(/newer version of Hedgerow \(schema 999/);
});

test('tells what it holds by table, and in bytes', async () => {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([patient('p')]));
  const { rows, bytes } = measureStore(file);
  expect(rows).toMatchObject({
    resource: 1,
    source_record: 1,
    contribution: 1,
    search_token: 1,
    outbox: 1,
    audit: 1,
  });
  expect(rows).not.toHaveProperty('history');
  expect(bytes % 4096).toBe(0);
});

test('keeps the file to its own user', async () => {
  const file = temporaryFile();
  await temporaryStore({ file });
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('opens again with everything it held', async () => {
  const file = temporaryFile();
  const first = await openSqliteStore({ file, definitions: definitions() });
  await commit(first, recordOf([patient('p')]));
  await first.close();
  const second = await temporaryStore({ file });
  expect((await second.read('Patient', idOf('p')))?.version).toBe(1);
});
