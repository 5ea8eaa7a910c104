/** SQL of patients that are one person, and of the moves that a join or its undoing makes. */
import type { DatabaseSync } from 'node:sqlite';
import { statement } from './statement.ts';

export interface LinkRow {
  readonly patient_id: string;
  readonly person_id: string;
  readonly reason: string;
}

const SELECT = statement('SELECT patient_id, person_id, reason FROM person_link WHERE patient_id = ?');
export function selectPersonLink(db: DatabaseSync, patientId: string): LinkRow | undefined {
  return SELECT(db).get(patientId) as LinkRow | undefined;
}

const SELECT_MEMBERS = statement(
  'SELECT patient_id FROM person_link WHERE person_id = ? AND patient_id <> ?',
);
/** @returns patients joined to a person, without the patient whose id it is */
export function selectJoined(db: DatabaseSync, personId: string): string[] {
  return (SELECT_MEMBERS(db).all(personId, personId) as { patient_id: string }[]).map(
    (row) => row.patient_id,
  );
}

const UPSERT = statement(`
  INSERT INTO person_link (patient_id, person_id, reason, linked_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (patient_id) DO UPDATE SET
    person_id = excluded.person_id, reason = excluded.reason, linked_ms = excluded.linked_ms`);
export function upsertPersonLink(
  db: DatabaseSync,
  patientId: string,
  personId: string,
  reason: string,
  nowMs: number,
): void {
  UPSERT(db).run(patientId, personId, reason, nowMs);
}

const DELETE = statement('DELETE FROM person_link WHERE patient_id = ?');
export function deletePersonLink(db: DatabaseSync, patientId: string): void {
  DELETE(db).run(patientId);
}

const SELECT_PATIENTS_WITH_TOKEN = statement(`
  SELECT r.id, r.content FROM search_token t JOIN resource r ON r.rid = t.rid
  WHERE t.param = ? AND t.code = ? AND t.system = ? AND r.id <> ? AND r.state = 'current'
  ORDER BY t.rid`);
/** @returns other patients with an identifier, oldest first */
export function selectPatientsWithToken(
  db: DatabaseSync,
  param: number,
  code: string,
  system: number,
  exceptId: string,
): { id: string; content: string }[] {
  return SELECT_PATIENTS_WITH_TOKEN(db).all(param, code, system, exceptId) as {
    id: string;
    content: string;
  }[];
}

const MOVE_ENTRIES = statement(`
  UPDATE outbox SET delivery_key = ?1
  WHERE delivery_key = ?2 AND EXISTS (
    SELECT 1 FROM resource r WHERE r.type = outbox.type AND r.id = outbox.id AND r.person_id = ?1)
  RETURNING target`);
/** Takes the deliveries of resources that are now `to`'s out of `from`'s queue. @returns targets they were for */
export function moveEntries(db: DatabaseSync, from: string, to: string): string[] {
  const rows = MOVE_ENTRIES(db).all(to, from) as { target: string }[];
  return [...new Set(rows.map((row) => row.target))];
}
