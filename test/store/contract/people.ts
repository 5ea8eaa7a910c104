/** What every engine must do with people: join on a verified number, undo, erase. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  deliverAll,
  delivered,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  partial,
  patient,
  recordOf,
  refusedOf,
  withNhsNumber,
} from '../samples.ts';

const OTHER_NUMBER = '9990000026';

export function peopleContract(open: () => Promise<Store>): void {
  test('joins two patients with the same verified NHS number, with their rows and waiting deliveries in order', async () => {
    const store = await open();
    await commit(store, recordOf([patient('b'), contact('eb', 'b')], { source: 'platform', key: '1' }));
    await commit(store, recordOf([withNhsNumber('a', NHS_NUMBER), contact('ea', 'a')], { key: '2' }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
    await commit(
      store,
      recordOf([withNhsNumber('b', NHS_NUMBER)], { source: 'platform', key: '3', sourceTimeMs: NOW_MS + 1 }),
    );
    expect(await store.personOf(idOf('b'))).toBe(idOf('a'));
    expect((await store.readPerson(idOf('a'), 'Encounter')).map((one) => one.id)).toEqual([
      idOf('eb'),
      idOf('ea'),
    ]);
    expect((await store.read('Patient', idOf('b')))?.personId).toBe(idOf('a'));
    const group = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 });
    expect(group?.deliveryKey).toBe(idOf('a'));
    expect(group?.entries.map((entry) => entry.id)).toEqual(['b', 'eb', 'a', 'ea', 'b'].map(idOf));
    expect(await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 })).toBeUndefined();
    await commit(store, recordOf([contact('e3', 'b')], { key: '4' }));
    expect((await store.read('Encounter', idOf('e3')))?.personId).toBe(idOf('a'));
  });

  test('joins nobody on a number that is not verified', async () => {
    const store = await open();
    await commit(store, recordOf([withNhsNumber('a', NHS_NUMBER)], { key: '1' }));
    await commit(store, recordOf([withNhsNumber('b', NHS_NUMBER, '02')], { key: '2' }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
  });

  test('undoes a join, and does not make it again by itself', async () => {
    const store = await open();
    await commit(store, recordOf([withNhsNumber('a', NHS_NUMBER), contact('ea', 'a')], { key: '1' }));
    await commit(store, recordOf([withNhsNumber('b', NHS_NUMBER), contact('eb', 'b')], { key: '2' }));
    await store.unlinkPerson(idOf('b'), NOW_MS);
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
    expect((await store.readPerson(idOf('b'), 'Encounter')).map((one) => one.id)).toEqual([idOf('eb')]);
    expect((await store.readPerson(idOf('a'), 'Encounter')).map((one) => one.id)).toEqual([idOf('ea')]);
    await commit(store, recordOf([withNhsNumber('b', NHS_NUMBER), contact('f', 'b')], { key: '2' }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
    const first = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 });
    const second = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 });
    expect(first?.entries.map((entry) => entry.id)).toEqual(['a', 'ea'].map(idOf));
    expect(second?.entries.map((entry) => entry.id)).toEqual(['b', 'eb', 'f'].map(idOf));
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('takes a join back when the number that made it turns out wrong', async () => {
    const store = await open();
    for (const name of ['a', 'b', 'c'])
      await commit(
        store,
        recordOf([withNhsNumber(name, NHS_NUMBER), contact(`e${name}`, name)], { key: name }),
      );
    expect(await store.personOf(idOf('c'))).toBe(idOf('a'));
    await commit(store, recordOf([withNhsNumber('c', OTHER_NUMBER)], { key: 'c' }));
    expect(await store.personOf(idOf('c'))).toBe(idOf('c'));
    expect((await store.read('Encounter', idOf('ec')))?.personId).toBe(idOf('c'));
    await commit(store, recordOf([withNhsNumber('a', OTHER_NUMBER)], { key: 'a' }));
    expect(await store.personOf(idOf('a'))).toBe(idOf('c'));
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
    expect((await store.readPerson(idOf('b'), 'Encounter')).map((one) => one.id)).toEqual([idOf('eb')]);
    expect((await store.readPerson(idOf('c'), 'Encounter')).map((one) => one.id)).toEqual(
      ['ea', 'ec'].map(idOf),
    );
    expect(await deliverAll(store)).toHaveLength(8);
  });

  test.each(['b', 'a'])('takes a join back when the number of %s is verified no longer', async (name) => {
    const store = await open();
    for (const one of ['a', 'b'])
      await commit(store, recordOf([withNhsNumber(one, NHS_NUMBER), contact(`e${one}`, one)], { key: one }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('a'));
    await commit(store, recordOf([withNhsNumber(name, NHS_NUMBER, '02')], { key: name }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('b'));
    expect((await store.readPerson(idOf('b'), 'Encounter')).map((one) => one.id)).toEqual([idOf('eb')]);
    expect((await store.readPerson(idOf('a'), 'Encounter')).map((one) => one.id)).toEqual([idOf('ea')]);
    await commit(store, recordOf([withNhsNumber(name, NHS_NUMBER)], { key: name }));
    expect(await store.personOf(idOf(name))).toBe(await store.personOf(idOf(name === 'a' ? 'b' : 'a')));
  });

  test('keeps a join made by hand when a number is verified no longer', async () => {
    const store = await open();
    await commit(store, recordOf([patient('a')], { key: 'a' }));
    await commit(store, recordOf([withNhsNumber('b', NHS_NUMBER)], { key: 'b' }));
    await store.linkPerson(idOf('b'), idOf('a'), 'by hand', NOW_MS);
    await commit(store, recordOf([withNhsNumber('b', NHS_NUMBER, '02')], { key: 'b' }));
    expect(await store.personOf(idOf('b'))).toBe(idOf('a'));
  });

  test('joins by hand all who are one person already', async () => {
    const store = await open();
    await commit(store, recordOf([patient('a'), patient('b'), patient('c'), contact('ec', 'c')]));
    await store.linkPerson(idOf('c'), idOf('b'), 'by hand', NOW_MS);
    await store.linkPerson(idOf('b'), idOf('a'), 'by hand', NOW_MS);
    expect(await store.personOf(idOf('c'))).toBe(idOf('a'));
    expect((await store.readPerson(idOf('a'), 'Patient')).map((one) => one.id)).toEqual(
      ['a', 'b', 'c'].map(idOf),
    );
    expect(await store.readPerson(idOf('a'), 'Encounter')).toHaveLength(1);
  });

  test('keeps a joined key to itself while an entry of either is on its way', async () => {
    const store = await open();
    await commit(store, recordOf([patient('a')], { key: '1' }), recordOf([patient('b')], { key: '2' }));
    const options = { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 };
    const flying = (await store.claim('ehr', options))!;
    expect(flying.deliveryKey).toBe(idOf('a'));
    await store.linkPerson(idOf('a'), idOf('b'), 'by hand', NOW_MS);
    expect(await store.claim('ehr', options)).toBeUndefined();
    await store.settle('ehr', flying.deliveryKey, flying.entries.map(delivered), NOW_MS);
    expect((await store.claim('ehr', options))?.entries.map((entry) => entry.id)).toEqual([idOf('b')]);
  });

  test('erases a person whole: content, history, index, payloads, waiting work, and tells who holds a copy', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p'), organization('o')], { key: '1' }));
    await deliverAll(store);
    await commit(
      store,
      recordOf([contact('e', 'p', { status: 'cancelled' }), contact('f', 'p')], { key: '2' }),
    );
    await commit(
      store,
      recordOf([partial(patient('p', { gender: 'male' }))], { key: '3' }),
      refusedOf({ key: '3' }),
    );
    expect(await store.erasePerson(idOf('p'), 'dpo', NOW_MS + 1)).toEqual({ resources: 3, deliveries: 2 });
    expect(await store.read('Patient', idOf('p'))).toMatchObject({
      state: 'erased',
      resource: undefined,
      digest: '',
    });
    expect((await store.history('Encounter', idOf('e'), 9)).map((one) => [one.state, one.resource])).toEqual(
      Array(3).fill(['erased', undefined]),
    );
    expect((await store.search({ type: 'Patient', clauses: [], count: 9 })).versions).toEqual([]);
    expect((await store.sourceRecord('demo', 'referral', '1'))?.payload).toBeUndefined();
    const items = [
      ...(await store.worklist({ open: true, count: 9 })),
      ...(await store.worklist({ open: false, count: 9 })),
    ];
    for (const item of items) {
      expect(item.outcome.issue[0]?.details?.coding?.[0]?.code).toBe('store-erased');
      expect(await store.refusedRecord(item.id)).toBeUndefined();
    }
    const group = await store.claim('ehr', { nowMs: NOW_MS + 1, leaseMs: 1, maxEntries: 9 });
    expect(group?.entries.map((entry) => [entry.action, entry.type])).toEqual([
      ['delete', 'Encounter'],
      ['delete', 'Patient'],
    ]);
    expect((await store.read('Organization', idOf('o')))?.state).toBe('current');
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('leaves the same record of an erased person unchanged, and takes a new one', async () => {
    const store = await open();
    const record = recordOf([patient('p')]);
    await commit(store, record);
    await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
    for (const mapDigest of ['map-1', 'map-2'])
      expect(await commit(store, { ...record, mapDigest })).toEqual([{ state: 'unchanged' }]);
    expect(await store.read('Patient', idOf('p'))).toMatchObject({ state: 'erased', resource: undefined });
    expect((await store.sourceRecord('demo', 'referral', 'R1'))?.payload).toBeUndefined();
    await commit(store, recordOf([patient('p')]));
    expect(await store.read('Patient', idOf('p'))).toMatchObject({ state: 'current', version: 3 });
    expect((await store.search({ type: 'Patient', clauses: [], count: 9 })).versions).toHaveLength(1);
  });

  test('erases refused payloads that hold an identifier which the person has or had', async () => {
    const store = await open();
    const local = 'local "7"'; // as JSON writes it, it is another text
    await commit(store, recordOf([withNhsNumber('p', OTHER_NUMBER)], { key: '1' }));
    await commit(store, recordOf([withNhsNumber('p', NHS_NUMBER)], { key: '1' }));
    await commit(
      store,
      recordOf([patient('p', { identifier: [{ value: local }, { value: '12' }] })], { key: '2' }),
    );
    const payloads = ['999 000-0018', OTHER_NUMBER, local, '12', '9990000034'];
    await commit(store, ...payloads.map((id, i) => refusedOf({ key: undefined, line: i, payload: { id } })));
    const items = await store.worklist({ kind: 'rejected', open: true, count: 9 });
    await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
    const kept = await Promise.all(items.map((item) => store.refusedRecord(item.id)));
    expect(kept.flatMap((one) => one?.payload ?? [])).toEqual([{ id: '12' }, { id: '9990000034' }]);
    expect((await store.worklist({ kind: 'rejected', open: true, count: 9 })).map((one) => one.line)).toEqual(
      [3, 4],
    );
    expect((await store.workItem(items[0]!.id))?.outcome.issue[0]?.details?.coding?.[0]?.code).toBe(
      'store-erased',
    );
  });

  test('erases what partial records said of somebody never written', async () => {
    const store = await open();
    await commit(store, recordOf([partial(patient('p', { gender: 'male' }))], { key: '1' }));
    await store.erasePerson(idOf('p'), 'dpo', NOW_MS);
    await commit(store, recordOf([patient('p')], { key: '2' }));
    expect((await store.read('Patient', idOf('p')))?.resource).not.toHaveProperty('gender');
  });

  test('tells a target to delete what is on its way there, and forgets the put when it fails', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const options = { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 };
    const group = (await store.claim('ehr', options))!;
    expect(await store.erasePerson(idOf('p'), 'dpo', NOW_MS)).toEqual({ resources: 1, deliveries: 1 });
    const outcome = { resourceType: 'OperationOutcome', issue: [] } as const;
    await store.settle(
      'ehr',
      group.deliveryKey,
      [{ kind: 'park', seq: group.entries[0]!.seq, outcome: { ...outcome, issue: [] } }],
      NOW_MS,
    );
    expect((await store.claim('ehr', options))?.entries).toMatchObject([{ action: 'delete' }]);
  });
}
