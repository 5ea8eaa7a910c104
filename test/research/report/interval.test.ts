/** Intervals of rates, against published numbers and for any count. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areApart, wilson } from '../../../src/research/report/interval.ts';

test.each([
  // Newcombe 1998, table I, method 3
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i lies between %f and %f', (count, total, low, high) => {
  const interval = wilson(count, total)!;
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test('lies within 0 and 1 around the share, and is narrower for more people', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(10_000), (part, rest) => {
      fc.pre(part + rest > 0);
      const { low, mid, high } = wilson(part, part + rest)!;
      const wider = high - low;
      const { low: lower, high: higher } = wilson(part * 4, (part + rest) * 4)!;
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(mid).toBeGreaterThanOrEqual(low - 1e-12);
      expect(mid).toBeLessThanOrEqual(high + 1e-12);
      expect(higher - lower).toBeLessThan(wider);
    }),
  );
});

test('of nobody, or of more than there are, there is no rate', () => {
  expect([wilson(0, 0), wilson(5, 4), wilson(-1, 4)]).toEqual([undefined, undefined, undefined]);
});

test('intervals that touch are not apart', () => {
  const at = (low: number, high: number) => ({ low, mid: (low + high) / 2, high });
  expect([
    areApart(at(0, 1), at(1, 2)),
    areApart(at(0, 0.9), at(1, 2)),
    areApart(at(3, 4), at(1, 2)),
  ]).toEqual([false, true, true]);
});
