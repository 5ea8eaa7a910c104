/** The log is copied into the database while the store goes on; what cannot be copied is left for later. */
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Checkpoints } from '../../src/store/sqlite/checkpoints.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { contact, idOf, NOW_MS, patient, RULES, recordOf } from './samples.ts';
import { definitions, temporaryFile } from './temporary.ts';

/** A database whose own checkpoints are off, so that all rows stand in its log. */
function logged(): { file: string; add: (text: string) => void } {
  const file = temporaryFile();
  const db = new DatabaseSync(file);
  onTestFinished(() => db.close());
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE note (text TEXT)');
  return { file, add: (text) => void db.prepare('INSERT INTO note VALUES (?)').run(text) };
}

/** What the database holds without its log. */
function notesWithoutLog(file: string): unknown[] {
  const copy = temporaryFile();
  copyFileSync(file, copy);
  const db = new DatabaseSync(copy);
  const isMade = db.prepare("SELECT count(*) AS tables FROM sqlite_schema WHERE name = 'note'").get();
  const notes = isMade?.tables === 1 ? db.prepare('SELECT text FROM note').all() : [];
  db.close();
  return notes.map((row) => row.text);
}

test('copies the log once enough rows were written, while the database stays open', async () => {
  const { file, add } = logged();
  const checkpoints = new Checkpoints(file, 2);
  onTestFinished(() => checkpoints.close());
  add('one');
  checkpoints.wrote(1);
  checkpoints.next();
  await checkpoints.idle();
  expect(notesWithoutLog(file)).toEqual([]);
  add('two');
  checkpoints.wrote(1);
  checkpoints.next();
  await checkpoints.idle();
  expect(notesWithoutLog(file)).toEqual(['one', 'two']);
  add('three');
  expect(notesWithoutLog(file)).toEqual(['one', 'two']);
  checkpoints.wrote(2);
  checkpoints.next();
  await checkpoints.idle();
  expect(notesWithoutLog(file)).toEqual(['one', 'two', 'three']);
});

test('goes on when a log cannot be copied, and copies the next', async () => {
  const file = temporaryFile();
  writeFileSync(file, 'no database');
  const checkpoints = new Checkpoints(file, 1);
  onTestFinished(() => checkpoints.close());
  checkpoints.wrote(1);
  checkpoints.next();
  await checkpoints.idle();
  writeFileSync(file, '');
  const db = new DatabaseSync(file);
  onTestFinished(() => db.close());
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE note (text TEXT)');
  db.exec("INSERT INTO note VALUES ('kept')");
  checkpoints.wrote(1);
  checkpoints.next();
  await checkpoints.idle();
  expect(notesWithoutLog(file)).toEqual(['kept']);
});

test('keeps the log bounded and every record while records come without a pause', async () => {
  const file = temporaryFile();
  const store = await openSqliteStore({ file, definitions: definitions() });
  const waves = 40;
  for (let wave = 0; wave < waves; wave++)
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const key = `r${wave}-${i}`;
        return store.commit([recordOf([patient(key), contact(`e${key}`, key)], { key })], RULES, NOW_MS);
      }),
    );
  const log = statSync(`${file}-wal`).size;
  await store.close();
  expect(log).toBeLessThan(100_000_000);
  const again = await openSqliteStore({ file, definitions: definitions() });
  onTestFinished(() => again.close());
  expect(await again.read('Patient', idOf(`r${waves - 1}-39`))).toBeDefined();
  expect((await again.counts()).sources).toMatchObject([{ records: waves * 40 }]);
  expect(await again.verifyAudit()).toBeUndefined();
});
