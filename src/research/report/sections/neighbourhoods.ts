/** In which neighbourhoods people are reached: how many of those who live there are referred. */
import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { barsSpec } from '../chart/bars.ts';
import { intervalsSpec, type Panel } from '../chart/intervals.ts';
import type { ChartSpec } from '../chart/parts.ts';
import { figure, listed } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import { areApart, type Interval, times, wilson } from '../interval.ts';
import { type Exhibit, exhibit } from './exhibit.ts';
import { countNote, sum, textOf } from './sentence.ts';

/** Referrals are told for so many of those who live there. */
const THOUSAND = 1_000;

interface Place {
  readonly row: Row;
  readonly name: string;
  readonly interval: Interval | undefined;
}

export function neighbourhoods(tables: Tables): Exhibit {
  const places = tables.rows('reach').map((row): Place => {
    const [referred, population] = [numberOf(row.referred), numberOf(row.population)];
    const interval =
      referred === undefined || population === undefined ? undefined : wilson(referred, population);
    return { row, name: textOf(row.neighbourhood), interval };
  });
  const told = places.filter(({ interval }) => interval !== undefined).map(({ row }) => row);
  const all = wilson(sum(told, 'referred') ?? 0, sum(told, 'population') ?? 0);
  return exhibit({
    id: 'neighbourhoods',
    title: 'Reach by neighbourhood',
    table: tables.find('reach'),
    show: () => ({
      reading: readingOf(places, all),
      spec: all === undefined ? countsSpec(places) : ratesSpec(places, all),
    }),
    notes: [
      'The rate is not adjusted for age or need: a low rate may mean less need, other support nearby, or people who are not reached.',
    ],
  });
}

function readingOf(places: readonly Place[], all: Interval | undefined): string {
  if (all === undefined)
    return 'How many people live in each neighbourhood is not known, so no rate can be told.';
  const low = places.filter(({ interval }) => interval && interval.mid < all.mid && areApart(interval, all));
  const said =
    low.length === 0
      ? 'No neighbourhood is clearly below that.'
      : `Clearly below that: ${listed(low.map(({ name }) => name))}.`;
  return `${figure(all.mid * THOUSAND, 1)} of every 1,000 people who live in these neighbourhoods were referred. ${said}`;
}

function ratesSpec(places: readonly Place[], all: Interval): ChartSpec | undefined {
  const panel: Panel = {
    title: 'People referred per 1,000 residents, with 95% confidence interval',
    axis: 'per 1,000 residents',
    estimates: places.map(({ row, interval }) => ({
      interval: interval && times(interval, THOUSAND),
      note: interval ? figure(interval.mid * THOUSAND, 1) : missing(row),
    })),
    reference: { at: all.mid * THOUSAND, name: `all: ${figure(all.mid * THOUSAND, 1)}` },
  };
  return intervalsSpec(
    places.map(({ name }) => name),
    [panel],
  );
}

const missing = (row: Row): string => (isSuppressed(row.referred) ? SUPPRESSED_MARK : 'not known');

/** Where nobody knows how many live there, how many were referred is all that can be shown. */
function countsSpec(places: readonly Place[]): ChartSpec | undefined {
  return barsSpec(
    places.map(({ row, name }) => ({
      label: name,
      value: toldOf(row.referred),
      note: countNote(row.referred, undefined),
    })),
  );
}
