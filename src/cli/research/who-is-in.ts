/** Says in lines who is in the tables that were made, and who was left out why; small numbers as the tables tell them. */
import type { Reason } from '../../research/cohort.ts';
import type { AnonymityReport } from '../../research/disclosure/k-anonymity.ts';
import { tell } from '../../research/disclosure/suppress.ts';
import type { SmallNumbers } from '../../research/disclosure/table.ts';
import type { Made } from '../../research/make.ts';

const WORDS: Readonly<Record<Reason, string>> = {
  restricted: 'restricted',
  'opted-out': 'opted out (National Data Opt-out)',
  'no-nhs-number': 'without an NHS number, so that an opt-out cannot be looked up',
  'no-consent': 'without consent for research',
  'consent-refused': 'consent refused',
  'consent-period': 'consent over, or not begun',
  'consent-unclear': 'consent that is not clear',
  'consent-coded-only': 'consent to codes alone, where words go out',
};

export function whoIsIn({ cohort, anonymity }: Made, smallNumbers: SmallNumbers): string[] {
  const people = (count: number): string => {
    const told = tell(count, smallNumbers);
    if (typeof told !== 'number') return `fewer than ${smallNumbers.below}`;
    return told === count || told === 0 ? String(told) : `about ${told}`;
  };
  const leftOut = Object.entries(cohort.leftOut).filter(([, count]) => count > 0);
  return [
    `People who may be in research data: ${people(cohort.size)}.`,
    ...leftOut.map(([reason, count]) => `Left out, ${WORDS[reason as Reason]}: ${people(count)}.`),
    ...(anonymity ? ofAlike(anonymity, people) : []),
  ];
}

function ofAlike(
  { k, columns, rows, rowsBelow, rowsAlike = 0, otherwise }: AnonymityReport,
  people: (count: number) => string,
): string[] {
  const few = rowsBelow + rowsAlike;
  if (few === 0) return [];
  const named = columns.join(', ');
  if (otherwise === 'report')
    return [`In the tables of people although fewer than ${k} are alike in ${named}: ${people(few)}.`];
  const line = `Left out of the tables of people, as fewer than ${k} are alike in ${named}: ${people(few)}.`;
  const advice = 'name fewer columns in research.kAnonymity.columns, or make them coarser in the rules.';
  if (few === rows) return [line, `So the tables of people are empty: ${advice}`];
  return few > rows * MANY ? [line, `To keep more of them, ${advice}`] : [line];
}

/** Share of the people that nobody means to lose unawares. */
const MANY = 0.1;
