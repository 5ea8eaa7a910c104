/** SQL of restricted patients, and of what is rewritten or emptied once a patient is one. */
import { type Step, statement } from './statement.ts';

const ANY = statement('SELECT 1 AS found FROM restricted LIMIT 1');
/** @returns whether there are any: mostly there are none, and nothing more is asked */
export function* hasRestricted(): Step<boolean> {
  return (yield* ANY.get()) !== undefined;
}

const SELECT = statement(`
  SELECT wanted.value ->> 0 AS id FROM json_each(?) wanted
  WHERE EXISTS (SELECT 1 FROM restricted t WHERE t.patient_id = wanted.value ->> 0)
    OR EXISTS (SELECT 1 FROM restricted t WHERE t.patient_id = wanted.value ->> 1)
    OR EXISTS (
      SELECT 1 FROM person_link l JOIN restricted t ON t.patient_id = l.patient_id
      WHERE l.person_id = wanted.value ->> 1)`);
/** @param wanted patient and person of each @returns patients who are restricted, or one person with somebody who is */
export function* selectRestricted(wanted: readonly (readonly [string, string])[]): Step<string[]> {
  if (wanted.length === 0) return [];
  return ((yield* SELECT.all(JSON.stringify(wanted))) as { id: string }[]).map((row) => row.id);
}

const SELECT_OF_PERSON = statement(`
  SELECT r.id FROM resource r JOIN restricted t ON t.patient_id = r.id
  WHERE r.person_id = ? AND r.type = 'Patient' ORDER BY r.id`);
/** @returns patients of a person who are restricted: by a label, or by the number of somebody who is */
export function* selectRestrictedOf(personId: string): Step<string[]> {
  return ((yield* SELECT_OF_PERSON.all(personId)) as { id: string }[]).map((row) => row.id);
}

const IS_MARKED = statement('SELECT 1 AS found FROM restricted WHERE patient_id = ?');
export function* isMarked(patientId: string): Step<boolean> {
  return (yield* IS_MARKED.get(patientId)) !== undefined;
}

const MARK = statement(
  'INSERT INTO restricted (patient_id, since_ms) VALUES (?, ?) ON CONFLICT (patient_id) DO NOTHING',
);
/** @returns whether the patient was not marked before */
export function* mark(patientId: string, nowMs: number): Step<boolean> {
  return (yield* MARK.run(patientId, nowMs)) === 1;
}

const UNMARK = statement('DELETE FROM restricted WHERE patient_id = ?');
/** @returns whether the patient was marked */
export function* unmark(patientId: string): Step<boolean> {
  return (yield* UNMARK.run(patientId)) === 1;
}

const SELECT_PLACES = statement(`
  SELECT DISTINCT p.place_id AS id FROM json_each(?) wanted
  JOIN restricted_place p ON p.place_id = wanted.value ->> 0`);
/** @param ids of Locations @returns those that a resource of a restricted patient refers to */
export function* selectRestrictedPlaces(ids: readonly string[]): Step<string[]> {
  if (ids.length === 0) return [];
  const wanted = JSON.stringify([...new Set(ids)].map((id) => [id]));
  return ((yield* SELECT_PLACES.all(wanted)) as { id: string }[]).map((row) => row.id);
}

const SELECT_NEW_PLACES = statement(`
  SELECT DISTINCT wanted.value ->> 0 AS place, wanted.value ->> 1 AS patient FROM json_each(?) wanted
  WHERE NOT EXISTS (
    SELECT 1 FROM restricted_place p WHERE p.place_id = wanted.value ->> 0 AND p.patient_id = wanted.value ->> 1)`);
/** @param pairs place and patient of each @returns those that are not known yet */
export function* selectNewPlaces(
  pairs: readonly (readonly [string, string])[],
): Step<(readonly [string, string])[]> {
  if (pairs.length === 0) return [];
  const rows = (yield* SELECT_NEW_PLACES.all(JSON.stringify(pairs))) as { place: string; patient: string }[];
  return rows.map(({ place, patient }) => [place, patient]);
}

const PUT_PLACE = statement(
  'INSERT INTO restricted_place (place_id, patient_id) VALUES (?, ?) ON CONFLICT (place_id, patient_id) DO NOTHING',
);
export function* putPlace(placeId: string, patientId: string): Step<void> {
  yield* PUT_PLACE.run(placeId, patientId);
}

