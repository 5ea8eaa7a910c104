/** What operators are told of, and what the receiving side made of a delivery, on any engine. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { commit, NOW_MS, patient, RULES, recordOf } from '../samples.ts';

const DOWN = { cause: 'target-down:ehr', target: 'ehr', detail: 'It does not answer.' };

export function incidentContract(open: () => Promise<Store>): void {
  test('an incident is open once a cause, and opens anew after it was closed', async () => {
    const { incidents } = await open();
    const opened = await Promise.all([incidents.open(DOWN, NOW_MS), incidents.open(DOWN, NOW_MS)]);
    expect(opened.toSorted()).toEqual([false, true]);
    expect(await incidents.openCauses()).toMatchObject([{ ...DOWN, openedMs: NOW_MS, closedMs: undefined }]);
    expect(await incidents.close(DOWN.cause, NOW_MS + 1)).toBe(true);
    expect(await incidents.close(DOWN.cause, NOW_MS + 1)).toBe(false);
    expect(await incidents.open(DOWN, NOW_MS + 2)).toBe(true);
  });

  test('a notice is taken by one of several replicas, comes back when it was not told, and its end follows', async () => {
    const { incidents } = await open();
    await incidents.open(DOWN, NOW_MS);
    const taken = await Promise.all([1, 2, 3].map(() => incidents.takeNotices(NOW_MS, 1_000)));
    expect(taken.flat()).toMatchObject([{ of: 'opened', incident: DOWN }]);
    const [again] = await incidents.takeNotices(NOW_MS + 1_000, 1_000);
    await incidents.putOff(again!, NOW_MS, 5_000);
    expect(await incidents.takeNotices(NOW_MS + 4_999, 1_000)).toEqual([]);
    await incidents.told(again!);
    expect(await incidents.takeNotices(NOW_MS + 9_000, 1_000)).toEqual([]);
    await incidents.close(DOWN.cause, NOW_MS + 9_000);
    const [end] = await incidents.takeNotices(NOW_MS + 9_000, 1_000);
    expect(end?.of).toBe('closed');
    await incidents.told(end!);
    expect(await incidents.takeNotices(NOW_MS + 99_000, 1_000)).toEqual([]);
  });

  test('the longest wait is that of the delivery that was put in line first', async () => {
    const store = await open();
    const longest = (): Promise<number | undefined> => store.incidents.longestWaitMs('ehr', NOW_MS + 9);
    expect(await longest()).toBe(undefined);
    await store.commit([recordOf([patient('p')])], RULES, NOW_MS);
    expect(await longest()).toBe(9);
  });

  test('a filing is kept with what was settled, raised once, and settled by its receipt', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    const group = (await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 }))!;
    const settlements = group.entries.map((entry) => ({
      kind: 'delivered' as const,
      seq: entry.seq,
      link: { ...entry, remoteId: entry.id, remoteVersion: '1', digest: 'd', deliveredMs: NOW_MS },
      filing: 'sent' as const,
    }));
    await store.settle('ehr', group.deliveryKey, settlements, NOW_MS);
    const { type, id } = group.entries[0]!;
    const resource = `${type}/${id}` as const;
    expect(await store.filings.of(resource)).toMatchObject([{ target: 'ehr', state: 'sent', by: 'http' }]);
    const raise = (): Promise<number> => store.filings.raiseUnfiled('ehr', NOW_MS, NOW_MS + 9);
    const raised = await Promise.all([raise(), raise(), raise()]);
    expect(raised.toSorted((a, b) => a - b)).toEqual([0, 0, group.entries.length]);
    await store.filings.note({ target: 'ehr', resource, state: 'filed' }, NOW_MS + 10);
    expect(await store.filings.of(resource)).toMatchObject([
      { state: 'filed', by: 'task', atMs: NOW_MS + 10 },
    ]);
    const items = await store.worklist({ open: true, count: 99 });
    expect(items.map((item) => item.resource)).not.toContain(resource);
  });
}
