/** What every engine must do for processes that share a database, as far as one process can tell. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { NOW_MS } from '../samples.ts';

const RECEIPT = {
  id: 'r',
  source: 'demo',
  kind: 'referral',
  receivedMs: NOW_MS,
  file: undefined,
};

export function processContract(open: () => Promise<Store>): void {
  test('closes the receipts of a process that fell silent, and no others', async () => {
    const store = await open();
    await store.heartbeat(NOW_MS);
    await store.openReceipt(RECEIPT);
    expect(await store.interruptAbandoned(NOW_MS + 999, 1_000)).toBe(0);
    await store.heartbeat(NOW_MS + 900);
    expect(await store.interruptAbandoned(NOW_MS + 1_899, 1_000)).toBe(0);
    expect(await store.interruptAbandoned(NOW_MS + 1_900, 1_000)).toBe(1);
    expect((await store.receipt('r'))?.interruptedMs).toBe(NOW_MS + 1_900);
    expect(await store.interruptAbandoned(NOW_MS + 9_000, 1_000)).toBe(0);
  });

  test('runs a turn of a schedule once, and the next one too', async () => {
    const store = await open();
    const done: number[] = [];
    const turn = (dueMs: number): Promise<boolean> =>
      store.runOnce('vacuum', { dueMs, nowMs: NOW_MS }, async () => void done.push(dueMs));
    expect(await turn(1_000)).toBe(true);
    expect(await turn(1_000)).toBe(false);
    expect(await turn(2_000)).toBe(true);
    expect(await turn(1_000)).toBe(false);
    expect(
      await store.runOnce('reconcile', { dueMs: 1_000, nowMs: NOW_MS }, async () => void done.push(-1)),
    ).toBe(true);
    expect(done).toEqual([1_000, 2_000, -1]);
  });

  test('begins no turn that is yet to come, and one that a wrong clock began holds no other up', async () => {
    const store = await open();
    const turn = (dueMs: number, nowMs: number): Promise<boolean> =>
      store.runOnce('vacuum', { dueMs, nowMs }, async () => {});
    const dayMs = 86_400_000;
    expect(await turn(NOW_MS + 1, NOW_MS)).toBe(false);
    expect(await turn(NOW_MS + dayMs, NOW_MS + dayMs)).toBe(true); // the clock is a day ahead
    expect(await turn(NOW_MS, NOW_MS)).toBe(true); // and right again
    expect(await turn(NOW_MS, NOW_MS)).toBe(false);
    expect(await store.sharedNowMs(NOW_MS)).toBe(NOW_MS);
  });

  test('begins no turn while the one before is under way, and leaves it to the next when it fails', async () => {
    const store = await open();
    const gate = Promise.withResolvers<void>();
    const long = store.runOnce('vacuum', { dueMs: 1_000, nowMs: NOW_MS }, () => gate.promise);
    await sleep(50);
    expect(await store.runOnce('vacuum', { dueMs: 2_000, nowMs: NOW_MS }, async () => {})).toBe(false);
    const failing = expect(long).rejects.toThrow(TypeError);
    gate.reject(new TypeError('a fault of the work'));
    await failing;
    expect(await store.runOnce('vacuum', { dueMs: 2_000, nowMs: NOW_MS }, async () => {})).toBe(true);
  });
}
