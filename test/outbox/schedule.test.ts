/** When a delivery runs again. */
import { expect, test } from 'vitest';
import { retryDelayMs, waitDelayMs } from '../../src/outbox/schedule.ts';
import { seededRandom } from '../../src/sandbox/faults.ts';

test('doubles from two seconds to an hour, and takes a random part of it', () => {
  const most = (attempt: number): number => retryDelayMs(attempt, () => 0.999999);
  expect([1, 2, 3, 20].map(most)).toEqual([1_999, 3_999, 7_999, 3_599_996]);
  expect(retryDelayMs(5, () => 0)).toBe(0);
});

test('what the server asks for wins, longer or shorter', () => {
  expect(retryDelayMs(1, () => 0.5, 90_000)).toBe(90_000);
  expect(retryDelayMs(12, () => 0.5, 0)).toBe(0);
});

test('waits for a reference grow from a quarter second to a minute', () => {
  expect([1, 2, 3, 9, 100].map(waitDelayMs)).toEqual([250, 500, 1_000, 60_000, 60_000]);
});

test('the wait is anywhere between nothing and its bound: whoever failed together does not come back together', () => {
  const bounds = [2_000, 4_000, 8_000, 16_000];
  for (const [at, boundMs] of bounds.entries()) {
    const random = seededRandom(at + 1);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const delayMs = retryDelayMs(at + 1, random);
      expect(delayMs).toBeLessThan(boundMs);
      const tenth = Math.floor((delayMs / boundMs) * 10);
      tenths[tenth] = tenths[tenth]! + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  }
});

test('after a thousand tries the wait is still an hour at most', () => {
  expect(retryDelayMs(5_000, () => 0.999)).toBeLessThan(3_600_000);
});
