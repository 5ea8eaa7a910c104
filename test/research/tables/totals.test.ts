/** What must hold of the tables for any population: parts and wholes agree. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { population } from '../population.ts';
import { derived, type Row, rowsOf, shippedTables } from './bench.ts';

const sum = (rows: readonly Row[], column: string): number =>
  rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);
const distinct = (rows: readonly Row[], column: string): number =>
  new Set(rows.map((row) => row[column])).size;

test('parts are never more than their wholes, and wholes are the sum of their parts', async () => {
  const tables = await shippedTables();
  const names = [...tables.derived.keys()];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1000 }),
      fc.integer({ min: 0, max: 60 }),
      async (seed, people) => {
        const made = await derived(
          names,
          await rowsOf([...population({ people, seed })].map(({ resource }) => resource)),
        );
        const of = (name: string): Row[] => made[name]!;
        for (const { name, columns } of tables.derived.values())
          for (const { name: part, within } of columns)
            if (within !== undefined)
              for (const row of of(name))
                expect(Number(row[part] ?? 0), `${name}.${part}`).toBeLessThanOrEqual(Number(row[within]));

        const funnel = of('referral_funnel');
        for (const [at, row] of funnel.entries()) {
          expect(Number(row.people)).toBeLessThanOrEqual(Number(row.referrals));
          if (at > 0) expect(Number(row.people)).toBeLessThanOrEqual(Number(funnel[at - 1]!.people));
          if (at > 0) expect(Number(row.referrals)).toBeLessThanOrEqual(Number(funnel[at - 1]!.referrals));
        }
        for (const dimension of ['imd_decile', 'ethnic_category', 'age_band', 'gender']) {
          const rows = of('inequalities').filter((row) => row.dimension === dimension);
          expect(sum(rows, 'people')).toBe(of('patients').length);
          expect(sum(rows, 'referred')).toBe(
            of('patients').filter(({ referrals }) => Number(referrals) > 0).length,
          );
        }
        expect(distinct(of('patients'), 'patient_key')).toBe(of('patients').length);
        expect(distinct(of('referrals'), 'referral_key')).toBe(of('referrals').length);
        expect(distinct(of('contacts'), 'contact_key')).toBe(of('contacts').length);
        expect(sum(of('goal_attainment'), 'goals')).toBe(of('goals').length);
        expect(sum(of('reach'), 'referred')).toBe(
          sum(
            of('inequalities').filter(({ dimension }) => dimension === 'gender'),
            'referred',
          ),
        );
        for (const row of of('paired_outcomes')) {
          expect(row.change).toBeCloseTo(Number(row.last_value) - Number(row.baseline_value), 5);
          expect(String(row.last_date) >= String(row.baseline_date)).toBe(true);
        }
        expect(sum(of('outcome_summary'), 'pairs')).toBe(of('paired_outcomes').length);
        for (const { pairs, improved, same, worse } of of('outcome_summary'))
          if (improved !== null) expect(Number(improved) + Number(same) + Number(worse)).toBe(pairs);
        for (const { p25, median, p75, p90 } of of('waiting_times'))
          expect([p25, median, p75, p90].map(Number)).toEqual(
            [p25, median, p75, p90].map(Number).sort((a, b) => a - b),
          );
      },
    ),
    { numRuns: 15 },
  );
});
