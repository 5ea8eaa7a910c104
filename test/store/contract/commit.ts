/** What every engine must do with records: keep, merge, refuse, leave unchanged. */
import { expect, test } from 'vitest';
import { issueOf } from '../../../src/fhir/outcome.ts';
import type { CommitRules, Identified, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  idOf,
  NOW_MS,
  organization,
  partial,
  patient,
  RULES,
  recordOf,
  referral,
  refusedOf,
  writtenOf,
} from '../samples.ts';

export function commitContract(open: () => Promise<Store>): void {
  test('keeps a record with its resources, deliveries and receipt in one commit', async () => {
    const store = await open();
    await store.openReceipt({
      id: 'receipt-1',
      source: 'demo',
      kind: 'referral',
      receivedMs: 1,
      file: 'a.csv',
    });
    const record = recordOf([patient('p'), referral('s', 'p')]);
    const [result] = await commit(store, record);
    expect(result).toMatchObject({ state: 'committed', deliveries: 2 });
    expect(writtenOf(result)).toEqual(['Patient/1', 'ServiceRequest/1']);
    const kept = await store.read('ServiceRequest', idOf('s'));
    expect(kept).toMatchObject({
      version: 1,
      lastUpdatedMs: NOW_MS,
      personId: idOf('p'),
      ownerOrg: 'X26',
      state: 'current',
    });
    expect(kept?.resource?.meta).toEqual({ versionId: '1', lastUpdated: '2025-03-03T09:00:00.000Z' });
    expect(await store.sourceRecord('demo', 'referral', 'R1')).toMatchObject({
      payload: record.payload,
      digest: record.digest,
      mapDigest: 'map-1',
      resources: [`Patient/${idOf('p')}`, `ServiceRequest/${idOf('s')}`],
    });
    await store.finishReceipt('receipt-1', 99);
    expect(await store.receipt('receipt-1')).toMatchObject({
      committed: 1,
      unchanged: 0,
      refused: 0,
      finishedMs: 99,
    });
  });

  test('leaves the same record unchanged, and counts it', async () => {
    const store = await open();
    await store.openReceipt({
      id: 'receipt-1',
      source: 'demo',
      kind: 'referral',
      receivedMs: 1,
      file: undefined,
    });
    const record = recordOf([patient('p')]);
    await commit(store, record);
    expect(await commit(store, record)).toEqual([{ state: 'unchanged' }]);
    expect((await store.read('Patient', idOf('p')))?.version).toBe(1);
    expect((await store.counts()).targets).toMatchObject([{ target: 'ehr', waiting: 1 }]);
    expect(await store.receipt('receipt-1')).toMatchObject({ committed: 1, unchanged: 1, refused: 0 });
  });

  test('writes no version where a changed record says the same of a resource', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const [again] = await commit(store, recordOf([patient('p'), contact('e', 'p', { status: 'cancelled' })]));
    expect(writtenOf(again)).toEqual(['Encounter/2']);
    expect(again).toMatchObject({ deliveries: 1 });
  });

  test('maps the same payload anew when the maps have changed', async () => {
    const store = await open();
    const record = recordOf([contact('e', 'p')]);
    await commit(store, record);
    const [same] = await commit(store, { ...record, mapDigest: 'map-2' });
    expect(same).toEqual({ state: 'unchanged' });
    const better = recordOf([contact('e', 'p', { status: 'cancelled' })], {
      payload: record.payload,
      mapDigest: 'map-3',
    });
    expect(writtenOf((await commit(store, better))[0])).toEqual(['Encounter/2']);
    expect((await store.sourceRecord('demo', 'referral', 'R1'))?.mapDigest).toBe('map-3');
  });

  test('keeps superseded versions, newest first, and pages them', async () => {
    const store = await open();
    for (const status of ['planned', 'in-progress', 'finished'])
      await commit(store, recordOf([contact('e', 'p', { status })]));
    const id = idOf('e');
    const statuses = (versions: readonly { resource: Identified | undefined }[]): unknown[] =>
      versions.map((one) => (one.resource as { status?: string } | undefined)?.status);
    expect(statuses(await store.history('Encounter', id, 10))).toEqual([
      'finished',
      'in-progress',
      'planned',
    ]);
    expect(statuses(await store.history('Encounter', id, 1))).toEqual(['finished']);
    expect(statuses(await store.history('Encounter', id, 10, 3))).toEqual(['in-progress', 'planned']);
    expect((await store.readVersion('Encounter', id, 1))?.resource).toMatchObject({ status: 'planned' });
    expect((await store.readVersion('Encounter', id, 3))?.resource).toMatchObject({ status: 'finished' });
    expect(await store.readVersion('Encounter', id, 4)).toBeUndefined();
    expect(await store.history('Encounter', idOf('none'), 10)).toEqual([]);
  });

  test('merges what several records say of a shared resource, by source time and not by arrival', async () => {
    const store = await open();
    const full = patient('p', {
      birthDate: '1950-01-01',
      telecom: [{ system: 'phone', use: 'home', value: '0113 496 0001' }],
    });
    const thin = patient('p', {
      gender: 'female',
      telecom: [{ system: 'phone', use: 'home', value: '0113 496 0009' }],
    });
    await commit(store, recordOf([full], { key: 'new', sourceTimeMs: 200 }));
    const [older] = await commit(store, recordOf([thin], { key: 'old', sourceTimeMs: 100 }));
    expect(writtenOf(older)).toEqual(['Patient/2']);
    const merged = (await store.read('Patient', idOf('p')))?.resource;
    expect(merged).toMatchObject({
      birthDate: '1950-01-01',
      gender: 'female',
      telecom: [{ value: '0113 496 0001' }],
    });
  });

  test('lets a record correct what it said itself, and nothing that others said', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p', { birthDate: '1950-01-01' })], { key: 'a', sourceTimeMs: 1 }));
    await commit(store, recordOf([patient('p', { gender: 'male' })], { key: 'b', sourceTimeMs: 2 }));
    await commit(store, recordOf([patient('p', { birthDate: '1951-01-01' })], { key: 'a', sourceTimeMs: 1 }));
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      birthDate: '1951-01-01',
      gender: 'male',
    });
  });

  test('merges many records that say the same once, and finds its way when one of them changes', async () => {
    const store = await open();
    for (let i = 0; i < 20; i++)
      await commit(store, recordOf([organization('o')], { key: `R${i}`, sourceTimeMs: i }));
    expect((await store.read('Organization', idOf('o')))?.version).toBe(1);
    await commit(store, recordOf([organization('o', 'Renamed')], { key: 'R5', sourceTimeMs: 30 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({ name: 'Renamed' });
    await commit(store, recordOf([organization('o', 'Older name')], { key: 'R6', sourceTimeMs: 2 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({ name: 'Renamed' });
    await commit(store, recordOf([organization('o')], { key: 'R5', sourceTimeMs: 40 }));
    expect((await store.read('Organization', idOf('o')))?.resource).toMatchObject({
      name: 'Example Link Workers',
    });
  });

  test('holds a partial resource back until a record supplies it in full, and says so', async () => {
    const store = await open();
    const [first] = await commit(
      store,
      recordOf([partial(patient('p', { gender: 'male' })), contact('e', 'p')], { key: 'C1' }),
    );
    expect(writtenOf(first)).toEqual(['Encounter/1']);
    expect(await store.read('Patient', idOf('p'))).toBeUndefined();
    expect(await store.worklist({ kind: 'incomplete', open: true, count: 9 })).toMatchObject([
      { resource: `Patient/${idOf('p')}`, recordKey: 'C1' },
    ]);
    await commit(store, recordOf([patient('p', { birthDate: '1950-01-01' })], { key: 'R1' }));
    expect((await store.read('Patient', idOf('p')))?.resource).toMatchObject({
      gender: 'male',
      birthDate: '1950-01-01',
    });
    expect(await store.worklist({ kind: 'incomplete', open: true, count: 9 })).toEqual([]);
    expect(await store.worklist({ kind: 'incomplete', open: false, count: 9 })).toHaveLength(1);
  });

  test('refuses a partial resource of a type that belongs to one record', async () => {
    const store = await open();
    const [result] = await commit(store, recordOf([partial(contact('e', 'p'))]));
    expect(result).toMatchObject({
      state: 'refused',
      outcome: { issue: [{ details: { coding: [{ code: 'store-partial-unshared' }] } }] },
    });
  });

  test('checks merged resources only, and refuses one record without stopping the others', async () => {
    const store = await open();
    const checked: string[] = [];
    const rules: CommitRules = {
      ...RULES,
      check: (resource) => {
        checked.push(resource.id);
        return 'gender' in resource
          ? [issueOf({ rule: 'hr-9', diagnostics: 'no', expression: 'Patient' })]
          : [];
      },
    };
    const results = await store.commit(
      [
        recordOf([patient('p')], { key: 'a' }),
        recordOf([organization('o'), patient('p', { gender: 'male' })], { key: 'b' }),
        recordOf([patient('q')], { key: 'c' }),
      ],
      rules,
      NOW_MS,
    );
    expect(results.map((one) => one.state)).toEqual(['committed', 'refused', 'committed']);
    expect(checked).toEqual([idOf('p')]);
    expect(await store.read('Organization', idOf('o'))).toBeUndefined();
    expect(await store.sourceRecord('demo', 'referral', 'b')).toBeUndefined();
    const [item] = await store.worklist({ kind: 'rejected', open: true, count: 9 });
    expect(item).toMatchObject({ recordKey: 'b', outcome: { issue: [{ diagnostics: 'no' }] } });
  });

  test('writes a Provenance of what a record wrote, belonging to the record’s person', async () => {
    const store = await open();
    const rules: CommitRules = {
      ...RULES,
      provenance: (record, written) => ({
        resourceType: 'Provenance',
        id: idOf(`provenance ${record.key}`),
        target: written.map((one) => ({ reference: `${one.type}/${one.id}/_history/${one.version}` })),
        recorded: '2025-03-03T09:00:00Z',
        agent: [{ who: { display: 'demo' } }],
      }),
    };
    const record = recordOf([contact('e', 'p')]);
    const [result] = await store.commit([record], rules, NOW_MS);
    expect(writtenOf(result)).toEqual(['Encounter/1', 'Provenance/1']);
    expect((await store.read('Provenance', idOf('provenance R1')))?.personId).toBe(idOf('p'));
    await store.commit([{ ...record, digest: 'other' }], rules, NOW_MS);
    expect((await store.read('Provenance', idOf('provenance R1')))?.version).toBe(1);
  });

  test('reads many resources at once, and those of a person by type', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e1', 'p'), contact('e2', 'p'), organization('o')]));
    const keys = [`Encounter/${idOf('e2')}`, `Patient/${idOf('none')}`, `Organization/${idOf('o')}`] as const;
    expect((await store.readMany(keys)).map((one) => one.type).sort()).toEqual(['Encounter', 'Organization']);
    expect((await store.readPerson(idOf('p'), 'Encounter')).map((one) => one.id)).toEqual([
      idOf('e1'),
      idOf('e2'),
    ]);
    expect((await store.read('Organization', idOf('o')))?.personId).toBeUndefined();
  });

  test('keeps the audit as a chain that verifies', async () => {
    const store = await open();
    for (const key of ['a', 'b', 'c'])
      await commit(store, recordOf([patient(key)], { key }), refusedOf({ key }));
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('keeps a map set’s text once, and lists the newest records first', async () => {
    const store = await open();
    await store.keepMapSet('map-1', 'map "x" = "y"', 1);
    await store.keepMapSet('map-1', 'map "x" = "y"', 2);
    await store.commit([recordOf([patient('a')], { key: 'a' })], RULES, 10);
    await store.commit([recordOf([patient('b')], { key: 'b' })], RULES, 20);
    expect((await store.latestRecords(1)).map((row) => row.key)).toEqual(['b']);
  });
}
