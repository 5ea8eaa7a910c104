/** What subscriptions promise: they follow commits in their order, and their events have numbers without gaps. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import type { CommittedVersion, NewSubscription } from '../../../src/store/subscriptions.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { commit, contact, NOW_MS, patient, recordOf, referral } from '../samples.ts';

const LEASE_MS = 60_000;

export function subscription(id: string, more: Partial<NewSubscription> = {}): NewSubscription {
  return {
    ...{ id, client: 'vendor', ownerOrg: 'X26', state: 'requested', endMs: undefined },
    content: '{"criteria":"Encounter?"}',
    headers: ['Authorization: Bearer secret'],
    viewer: SEES_ALL,
    types: ['Encounter'],
    ...more,
  };
}

const told = (changes: readonly CommittedVersion[]): string[] =>
  changes.map(({ type, version }) => `${type}/${version}`);

/** Goes through all that was committed. */
async function followed(store: Store, id: string): Promise<readonly CommittedVersion[]> {
  const { lastChange } = (await store.subscriptions.get(id))!;
  return await store.subscriptions.changes(lastChange, 1_000);
}

export function subscriptionContract(open: () => Promise<Store>): void {
  test('notes versions of followed types from when it is made, and nothing without it', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('before', 'p')]));
    expect(await store.subscriptions.changes(0, 10)).toEqual([]);
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await commit(store, recordOf([patient('p'), contact('after', 'p'), referral('r', 'p')], { key: 'R2' }));
    expect(told(await followed(store, 's'))).toEqual(['Encounter/1']);
  });

  test('notes each version of a resource that one transaction writes twice', async () => {
    const store = await open();
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await commit(
      store,
      recordOf([patient('p'), contact('c', 'p')]),
      recordOf([contact('c', 'p', { status: 'cancelled' })]),
    );
    await commit(store, recordOf([contact('c', 'p', { status: 'finished', priority: { text: 'x' } })]));
    expect(told(await followed(store, 's'))).toEqual(['Encounter/1', 'Encounter/2', 'Encounter/3']);
  });

  test('notes an erasure too, and nothing of a record that changes nothing', async () => {
    const store = await open();
    await store.subscriptions.make(subscription('s'), NOW_MS);
    const record = recordOf([patient('p'), contact('c', 'p')]);
    await commit(store, record);
    await commit(store, record);
    const [noted] = await followed(store, 's');
    const { personId } = (await store.read('Encounter', noted!.id))!;
    await store.erasePerson(personId!, 'tester', NOW_MS);
    expect(told(await followed(store, 's'))).toEqual(['Encounter/1', 'Encounter/2']);
  });

  test('numbers events without gaps, once, and lets nobody else at it meanwhile', async () => {
    const store = await open();
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await commit(store, recordOf([patient('p'), contact('c', 'p')]));
    const claimed = (await store.subscriptions.claim('s', NOW_MS, LEASE_MS))!;
    expect(await store.subscriptions.claim('s', NOW_MS + LEASE_MS - 1, LEASE_MS)).toBeUndefined();
    const [change] = await store.subscriptions.changes(claimed.lastChange, 10);
    const event = { ...change!, context: undefined, atMs: NOW_MS };
    const numbered = await store.subscriptions.number(claimed, change!.no, [event, event]);
    expect(numbered).toMatchObject({ lastEvent: 2, lastChange: change!.no });
    // what was looked through once is not looked through again, whoever says so
    expect(await store.subscriptions.number(claimed, change!.no, [event])).toBeUndefined();
    const events = await store.subscriptions.events('s', 1, 9, 10);
    expect(events.map(({ no, id }) => [no, id])).toEqual([
      [1, change!.id],
      [2, change!.id],
    ]);
    const other = (await store.subscriptions.claim('s', NOW_MS + LEASE_MS, LEASE_MS))!;
    expect(await store.subscriptions.settle(numbered!, { sentEvent: 2 }, NOW_MS)).toBeUndefined();
    expect(await store.subscriptions.settle(other, { sentEvent: 1 }, NOW_MS)).toMatchObject({ sentEvent: 1 });
    await store.subscriptions.release(other);
    expect(await store.subscriptions.claim('s', NOW_MS, LEASE_MS)).toBeDefined();
  });

  test('is followed no more once it is off or gone, and what nobody follows is tidied away', async () => {
    const store = await open();
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await commit(store, recordOf([patient('p'), contact('c', 'p')]));
    expect(await store.subscriptions.tidy(NOW_MS)).toBe(0);
    const claimed = (await store.subscriptions.claim('s', NOW_MS, LEASE_MS))!;
    const off = await store.subscriptions.settle(claimed, { state: 'off', fault: 'over' }, NOW_MS + 1);
    expect(off).toMatchObject({ state: 'off', version: 2, fault: 'over', lastUpdatedMs: NOW_MS + 1 });
    expect((await store.subscriptions.waiting(NOW_MS + LEASE_MS)).subscriptions).toEqual([]);
    expect(await store.subscriptions.tidy(NOW_MS)).toBe(1);
    await commit(store, recordOf([contact('d', 'p')], { key: 'R3' }));
    const again = await store.subscriptions.replace(subscription('s'), 2, NOW_MS);
    expect(again).toMatchObject({ state: 'requested', version: 3, fault: undefined });
    expect(await store.subscriptions.replace(subscription('s'), 2, NOW_MS)).toBeUndefined();
    await commit(store, recordOf([contact('e', 'p')], { key: 'R4' }));
    expect(await followed(store, 's')).toHaveLength(1);
    expect(await store.subscriptions.remove('s')).toBe(true);
    expect(await store.subscriptions.remove('s')).toBe(false);
    expect(await store.subscriptions.get('s')).toBeUndefined();
  });

  test('keeps what a client saw when it asked, its headers, and its own apart from others', async () => {
    const store = await open();
    const clauses = [{ kind: 'id', ids: ['1'] }] as const;
    const viewer = { ...SEES_ALL, organisations: ['X26'], types: new Map([['Encounter', [clauses]]]) };
    await store.subscriptions.make(subscription('s', { viewer }), NOW_MS);
    await store.subscriptions.make(subscription('t', { client: 'other' }), NOW_MS);
    const [own, ...more] = await store.subscriptions.list('vendor');
    expect(more).toEqual([]);
    expect(own).toMatchObject({ id: 's', viewer, headers: ['Authorization: Bearer secret'] });
    expect((await store.subscriptions.list(undefined)).map(({ id }) => id)).toEqual(['s', 't']);
  });

  test('what a process held that was killed is free at once where it was the only one, else when its lease ends', async () => {
    const store = await open();
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await store.subscriptions.claim('s', NOW_MS, LEASE_MS);
    expect(await store.subscriptions.recover(NOW_MS + 1, false)).toBe(0);
    expect(await store.subscriptions.recover(NOW_MS + 1, true)).toBe(1);
    expect(await store.subscriptions.claim('s', NOW_MS + 1, LEASE_MS)).toBeDefined();
  });
}
