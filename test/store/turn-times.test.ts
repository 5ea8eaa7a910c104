/** When the turns of a cron expression are, in a time zone, across its changes of the clock. */
import { expect, test } from 'vitest';
import { cronFault, LONGEST_LOOK_BACK_MS, turnTimesOf } from '../../src/store/turn-times.ts';

const ms = (text: string): number => Date.parse(text);
const latest = (expression: string, until: string, after = '2026-01-01T00:00:00Z'): string | undefined => {
  const atMs = turnTimesOf(expression, 'Europe/London').latest(ms(after), ms(until));
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
};

test.each([
  ['30 2 * * *', '2026-02-10T09:00:00Z', '2026-02-10T02:30:00.000Z'],
  ['30 2 * * *', '2026-07-10T09:00:00Z', '2026-07-10T01:30:00.000Z'], // summer time
  ['30 2 * * *', '2026-07-10T01:29:59Z', '2026-07-09T01:30:00.000Z'],
  ['30 2 * * *', '2026-07-10T01:30:00Z', '2026-07-10T01:30:00.000Z'],
  ['*/15 * * * *', '2026-02-10T09:44:00Z', '2026-02-10T09:30:00.000Z'],
  ['0 3 * * 0', '2026-02-08T12:00:00Z', '2026-02-08T03:00:00.000Z'], // a Sunday
])('the latest turn of %s at %s is %s', (expression, until, turn) => {
  expect(latest(expression, until)).toBe(turn);
});

test('a turn is told once, and none that is further back than a day', () => {
  expect(latest('30 2 * * *', '2026-02-10T09:00:00Z', '2026-02-10T02:30:00Z')).toBeUndefined();
  expect(latest('0 3 * * 0', '2026-02-10T12:00:00Z')).toBeUndefined();
  expect(LONGEST_LOOK_BACK_MS).toBeGreaterThan(86_400_000);
});

test('what is no schedule is told from what is one', () => {
  for (const good of ['30 2 * * *', '*/5 8-18 * * 1-5', '0 3 1 * *']) expect(cronFault(good)).toBeUndefined();
  for (const bad of ['', '* * * *', '60 2 * * *', 'a 2 * * *', '30 2 * * * *'])
    expect(cronFault(bad)).toContain('such as "30 2 * * *"');
});