const DELETE_PLACES = statement('DELETE FROM restricted_place WHERE patient_id = ?');
/** Places stay what they are to others. */
export function* deletePlaces(patientId: string): Step<void> {
  yield* DELETE_PLACES.run(patientId);
}

const REWRITE = statement('UPDATE resource SET content = ?, digest = ?, present = ? WHERE rid = ?');
/** @param to what it says now, with what of its type's search parameters is there */
export function* rewriteResource(
  rid: number,
  to: { readonly content: string; readonly digest: string; readonly present: number },
): Step<void> {
  yield* REWRITE.run(to.content, to.digest, to.present, rid);
}

const REWRITE_HISTORY = statement('UPDATE history SET content = ?, digest = ? WHERE rid = ? AND version = ?');
export function* rewriteHistory(rid: number, version: number, content: string, digest: string): Step<void> {
  yield* REWRITE_HISTORY.run(content, digest, rid, version);
}

const REWRITE_SAYING = statement(
  'UPDATE saying SET content = ?, digest = ? WHERE type = ? AND id = ? AND saying = ?',
);
export function* rewriteSaying(
  { type, id, saying }: { readonly type: string; readonly id: string; readonly saying: number },
  content: string,
  digest: string,
): Step<void> {
  yield* REWRITE_SAYING.run(content, digest, type, id, saying);
}

const SELECT_REFUSED = statement(`
  SELECT w.id, p.payload FROM work w JOIN refused_payload p ON p.work_id = w.id
  WHERE w.source = ? AND w.record_kind = ? AND w.record_key = ?`);
const SELECT_CONFLICTS = statement(`
  SELECT w.id, p.payload FROM work w JOIN refused_payload p ON p.work_id = w.id WHERE w.type = ? AND w.resource_id = ?`);

export interface RefusedRow {
  readonly id: string;
  readonly payload: string;
}

/** @returns what is kept of refusals of a record */
export function* selectRefusedOf(record: {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
}): Step<readonly RefusedRow[]> {
  return (yield* SELECT_REFUSED.all(record.source, record.kind, record.key)) as readonly RefusedRow[];
}

/** @returns what is kept of conflicts about a resource */
export function* selectConflictsOf(type: string, id: string): Step<readonly RefusedRow[]> {
  return (yield* SELECT_CONFLICTS.all(type, id)) as readonly RefusedRow[];
}

const REWRITE_REFUSED = statement('UPDATE refused_payload SET payload = ? WHERE work_id = ?');
export function* rewriteRefused(workId: string, payload: string): Step<void> {
  yield* REWRITE_REFUSED.run(payload, workId);
}

const SELECT_NAMED = statement(`
  SELECT DISTINCT r.id FROM json_each(?) wanted
  JOIN search_token t ON t.param = CAST(wanted.value ->> 0 AS BIGINT) AND t.code = wanted.value ->> 1
  JOIN resource r ON r.rid = t.rid
  JOIN restricted x ON x.patient_id = r.id
  WHERE r.type = 'Patient'`);
/** @param param number of the search parameter Patient.identifier @returns whether any text is an identifier of a restricted patient */
export function* namesRestricted(param: number, texts: readonly string[]): Step<boolean> {
  if (texts.length === 0) return false;
  const wanted = texts.map((text) => [param, text]);
  return ((yield* SELECT_NAMED.all(JSON.stringify(wanted))) as unknown[]).length > 0;
}

const SELECT_NUMBERS = statement(`
  SELECT DISTINCT t.code FROM json_each(?) wanted
  JOIN search_token t ON t.param = CAST(wanted.value ->> 0 AS BIGINT) AND t.code = wanted.value ->> 1
    AND t.system = CAST(wanted.value ->> 2 AS BIGINT)
  JOIN resource r ON r.rid = t.rid
  JOIN restricted x ON x.patient_id = r.id
  WHERE r.type = 'Patient'`);
/** @param tokens param, number and system of each @returns those numbers that a restricted patient is said to have */
export function* selectRestrictedNumbers(
  tokens: readonly (readonly [number, string, number])[],
): Step<ReadonlySet<string>> {
  if (tokens.length === 0) return new Set();
  const rows = (yield* SELECT_NUMBERS.all(JSON.stringify(tokens))) as { code: string }[];
  return new Set(rows.map(({ code }) => code));
}
