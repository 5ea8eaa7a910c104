/** Days and months of dates as they are written, against the calendar. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { daysBetween, monthOf, monthsBetween, yearOf } from '../../../src/research/tables/days.ts';

const iso = (day: Date): string => day.toISOString().slice(0, 10);
const days = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map(iso);

test.each([
  ['2026-02-27', '2026-03-01', 2, 0],
  ['2024-02-28', '2024-03-01', 2, 0],
  ['2026-01-31', '2026-02-28', 28, 0],
  ['2026-01-28', '2026-02-28', 31, 1],
  ['2025-12-15', '2026-03-14', 89, 2],
  ['2026-03-14', '2025-12-15', -89, -2],
  ['2026-03-29T00:30:00+00:00', '2026-03-30T00:30:00+01:00', 1, 0],
])('counts from %s to %s', (from, to, inDays, inMonths) => {
  expect(daysBetween(from, to)).toBe(inDays);
  expect(monthsBetween(from, to)).toBe(inMonths);
});

test.each(['2026', '2026-03', '', 'soon', '3/4/2026', null, undefined, 20260304])(
  'knows no days from what has no day: %s',
  (written) => {
    expect(daysBetween(written, '2026-03-04')).toBeNull();
    expect(monthsBetween('2026-03-04', written)).toBeNull();
  },
);

test('tells the month and the year as far as they are written', () => {
  expect(['2026-03-04', '2026-03-04T09:00:00Z', '2026-03', '2026', 'soon', null].map(monthOf)).toEqual([
    '2026-03',
    '2026-03',
    '2026-03',
    null,
    null,
    null,
  ]);
  expect(['2026-03-04T09:00:00Z', '2026-03', '2026', 'soon', null].map(yearOf)).toEqual([
    2026,
    2026,
    2026,
    null,
    null,
  ]);
});

test('days add up, and turn their sign with the direction', () => {
  fc.assert(
    fc.property(days, days, days, (a, b, c) => {
      expect(daysBetween(a, b)! + daysBetween(b, c)!).toBe(daysBetween(a, c));
      expect(daysBetween(b, a)! + daysBetween(a, b)!).toBe(0);
    }),
  );
});

test('so many whole months later is not after the second date, and one more month is', () => {
  fc.assert(
    fc.property(days, days, (a, b) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const months = monthsBetween(from, to)!;
      // the day of the month alone decides, as people count birthdays
      const at = (more: number): string => {
        const month = Number(from.slice(0, 4)) * 12 + Number(from.slice(5, 7)) - 1 + more;
        const [year, rest] = [Math.floor(month / 12), (month % 12) + 1];
        return `${String(year).padStart(4, '0')}-${String(rest).padStart(2, '0')}-${from.slice(8)}`;
      };
      expect(at(months) <= to).toBe(true);
      expect(at(months + 1) > to).toBe(true);
    }),
  );
});
