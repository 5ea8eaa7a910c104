/** What every engine must find by each kind of condition, with each modifier and prefix, and in which order. */
import { expect, test } from 'vitest';
import type { SearchClause, SearchQuery, SortKey, Store } from '../../../src/store/store.ts';
import { commit, contact, idOf, patient, recordOf, referral } from '../samples.ts';
import { nameOf, OBSERVATIONS, PATIENTS, PEOPLE, refers, token } from './search-kind-cases.ts';
import { ORDERS, VALUES } from './search-value-cases.ts';

async function found(
  store: Store,
  type: string,
  clauses: readonly SearchClause[],
  sort?: readonly SortKey[],
) {
  const query: SearchQuery = { type, clauses, count: 50, ...(sort ? { sort } : {}) };
  const page = await store.search(query);
  expect(await store.countMatches(query)).toBe(page.versions.length);
  return page.versions.map((one) => nameOf(one.id));
}

export function searchKindsContract(open: () => Promise<Store>): void {
  const filled = async (): Promise<Store> => {
    const store = await open();
    await commit(
      store,
      recordOf([...PEOPLE, ...OBSERVATIONS, contact('e1', 'p'), contact('e2', 'q'), referral('s1', 'p')]),
    );
    return store;
  };

  test('finds patients by each kind of condition', async () => {
    const store = await filled();
    for (const [what, clauses, names] of PATIENTS)
      expect([what, await found(store, 'Patient', clauses)]).toEqual([what, names]);
  });

  test('finds observations by quantities, composites and chains', async () => {
    const store = await filled();
    for (const [what, clauses, names] of VALUES)
      expect([what, await found(store, 'Observation', clauses)]).toEqual([what, names]);
  });

  test('finds the same with a second condition that leads elsewhere', async () => {
    const store = await filled();
    const all: SearchClause = { kind: 'lastUpdated', values: [{ prefix: 'ge', lowMs: 0, highMs: 1 }] };
    for (const [what, clauses, names] of PATIENTS) {
      const both = [token('identifier', 'p'), ...clauses];
      expect([what, await found(store, 'Patient', both)]).toEqual([
        what,
        names.filter((name) => name === 'p'),
      ]);
      expect([what, await found(store, 'Patient', [all, ...clauses])]).toEqual([what, names]);
    }
    for (const [what, clauses, names] of VALUES)
      expect([
        what,
        await found(store, 'Observation', [refers('subject', 'Patient', 'p'), ...clauses]),
      ]).toEqual([what, names.filter((name) => name !== 'o2')]);
  });

  test('sorts, and pages through each order with nothing twice or left out', async () => {
    const store = await filled();
    for (const [type, sort, names] of ORDERS) {
      expect([sort, await found(store, type, [], sort)]).toEqual([sort, names]);
      const paged: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await store.search({ type, clauses: [], sort, count: 1, ...(after ? { after } : {}) });
        paged.push(...page.versions.map((one) => nameOf(one.id)));
        after = page.next;
        if (after === undefined) break;
        expect(after).toMatch(/^[0-9.]+$/);
      }
      expect([sort, paged]).toEqual([sort, names]);
    }
  });

  test('goes on after what a page ended with, though it has changed its place since', async () => {
    const store = await filled();
    const sort = [{ param: 'birthdate', descending: false }];
    const first = await store.search({ type: 'Patient', clauses: [], sort, count: 1 });
    expect(first.versions.map((one) => nameOf(one.id))).toEqual(['q']);
    await commit(store, recordOf([patient('q', { birthDate: '2001-01-01' })]));
    const second = await store.search({ type: 'Patient', clauses: [], sort, count: 1, after: first.next! });
    expect(second.versions.map((one) => nameOf(one.id))).toEqual(['p']);
  });

  test('gives the text of what is stored, and parses it when it is asked for', async () => {
    const store = await filled();
    const read = (await store.read('Patient', idOf('p')))!;
    expect(JSON.parse(read.text!)).toEqual(read.resource);
  });
}
