/** What every engine must do with records: keep, leave unchanged, pass over what is older. */
import { expect, test } from 'vitest';
import type { CommitRules, Identified, Store } from '../../../src/store/store.ts';
import {
  commit,
  contact,
  idOf,
  NOW_MS,
  organization,
  patient,
  RULES,
  recordOf,
  referral,
  refusedOf,
  writtenOf,
} from '../samples.ts';

const RECEIPT = { id: 'receipt-1', source: 'demo', kind: 'referral', receivedMs: 1, file: undefined };

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

  test('changes nothing for an older version of a record that comes late, and says so once', async () => {
    const store = await open();
    await store.openReceipt({ ...RECEIPT, id: 'late' });
    const newer = recordOf([contact('e', 'p', { status: 'cancelled' })], { sourceTimeMs: 200 });
    await commit(store, newer);
    const late = { sourceTimeMs: 100, receiptId: 'late', file: 'contacts.csv', line: 4 };
    const older = recordOf([contact('e', 'p'), contact('f', 'p')], late);
    expect(await commit(store, older, older)).toEqual([{ state: 'unchanged' }, { state: 'unchanged' }]);
    expect(await store.read('Encounter', idOf('e'))).toMatchObject({
      version: 1,
      resource: { status: 'cancelled' },
    });
    expect(await store.read('Encounter', idOf('f'))).toBeUndefined();
    expect(await store.sourceRecord('demo', 'referral', 'R1')).toMatchObject({
      digest: newer.digest,
      payload: newer.payload,
    });
    expect(await store.receipt('late')).toMatchObject({ committed: 0, unchanged: 2, refused: 0 });
    const items = await store.worklist({ open: true, count: 9 });
    expect(items).toMatchObject([{ kind: 'warning', recordKey: 'R1', file: 'contacts.csv', line: 4 }]);
    const [issue] = items[0]!.outcome.issue;
    expect(issue?.details?.coding?.[0]?.code).toBe('store-older-record');
    expect(issue?.diagnostics).toMatch(/^demo\/referral contacts\.csv:4: a newer version .* is kept/);
  });

  test('takes a version that names no time, whatever times came before and however early it was read', async () => {
    const store = await open();
    const versions = [
      ['planned', 300, 'source'],
      ['arrived', 100, 'reading'],
      ['finished', 90, 'reading'],
    ] as const;
    for (const [status, sourceTimeMs, timeOf] of versions) {
      const [result] = await commit(
        store,
        recordOf([contact('e', 'p', { status })], { sourceTimeMs, timeOf }),
      );
      expect([status, result?.state]).toEqual([status, 'committed']);
    }
    expect((await store.read('Encounter', idOf('e')))?.resource).toMatchObject({ status: 'finished' });
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
  });

  test('measures a version that names its time by the times that were named, not by when others were read', async () => {
    const store = await open();
    const send = async (
      status: string,
      sourceTimeMs: number,
      timeOf: 'source' | 'reading',
    ): Promise<string | undefined> =>
      (await commit(store, recordOf([contact('e', 'p', { status })], { sourceTimeMs, timeOf })))[0]?.state;
    expect(await send('planned', 500, 'reading')).toBe('committed');
    expect(await send('arrived', 200, 'source')).toBe('committed'); // was so before the first was read, and is newer
    expect(await send('in-progress', 600, 'reading')).toBe('committed');
    expect(await send('cancelled', 199, 'source')).toBe('unchanged'); // older than what was named before
    expect((await store.worklist({ open: true, count: 9 })).map((one) => one.outcome.issue[0]?.code)).toEqual(
      ['business-rule'],
    );
    expect(await send('finished', 201, 'source')).toBe('committed');
    expect((await store.read('Encounter', idOf('e')))?.resource).toMatchObject({ status: 'finished' });
  });

  test('closes receipts that are open as interrupted, one or all, and leaves finished ones', async () => {
    const store = await open();
    for (const id of ['done', 'cut', 'left-1', 'left-2']) await store.openReceipt({ ...RECEIPT, id });
    await commit(store, recordOf([patient('p')], { receiptId: 'cut' }));
    await store.finishReceipt('done', 5);
    expect(await store.interruptReceipts(6, 'cut')).toBe(1);
    expect(await store.interruptReceipts(7, 'cut')).toBe(0);
    expect(await store.interruptReceipts(7, 'done')).toBe(0);
    expect(await store.interruptReceipts(8)).toBe(2);
    expect(await store.interruptReceipts(9)).toBe(0);
    expect(await store.receipt('done')).toMatchObject({ finishedMs: 5, interruptedMs: undefined });
    expect(await store.receipt('cut')).toMatchObject({
      committed: 1,
      finishedMs: undefined,
      interruptedMs: 6,
    });
    expect((await store.receipt('left-2'))?.interruptedMs).toBe(8);
  });

  test('takes the later of two versions of a record that have the same time', async () => {
    const store = await open();
    for (const status of ['planned', 'cancelled'])
      await commit(store, recordOf([contact('e', 'p', { status })]));
    expect((await store.read('Encounter', idOf('e')))?.resource).toMatchObject({ status: 'cancelled' });
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
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
