/** Use of health services: contacts with the practice before and after a referral, and frequent visitors who were not referred. */

import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { barsSpec } from '../chart/bars.ts';
import { sharesSpec } from '../chart/shares.ts';
import { figure, worded } from '../figures.ts';
import { numberOf, type Row, type Tables, toldOf } from '../input.ts';
import { type Exhibit, exhibit, type MakeSection } from './exhibit.ts';
import { countNote, outOf, remainder, textOf } from './sentence.ts';

export const servicesSection: MakeSection = (tables) => ({
  id: 'services',
  title: 'Use of health services',
  intro: 'Counted where the practice’s record sends its contacts.',
  exhibits: [contacts(tables), visitors(tables)],
});

function contacts(tables: Tables): Exhibit {
  const rows = tables.rows('gp_contacts');
  return exhibit({
    id: 'gp-contacts',
    title: 'Contacts with the practice before and after referral',
    table: tables.find('gp_contacts'),
    show: () => ({
      reading: contactsReading(rows),
      spec: barsSpec(
        rows.map((row) => ({
          label: worded(textOf(row.period)),
          value: toldOf(row.per_person),
          note: perPerson(row),
          tone: row.period === 'after' ? 'main' : 'pale',
        })),
      ),
    }),
    notes: [
      'People are often referred when they see their doctor most; fewer contacts later are then to be expected without any support. This is no proof of an effect.',
    ],
  });
}

function contactsReading(rows: readonly Row[]): string {
  const [before, after] = ['before', 'after'].map((period) =>
    numberOf(rows.find((row) => row.period === period)?.per_person),
  );
  if (before === undefined || after === undefined) return 'Too few people have contacts recorded to tell.';
  const by =
    before === 0
      ? ''
      : ` (${figure(Math.abs((after - before) / before) * 100)}% ${after < before ? 'fewer' : 'more'})`;
  return `People had ${figure(before, 1)} contacts each before their referral and ${figure(after, 1)} after it${after === before ? '' : by}.`;
}

function perPerson(row: Row): string {
  const value = numberOf(row.per_person);
  if (value === undefined) return isSuppressed(row.per_person) ? SUPPRESSED_MARK : 'not known';
  return `${figure(value, 1)} a person`;
}

function visitors(tables: Tables): Exhibit {
  const rows = tables.rows('frequent_visitors');
  return exhibit({
    id: 'frequent-visitors',
    title: 'Frequent visitors not yet referred',
    table: tables.find('frequent_visitors'),
    show: () => ({
      reading: visitorsReading(rows),
      spec: sharesSpec(
        [
          { name: 'Referred', tone: 'main' },
          { name: 'Not referred', tone: 'pale' },
        ],
        rows.map((row) => ({
          label: `${textOf(row.band)} contacts`,
          values: [remainder(row.people, row.not_referred), toldOf(row.not_referred)],
          note: `${countNote(row.people, undefined)} people`,
        })),
      ),
    }),
    notes: ['To see a doctor often is no need by itself: these are people to whom support might be offered.'],
  });
}

function visitorsReading(rows: readonly Row[]): string {
  const told = rows.filter((row) => numberOf(row.not_referred) !== undefined);
  if (told.length === 0) return 'How many frequent visitors are not referred yet cannot be told.';
  const parts = told.map((row) => `${outOf(row.not_referred, row.people)} with ${textOf(row.band)} contacts`);
  return `Not referred yet: ${parts.join('; ')}.`;
}
