/** What is acknowledged is on the disk: nobody is told of a write before a sync that began after it has ended. */
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { LogSync } from '../../src/store/sqlite/log-sync.ts';
import { Transactions } from '../../src/store/sqlite/transactions.ts';
import { temporaryFile } from './temporary.ts';

/** A disk whose syncs end when the test says so. */
function slowDisk(): { log: LogSync; begun: (() => void)[]; fail: (error: Error) => void } {
  const file = temporaryFile();
  writeFileSync(`${file}-wal`, '');
  const begun: (() => void)[] = [];
  let failing: (error: Error) => void = () => {};
  const log = new LogSync(
    file,
    () =>
      new Promise((resolve, reject) => {
        begun.push(resolve);
        failing = reject;
      }),
  );
  return { log, begun, fail: (error) => failing(error) };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('writes that come while a sync runs wait for the next, all for the same', async () => {
  const { log, begun } = slowDisk();
  const told: string[] = [];
  void log.done().then(() => told.push('first'));
  await turn();
  void log.done().then(() => told.push('second'));
  void log.done().then(() => told.push('third'));
  begun[0]!();
  await turn();
  expect(told).toEqual(['first']);
  begun[1]!();
  await turn();
  expect(told).toEqual(['first', 'second', 'third']);
  expect(begun).toHaveLength(2);
  await log.close();
});

test('a transaction is told of once its log is on the disk, and not when the disk fails', async () => {
  const { log, begun, fail } = slowDisk();
  const db = new DatabaseSync(':memory:');
  const transactions = new Transactions(db, log, () => {});
  const told: unknown[] = [];
  void transactions.run(() => 'kept').then((value) => told.push(value));
  await turn();
  await turn();
  expect(told).toEqual([]);
  begun[0]!();
  await turn();
  expect(told).toEqual(['kept']);
  const lost = transactions.run(() => 'lost').catch((error: unknown) => error);
  await turn();
  await turn();
  fail(Object.assign(new Error('i/o error'), { code: 'EIO' }));
  expect(await lost).toBeInstanceOf(AdapterError);
  expect((await lost) as AdapterError).toMatchObject({ retry: 'transient' });
  await log.close();
  db.close();
});
