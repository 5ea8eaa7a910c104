/** What is deleted is gone from the disk, not only from the tables. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { commit, idOf, NHS_NUMBER, NOW_MS, patient, recordOf, refusedOf, withNhsNumber } from './samples.ts';
import { definitions, temporaryFile, temporaryStore } from './temporary.ts';

/** @returns every byte of the database and its log, as text */
function bytesOf(file: string): string {
  return [file, `${file}-wal`]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'latin1'))
    .join();
}

test('leaves no byte of an erased person’s refused payloads', async () => {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([withNhsNumber('p', NHS_NUMBER)], { key: 'P1' }));
  await commit(
    store,
    refusedOf({ key: 'P1', payload: { note: 'told under the same key' } }),
    refusedOf({ key: undefined, payload: { number: NHS_NUMBER, note: 'told under no key' } }),
    refusedOf({ key: 'Q1', payload: { number: '9990000026', note: 'told of somebody else' } }),
  );
  expect(bytesOf(file)).toMatch(/told under the same key/);
  await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
  expect(bytesOf(file)).not.toMatch(/told under|9990000018/);
  expect(bytesOf(file)).toMatch(/told of somebody else/);
});

test('leaves no byte of a refused payload that a good version settled, once the log is emptied', async () => {
  const file = temporaryFile();
  const store = await openSqliteStore({ file, definitions: definitions() });
  await commit(store, refusedOf({ payload: { note: 'refused at first' } }));
  expect(bytesOf(file)).toMatch(/refused at first/);
  await commit(store, recordOf([patient('p')]));
  await store.close();
  expect(bytesOf(file)).not.toMatch(/refused at first/);
});
