/**
 * Thousands of worlds in which the disk, the network and the adapters fail while people at the EHR work on too: what is
 * acknowledged arrives, once, in order, with consent, and what was done at the EHR comes back and stays.
 */
import { describe, expect, test } from 'vitest';
import type { Mistake } from './simulation/mistakes.ts';
import { report, simulate } from './simulation/threads.ts';

/** HEDGEROW_SEED runs one world again; HEDGEROW_SEEDS more of them than usual. */
const ONE = process.env.HEDGEROW_SEED;
const COUNT = Number(process.env.HEDGEROW_SEEDS ?? 10_000);

test(ONE === undefined ? `${COUNT} worlds` : `world ${ONE}`, async () => {
  const range = ONE === undefined ? { from: 1, count: COUNT } : { from: Number(ONE), count: 1 };
  const tally = await simulate(range, ONE === undefined ? 2 : 1);
  expect(report(tally.found)).toBe('');
  expect(tally.seeds).toBe(range.count);
}, 600_000);

test('the same seed is the same world', async () => {
  const [first, second] = [await simulate({ from: 7, count: 3 }), await simulate({ from: 7, count: 3 })];
  expect(second).toEqual(first);
  expect(first.events).toBeGreaterThan(300);
});

describe('finds', () => {
  test.each<[Mistake, RegExp]>([
    ['does-not-look-first', /at the EHR \d times/],
    ['believes-it-arrived', /at the EHR (in version|\d times)|came before/],
    ['sends-without-consent', /without consent/],
    ['forgets-leases', /not at rest|is held for ever/],
    ['turns-the-order-round', /came before/],
    ['writes-over-others', /wrote into .* is gone/],
    ['is-deaf', /not known here|not there once/],
  ])('an adapter that %s', async (mistake, breach) => {
    const { found } = await simulate({ from: 1, count: 300, mistake, untilFound: true });
    expect(report(found)).toMatch(breach);
  });
});
