/** Turns two patients into one person and back: rows and waiting deliveries follow, in order, within one transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import { verifiedNhsNumber } from '../../fhir/verified-number.ts';
import { patientOf } from '../people.ts';
import type { Identified } from '../store.ts';
import { appendAudit } from './audit-rows.ts';
import { refreshKey } from './delivery.ts';
import type { Names } from './index-rows.ts';
import { putKey, selectKey } from './outbox-rows.ts';
import {
  deletePersonLink,
  moveEntries,
  selectJoined,
  selectPatientsWithToken,
  selectPersonLink,
  upsertPersonLink,
} from './person-rows.ts';
import { selectAllOfPerson, setHistoryPerson, setResourcePerson } from './resource-rows.ts';

/** Reason of a join that a verified NHS number made. */
const VERIFIED_NUMBER = 'verified-nhs-number';
/** Reason of a link to oneself: somebody took a join back, and no number makes it again. */
const UNLINKED = 'unlinked';

export function personOf(db: DatabaseSync, patientId: string): string {
  return selectPersonLink(db, patientId)?.person_id ?? patientId;
}

/** @returns the patients that are one person */
export function patientsOf(db: DatabaseSync, personId: string): string[] {
  const joined = selectJoined(db, personId);
  return personOf(db, personId) === personId ? [personId, ...joined] : joined;
}

/** Makes `patientId`, and whoever is one person with it, part of `personId`. */
export function joinPatients(
  db: DatabaseSync,
  patientId: string,
  personId: string,
  reason: string,
  nowMs: number,
): void {
  const from = personOf(db, patientId);
  const to = personOf(db, personId);
  if (from === to) return;
  for (const member of patientsOf(db, from)) {
    upsertPersonLink(db, member, to, reason, nowMs);
    auditLink(db, 'link', { patient: member, from, to, reason }, nowMs);
  }
  for (const row of selectAllOfPerson(db, from)) movePerson(db, row.rid, to);
  moveDeliveries(db, from, to, nowMs);
}

/** Makes a patient its own person again, for good: no number joins it anew. */
export function splitPatient(db: DatabaseSync, patientId: string, nowMs: number): void {
  const from = personOf(db, patientId);
  if (from === patientId) return;
  upsertPersonLink(db, patientId, patientId, UNLINKED, nowMs);
  moveOut(db, patientId, from, nowMs);
}

/** What refers to the patient goes along. */
function moveOut(db: DatabaseSync, patientId: string, from: string, nowMs: number): void {
  auditLink(db, 'unlink', { patient: patientId, from }, nowMs);
  const moved = new Set<string>();
  for (const row of selectAllOfPerson(db, from)) {
    if (row.content === null) continue;
    if (!belongsTo(JSON.parse(row.content) as Identified, patientId, moved)) continue;
    moved.add(`${row.type}/${row.id}`);
    movePerson(db, row.rid, patientId);
  }
  moveDeliveries(db, from, patientId, nowMs);
}

/**
 * Brings a patient's joins in step with its verified NHS number: joins it to whoever has the same,
 * and takes back what an earlier number joined, also when that is verified no longer. A link that somebody made or took back stays.
 * @param before the patient's current version, where there is one
 */
export function followNumber(
  db: DatabaseSync,
  names: Names,
  patient: Patient & { id: string },
  before: Patient | undefined,
  nowMs: number,
): void {
  if (selectPersonLink(db, patient.id)?.reason === UNLINKED) return;
  const number = verifiedNhsNumber(patient);
  const old = before && verifiedNhsNumber(before);
  if (old !== undefined && old !== number) partByNumber(db, patient.id, nowMs);
  if (number === undefined) return;
  const [twin] = sharersOf(db, names, number, patient.id);
  if (twin !== undefined) joinPatients(db, patient.id, twin, VERIFIED_NUMBER, nowMs);
}

/** The patient's number was wrong, or is in doubt: those whom it joined part from it, and stay joined among themselves. */
function partByNumber(db: DatabaseSync, patientId: string, nowMs: number): void {
  const person = personOf(db, patientId);
  const joined = selectJoined(db, person).filter(
    (id) => selectPersonLink(db, id)?.reason === VERIFIED_NUMBER,
  );
  const leaving = person === patientId ? joined : joined.filter((id) => id === patientId);
  for (const id of leaving) {
    deletePersonLink(db, id);
    moveOut(db, id, person, nowMs);
  }
  const [first, ...rest] = leaving;
  for (const id of rest) joinPatients(db, id, first!, VERIFIED_NUMBER, nowMs);
}

/** @returns other patients with the same verified number that may be joined, oldest first */
function sharersOf(db: DatabaseSync, names: Names, number: string, patientId: string): string[] {
  const param = names.find('Patient.identifier');
  const system = names.find(NHS_NUMBER_SYSTEM);
  if (param === undefined || system === undefined) return [];
  return selectPatientsWithToken(db, param, number, system, patientId)
    .filter((other) => selectPersonLink(db, other.id)?.reason !== UNLINKED)
    .filter((other) => verifiedNhsNumber(JSON.parse(other.content) as Patient) === number)
    .map((other) => other.id);
}

/** A Provenance that names no patient goes with what it speaks of, which was written before it. */
function belongsTo(resource: Identified, patientId: string, moved: ReadonlySet<string>): boolean {
  const patient = patientOf(resource);
  if (patient !== undefined || resource.resourceType !== 'Provenance') return patient === patientId;
  return resource.target.some((one) => moved.has((one.reference ?? '').replace(/\/_history\/.*$/, '')));
}

function movePerson(db: DatabaseSync, rid: number, personId: string): void {
  setResourcePerson(db, rid, personId);
  setHistoryPerson(db, rid, personId);
}

/** The joined queue waits as long as either did, and is leased while an entry of either is on its way. */
function moveDeliveries(db: DatabaseSync, from: string, to: string, nowMs: number): void {
  for (const target of moveEntries(db, from, to)) {
    const old = selectKey(db, target, from);
    const now = selectKey(db, target, to);
    const dueMs = Math.max(old?.due_ms ?? 0, now?.due_ms ?? 0) || nowMs;
    const leaseUntilMs = Math.max(old?.lease_until_ms ?? 0, now?.lease_until_ms ?? 0) || null;
    putKey(db, { target, key: to, firstSeq: 0, dueMs, leaseUntilMs });
    refreshKey(db, target, to, dueMs, nowMs);
    if (old) refreshKey(db, target, from, old.due_ms, nowMs);
  }
}

function auditLink(
  db: DatabaseSync,
  action: 'link' | 'unlink',
  detail: Readonly<Record<string, string>>,
  nowMs: number,
): void {
  appendAudit(db, { atMs: nowMs, ownerOrg: '', actor: 'store', action, detail: JSON.stringify(detail) });
}
