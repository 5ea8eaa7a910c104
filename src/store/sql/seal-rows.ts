/** SQL of what hides rows from those who read from outside: labels of versions, and times that people have agreed to. */
import type { Consent, Resource } from '@medplum/fhirtypes';
import { agreedTimes } from '../../referral/agreed-times.ts';
import { labelOf } from '../../referral/restriction.ts';
import type { ResourceRow } from './resource-rows.ts';
import { rowsOf, type Step, statement } from './statement.ts';

const LABELS = rowsOf(
  'resource_label',
  { rid: 'bigint', version: 'bigint', level: 'text' },
  'ON CONFLICT (rid, version) DO UPDATE SET level = excluded.level',
);
/** @param rows as they are written */
export function* putLabels(rows: readonly ResourceRow[]): Step<void> {
  const labelled = rows.flatMap(({ rid, version, content }) => {
    // most have none, and are not parsed once more
    const level = content?.includes('v3-Confidentiality') && labelOf(JSON.parse(content) as Resource);
    return level ? [[rid, version, level]] : [];
  });
  yield* LABELS.insert(labelled);
}

const DELETE_LABELS = statement('DELETE FROM resource_label WHERE rid = ?');
export function* deleteLabels(rid: number): Step<void> {
  yield* DELETE_LABELS.run(rid);
}

const DELETE = statement(`
  DELETE FROM sharing_agreed WHERE person_id IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)`);
const SELECT_CONSENTS = statement(`
  SELECT r.person_id AS person, r.content FROM json_each(?) wanted
  JOIN resource r ON r.person_id = wanted.value ->> 0 AND r.type = 'Consent' AND r.state = 'current'`);
const AGREED = rowsOf('sharing_agreed', {
  person_id: 'text',
  purpose: 'text',
  from_ms: 'bigint',
  until_ms: 'bigint',
  extent: 'text',
});
/** Says anew what people have agreed to, from their Consents as the tables have them now. */
export function* settleAgreed(personIds: Iterable<string>): Step<void> {
  const wanted = JSON.stringify([...new Set(personIds)].map((id) => [id]));
  if (wanted === '[]') return;
  yield* DELETE.run(wanted);
  const rows = (yield* SELECT_CONSENTS.all(wanted)) as { person: string; content: string }[];
  const times = [...Map.groupBy(rows, ({ person }) => person)].flatMap(([person, own]) =>
    agreedTimes(own.map(({ content }) => JSON.parse(content) as Consent)).map(
      ({ purpose, fromMs, untilMs, extent }) => [person, purpose, fromMs, untilMs, extent],
    ),
  );
  yield* AGREED.insert(times);
}
