/** Who is reached: how far people come from referral to support, month by month, and in which neighbourhoods. */

import { barsSpec } from '../chart/bars.ts';
import { type MonthColumn, monthsSpec } from '../chart/months.ts';
import { dateText, figure, people, worded } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import { type Exhibit, exhibit, type MakeSection } from './exhibit.ts';
import { neighbourhoods } from './neighbourhoods.ts';
import { allTold, countNote, highest, outOf, sum, textOf } from './sentence.ts';

export const reachSection: MakeSection = (tables, { smallNumbers }) => ({
  id: 'reach',
  title: 'Who is reached',
  intro: 'How many people were referred, how far they came, and where they live.',
  exhibits: [
    funnel(tables, smallNumbers.below),
    months(tables, smallNumbers.keepZero),
    neighbourhoods(tables),
  ],
});

function funnel(tables: Tables, below: number): Exhibit {
  const rows = tables.rows('referral_funnel');
  const [first] = rows;
  return exhibit({
    id: 'funnel',
    title: 'From referral to support',
    table: tables.find('referral_funnel'),
    show: () => ({
      reading: funnelReading(rows, below),
      spec: barsSpec(
        rows.map((row) => ({
          label: stage(row),
          value: toldOf(row.people),
          note: countNote(row.people, first!.people),
        })),
      ),
    }),
    notes: [
      'A person counts once in each stage. Referrals that are still under way have not reached the later stages yet.',
    ],
  });
}

/** @param below this no number is told, nor the difference of two */
function funnelReading(rows: readonly Row[], below: number): string {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  if (rows.length === 1) return `${stage(first)}: ${people(first.people)}.`;
  const reading =
    numberOf(last.people) === undefined
      ? `How many came as far as “${stage(last)}” cannot be told.`
      : `${outOf(last.people, first.people)} who were “${stage(first)}” came as far as “${stage(last)}”.`;
  const losses = rows.slice(1).map((row, at) => {
    const told = allTold([rows[at]!.people, row.people]);
    return { from: rows[at]!, to: row, lost: told && told[0]! - told[1]! };
  });
  const most = highest(losses, 'lost') as (typeof losses)[number] | undefined;
  return most?.lost !== undefined && most.lost >= below
    ? `${reading} The most stopped between “${stage(most.from)}” and “${stage(most.to)}”: ${people(most.lost)}.`
    : reading;
}

const stage = (row: Row): string => worded(textOf(row.stage));

function months(tables: Tables, keepZero: boolean): Exhibit {
  const rows = tables.rows('referral_months');
  return exhibit({
    id: 'referrals-by-month',
    title: 'Referrals by month',
    table: tables.find('referral_months'),
    show: () => {
      const peak = highest(rows, 'referrals');
      const total = sum(rows, 'referrals');
      const most = peak
        ? `The most were made in ${dateText(textOf(peak.month))}: ${figure(numberOf(peak.referrals)!)}`
        : 'No month has enough referrals to tell their number';
      return {
        reading: total === undefined ? `${most}.` : `${figure(total)} referrals were made. ${most}.`,
        spec: monthsSpec(
          withoutGaps(
            rows.map((row) => ({ month: textOf(row.month), value: toldOf(row.referrals) })),
            keepZero,
          ),
        ),
      };
    },
  });
}

/** A month in which nobody was referred has no row. */
function withoutGaps(columns: readonly MonthColumn[], keepZero: boolean): MonthColumn[] {
  const numberOfMonth = (month: string): number => {
    const [year, ofYear] = month.split('-').map(Number) as [number, number];
    return 12 * year + ofYear - 1;
  };
  const known = columns.filter(({ month }) => /^\d{4}-\d\d$/.test(month));
  const byMonth = new Map(known.map((column) => [numberOfMonth(column.month), column]));
  const all = [...byMonth.keys()].sort((a, b) => a - b);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return [];
  return Array.from({ length: last - first + 1 }, (_, at): MonthColumn => {
    const nth = first + at;
    const month = `${Math.floor(nth / 12)}-${String((nth % 12) + 1).padStart(2, '0')}`;
    return byMonth.get(nth) ?? { month, value: keepZero ? 0 : undefined };
  });
}
