/** What stands before the charts: the figures at a glance, whom the report is about, and how small numbers are treated. */
import { escaped } from '../../target/document/html.ts';
import { SUPPRESSED_MARK } from '../disclosure/table.ts';
import { dateText, figure, people, percent, worded } from './figures.ts';
import { numberOf, type ReportAbout, type Tables } from './input.ts';
import { textOf } from './sections/sentence.ts';

interface Glance {
  readonly number: string;
  readonly what: string;
}

/** @returns at most four figures; none that is suppressed or not known */
export function glanceOf(tables: Tables): string {
  const all = [...stages(tables), ...wait(tables), ...goalsReached(tables)];
  if (all.length === 0) return '';
  const items = all.map(
    ({ number, what }) => `<li><strong>${escaped(number)}</strong> ${escaped(what)}</li>`,
  );
  return `<ul class="glance" aria-label="At a glance">${items.join('')}</ul>`;
}

function stages(tables: Tables): Glance[] {
  const rows = tables.rows('referral_funnel');
  const [first, last] = [rows[0], rows.length > 1 ? rows.at(-1) : undefined];
  const [from, to] = [numberOf(first?.people), numberOf(last?.people)];
  const made: Glance[] = [];
  if (from !== undefined) made.push({ number: figure(from), what: `people ${lower(first!.stage)}` });
  if (to !== undefined && from)
    made.push({ number: percent(to / from), what: `of them ${lower(last!.stage)}` });
  return made;
}

const lower = (cell: unknown): string => worded(textOf(cell)).toLowerCase();

function wait(tables: Tables): Glance[] {
  const [row] = tables.rows('waiting_times').filter(({ median }) => numberOf(median) !== undefined);
  if (row === undefined) return [];
  return [
    {
      number: `${figure(numberOf(row.median)!)} days`,
      what: `from ${lower(row.step)}, for half`,
    },
  ];
}

function goalsReached(tables: Tables): Glance[] {
  const rows = tables.rows('goal_attainment');
  const reached = numberOf(rows.find(({ status }) => status === 'achieved')?.goals);
  return reached === undefined
    ? []
    : [{ number: figure(reached), what: 'goals reached that people set themselves' }];
}

export function aboutOf(about: ReportAbout): string {
  const { period, organisations, population, madeOn, smallNumbers } = about;
  const leftOut = population.leftOut.map(
    ({ reason, people: count }) => `<li>${escaped(worded(reason))}: ${people(count)}</li>`,
  );
  const facts: [string, string][] = [
    ['Period', `${dateText(period.start)} to ${dateText(period.end)}`],
    ['Organisations', organisations.map(escaped).join('<br>') || 'All'],
    ['Who is counted', `${escaped(population.description)} In all, ${people(population.people)}.`],
    ['Who is left out', leftOut.length === 0 ? 'Nobody' : `<ul>${leftOut.join('')}</ul>`],
    ['Small numbers', escaped(ruleOf(smallNumbers))],
    ['Made on', dateText(madeOn)],
  ];
  return `<dl class="about">${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl>`;
}

function ruleOf({ below, roundTo, keepZero }: ReportAbout['smallNumbers']): string {
  const zero = keepZero ? 'Zero is shown. ' : '';
  const rounded =
    roundTo > 1
      ? ` Other numbers are rounded to the nearest ${roundTo}, so that parts may not add up to their total.`
      : '';
  return `Numbers below ${below} are not told, nor numbers from which they could be worked out: ${SUPPRESSED_MARK} stands in their place, hatched in the charts. ${zero}${rounded}`
    .replaceAll(/ +/g, ' ')
    .trim();
}
