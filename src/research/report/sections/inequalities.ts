/** Whom we do not reach: rates of referral, decline and missed appointments in each group of people. */

import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { intervalsSpec, type Panel } from '../chart/intervals.ts';
import { figure, listed, percent, worded } from '../figures.ts';
import { numberOf, type Row, type Tables } from '../input.ts';
import { areApart, type Interval, times, wilson } from '../interval.ts';
import { columnsOf, type Exhibit, exhibit, type MakeSection, part } from './exhibit.ts';
import { sum, textOf } from './sentence.ts';

/** The dimensions, as the table names them. */
const DIMENSIONS: readonly (readonly [dimension: string, title: string])[] = [
  ['imd_decile', 'Deprivation of the area'],
  ['ethnic_category', 'Ethnic category'],
  ['age_band', 'Age'],
  ['gender', 'Gender'],
];

export const inequalitiesSection: MakeSection = (tables) => ({
  id: 'inequalities',
  title: 'Whom we do not reach',
  intro:
    'How often people of each group are referred, decline, or miss appointments, with 95% confidence intervals. Where two intervals do not touch, chance alone hardly explains the difference.',
  exhibits: DIMENSIONS.map(([dimension, title]) => group(tables, dimension, title)),
});

/** A rate: a share of one column in another. */
interface Rate {
  /** columns */
  readonly count: string;
  readonly total: string;
  readonly title: string;
  readonly axis: string;
  readonly factor: number;
  readonly decimals: number;
  /** in a sentence */
  readonly words: string;
}

const RATES: readonly Rate[] = [
  {
    count: 'referred',
    total: 'population',
    title: 'Referred per 1,000',
    axis: 'per 1,000 residents',
    factor: 1_000,
    decimals: 1,
    words: 'Referred',
  },
  {
    count: 'declined',
    total: 'asked',
    title: 'Declined',
    axis: '% of those asked',
    factor: 100,
    decimals: 0,
    words: 'Declined',
  },
  {
    count: 'not_attended',
    total: 'appointed',
    title: 'Missed appointments',
    axis: '% of those booked',
    factor: 100,
    decimals: 0,
    words: 'Missed appointments',
  },
];

function group(tables: Tables, dimension: string, title: string): Exhibit {
  const rows = tables.rows('inequalities').filter((row) => row.dimension === dimension);
  const id = `inequalities-${dimension.replaceAll('_', '-')}`;
  return exhibit({
    id,
    title,
    table: columnsOf(
      part(tables.find('inequalities'), 'dimension', dimension, { name: `inequalities_${dimension}`, title }),
      ({ name }) => name !== 'people', // no rate is of them
    ),
    show: () => {
      const rates = RATES.filter((rate) => rows.some((row) => intervalOf(row, rate) !== undefined));
      const panels = rates.map((rate) => panelOf(rows, rate));
      return {
        reading: rates.map((rate) => readingOf(rows, rate)).join(' ') || 'No rate can be told.',
        spec: panels.length === 0 ? undefined : intervalsSpec(rows.map(nameOf), panels),
      };
    },
    notes: ['Rates are not adjusted for other differences between the groups.'],
  });
}

/** A decile is a number only; the first are the areas that are worst off. @source English Indices of Deprivation */
function nameOf({ dimension, group: name }: Row): string {
  const text = worded(textOf(name));
  if (dimension !== 'imd_decile' || !/^\d+$/.test(text)) return text;
  const end = { 1: ' (most deprived)', 10: ' (least deprived)' }[text];
  return `Decile ${text}${end ?? ''}`;
}

function intervalOf(row: Row, { count, total }: Rate): Interval | undefined {
  const [part, whole] = [numberOf(row[count]), numberOf(row[total])];
  return part === undefined || whole === undefined ? undefined : wilson(part, whole);
}

function panelOf(rows: readonly Row[], rate: Rate): Panel {
  const all = overall(rows, rate);
  const { title, axis, factor, decimals } = rate;
  return {
    title,
    axis,
    estimates: rows.map((row) => {
      const interval = intervalOf(row, rate);
      const note = interval ? figure(interval.mid * factor, decimals) : hidden(row, rate);
      return { interval: interval && times(interval, factor), note };
    }),
    ...(all === undefined
      ? {}
      : { reference: { at: all.mid * factor, name: `all: ${figure(all.mid * factor, decimals)}` } }),
  };
}

const hidden = (row: Row, { count, total }: Rate): string =>
  isSuppressed(row[count]) || isSuppressed(row[total]) ? SUPPRESSED_MARK : '–';

/** All groups of which both numbers are told, together. */
function overall(rows: readonly Row[], rate: Rate): Interval | undefined {
  const told = rows.filter((row) => intervalOf(row, rate) !== undefined);
  return wilson(sum(told, rate.count) ?? 0, sum(told, rate.total) ?? 0);
}

function readingOf(rows: readonly Row[], rate: Rate): string {
  const all = overall(rows, rate)!;
  const share =
    rate.factor === 100 ? percent(all.mid) : `${figure(all.mid * rate.factor, rate.decimals)} in 1,000`;
  const apart = rows.flatMap((row) => {
    const interval = intervalOf(row, rate);
    return interval && areApart(interval, all)
      ? [{ name: nameOf(row), isAbove: interval.mid > all.mid }]
      : [];
  });
  const above = apart.filter(({ isAbove }) => isAbove).map(({ name }) => name);
  const below = apart.filter(({ isAbove }) => !isAbove).map(({ name }) => name);
  const said = [
    above.length === 0 ? '' : `clearly more in ${listed(above)}`,
    below.length === 0 ? '' : `clearly fewer in ${listed(below)}`,
  ].filter(Boolean);
  return `${rate.words}: ${share}; ${said.join(', ') || 'no group clearly differs'}.`;
}
