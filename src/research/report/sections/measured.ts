/** What is known at all: which determinants of health and instruments are measured, and how well needs are coded. */
import { barsSpec } from '../chart/bars.ts';
import { sharesSpec } from '../chart/shares.ts';
import { figure, listed, worded } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import { type Exhibit, exhibit, type MakeSection, part } from './exhibit.ts';
import { allTold, countNote, highest, outOf, remainder, textOf } from './sentence.ts';

export const measuredSection: MakeSection = (tables) => ({
  id: 'measured',
  title: 'What is measured, and how well it is coded',
  intro: 'What nobody recorded cannot be counted anywhere in this report: these charts say how much that is.',
  exhibits: [
    measured(tables, 'determinant', 'Determinants of health'),
    measured(tables, 'instrument', 'Questionnaires'),
    coding(tables),
  ],
});

function measured(tables: Tables, kind: string, title: string): Exhibit {
  const rows = tables.rows('outcome_completeness').filter((row) => row.kind === kind);
  const id = `${kind}s-measured`;
  return exhibit({
    id,
    title: `${title}: measured or not`,
    table: part(tables.find('outcome_completeness'), 'kind', kind, { name: id, title }),
    show: () => {
      const none = rows.filter((row) => numberOf(row.measured) === 0);
      const some = rows.filter((row) => (numberOf(row.measured) ?? 1) > 0);
      return {
        reading: `${figure(some.length)} of ${figure(rows.length)} are measured for anybody at all.${
          none.length === 0 ? '' : ` For nobody: ${listed(none.map(nameOf))}.`
        }`,
        spec: barsSpec(
          rows.map((row) => ({
            label: nameOf(row),
            value: toldOf(row.measured),
            note: numberOf(row.measured) === 0 ? 'not measured' : countNote(row.measured, row.people),
          })),
        ),
      };
    },
  });
}

const nameOf = (row: Row): string => worded(textOf(row.name));

function coding(tables: Tables): Exhibit {
  const rows = tables.rows('coding_quality');
  return exhibit({
    id: 'coding-quality',
    title: 'How well it is coded',
    table: tables.find('coding_quality'),
    show: () => ({
      reading: codingReading(rows),
      spec: sharesSpec(
        [
          { name: 'National code', tone: 'main' },
          { name: 'Code of another list', tone: 'pale' },
          { name: 'No code', tone: 'dark' },
        ],
        rows.map((row) => ({
          label: worded(textOf(row.element)),
          values: [
            remainder(row.total, row.outside_national, row.uncoded),
            toldOf(row.outside_national),
            toldOf(row.uncoded),
          ],
          note: countNote(row.total, undefined),
        })),
      ),
    }),
    notes: [
      'Texts without a code are left out of tables that count by code; they are not lost in the record.',
    ],
  });
}

function codingReading(rows: readonly Row[]): string {
  const shares = rows.map((row) => {
    const told = allTold([row.uncoded, row.total]);
    return { row, share: told?.[1] ? told[0]! / told[1] : undefined };
  });
  const most = highest(shares, 'share') as (typeof shares)[number] | undefined;
  if (most === undefined) return 'Of no element are there enough entries to tell.';
  const { element, uncoded, total } = most.row;
  return `Most often without a code: ${worded(textOf(element)).toLowerCase()}, ${outOf(uncoded, total, 'entries')}.`;
}
