/** How long people wait at each step. */

import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { intervalsSpec } from '../chart/intervals.ts';
import { figure, worded } from '../figures.ts';
import { numberOf, type Row, type Tables } from '../input.ts';
import type { Interval } from '../interval.ts';
import { type Exhibit, exhibit, type MakeSection } from './exhibit.ts';
import { highest, textOf } from './sentence.ts';

export const waitingSection: MakeSection = (tables) => ({
  id: 'waiting',
  title: 'How long people wait',
  intro: 'Days between one step and the next, for those who came to both.',
  exhibits: [waits(tables)],
});

function waits(tables: Tables): Exhibit {
  const rows = tables.rows('waiting_times');
  return exhibit({
    id: 'waiting-times',
    title: 'Days at each step',
    table: tables.find('waiting_times'),
    show: () => {
      const longest = highest(rows, 'median');
      const reading = longest
        ? `The longest wait is at “${nameOf(longest)}”: half waited ${days(longest.median)} or less${
            numberOf(longest.p90) === undefined ? '' : `, and nine in ten ${days(longest.p90)} or less`
          }.`
        : 'At no step did enough people wait to tell for how long.';
      const panel = {
        title: 'Median (dot), from the first quarter to nine in ten (line)',
        axis: 'days',
        estimates: rows.map((row) => {
          const interval = spreadOf(row);
          return {
            interval,
            note: interval ? `${figure(interval.mid)} to ${figure(interval.high)}` : noWait(row),
          };
        }),
      };
      return { reading, spec: intervalsSpec(rows.map(nameOf), [panel]) };
    },
    notes: [
      'The dot is the median: half waited less. The line runs from the first quarter to the ninth tenth; one in ten waited longer than its right end.',
      'Those who are still waiting are not counted, so that a growing queue shows only later.',
    ],
  });
}

const days = (cell: unknown): string => {
  const value = numberOf(cell)!;
  return value === 1 ? '1 day' : `${figure(value)} days`;
};

function nameOf(row: Row): string {
  return worded(textOf(row.step));
}

function spreadOf(row: Row): Interval | undefined {
  const [mid, high] = [numberOf(row.median), numberOf(row.p90)];
  return mid === undefined || high === undefined ? undefined : { low: numberOf(row.p25) ?? mid, mid, high };
}

const noWait = (row: Row): string =>
  isSuppressed(row.median) || isSuppressed(row.n) ? SUPPRESSED_MARK : 'not known';
