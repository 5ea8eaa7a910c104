/** What no engine may tell a viewer: neither by a read nor by any search, count or history. */
import { expect, test } from 'vitest';
import { FORMER_NHS_NUMBER_SYSTEM } from '../../../src/fhir/identifiers.ts';
import type {
  HistoryPage,
  HistoryQuery,
  SearchClause,
  SeenStore,
  Store,
  Viewer,
} from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import {
  commit,
  contact,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  patient,
  RULES,
  recordOf,
  referral,
} from '../samples.ts';

const NAMES = ['a', 'b', 'ea', 'eb', 'sa', 'sb', 'org', 'both'];
const nameOf = (id: string): string => NAMES.find((name) => idOf(name) === id) ?? id;
const viewerOf = (more: Partial<Viewer>): Viewer => ({ ...SEES_ALL, ...more });
const TENANT = viewerOf({ organisations: ['AAA'] });
const found = async (seen: SeenStore, type: string, ...clauses: SearchClause[]): Promise<string[]> => {
  const query = { type, clauses, count: 50 };
  const page = await seen.search(query);
  expect(await seen.countMatches(query)).toBe(page.versions.length);
  return page.versions.map((one) => nameOf(one.id));
};
const named = (text: string): SearchClause => ({
  kind: 'string',
  param: 'family',
  values: [{ text, how: 'starts' }],
});
const status = (code: string): SearchClause => ({ kind: 'token', param: 'status', values: [{ code }] });

async function filled(open: () => Promise<Store>): Promise<Store> {
  const store = await open();
  const own = (ownerOrg: string, key: string) => ({ ownerOrg, key });
  const resources = (name: string, family: string) => [
    patient(name, { name: [{ family }] }),
    contact(`e${name}`, name),
    referral(`s${name}`, name),
  ];
  await commit(
    store,
    recordOf([...resources('a', 'Ash'), organization('org'), patient('both')], own('AAA', 'A')),
  );
  await commit(store, recordOf(resources('b', 'Birch'), own('BBB', 'B')));
  await commit(store, recordOf([patient('both', { gender: 'female' })], own('BBB', 'B2')));
  return store;
}

