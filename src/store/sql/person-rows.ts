/** SQL of patients that are one person, and of the moves that a join or its undoing makes. */
import { rowsOf, type Step, statement } from './statement.ts';

export interface LinkRow {
  readonly patient_id: string;
  readonly person_id: string;
  readonly reason: string;
}

const SELECT = statement('SELECT patient_id, person_id, reason FROM person_link WHERE patient_id = ?');
export function* selectPersonLink(patientId: string): Step<LinkRow | undefined> {
  return (yield* SELECT.get(patientId)) as LinkRow | undefined;
}

const SELECT_MEMBERS = statement(
  'SELECT patient_id FROM person_link WHERE person_id = ? AND patient_id <> ?',
);
/** @returns patients joined to a person, without the patient whose id it is */
export function* selectJoined(personId: string): Step<string[]> {
  return ((yield* SELECT_MEMBERS.all(personId, personId)) as { patient_id: string }[]).map(
    (row) => row.patient_id,
  );
}

const UPSERT = statement(`
  INSERT INTO person_link (patient_id, person_id, reason, linked_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (patient_id) DO UPDATE SET
    person_id = excluded.person_id, reason = excluded.reason, linked_ms = excluded.linked_ms`);
export function* upsertPersonLink(
  patientId: string,
  personId: string,
  reason: string,
  nowMs: number,
): Step<void> {
  yield* UPSERT.run(patientId, personId, reason, nowMs);
}

const DELETE = statement('DELETE FROM person_link WHERE patient_id = ?');
export function* deletePersonLink(patientId: string): Step<void> {
  yield* DELETE.run(patientId);
}

const MOVE_ENTRIES = statement(`
  UPDATE outbox SET delivery_key = ?1
  WHERE delivery_key = ?2 AND EXISTS (
    SELECT 1 FROM resource r WHERE r.type = outbox.type AND r.id = outbox.id AND r.person_id = ?1)
  RETURNING target`);
/** Takes the deliveries of resources that are now `to`'s out of `from`'s queue. @returns targets they were for */
export function* moveEntries(from: string, to: string): Step<string[]> {
  const rows = (yield* MOVE_ENTRIES.all(to, from)) as { target: string }[];
  return [...new Set(rows.map((row) => row.target))];
}

const SELECT_LINKS = statement(`
  SELECT l.patient_id, l.person_id, l.reason FROM json_each(?) wanted
  JOIN person_link l ON l.patient_id = wanted.value ->> 0`);
export function* selectPersonLinks(patientIds: readonly string[]): Step<readonly LinkRow[]> {
  if (patientIds.length === 0) return [];
  return (yield* SELECT_LINKS.all(inLists(patientIds))) as readonly LinkRow[];
}

const LINKS = rowsOf(
  'person_link',
  { patient_id: 'text', person_id: 'text', reason: 'text', linked_ms: 'bigint' },
  `ON CONFLICT (patient_id) DO UPDATE SET
    person_id = excluded.person_id, reason = excluded.reason, linked_ms = excluded.linked_ms`,
);
export const putPersonLinks = LINKS.insert.bind(LINKS);

interface PatientWithToken {
  readonly code: string;
  readonly id: string;
  readonly content: string;
}

const SELECT_HOLDERS = statement(`
  SELECT t.code, r.id, r.content FROM json_each(?) wanted
  JOIN search_token t ON t.param = CAST(wanted.value ->> 0 AS BIGINT) AND t.code = wanted.value ->> 1
    AND t.system = CAST(wanted.value ->> 2 AS BIGINT)
  JOIN resource r ON r.rid = t.rid
  WHERE r.state = 'current' ORDER BY t.rid`);
/** @param tokens param, code and system of each @returns patients that have any of them, oldest first */
export function* selectHolders(
  tokens: readonly (readonly [number, string, number])[],
): Step<readonly PatientWithToken[]> {
  if (tokens.length === 0) return [];
  return (yield* SELECT_HOLDERS.all(JSON.stringify(tokens))) as readonly PatientWithToken[];
}

const SELECT_OWNERS = statement(`
  SELECT wanted.value ->> 0 AS id FROM json_each(?) wanted
  WHERE EXISTS (SELECT 1 FROM resource r WHERE r.person_id = wanted.value ->> 0)
    OR EXISTS (SELECT 1 FROM person_link l WHERE l.person_id = wanted.value ->> 0)`);
/** @returns those of the persons who own a resource, or whom a patient is joined to */
export function* selectOwners(personIds: readonly string[]): Step<readonly string[]> {
  if (personIds.length === 0) return [];
  const rows = (yield* SELECT_OWNERS.all(inLists(personIds))) as readonly { id: string }[];
  return rows.map((row) => row.id);
}

const SELECT_HELD = statement(`
  SELECT DISTINCT o.delivery_key AS id FROM json_each(?) wanted
  JOIN outbox o ON o.delivery_key = wanted.value ->> 0 WHERE o.state = 'held'`);
/** @returns those of the persons who have held deliveries */
export function* selectHeldPersons(personIds: readonly string[]): Step<readonly string[]> {
  if (personIds.length === 0) return [];
  const rows = (yield* SELECT_HELD.all(inLists(personIds))) as readonly { id: string }[];
  return rows.map((row) => row.id);
}

/** Each text as a list of one: a list's items are read alike on both engines. */
function inLists(texts: readonly string[]): string {
  return JSON.stringify([...new Set(texts)].map((text) => [text]));
}
