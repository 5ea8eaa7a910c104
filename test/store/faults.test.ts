/** A store that cannot write says so, keeps nothing of the batch, and recovers. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import type { CommitRules } from '../../src/store/store.ts';
import { commit, contact, idOf, NOW_MS, patient, RULES, recordOf } from './samples.ts';
import { temporaryFile, temporaryStore } from './temporary.ts';

const retryOf = (error: unknown): string | undefined =>
  error instanceof AdapterError ? error.retry : undefined;

test('refuses a commit as transient when there is no room, and keeps what it had', async () => {
  const store = await temporaryStore({ maxBytes: 600_000 });
  await commit(store, recordOf([patient('p')], { key: 'first' }));
  const big = recordOf([contact('e', 'p', { note: 'x'.repeat(1_000_000) })], { key: 'big' });
  const error = await commit(store, recordOf([patient('q')], { key: 'small' }), big).catch(
    (reason: unknown) => reason,
  );
  expect(retryOf(error)).toBe('transient');
  expect(String(error)).toMatch(/cannot write/);
  expect(await store.read('Patient', idOf('q'))).toBeUndefined();
  expect(await store.sourceRecord('demo', 'referral', 'small')).toBeUndefined();
  expect(await store.writable()).toBe(true); // there is room for a little again
  await commit(store, recordOf([patient('q')], { key: 'small' }));
  expect((await store.search({ type: 'Patient', clauses: [], count: 9 })).versions).toHaveLength(2);
  expect(await store.verifyAudit()).toBeUndefined();
});

test('says that it is not writable while nothing fits', async () => {
  const store = await temporaryStore({ maxBytes: 400_000 });
  const one = (i: number) => recordOf([contact(`e${i}`, 'p', { text: 'x'.repeat(5_000) })], { key: `R${i}` });
  let error: unknown;
  for (let i = 0; error === undefined && i < 100; i++)
    await commit(store, one(i)).catch((reason) => (error = reason));
  expect(retryOf(error)).toBe('transient');
  expect(await store.writable()).toBe(false);
});

test('throws transient when closed', async () => {
  const store = await temporaryStore();
  expect(await store.writable()).toBe(true);
  await store.close();
  await store.close();
  expect(await store.writable()).toBe(false);
  expect(retryOf(await commit(store, recordOf([patient('p')])).catch((error: unknown) => error))).toBe(
    'transient',
  );
  expect(retryOf(await store.read('Patient', '1').catch((error: unknown) => error))).toBe('transient');
});

test('finishes what was handed over before it closes', async () => {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  const committed = commit(store, recordOf([patient('p')]));
  await store.close();
  expect(await committed).toMatchObject([{ state: 'committed' }]);
  expect((await (await temporaryStore({ file })).read('Patient', idOf('p')))?.version).toBe(1);
});

test('keeps the writes of others in the same turn when one of them meets a fault', async () => {
  const store = await temporaryStore();
  const broken: CommitRules = {
    ...RULES,
    route: () => {
      throw new TypeError('a rule with a fault');
    },
  };
  const [bad, good] = await Promise.allSettled([
    store.commit([recordOf([patient('p')], { key: 'bad' })], broken, NOW_MS),
    store.commit([recordOf([patient('q')], { key: 'good' })], RULES, NOW_MS),
  ]);
  expect(bad.status).toBe('rejected');
  expect(bad.status === 'rejected' && retryOf(bad.reason)).toBe('permanent');
  expect(bad.status === 'rejected' && String(bad.reason)).not.toContain('a rule with a fault');
  expect(good.status).toBe('fulfilled');
  expect(await store.read('Patient', idOf('p'))).toBeUndefined();
  const query = {
    type: 'Patient',
    count: 9,
    clauses: [{ kind: 'token', param: 'identifier', values: [{ code: 'q' }] }],
  } as const;
  expect(await store.countMatches(query)).toBe(1); // names given before the rollback were given again
});

test('finds the first row of the audit that was tampered with', async () => {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  for (const key of ['a', 'b', 'c']) await commit(store, recordOf([patient(key)], { key }));
  const db = new DatabaseSync(file);
  const change = (sql: string): void => void db.exec(sql);
  expect(() => change(`UPDATE audit SET actor = 'nobody' WHERE seq = 2`)).toThrow('never changed');
  expect(() => change('DELETE FROM audit WHERE seq = 3')).toThrow('archive alone');
  change('DROP TRIGGER audit_kept; DROP TRIGGER audit_whole'); // whoever has the file can
  change(`UPDATE audit SET detail = replace(detail, 'Patient', 'Person') WHERE seq = 2`);
  expect(await store.verifyAudit()).toEqual({ chain: 'audit', seq: 2 });
  change(`UPDATE audit SET detail = replace(detail, 'Person', 'Patient') WHERE seq = 2`);
  expect(await store.verifyAudit()).toBeUndefined();
  change('DELETE FROM audit WHERE seq = 1');
  expect(await store.verifyAudit()).toEqual({ chain: 'audit', seq: 1 });
  db.close();
});

test('keeps no patient value in the audit', async () => {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([patient('p')], { key: '9990000018' }));
  await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
  const db = new DatabaseSync(file, { readOnly: true });
  expect(JSON.stringify(db.prepare('SELECT * FROM audit').all())).not.toMatch(/Robin|Example|9990000018/);
  expect(db.prepare('SELECT group_concat(content) AS text FROM history').get()).toMatchObject({ text: null });
  db.close();
});
