/** What every engine must do for a system that is a source and a target too, and for one that hears of some people only. */
import { expect, test } from 'vitest';
import type { CommitRules, Identified, ResourceKey, Store } from '../../../src/store/store.ts';
import { contact, idOf, NOW_MS, patient, RULES, recordOf } from '../samples.ts';

const OWN: CommitRules = {
  ...RULES,
  route: ({ resourceType }, _origin, source) =>
    resourceType === 'Encounter' || source === 'cases' ? [] : ['webhook'],
  ownTargets: (source) => (source === 'cases' ? ['webhook'] : []),
};

const FOLLOWING: CommitRules = {
  ...RULES,
  route: ({ resourceType }, _origin, source) =>
    resourceType === 'Encounter' || source === 'charity' ? [] : ['webhook'],
  followers: (source) => (source === 'charity' ? ['webhook'] : []),
};

const consent = (name: string, of: string): Identified => ({
  resourceType: 'Consent',
  id: idOf(name),
  status: 'inactive',
  scope: {},
  category: [],
  patient: { reference: `Patient/${idOf(of)}` },
});

let keys = 0;
async function say(store: Store, rules: CommitRules, source: string, ...some: Identified[]): Promise<void> {
  keys += 1;
  const record = recordOf(some, { source, key: `K${keys}`, sourceTimeMs: NOW_MS + keys });
  expect((await store.commit([record], rules, NOW_MS + keys))[0]).toMatchObject({ state: 'committed' });
}

async function due(store: Store): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const group = await store.claim('webhook', { nowMs: NOW_MS + 9_999, leaseMs: 60_000, maxEntries: 9 });
    if (!group) return found;
    found.push(...group.entries.map(({ type, version }) => `${type}/${version}`));
    const settlements = group.entries.map((entry) => ({
      ...{ kind: 'delivered' as const, seq: entry.seq },
      link: {
        ...{ target: 'webhook', type: entry.type, id: entry.id, remoteId: entry.id },
        ...{ remoteVersion: undefined, version: entry.version, digest: 'd', deliveredMs: NOW_MS },
      },
    }));
    await store.settle('webhook', group.deliveryKey, settlements, NOW_MS + 9_999);
  }
}

const held = async (store: Store, ...wanted: ResourceKey[]): Promise<unknown[]> =>
  (await store.links('webhook', wanted)).map(({ type, version }) => `${type}/${version}`);

const P: ResourceKey = `Patient/${idOf('p')}`;

export function ownTargetsContract(open: () => Promise<Store>): void {
  test('what a system says itself is not sent to it, and is known to be held there where it is of a type that goes there', async () => {
    const store = await open();
    await say(store, OWN, 'cases', patient('p'), contact('c', 'p'));
    expect(await due(store)).toEqual([]);
    expect(await held(store, P, `Encounter/${idOf('c')}`)).toEqual(['Patient/1']);
    await say(store, OWN, 'cases', patient('p', { gender: 'female' }));
    expect([await due(store), await held(store, P)]).toEqual([[], ['Patient/2']]);
  });

  test('what others say of it is sent, and after that it is in step again', async () => {
    const store = await open();
    await say(store, OWN, 'cases', patient('p'));
    await say(store, OWN, 'ehr', patient('p', { gender: 'female' }));
    expect([await due(store), await held(store, P)]).toEqual([['Patient/2'], ['Patient/2']]);
    await say(store, OWN, 'cases', patient('p', { birthDate: '1950' }));
    expect([await due(store), await held(store, P)]).toEqual([[], ['Patient/3']]);
  });

  test('where something that it has not heard is on its way, what it says is sent with it', async () => {
    const store = await open();
    await say(store, OWN, 'cases', patient('p'));
    await say(store, OWN, 'ehr', patient('p', { gender: 'female' }));
    await say(store, OWN, 'cases', patient('p', { birthDate: '1950' }));
    expect(await held(store, P)).toEqual(['Patient/1']);
    expect(await due(store)).toEqual(['Patient/2', 'Patient/3']);
  });

  test('in one batch likewise', async () => {
    const store = await open();
    const records = [
      recordOf([patient('p')], { source: 'cases', key: 'A' }),
      recordOf([patient('p', { gender: 'female' })], { source: 'ehr', key: 'B', sourceTimeMs: NOW_MS + 1 }),
      recordOf([patient('p', { birthDate: '1950' })], {
        ...{ source: 'cases', key: 'C', sourceTimeMs: NOW_MS + 2 },
      }),
      recordOf([patient('q')], { source: 'cases', key: 'D' }),
    ];
    await store.commit(records, OWN, NOW_MS);
    expect(await held(store, P, `Patient/${idOf('q')}`)).toEqual(expect.arrayContaining(['Patient/1']));
    expect(await due(store)).toEqual(['Patient/2', 'Patient/3']);
  });

  test('a person whom it named itself is erased there too', async () => {
    const store = await open();
    await say(store, OWN, 'cases', patient('p'));
    await store.erasePerson(idOf('p'), 'officer', NOW_MS + 99);
    const group = await store.claim('webhook', { nowMs: NOW_MS + 9_999, leaseMs: 1, maxEntries: 9 });
    expect(group?.entries.map(({ type, action }) => [type, action])).toEqual([['Patient', 'delete']]);
  });

  test('a follower hears of a source only what concerns what it holds, or will', async () => {
    const store = await open();
    await say(store, FOLLOWING, 'charity', patient('p'), consent('w1', 'p'));
    expect(await due(store)).toEqual([]);
    await say(store, FOLLOWING, 'ehr', patient('p', { gender: 'female' }));
    await say(store, FOLLOWING, 'charity', consent('w2', 'p'));
    expect(await due(store)).toEqual(['Patient/2', 'Consent/1']);
    await say(store, FOLLOWING, 'charity', patient('p', { birthDate: '1950' }), patient('q'));
    await say(store, FOLLOWING, 'charity', consent('w3', 'p'), consent('w4', 'q'));
    expect(await due(store)).toEqual(['Patient/3', 'Consent/1']);
  });

  test('what is sent for the first time is not looked for', async () => {
    const store = await open();
    await say(store, FOLLOWING, 'charity', patient('p'));
    expect(await store.resend('webhook', [{ key: P, how: 'first' }], 'delivery', NOW_MS)).toBe(1);
    expect(await store.resend('webhook', [{ key: P, how: 'first' }], 'delivery', NOW_MS)).toBe(0);
    const group = await store.claim('webhook', { nowMs: NOW_MS + 9_999, leaseMs: 1, maxEntries: 9 });
    expect(group?.entries).toMatchObject([{ type: 'Patient', version: 1, ambiguous: false }]);
    await store.recoverClaims(NOW_MS + 99_999, true);
    await due(store);
    expect(await store.resend('webhook', [{ key: P, how: 'first' }], 'delivery', NOW_MS)).toBe(0);
  });
}
