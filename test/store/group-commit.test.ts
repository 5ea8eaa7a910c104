/** Callers that come together share a transaction, and each gets its own answers. */
import { expect, test } from 'vitest';
import { AdapterError, issueOf } from '../../src/fhir/outcome.ts';
import { createGroupCommit } from '../../src/store/group-commit.ts';
import type { CommitResult, RefusedRecord, Store } from '../../src/store/store.ts';
import { idOf, NOW_MS, patient, RULES, recordOf, refusedOf } from './samples.ts';
import { temporaryStore } from './temporary.ts';

/** A store that notes the keys of each batch; a record with the key `poison` fails its batch. */
function notingStore(retry: 'permanent' | 'transient' = 'permanent'): {
  store: Pick<Store, 'commit'>;
  batches: string[][];
} {
  const batches: string[][] = [];
  const commit: Store['commit'] = async (records) => {
    const keys = records.map((record) => String(record.key));
    batches.push(keys);
    if (keys.includes('poison'))
      throw new AdapterError(retry, issueOf({ rule: 'store-fault', diagnostics: 'no' }));
    return records.map(
      (record): CommitResult => ({ state: 'refused', outcome: (record as RefusedRecord).outcome }),
    );
  };
  return { store: { commit }, batches };
}
const rows = (...keys: string[]): RefusedRecord[] => keys.map((key) => refusedOf({ key }));
const clock = (): number => NOW_MS;

test('commits callers of one turn together, each in its order', async () => {
  const { store, batches } = notingStore();
  const group = createGroupCommit(store, RULES, clock);
  const [one, two] = await Promise.all([group.commit(rows('a', 'b')), group.commit(rows('c'))]);
  expect(batches).toEqual([['a', 'b', 'c']]);
  expect([one?.length, two?.length]).toEqual([2, 1]);
  expect(await group.commit([])).toEqual([]);
});

test('splits what is longer than a batch, and goes on with the next caller', async () => {
  const { store, batches } = notingStore();
  const group = createGroupCommit(store, RULES, clock, { maxBatch: 2 });
  const results = await Promise.all([group.commit(rows('a', 'b', 'c')), group.commit(rows('d'))]);
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  expect(results.map((one) => one.length)).toEqual([3, 1]);
});

test('fails only the caller whose record has the fault', async () => {
  const { store, batches } = notingStore();
  const group = createGroupCommit(store, RULES, clock);
  const settled = await Promise.allSettled([
    group.commit(rows('a')),
    group.commit(rows('poison')),
    group.commit(rows('b')),
  ]);
  expect(settled.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(batches).toEqual([['a', 'poison', 'b'], ['a'], ['poison'], ['b']]);
  expect(await group.commit(rows('c'))).toHaveLength(1);
});

test('fails every caller of a batch that the disk did not take', async () => {
  const { store, batches } = notingStore('transient');
  const group = createGroupCommit(store, RULES, clock);
  const settled = await Promise.allSettled([group.commit(rows('a')), group.commit(rows('poison'))]);
  expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected']);
  expect(batches).toHaveLength(1);
});

test('brings callers together who call again as soon as they are answered', async () => {
  const { store, batches } = notingStore();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const slow: Pick<Store, 'commit'> = { commit: (...given) => turn().then(() => store.commit(...given)) };
  const group = createGroupCommit(slow, RULES, clock, { mostWaitMs: 60_000 });
  const call = async (name: string, times: number): Promise<void> => {
    for (let time = 0; time < times; time++) await group.commit(rows(`${name}${time}`));
  };
  const early = [call('a', 4), call('b', 4)];
  await turn(); // theirs is being written when the third comes
  await Promise.all([...early, call('c', 3)]);
  expect(batches.map((batch) => batch.toSorted())).toEqual([
    ['a0', 'b0'],
    ['a1', 'b1', 'c0'],
    ['a2', 'b2', 'c1'],
    ['a3', 'b3', 'c2'],
  ]);
});

test('does not wait for callers who do not come again', async () => {
  const { store, batches } = notingStore();
  const group = createGroupCommit(store, RULES, clock, { mostWaitMs: 1 });
  await Promise.all(['a', 'b', 'c'].map((key) => group.commit(rows(key))));
  await group.commit(rows('d'));
  await group.commit(rows('e'));
  expect(batches).toEqual([['a', 'b', 'c'], ['d'], ['e']]);
});

test('keeps the order of a caller’s records of one key in a real store', async () => {
  const store = await temporaryStore();
  const group = createGroupCommit(store, RULES, clock, { maxBatch: 3 });
  const genders = ['male', 'female', 'other', 'unknown'] as const;
  await Promise.all(genders.map((gender) => group.commit([recordOf([patient('p', { gender })])])));
  const versions = await store.history('Patient', idOf('p'), 9);
  expect(versions.map((one) => (one.resource as { gender?: string }).gender)).toEqual([...genders].reverse());
});
