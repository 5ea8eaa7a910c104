/** What people need, and what they are given. */
import { barsSpec } from '../chart/bars.ts';
import { figure, worded } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import { type Exhibit, exhibit, type MakeSection } from './exhibit.ts';
import { countNote, highest, textOf } from './sentence.ts';

export const needsSection: MakeSection = (tables) => ({
  id: 'needs-and-support',
  title: 'What people need, and what they get',
  intro: 'Needs that were recorded, and support that was given; a person may have several of each.',
  exhibits: [
    counted(tables, {
      id: 'needs',
      title: 'Needs',
      table: 'needs_summary',
      column: 'need_code',
      notes: ['“Not coded” are needs that were written in words only.'],
    }),
    counted(tables, {
      id: 'support',
      title: 'Support given',
      table: 'support_summary',
      column: 'kind_code',
      notes: [],
    }),
  ],
});

/** What the table says of needs in words only. */
const UNCODED = 'not coded';

interface Counted {
  readonly id: string;
  readonly title: string;
  readonly table: string;
  readonly column: string;
  readonly notes: readonly string[];
}

function counted(tables: Tables, { id, title, table, column, notes }: Counted): Exhibit {
  const rows = tables.rows(table);
  const nameOf = (row: Row): string => worded(textOf(row[column]));
  return exhibit({
    id,
    title,
    table: tables.find(table),
    show: () => {
      const most = highest(
        rows.filter((row) => row[column] !== UNCODED),
        'people',
      );
      return {
        reading: most
          ? `Most often: ${nameOf(most)}, ${figure(numberOf(most.people)!)} people.`
          : 'Of none are there enough people to tell.',
        spec: barsSpec(
          rows.map((row) => ({
            label: nameOf(row),
            value: toldOf(row.people),
            note: countNote(row.people, undefined),
          })),
        ),
      };
    },
    notes,
  });
}