export function viewerContract(open: () => Promise<Store>): void {
  test('reads at the same time are each answered with what its own viewer may see', async () => {
    const store = await filled(open);
    const viewers = [TENANT, viewerOf({ organisations: ['BBB'] }), SEES_ALL];
    const asked = ['a', 'b', 'both', 'nobody'].flatMap((name) => viewers.map((viewer) => ({ name, viewer })));
    const ids = ({ name }: { name: string }): string => (name === 'nobody' ? 'not-there' : idOf(name));
    const together = await Promise.all(
      [...asked, ...asked].map((one) => store.seenBy(one.viewer).read('Patient', ids(one))),
    );
    const seen = together.map((one) => one && nameOf(one.id));
    const of = [
      ['a', undefined, 'a'],
      [undefined, 'b', 'b'],
      ['both', 'both', 'both'],
      [undefined, undefined, undefined],
    ];
    expect(seen).toEqual([...of.flat(), ...of.flat()]);
  });

  test('an id that no engine can read spoils no other read', async () => {
    const store = await filled(open);
    const seen = store.seenBy(TENANT);
    const bad = ['\0', '\ud800', "'", 'a/b', '', 'x'.repeat(65)];
    const [own, ...others] = await Promise.all([
      seen.read('Patient', idOf('a')),
      ...bad.map((id) => seen.read('Patient', id)),
    ]);
    expect(own?.id).toBe(idOf('a'));
    expect(others).toEqual(bad.map(() => undefined));
  });

  test('an organisation reads what it owns or has said something of, and no other’s', async () => {
    const store = await filled(open);
    const seen = store.seenBy(TENANT);
    const read = async (type: string, name: string) => (await seen.read(type, idOf(name))) !== undefined;
    expect([await read('Patient', 'a'), await read('Patient', 'b')]).toEqual([true, false]);
    expect([await read('Patient', 'both'), await read('Organization', 'org')]).toEqual([true, true]);
    expect(await seen.readVersion('Patient', idOf('b'), 1)).toBeUndefined();
    expect(await seen.readVersion('Patient', idOf('both'), 1)).toBeDefined();
    expect(await seen.history('Patient', idOf('b'), 10)).toEqual([]);
    const many = await seen.readMany([
      `Patient/${idOf('a')}`,
      `Patient/${idOf('b')}`,
      `Encounter/${idOf('eb')}`,
    ]);
    expect(many.map((one) => nameOf(one.id))).toEqual(['a']);
    const other = store.seenBy(viewerOf({ organisations: ['CCC'] }));
    expect(await other.read('Organization', idOf('org'))).toBeDefined(); // a directory's, and nobody's
    expect(await other.read('Patient', idOf('a'))).toBeUndefined();
    expect(await store.seenBy(viewerOf({ organisations: [] })).read('Patient', idOf('a'))).toBeUndefined();
  });

  test('no search tells an organisation of another’s: by type, condition, sort, chain or what refers to it', async () => {
    const seen = (await filled(open)).seenBy(TENANT);
    expect(await found(seen, 'Patient')).toEqual(['a', 'both']);
    expect(await found(seen, 'Patient', named('birch'))).toEqual([]);
    expect(await found(seen, 'Encounter', status('finished'))).toEqual(['ea']);
    expect(await found(seen, 'Patient', { kind: 'id', ids: [idOf('b'), idOf('a')] })).toEqual(['a']);
    expect(
      await found(seen, 'Encounter', { kind: 'any', clauses: [status('finished'), status('planned')] }),
    ).toEqual(['ea']);
    expect(
      await found(seen, 'Encounter', {
        kind: 'lastUpdated',
        values: [{ prefix: 'ge', lowMs: 0, highMs: 1 }],
      }),
    ).toEqual(['ea']);
    const chain = (text: string): SearchClause => ({
      kind: 'chain',
      param: 'patient',
      type: 'Patient',
      clauses: [named(text)],
    });
    expect(await found(seen, 'Encounter', chain('ash'))).toEqual(['ea']);
    expect(await found(seen, 'Encounter', chain('birch'))).toEqual([]);
    const sorted = await seen.search({
      type: 'Patient',
      clauses: [],
      count: 9,
      sort: [{ param: 'family', descending: true }],
    });
    expect(sorted.versions.map((one) => nameOf(one.id))).toEqual(['both', 'a']);
  });

  test('a chain, or what refers to a resource, tells nothing of what is hidden at its other end', async () => {
    const store = await filled(open);
    // a contact of ours with a patient of theirs
    await commit(
      store,
      recordOf([contact('mine', 'b', { status: 'planned' })], { ownerOrg: 'AAA', key: 'A9' }),
    );
    const seen = store.seenBy(TENANT);
    const chain: SearchClause = {
      kind: 'chain',
      param: 'subject',
      type: 'Patient',
      clauses: [named('birch')],
    };
    expect((await found(store.seenBy(SEES_ALL), 'Encounter', chain)).length).toBe(2);
    expect(await found(seen, 'Encounter', chain)).toEqual([]);
    const theirs = store.seenBy(viewerOf({ organisations: ['BBB'] }));
    const has: SearchClause = {
      kind: 'has',
      type: 'Encounter',
      param: 'patient',
      clauses: [status('planned')],
    };
    expect(await found(store.seenBy(SEES_ALL), 'Patient', has)).toEqual(['b']);
    expect(await found(theirs, 'Patient', has)).toEqual([]);
  });

  test('scopes leave types, and what of them their conditions name', async () => {
    const store = await filled(open);
    const types = new Map<string, SearchClause[][]>([
      ['Patient', [[]]],
      [
        'ServiceRequest',
        [[status('draft')], [{ kind: 'reference', param: 'patient', targets: [`Patient/${idOf('a')}`] }]],
      ],
    ]);
    const seen = store.seenBy(viewerOf({ types }));
    expect(await found(seen, 'ServiceRequest')).toEqual(['sa']);
    expect(await found(seen, 'Encounter')).toEqual([]);
    expect(await seen.read('Encounter', idOf('ea'))).toBeUndefined();
    expect((await seen.read('ServiceRequest', idOf('sb'))) === undefined).toBe(true);
    const has: SearchClause = {
      kind: 'has',
      type: 'Encounter',
      param: 'patient',
      clauses: [status('finished')],
    };
    expect(await found(seen, 'Patient', has)).toEqual([]);
    expect(keysOf(await seen.changes({ count: 50 })).filter((key) => key.startsWith('Encounter'))).toEqual(
      [],
    );
  });

  test('finds who had a number formerly, for those who ask from outside', async () => {
    const store = await open();
    const identifier = [{ use: 'old' as const, system: FORMER_NHS_NUMBER_SYSTEM, value: NHS_NUMBER }];
    await commit(store, recordOf([patient('a', { identifier })]));
    const values = [{ system: 'https://fhir.nhs.uk/Id/nhs-number', code: NHS_NUMBER }];
    const asked: SearchClause = { kind: 'token', param: 'identifier', values };
    expect(await found(store.seenBy(SEES_ALL), 'Patient', asked)).toEqual(['a']);
    expect((await store.search({ type: 'Patient', clauses: [asked], count: 5 })).versions).toEqual([]);
  });
}

