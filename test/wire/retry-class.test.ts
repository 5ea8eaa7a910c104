/** The retry table, row by row. */
import { expect, test } from 'vitest';
import { classify, retryAfterMs } from '../../src/wire/retry-class.ts';

test.each([425, 429, 503])('%i was not applied: transient', (status) => {
  expect(classify(status)).toBe('transient');
});

test.each([408, 500, 502, 504, 507, 599])('%i may have been applied: ambiguous', (status) => {
  expect(classify(status)).toBe('ambiguous');
});

test.each([301, 400, 403, 404, 405, 410, 413, 415, 422, 501])(
  '%i will never be applied: permanent',
  (status) => {
    expect(classify(status)).toBe('permanent');
  },
);

test('reads Retry-After in seconds and as a date, never negative and at most a day', () => {
  const nowMs = Date.parse('2026-03-01T10:00:00Z');
  expect(retryAfterMs('120', nowMs)).toBe(120_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 10:00:30 GMT', nowMs)).toBe(30_000);
  expect(retryAfterMs('Sun, 01 Mar 2026 09:00:00 GMT', nowMs)).toBe(0);
  expect(retryAfterMs('9999999', nowMs)).toBe(86_400_000);
  expect(retryAfterMs(undefined, nowMs)).toBeUndefined();
  expect(retryAfterMs('soon', nowMs)).toBeUndefined();
});
