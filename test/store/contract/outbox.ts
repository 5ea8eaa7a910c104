/** What every engine must do with deliveries: in order by key, none lost, none twice at once. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import { basisOf } from '../../../src/store/deliveries.ts';
import type { ClaimedGroup, Identified, Settlement, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  deliverAll,
  delivered,
  idOf,
  NOW_MS,
  organization,
  patient,
  RULES,
  recordOf,
} from '../samples.ts';

const WHY = outcomeOf(issueOf({ rule: 'deliver-refused', diagnostics: 'The server refused it.' }));
const claim = (store: Store, nowMs = NOW_MS, maxEntries = 100): Promise<ClaimedGroup | undefined> =>
  store.claim('ehr', { nowMs, leaseMs: 1_000, maxEntries });

export function outboxContract(open: () => Promise<Store>): void {
  const settleAll = (store: Store, group: ClaimedGroup, ...settlements: Settlement[]): Promise<void> =>
    store.settle('ehr', group.deliveryKey, settlements, NOW_MS);

  test('claims the key that has waited longest, its entries in order of commit', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e1', 'p')], { key: 'a' }));
    await commit(store, recordOf([patient('q')], { key: 'b' }));
    await commit(store, recordOf([contact('e2', 'p')], { key: 'c' }));
    const first = await claim(store);
    expect(first?.deliveryKey).toBe(idOf('p'));
    expect(first?.entries.map((entry) => entry.id)).toEqual([idOf('p'), idOf('e1'), idOf('e2')]);
    expect(first?.entries[0]).toMatchObject({ version: 1, action: 'put', attempt: 0, ambiguous: false });
    expect((await claim(store))?.deliveryKey).toBe(idOf('q'));
    expect(await claim(store)).toBeUndefined();
  });

  test('claims more of a claimed key by resource, wherever it stands in line, and nothing of a key nobody holds', async () => {
    const store = await open();
    await commit(
      store,
      recordOf([contact('e1', 'p')], { key: 'a' }),
      recordOf([contact('e2', 'p')], { key: 'b' }),
    );
    await commit(store, recordOf([patient('p')], { key: 'c' }));
    const patientKey = `Patient/${idOf('p')}` as const;
    expect(await store.claimAlso('ehr', idOf('p'), [patientKey])).toEqual([]);
    const group = await claim(store, NOW_MS, 1);
    expect(group?.entries.map((entry) => entry.id)).toEqual([idOf('e1')]);
    const also = await store.claimAlso('ehr', idOf('p'), [patientKey, `Patient/${idOf('q')}`]);
    expect(also.map((entry) => entry.id)).toEqual([idOf('p')]);
    expect(await store.claimAlso('ehr', idOf('p'), [patientKey])).toEqual([]);
    await settleAll(store, group!, ...[...group!.entries, ...also].map((entry) => delivered(entry)));
    expect((await claim(store))?.entries.map((entry) => entry.id)).toEqual([idOf('e2')]);
  });

  test('gives a resource that belongs to nobody a key of its own', async () => {
    const store = await open();
    await commit(store, recordOf([organization('o')]));
    expect((await claim(store))?.deliveryKey).toBe(`Organization/${idOf('o')}`);
  });

  test('keeps what it delivered as a link, and what is left for the next claim', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e1', 'p'), contact('e2', 'p')]));
    const group = (await claim(store, NOW_MS, 2))!;
    await settleAll(store, group, ...group.entries.map(delivered));
    const keys = [`Patient/${idOf('p')}`, `Encounter/${idOf('e2')}`] as const;
    expect(await store.links('ehr', keys)).toMatchObject([
      { type: 'Patient', remoteId: idOf('p'), version: 1 },
    ]);
    expect((await claim(store))?.entries.map((entry) => entry.id)).toEqual([idOf('e2')]);
    expect((await store.counts()).targets).toMatchObject([{ claimed: 1, delivered: 2 }]);
  });

  test('waits out a retry, counts it, and remembers that it is ambiguous', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const group = (await claim(store))!;
    const retry = { kind: 'retry', dueMs: NOW_MS + 500, ambiguous: true, outcome: WHY } as const;
    const wait = { kind: 'wait', dueMs: NOW_MS + 900 } as const;
    await settleAll(
      store,
      group,
      { ...retry, seq: group.entries[0]!.seq },
      { ...wait, seq: group.entries[1]!.seq },
    );
    expect(await store.nextDueMs('ehr', NOW_MS)).toBe(NOW_MS + 500);
    expect(await claim(store, NOW_MS + 499)).toBeUndefined();
    const again = await claim(store, NOW_MS + 500);
    expect(again?.entries).toMatchObject([
      { attempt: 1, ambiguous: true },
      { attempt: 0, ambiguous: false },
    ]);
    await settleAll(
      store,
      again!,
      ...again!.entries.map((entry) => ({ ...retry, ambiguous: false, seq: entry.seq })),
    );
    expect((await claim(store, NOW_MS + 500))?.entries[0]).toMatchObject({ attempt: 2, ambiguous: true });
  });

  test('does not shorten a retry when a new commit adds to the key', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const group = (await claim(store))!;
    await settleAll(store, group, {
      kind: 'retry',
      seq: group.entries[0]!.seq,
      dueMs: NOW_MS + 500,
      ambiguous: false,
      outcome: WHY,
    });
    await commit(store, recordOf([contact('e', 'p')], { key: 'R2' }));
    expect(await claim(store)).toBeUndefined();
    expect((await claim(store, NOW_MS + 500))?.entries).toHaveLength(2);
  });

  test('ends a wait for something missing when a new commit adds to the key', async () => {
    const store = await open();
    await commit(store, recordOf([contact('e', 'p')]));
    const group = (await claim(store))!;
    await settleAll(store, group, { kind: 'wait', seq: group.entries[0]!.seq, dueMs: NOW_MS + 60_000 });
    expect(await claim(store)).toBeUndefined();
    await commit(store, recordOf([patient('p')], { key: 'R2' }));
    expect((await claim(store))?.entries).toHaveLength(2);
  });

  test('keeps entries that come under a lease for the next claim', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const group = (await claim(store))!;
    await commit(store, recordOf([contact('e', 'p')], { key: 'R2' }));
    expect(await claim(store)).toBeUndefined();
    await settleAll(store, group, ...group.entries.map(delivered));
    expect((await claim(store))?.entries.map((entry) => entry.id)).toEqual([idOf('e')]);
  });

  test('puts what is held for want of consent back in line when consent came while it was decided', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const group = (await claim(store))!;
    const person = await store.readPerson(idOf('p'), 'Patient');
    const holds = group.entries.map(
      ({ seq }) => ({ kind: 'hold', seq, outcome: WHY, basis: basisOf(person) }) as const,
    );
    await commit(store, recordOf([patient('p', { gender: 'other' })], { key: 'R2' }));
    await store.settle('ehr', group.deliveryKey, holds, NOW_MS);
    const again = await claim(store);
    expect(again?.entries.map(({ id }) => id)).toEqual(
      expect.arrayContaining(group.entries.map(({ id }) => id)),
    );
    expect(await store.blocked('ehr', [`Encounter/${idOf('e')}`])).toEqual([]);
  });

  test('parks and holds with a worklist item, blocks their resources, and replays both', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p'), contact('f', 'p')]));
    const group = (await claim(store))!;
    const [one, two, three] = group.entries;
    const park = { kind: 'park', seq: one!.seq, outcome: WHY } as const;
    await settleAll(
      store,
      group,
      park,
      { kind: 'hold', seq: two!.seq, outcome: WHY },
      { kind: 'superseded', seq: three!.seq },
    );
    const keys = [`Patient/${idOf('p')}`, `Encounter/${idOf('e')}`, `Encounter/${idOf('f')}`] as const;
    expect((await store.blocked('ehr', keys)).map(({ key }) => key).sort()).toEqual(
      [keys[0]!, keys[1]!].sort(),
    );
    expect(
      (await store.worklist({ open: true, count: 9 })).map((item) => [item.kind, item.resource, item.target]),
    ).toEqual([
      ['parked', keys[0], 'ehr'],
      ['held', keys[1], 'ehr'],
    ]);
    expect(await store.nextDueMs('ehr', NOW_MS)).toBeUndefined();
    expect(await store.replayDeliveries({ target: 'other' }, NOW_MS)).toBe(0);
    expect(await store.replayDeliveries({ resource: keys[0] }, NOW_MS)).toBe(1);
    expect(await store.replayDeliveries({ personId: idOf('p'), state: 'held' }, NOW_MS)).toBe(1);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
    expect((await claim(store))?.entries.map((entry) => entry.seq)).toEqual([one!.seq, two!.seq]);
  });

  test('looks at held deliveries again when the person or a consent changes', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const group = (await claim(store))!;
    await settleAll(
      store,
      group,
      ...group.entries.map((entry) => ({ kind: 'hold', seq: entry.seq, outcome: WHY }) as const),
    );
    await commit(store, recordOf([contact('f', 'p')], { key: 'R2' }));
    expect((await store.counts()).targets).toMatchObject([{ held: 2, waiting: 1 }]);
    await commit(store, recordOf([patient('p', { gender: 'female' })], { key: 'R3' }));
    expect((await store.counts()).targets).toMatchObject([{ held: 0, waiting: 4 }]);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
  });

  test('lets a key go on waiting out its retry when held deliveries are released', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const group = (await claim(store))!;
    const [one, two] = group.entries;
    const retry = { kind: 'retry', dueMs: NOW_MS + 500, ambiguous: false, outcome: WHY } as const;
    await settleAll(store, group, { kind: 'hold', seq: one!.seq, outcome: WHY }, { ...retry, seq: two!.seq });
    await commit(store, recordOf([patient('p', { gender: 'female' })], { key: 'R2' }));
    expect(await claim(store)).toBeUndefined();
    expect((await claim(store, NOW_MS + 500))?.entries).toHaveLength(3);
  });

  test('frees claims whose lease ran out, as ambiguous; all of them at start', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')], { key: 'a' }), recordOf([patient('q')], { key: 'b' }));
    const first = (await claim(store))!;
    await claim(store, NOW_MS + 500);
    expect(await store.recoverClaims(NOW_MS + 999, false)).toBe(0);
    expect(await store.recoverClaims(NOW_MS + 1_000, false)).toBe(1);
    expect(await store.recoverClaims(NOW_MS, true)).toBe(1);
    // what the first claim did not deliver is no longer its own to settle
    await settleAll(store, first, { kind: 'park', seq: first.entries[0]!.seq, outcome: WHY });
    expect((await store.counts()).targets).toMatchObject([{ waiting: 2, parked: 0 }]);
    const again = [await claim(store, NOW_MS + 1_000), await claim(store, NOW_MS + 1_000)];
    expect(again.map((group) => group?.deliveryKey).sort()).toEqual([idOf('p'), idOf('q')].sort());
    expect(again.flatMap((group) => group!.entries).map((entry) => entry.ambiguous)).toEqual([true, true]);
  });

  test('once replayed, what was parked in doubt is looked up, whichever version the doubt was of', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const first = (await claim(store))!;
    const doubt = { kind: 'retry', ambiguous: true, outcome: WHY, dueMs: NOW_MS } as const;
    await settleAll(store, first, { ...doubt, seq: first.entries[0]!.seq });
    await commit(store, recordOf([patient('p', { gender: 'other' })], { digest: 'other' }));
    const both = (await claim(store))!;
    const [older, newer] = both.entries.map(({ seq }) => seq);
    const park = { kind: 'park', seq: newer!, outcome: WHY, ambiguous: true } as const;
    await settleAll(store, both, { kind: 'superseded', seq: older! }, park);
    await store.replayDeliveries({ state: 'parked' }, NOW_MS);
    expect((await claim(store))?.entries).toMatchObject([{ seq: newer, ambiguous: true }]);
  });

  test('tells a target that turns out to hold a person what the person decided', async () => {
    const store = await open();
    const consent = {
      resourceType: 'Consent',
      id: idOf('c'),
      patient: { reference: `Patient/${idOf('p')}` },
    };
    await commit(store, recordOf([patient('p'), consent as Identified]));
    const group = (await claim(store))!;
    const holds = group.entries.map(({ seq }) => ({ kind: 'hold', seq, outcome: WHY }) as const);
    await settleAll(store, group, ...holds);
    const link = { target: 'ehr', type: 'Patient', id: idOf('p'), remoteId: 'r1', remoteVersion: undefined };
    await store.keepLink({ ...link, version: 0, digest: '', deliveredMs: NOW_MS }, idOf('p'), NOW_MS);
    expect(await store.links('ehr', [`Patient/${idOf('p')}`])).toMatchObject([
      { remoteId: 'r1', version: 0 },
    ]);
    expect((await claim(store))?.entries.map(({ type }) => type)).toEqual(['Consent']);
  });

  test('brings back what a clock that was ahead had put far off, and leaves what is near', async () => {
    const store = await open();
    const dayMs = 86_400_000;
    await commit(store, recordOf([patient('p')], { key: 'a' }));
    const group = (await claim(store))!;
    const retry = { kind: 'retry', ambiguous: false, outcome: WHY } as const;
    await settleAll(store, group, { ...retry, seq: group.entries[0]!.seq, dueMs: NOW_MS + dayMs });
    await commit(store, recordOf([patient('q')], { key: 'b' }));
    await store.claim('ehr', { nowMs: NOW_MS, leaseMs: dayMs, maxEntries: 50 });
    expect(await store.rewind('ehr', { nowMs: NOW_MS, leaseMs: 1_000, aheadMs: dayMs })).toBe(1); // the lease
    expect(await claim(store)).toBeUndefined();
    expect(await store.rewind('ehr', { nowMs: NOW_MS, leaseMs: 1_000, aheadMs: dayMs - 1 })).toBe(1);
    expect((await claim(store))?.deliveryKey).toBe(idOf('p'));
    expect(await store.recoverClaims(NOW_MS + 1_000, false)).toBe(2);
  });

  test('what is left in a key that was on its way while the clock was set right is due at once', async () => {
    const store = await open();
    const aheadMs = NOW_MS + 86_400_000;
    await store.commit([recordOf([patient('p')], { key: 'a' })], RULES, aheadMs);
    const group = (await store.claim('ehr', { nowMs: aheadMs, leaseMs: 60_000, maxEntries: 50 }))!;
    expect(await store.rewind('ehr', { nowMs: NOW_MS, leaseMs: 60_000, aheadMs: 0 })).toBe(2); // due, and lease
    await commit(store, recordOf([patient('p', { gender: 'female' })], { key: 'b' }));
    await settleAll(store, group, delivered(group.entries[0]!));
    expect((await claim(store))?.deliveryKey).toBe(idOf('p'));
  });

  test('a key that waited for another one stands behind those that have not been tried', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')], { key: 'a' }), recordOf([patient('q')], { key: 'b' }));
    const first = (await claim(store))!;
    const waits: Settlement = { kind: 'wait', seq: first.entries[0]!.seq, dueMs: NOW_MS + 100 };
    await settleAll(store, first, waits);
    expect((await claim(store, NOW_MS + 100))?.deliveryKey).toBe(idOf('q'));
    expect((await claim(store, NOW_MS + 100))?.deliveryKey).toBe(first.deliveryKey);
  });

  test('takes a late answer for a fact even when the entry was claimed again', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const first = (await claim(store))!;
    await store.recoverClaims(NOW_MS, true);
    const second = (await claim(store))!;
    await settleAll(store, first, ...first.entries.map(delivered));
    await settleAll(store, second, { kind: 'park', seq: second.entries[0]!.seq, outcome: WHY });
    expect((await store.counts()).targets).toEqual([
      { target: 'ehr', waiting: 0, claimed: 0, parked: 0, held: 0, delivered: 1 },
    ]);
  });

  test('forgets the link of what was removed at the target', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await deliverAll(store);
    await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
    const group = (await claim(store))!;
    expect(group.entries).toMatchObject([{ action: 'delete', type: 'Patient' }]);
    await settleAll(store, group, { kind: 'removed', seq: group.entries[0]!.seq });
    expect(await store.links('ehr', [`Patient/${idOf('p')}`])).toEqual([]);
  });
}
