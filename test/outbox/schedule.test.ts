/** When a delivery runs again. */
import { expect, test } from 'vitest';
import { retryDelayMs, waitDelayMs } from '../../src/outbox/schedule.ts';

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
