/** What every engine must do with changes that were made at a target: reconcile, remember where it stands, never send back. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type {
  CommitRecord,
  CommitResult,
  Conflict,
  Identified,
  Received,
  Store,
} from '../../../src/store/store.ts';
import { commit, contact, deliverAll, idOf, NOW_MS, patient, RULES, recordOf } from '../samples.ts';

const KEY = `Patient/${idOf('p')}` as const;
const RULES_WITH_ORIGIN = {
  ...RULES,
  route: (_one: Identified, origin?: string) => ['ehr', 'other'].filter((name) => name !== origin),
};

export function receivedContract(open: () => Promise<Store>): void {
  const receive = async (
    store: Store,
    resource: Identified,
    received: Partial<Received>,
    more: Partial<CommitRecord> = {},
  ): Promise<CommitResult> => {
    const about = {
      target: 'ehr',
      remoteId: 'r1',
      remoteVersion: '2',
      base: undefined,
      heldDigest: undefined,
    };
    const record = recordOf([resource], {
      ...{ source: 'ehr', kind: resource.resourceType, key: 'r1', timeOf: 'reading' as const },
      received: { ...about, ...received },
      ...more,
    });
    return (await store.commit([record], RULES_WITH_ORIGIN, NOW_MS))[0]!;
  };
  const held = async (store: Store): Promise<Patient> =>
    (await store.read('Patient', idOf('p')))!.resource as Patient;
  const waiting = async (store: Store, target: string): Promise<string[]> => {
    const group = await store.claim(target, { nowMs: NOW_MS, leaseMs: 1, maxEntries: 9 });
    return (group?.entries ?? []).map((entry) => `${entry.type}/${entry.version}`);
  };

  test('a change that was made at a target goes to the others, and not back', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await deliverAll(store);
    const base = (await held(store)) as Identified;
    expect(await receive(store, patient('p', { gender: 'female' }), { base })).toMatchObject({
      state: 'committed',
    });
    expect(await held(store)).toMatchObject({ gender: 'female', meta: { versionId: '2' } });
    expect(await waiting(store, 'ehr')).toEqual([]);
    expect(await waiting(store, 'other')).toEqual(['Patient/2']);
    expect(await store.remoteLinks('ehr', ['Patient/r1'])).toMatchObject([
      { id: idOf('p'), remoteVersion: '2', version: 2 },
    ]);
    expect(await store.remoteLinks('other', ['Patient/r1'])).toEqual([]);
  });

  test('what a target said last stays while its copy is known, whatever the time of payloads: its next change is laid over it', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await deliverAll(store);
    const base = (await held(store)) as Identified;
    const mapDigest = 'fhir';
    await receive(store, patient('p', { gender: 'female' }), { base }, { mapDigest });
    await commit(store, recordOf([patient('q')], { source: 'bars', key: 'q', mapDigest }));
    const limits = { beforeMs: NOW_MS + 1, versions: 1, mapDigests: [mapDigest], after: 0, count: 99 };
    expect(await store.prune('payloads', limits)).toMatchObject({ removed: 1 });
    expect((await store.sourceRecord('ehr', 'Patient', 'r1'))?.payload).toBeDefined();
  });

  test('what only we changed goes to it beside its own change, over the version that was received', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await deliverAll(store);
    const base = (await held(store)) as Identified;
    await commit(store, recordOf([patient('p', { birthDate: '1950' })]));
    await receive(store, patient('p', { gender: 'female' }), { base });
    expect(await held(store)).toMatchObject({ gender: 'female', birthDate: '1950' });
    expect((await waiting(store, 'ehr')).at(-1)).toBe('Patient/3');
    expect(await store.links('ehr', [KEY])).toMatchObject([
      { remoteId: 'r1', remoteVersion: '2', version: 3, digest: '' },
    ]);
  });

  test('what waits for a target that turns out to say the same is needless', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await deliverAll(store);
    const base = (await held(store)) as Identified;
    await commit(store, recordOf([patient('p', { gender: 'female' })]));
    await receive(store, patient('p', { gender: 'female' }), { base });
    expect(await waiting(store, 'ehr')).toEqual([]);
    expect((await held(store)).meta?.versionId).toBe('2');
  });

  test('a later delivery that is settled late does not hide where the target stands', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const group = (await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 60_000, maxEntries: 9 }))!;
    await receive(store, patient('p', { gender: 'female' }), { base: (await held(store)) as Identified });
    const { seq } = group.entries[0]!;
    const link = {
      target: 'ehr',
      type: 'Patient',
      id: idOf('p'),
      remoteId: 'r1',
      remoteVersion: '1',
      version: 1,
      digest: 'd',
      deliveredMs: NOW_MS,
    };
    await store.settle('ehr', group.deliveryKey, [{ kind: 'delivered', seq, link }], NOW_MS);
    expect(await store.links('ehr', [KEY])).toMatchObject([{ remoteVersion: '2', version: 2 }]);
  });

  test('the same changed differently is refused with both versions and a proposal, until it agrees', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p', { gender: 'unknown' })]));
    const base = (await held(store)) as Identified;
    await commit(store, recordOf([patient('p', { gender: 'male' })]));
    const refused = await receive(store, patient('p', { gender: 'female', birthDate: '1950' }), { base });
    expect(refused.state).toBe('refused');
    expect((await held(store)).gender).toBe('male');
    const [item] = await store.worklist({ kind: 'conflict', open: true, count: 9 });
    expect(item).toMatchObject({ resource: KEY, target: 'ehr', rule: 'store-conflict' });
    const { payload } = (await store.refusedRecord(item!.id))!;
    expect(payload as Conflict).toMatchObject({
      ours: { gender: 'male' },
      theirs: { gender: 'female' },
      proposed: { gender: 'male', birthDate: '1950' },
      conflicts: [{ path: 'Patient.gender', base: 'unknown', ours: 'male', theirs: 'female' }],
    });
    await receive(store, patient('p', { gender: 'male', birthDate: '1950' }), { base, remoteVersion: '3' });
    expect(await held(store)).toMatchObject({ gender: 'male', birthDate: '1950' });
    expect(await store.worklist({ kind: 'conflict', open: true, count: 9 })).toEqual([]);
  });

  test.each([
    ['shared', (more: object) => patient('p', more), 'birthDate'],
    ['of one record', (more: object) => contact('p', 'q', more), 'priority'],
  ] as const)(
    'a source that repeats itself takes no change back from a resource %s',
    async (_name, make, other) => {
      const store = await open();
      const { resourceType: type, id } = make({});
      const read = async () => (await store.read(type, id))!.resource as unknown as Record<string, unknown>;
      await commit(store, recordOf([make({ language: 'en' })]));
      const base = (await read()) as unknown as Identified;
      await receive(store, make({ language: 'cy' }), { base });
      await commit(store, recordOf([make({ language: 'en' })], { sourceTimeMs: NOW_MS + 1 }));
      expect((await read()).language).toBe('cy');
      await commit(store, recordOf([make({ language: 'en', [other]: 'x' })], { sourceTimeMs: NOW_MS + 2 }));
      expect(await read()).toMatchObject({ language: 'cy', [other]: 'x' });
      const [clash] = await commit(
        store,
        recordOf([make({ language: 'fr', [other]: 'x' })], { sourceTimeMs: NOW_MS + 3 }),
      );
      expect([clash?.state, (await read()).language]).toEqual(['refused', 'cy']);
      expect(await store.worklist({ kind: 'conflict', open: true, count: 9 })).toHaveLength(1);
    },
  );

  test('what was born there is kept under its id here, and what is told of it first adds to it', async () => {
    const store = await open();
    await receive(store, patient('p', { gender: 'female' }), {});
    expect(await waiting(store, 'ehr')).toEqual([]);
    const first: Identified = { resourceType: 'Patient', id: idOf('p'), birthDate: '1950' };
    await commit(store, recordOf([first]));
    expect(await held(store)).toMatchObject({
      gender: 'female',
      birthDate: '1950',
      name: [{ family: 'Example' }],
    });
    expect(await waiting(store, 'ehr')).toEqual(['Patient/2']);
  });

  test('an erasure takes the versions of a conflict with it', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p', { gender: 'male' })]));
    await receive(store, patient('p', { gender: 'female' }), {});
    const [item] = await store.worklist({ kind: 'conflict', open: true, count: 9 });
    expect(item).toBeDefined();
    await store.erasePerson(idOf('p'), 'operator', NOW_MS);
    expect(await store.refusedRecord(item!.id)).toBeUndefined();
    expect(await store.verifyAudit()).toBeUndefined();
  });
}