const keysOf = (page: HistoryPage): string[] =>
  page.versions.map((one) => `${one.type}/${nameOf(one.id)}/${one.version}`);

/** Histories of a resource, a type and all. */
export function changesContract(open: () => Promise<Store>): void {
  const changed = async (): Promise<Store> => {
    const store = await open();
    const at = (ms: number, ...resources: Parameters<typeof recordOf>[0]) =>
      store.commit([recordOf(resources, { sourceTimeMs: NOW_MS + ms })], RULES, NOW_MS + ms);
    await at(0, patient('a'), contact('ea', 'a'));
    await at(10, patient('a', { gender: 'female' }), contact('ea', 'a'));
    await at(20, patient('a', { gender: 'female' }), contact('ea', 'a', { status: 'planned' }), patient('b'));
    return store;
  };
  const all = async (
    seen: SeenStore,
    query: Omit<HistoryQuery, 'count'>,
    count: number,
  ): Promise<string[]> => {
    const keys: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await seen.changes({ ...query, count, ...(after ? { after } : {}) });
      keys.push(...keysOf(page));
      expect(page.versions.length).toBeLessThanOrEqual(count);
      after = page.next;
      if (after === undefined) {
        expect(page.total).toBe(keys.length);
        return keys;
      }
    }
  };
  const WHOLE = ['Patient/b/1', 'Encounter/ea/2', 'Patient/a/2', 'Encounter/ea/1', 'Patient/a/1'];

  test('tells of all versions of all types, newest first, page by page', async () => {
    const seen = (await changed()).seenBy(SEES_ALL);
    for (const count of [1, 2, 50]) expect(await all(seen, {}, count)).toEqual(WHOLE);
    const patients = WHOLE.filter((key) => key.startsWith('Patient'));
    for (const count of [1, 50]) expect(await all(seen, { type: 'Patient' }, count)).toEqual(patients);
    expect(await all(seen, { type: 'Patient', id: idOf('a') }, 1)).toEqual(['Patient/a/2', 'Patient/a/1']);
    expect(await all(seen, { type: 'Task' }, 5)).toEqual([]);
  });

  test('tells of versions since a moment, and of those that were current at one', async () => {
    const seen = (await changed()).seenBy(SEES_ALL);
    expect(await all(seen, { sinceMs: NOW_MS + 10 }, 2)).toEqual(WHOLE.slice(0, 3));
    const at = { lowMs: NOW_MS + 5, highMs: NOW_MS + 6 };
    expect((await all(seen, { at }, 50)).sort()).toEqual(['Encounter/ea/1', 'Patient/a/1']);
    expect(await all(seen, { type: 'Patient', at: { lowMs: NOW_MS + 10, highMs: NOW_MS + 11 } }, 50)).toEqual(
      ['Patient/a/2'],
    );
  });

  test('goes on where it was while others write', async () => {
    const store = await changed();
    const seen = store.seenBy(SEES_ALL);
    const first = await seen.changes({ count: 2 });
    await store.commit(
      [recordOf([patient('a', { gender: 'male' })], { sourceTimeMs: NOW_MS + 30, key: 'R9' })],
      RULES,
      NOW_MS + 30,
    );
    const second = await seen.changes({ count: 9, after: first.next! });
    expect([...keysOf(first), ...keysOf(second)]).toEqual(WHOLE);
  });

  test('tells an organisation of its own alone', async () => {
    const seen = (await filled(open)).seenBy(TENANT);
    for (const query of [{}, { type: 'Patient' }])
      expect((await all(seen, query, 2)).filter((key) => /\/(b|eb|sb)\//.test(key))).toEqual([]);
    expect(await all(seen, { type: 'Patient', id: idOf('b') }, 2)).toEqual([]);
  });
}
