/** Whether it helped: change of scores with its confidence interval, who got better, and the goals that people set themselves. */

import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { barsSpec } from '../chart/bars.ts';
import { intervalsSpec } from '../chart/intervals.ts';
import { sharesSpec } from '../chart/shares.ts';
import { capitalised, listed, signed, worded } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import type { Interval } from '../interval.ts';
import { columnsOf, type Exhibit, exhibit, type MakeSection } from './exhibit.ts';
import { countNote, highest, lowest, outOf, sum, textOf } from './sentence.ts';

export const outcomesSection: MakeSection = (tables) => ({
  id: 'outcomes',
  title: 'Whether it helped',
  intro:
    'Scores of people who answered the same questionnaire at least twice, and the goals they set. Scores tell a part only: what people say in their own words, and what they wanted for themselves, stand beside them.',
  exhibits: [change(tables), improvement(tables), goals(tables)],
});

/** Columns of those who got better, stayed, or got worse. */
const SORTED: readonly string[] = ['improved', 'same', 'worse'];

const scoreOf = (row: Row): string => textOf(row.title ?? row.score);
const isLowerBetter = (row: Row): boolean => textOf(row.direction).startsWith('lower');

function change(tables: Tables): Exhibit {
  const rows = tables.rows('outcome_summary');
  return exhibit({
    id: 'change-of-scores',
    title: 'Change of scores',
    table: columnsOf(
      tables.find('outcome_summary'),
      ({ name }) => !SORTED.includes(name) && name !== 'instrument',
    ),
    show: () => {
      const known = rows.map((row) => ({ row, interval: improvementOf(row) }));
      const better = known.filter(({ interval }) => interval && interval.low > 0);
      const worse = known.filter(({ interval }) => interval && interval.high < 0);
      const edges = known.flatMap(({ interval }) => (interval ? [interval.low, interval.high] : []));
      const panel = {
        title: 'Mean change with 95% confidence interval, turned so that right is better',
        axis: '',
        ends: ['← worse', 'better →'] as const,
        domain: [Math.min(-1, ...edges), Math.max(1, ...edges)] as const,
        estimates: known.map(({ row, interval }) => ({ interval, note: noteOf(row, interval) })),
      };
      const names = rows.map(
        (row) => `${scoreOf(row)} (${isLowerBetter(row) ? 'lower is better' : 'higher is better'})`,
      );
      return { reading: changeReading(better, worse), spec: intervalsSpec(names, [panel]) };
    },
    notes: [
      'Each score has its own range, so that points of one cannot be held against points of another.',
      'There is no group for comparison: people who are referred at a bad time may get better without support, and people who leave early have no second score.',
    ],
  });
}

function changeReading(better: readonly { row: Row }[], worse: readonly { row: Row }[]): string {
  const names = (all: readonly { row: Row }[]): string => listed(all.map(({ row }) => scoreOf(row)));
  const up =
    better.length === 0
      ? 'No score changed for the better by more than chance alone explains.'
      : `Changed for the better, on average, by more than chance alone explains: ${names(better)}.`;
  return worse.length === 0 ? up : `${up} For the worse: ${names(worse)}.`;
}

/** The mean change, with its sign turned where lower is better. */
function improvementOf(row: Row): Interval | undefined {
  const [low, mid, high] = [numberOf(row.ci_low), numberOf(row.mean_change), numberOf(row.ci_high)];
  if (low === undefined || mid === undefined || high === undefined) return undefined;
  return isLowerBetter(row) ? { low: -high, mid: -mid, high: -low } : { low, mid, high };
}

function noteOf(row: Row, interval: Interval | undefined): string {
  if (interval === undefined)
    return isSuppressed(row.mean_change) || isSuppressed(row.pairs) ? SUPPRESSED_MARK : 'not known';
  const [low, high] = [numberOf(row.ci_low)!, numberOf(row.ci_high)!];
  return `${signed(numberOf(row.mean_change)!)} (${signed(low)} to ${signed(high)})`;
}

function improvement(tables: Tables): Exhibit {
  const all = tables.rows('outcome_summary');
  // of a score for which no change is set, nobody can be said to be better
  const rows = all.filter((row) =>
    [row.improved, row.same, row.worse].map(toldOf).some((one) => one !== undefined),
  );
  return exhibit({
    id: 'better-same-worse',
    title: 'Better, about the same, worse',
    table: columnsOf(tables.find('outcome_summary'), ({ name }) =>
      ['instrument', 'score', 'pairs', ...SORTED].includes(name),
    ),
    show: () => ({
      reading: improvementReading(rows),
      spec: sharesSpec(
        [
          { name: 'Better', tone: 'main' },
          { name: 'About the same', tone: 'pale' },
          { name: 'Worse', tone: 'dark' },
        ],
        rows.map((row) => ({
          label: scoreOf(row),
          values: [row.improved, row.same, row.worse].map(toldOf),
          note: `${countNote(row.pairs, undefined)} people`,
        })),
      ),
    }),
    notes: [
      'How much change matters is a setting for each score; the table of paired outcomes names the one that was used. Scores without one are not in the chart.',
    ],
  });
}

function improvementReading(rows: readonly Row[]): string {
  const shares = rows.map((row) => ({ row, share: shareOf(row) }));
  const [most, fewest] = [highest(shares, 'share'), lowest(shares, 'share')] as ({ row: Row } | undefined)[];
  if (most === undefined || fewest === undefined)
    return 'Of no score are there enough people to tell how many got better.';
  const said = ({ row }: { row: Row }): string =>
    `${outOf(row.improved, row.pairs)} by their score of ${scoreOf(row)}`;
  const first = `By the change that is held to matter, or more, got better: ${said(most)}`;
  return most.row === fewest.row ? `${first}.` : `${first} at most, and ${said(fewest)} at least.`;
}

function shareOf(row: Row): number | undefined {
  const [improved, pairs] = [numberOf(row.improved), numberOf(row.pairs)];
  return improved === undefined || !pairs ? undefined : improved / pairs;
}

function goals(tables: Tables): Exhibit {
  const rows = tables.rows('goal_attainment');
  return exhibit({
    id: 'goals',
    title: 'Goals that people set themselves',
    table: tables.find('goal_attainment'),
    show: () => {
      const total = sum(rows, 'goals');
      const reached = rows.find((row) => row.status === 'achieved');
      const reading =
        reached && total !== undefined
          ? `${outOf(reached.goals, total, 'goals')} were reached.`
          : 'How many goals were reached cannot be told.';
      return {
        reading: capitalised(reading),
        spec: barsSpec(
          rows.map((row) => ({
            label: worded(textOf(row.status)),
            value: toldOf(row.goals),
            note: countNote(row.goals, total),
          })),
        ),
      };
    },
    notes: [
      'Goals are a person’s own; how hard they are, and what they mean to the person, no count can say. Read them with the stories that people tell.',
    ],
  });
}
