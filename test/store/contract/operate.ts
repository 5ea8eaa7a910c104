/** What every engine must do for whoever operates it: previews, records gone through again, resends, drift, retention. */
import { expect, test } from 'vitest';
import { brokenAt } from '../../../src/store/audit-chain.ts';
import type { RecordFilter, Store, StoredRecord } from '../../../src/store/store.ts';
import { commit, contact, idOf, NOW_MS, patient, RULES, recordOf, refusedOf } from '../samples.ts';

const DAY_MS = 86_400_000;
const keysOf = (records: readonly StoredRecord[]): string[] => records.map(({ key }) => key);

async function settleAll(store: Store): Promise<number> {
  let count = 0;
  for (;;) {
    const group = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 50 });
    if (!group) return count;
    count += group.entries.length;
    const settled = group.entries.map(({ seq }) => ({ kind: 'superseded' as const, seq }));
    await store.settle('ehr', group.deliveryKey, settled, NOW_MS);
  }
}

export function operateContract(open: () => Promise<Store>): void {
  test('a preview says what a commit would do, before and after, and nothing of it stays', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const changed = recordOf([patient('p', { active: true }), contact('e', 'p')], {
      sourceTimeMs: NOW_MS + 1,
    });
    const before = await store.counts();
    const [preview] = await store.previewCommit([changed], RULES, NOW_MS);
    expect(preview!.result).toMatchObject({ state: 'committed', deliveries: 2 });
    expect(preview!.changes.map(({ key, before: was }) => [key, was === undefined])).toEqual([
      [`Patient/${idOf('p')}`, false],
      [`Encounter/${idOf('e')}`, true],
    ]);
    expect(preview!.changes[0]).toMatchObject({ after: { active: true } });
    expect(await store.counts()).toEqual(before);
    expect(await commit(store, changed)).toMatchObject([{ state: 'committed', deliveries: 2 }]);
  });

  test('records are gone through by map, key, patient, shared resource and time, in pages', async () => {
    const store = await open();
    for (const key of ['R1', 'R2', 'R3'])
      await commit(store, recordOf([patient('p')], { key, mapDigest: key === 'R2' ? 'map-2' : 'map-1' }));
    expect(await store.mapUse()).toEqual([
      { source: 'demo', kind: 'referral', mapDigest: 'map-1', records: 2 },
      { source: 'demo', kind: 'referral', mapDigest: 'map-2', records: 1 },
    ]);
    const about = { source: 'demo', kind: 'referral' };
    const all: [RecordFilter, string[]][] = [
      [{ by: 'map', ...about, mapDigest: 'map-1' }, ['R1', 'R3']],
      [{ by: 'key', ...about, key: 'R2' }, ['R2']],
      [{ by: 'patient', patientId: idOf('p') }, ['R1', 'R2', 'R3']],
      [{ by: 'shared', type: 'Patient', id: idOf('p') }, ['R1', 'R2', 'R3']],
      [{ by: 'received', fromMs: NOW_MS, untilMs: NOW_MS + 1 }, ['R1', 'R2', 'R3']],
      [{ by: 'received', fromMs: NOW_MS + 1, untilMs: NOW_MS + 2 }, []],
    ];
    for (const [filter, keys] of all) {
      expect(keysOf(await store.storedRecords(filter, 9))).toEqual(keys);
      const [first] = await store.storedRecords(filter, 1);
      if (first) expect(keysOf(await store.storedRecords(filter, 9, first))).toEqual(keys.slice(1));
    }
    await store.keepMapSet('map-1', 'its text', NOW_MS);
    expect([await store.mapSetText('map-1'), await store.mapSetText('none')]).toEqual([
      'its text',
      undefined,
    ]);
  });

  test('what was delivered is put in line once more, and not twice; the audit says who asked', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    expect(await settleAll(store)).toBe(1);
    const wanted = [{ key: `Patient/${idOf('p')}`, how: 'look' }] as const;
    expect(await store.resend('ehr', wanted, 'sam', NOW_MS)).toBe(1);
    expect(await store.resend('ehr', wanted, 'sam', NOW_MS)).toBe(0);
    expect(await store.resend('ehr', [{ key: 'Patient/none', how: 'look' }], 'sam', NOW_MS)).toBe(0);
    const group = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 });
    expect(group!.entries).toMatchObject([{ id: idOf('p'), action: 'put', ambiguous: true }]);
    expect((await store.audit(99)).at(-1)).toMatchObject({ actor: 'sam', action: 'resend' });
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('items of work are found by rule, source and time, and assigned', async () => {
    const store = await open();
    await commit(store, refusedOf());
    const [item] = await store.worklist({
      open: true,
      count: 9,
      rule: 'hr-7',
      source: 'demo',
      ownerOrg: 'X26',
    });
    expect(item).toMatchObject({ rule: 'hr-7', assignee: undefined });
    expect(await store.worklist({ open: true, count: 9, rule: 'hr-8' })).toEqual([]);
    expect(await store.worklist({ open: true, count: 9, fromMs: NOW_MS + 1 })).toEqual([]);
    expect(await store.assignWork(item!.id, 'sam', NOW_MS, 'lead')).toBe(true);
    expect(await store.worklist({ open: true, count: 9, assignee: 'sam' })).toHaveLength(1);
    expect(await store.resolveWork(item!.id, NOW_MS, 'sam')).toBe(true);
    expect(await store.refusedRecord(item!.id)).toBeUndefined();
    expect(await store.assignWork(item!.id, 'kim', NOW_MS, 'lead')).toBe(false);
    expect((await store.audit(99)).map(({ actor, action }) => [actor, action])).toEqual([
      ['lead', 'assign'],
      ['sam', 'resolve'],
    ]);
  });

  test('a walk meets every resource once; what is found of it replaces what was', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p'), contact('e', 'p')]));
    const [first, second, ...others] = await store.walk(0, 9);
    expect(others).toEqual([]);
    expect(await store.walk(first!.place, 9)).toEqual([second]);
    const compared = await store.compared('ehr', first!);
    expect(compared.versions.map(({ type }) => type).sort()).toEqual(['Encounter', 'Patient']);
    expect(compared.unsettled.size).toBe(2);
    const { key } = first!;
    await store.keepDrift('ehr', [key], [{ key, kind: 'missing', foundMs: NOW_MS, detail: {} }]);
    expect(await store.drift('ehr', 9)).toEqual([{ key, kind: 'missing', foundMs: NOW_MS, detail: {} }]);
    expect(await store.drift('ehr', 9, key)).toEqual([]);
    await store.keepDrift('ehr', [key], []);
    expect(await store.drift('ehr', 9)).toEqual([]);
    await store.keepJob('walk', '{"at":1}', NOW_MS);
    expect(await store.job('walk')).toBe('{"at":1}');
    await store.keepJob('walk', undefined, NOW_MS);
    expect(await store.job('walk')).toBeUndefined();
  });

  test('what has passed its time goes, what is unsettled stays, and the same record is still known', async () => {
    const store = await open();
    const record = recordOf([patient('p')]);
    await commit(store, record, refusedOf({ key: 'R2' }));
    const limits = { beforeMs: NOW_MS + DAY_MS, versions: 0, mapDigests: ['map-1'], after: 0, count: 100 };
    expect(await store.prune('payloads', { ...limits, mapDigests: ['map-2'] })).toEqual({
      removed: 0,
      after: undefined,
    });
    expect(await store.prune('payloads', limits)).toEqual({ removed: 1, after: undefined });
    expect(await commit(store, record)).toEqual([{ state: 'unchanged' }]);
    await commit(store, recordOf([patient('p', { active: true })], { sourceTimeMs: NOW_MS + 1 }));
    expect((await store.prune('history', limits)).removed).toBe(0);
    await settleAll(store);
    expect((await store.prune('history', limits)).removed).toBe(1);
    expect((await store.prune('work', limits)).removed).toBe(0);
    expect((await store.prune('receipts', limits)).after).toBeUndefined();
    await store.vacuum();
  });

  test('rows of the audit leave for a file that ends with one of them, and the chain goes on', async () => {
    const store = await open();
    for (const key of ['R1', 'R2']) await commit(store, recordOf([patient(key)], { key }));
    const [first, last] = await store.audit(9);
    const archive = { firstSeq: first!.seq, lastSeq: last!.seq, lastHash: last!.hash, file: 'a.ndjson' };
    await expect(store.archiveAudit({ ...archive, lastHash: 'other' }, 'sam', NOW_MS)).rejects.toThrow(
      'archive',
    );
    await store.archiveAudit(archive, 'sam', NOW_MS);
    const left = await store.audit(9);
    expect(left).toMatchObject([{ action: 'prune', actor: 'sam' }]);
    expect(brokenAt(left, { seq: last!.seq, hash: last!.hash })).toBeUndefined();
    expect(await store.verifyAudit()).toBeUndefined();
    await commit(store, recordOf([patient('R3')], { key: 'R3' }));
    expect(await store.verifyAudit()).toBeUndefined();
  });
}
