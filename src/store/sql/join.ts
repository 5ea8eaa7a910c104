/** Turns two patients into one person and back: rows and waiting deliveries follow, in order, within one transaction. */

import type { Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import { verifiedNhsNumber } from '../../fhir/verified-number.ts';
import { patientOf } from '../people.ts';
import type { Identified } from '../store.ts';
import { appendAudit } from './audit-rows.ts';
import { lockCommits } from './counter-rows.ts';
import { refreshKey } from './delivery.ts';
import type { Names } from './index-rows.ts';
import { momentOf, putKey, selectKey } from './key-rows.ts';
import { moveMessages } from './message-rows.ts';
import {
  deletePersonLink,
  moveEntries,
  selectHolders,
  selectJoined,
  selectPersonLink,
  upsertPersonLink,
} from './person-rows.ts';
import { selectAllOfPerson, setHistoryPerson, setResourcePerson } from './resource-rows.ts';
import { settleAgreed } from './seal-rows.ts';
import type { Step } from './statement.ts';

/** Reason of a join that a verified NHS number made. */
export const VERIFIED_NUMBER = 'verified-nhs-number';
/** Reason of a link to oneself: somebody took a join back, and no number makes it again. */
export const UNLINKED = 'unlinked';

export function* personOf(patientId: string): Step<string> {
  return (yield* selectPersonLink(patientId))?.person_id ?? patientId;
}

/** @returns the person of each patient */
export function* personsOf(patientIds: readonly string[]): Step<string[]> {
  const persons: string[] = [];
  for (const id of patientIds) persons.push(yield* personOf(id));
  return persons;
}

/** @returns the patients that are one person */
export function* patientsOf(personId: string): Step<string[]> {
  const joined = yield* selectJoined(personId);
  return (yield* personOf(personId)) === personId ? [personId, ...joined] : joined;
}

/** Makes `patientId`, and whoever is one person with it, part of `personId`. */
export function* joinPatients(
  patientId: string,
  personId: string,
  reason: string,
  nowMs: number,
): Step<void> {
  yield* lockCommits();
  const from = yield* personOf(patientId);
  const to = yield* personOf(personId);
  if (from === to) return;
  for (const member of yield* patientsOf(from)) {
    yield* upsertPersonLink(member, to, reason, nowMs);
    yield* auditLink('link', { patient: member, from, to, reason }, nowMs);
  }
  for (const row of yield* selectAllOfPerson(from)) yield* movePerson(row.rid, to);
  yield* settleAgreed([from, to]);
  yield* moveMessages(from, to);
  yield* moveDeliveries(from, to, nowMs);
}

/** Makes a patient its own person again, for good: no number joins it anew. */
export function* splitPatient(patientId: string, nowMs: number, actor: string): Step<void> {
  yield* lockCommits();
  const from = yield* personOf(patientId);
  if (from === patientId) return yield* partOthers(patientId, nowMs, actor);
  yield* upsertPersonLink(patientId, patientId, UNLINKED, nowMs);
  yield* moveOut(patientId, from, nowMs, actor);
}

/** Others were joined to the patient: they leave, and stay one person among themselves. */
function* partOthers(patientId: string, nowMs: number, actor: string): Step<void> {
  const joined = yield* selectJoined(patientId);
  if (joined.length === 0) return;
  yield* upsertPersonLink(patientId, patientId, UNLINKED, nowMs);
  const [first] = joined;
  for (const id of joined) {
    const { reason } = (yield* selectPersonLink(id))!;
    yield* deletePersonLink(id);
    yield* moveOut(id, patientId, nowMs, actor);
    if (id !== first) yield* joinPatients(id, first!, reason, nowMs);
  }
}

/** What refers to the patient goes along. */
function* moveOut(patientId: string, from: string, nowMs: number, actor = 'store'): Step<void> {
  yield* auditLink('unlink', { patient: patientId, from }, nowMs, actor);
  const moved = new Set<string>();
  for (const row of yield* selectAllOfPerson(from)) {
    if (row.content === null) continue;
    if (!belongsTo(JSON.parse(row.content) as Identified, patientId, moved)) continue;
    moved.add(`${row.type}/${row.id}`);
    yield* movePerson(row.rid, patientId);
  }
  yield* settleAgreed([from, patientId]);
  yield* moveMessages(from, patientId, [...moved]);
  yield* moveDeliveries(from, patientId, nowMs);
}

/**
 * Brings a patient's joins in step with its verified NHS number: joins it to whoever has the same,
 * and takes back what an earlier number joined, also when that is verified no longer. A link that somebody made or took back stays.
 * @param before the patient's current version, where there is one
 */
export function* followNumber(
  names: Names,
  patient: Patient & { id: string },
  before: Patient | undefined,
  nowMs: number,
): Step<void> {
  if ((yield* selectPersonLink(patient.id))?.reason === UNLINKED) return;
  const number = verifiedNhsNumber(patient);
  const old = before && verifiedNhsNumber(before);
  if (old !== undefined && old !== number) yield* partByNumber(patient.id, nowMs);
  if (number === undefined) return;
  const [twin] = yield* sharersOf(names, number, patient.id);
  if (twin !== undefined) yield* joinPatients(patient.id, twin, VERIFIED_NUMBER, nowMs);
}

/** The patient's number was wrong, or is in doubt: those whom it joined part from it, and stay joined among themselves. */
function* partByNumber(patientId: string, nowMs: number): Step<void> {
  const person = yield* personOf(patientId);
  const joined: string[] = [];
  for (const id of yield* selectJoined(person))
    if ((yield* selectPersonLink(id))?.reason === VERIFIED_NUMBER) joined.push(id);
  const leaving = person === patientId ? joined : joined.filter((id) => id === patientId);
  for (const id of leaving) {
    yield* deletePersonLink(id);
    yield* moveOut(id, person, nowMs);
  }
  const [first, ...rest] = leaving;
  for (const id of rest) yield* joinPatients(id, first!, VERIFIED_NUMBER, nowMs);
}

/** @returns other patients with the same verified number that may be joined, oldest first */
function* sharersOf(names: Names, number: string, patientId: string): Step<string[]> {
  const param = yield* names.find('Patient.identifier');
  const system = yield* names.find(NHS_NUMBER_SYSTEM);
  if (param === undefined || system === undefined) return [];
  const sharers: string[] = [];
  for (const { id, content } of yield* selectHolders([[param, number, system]])) {
    if (id === patientId || verifiedNhsNumber(JSON.parse(content) as Patient) !== number) continue;
    if ((yield* selectPersonLink(id))?.reason !== UNLINKED) sharers.push(id);
  }
  return sharers;
}

/** A Provenance that names no patient goes with what it speaks of, which was written before it. */
function belongsTo(resource: Identified, patientId: string, moved: ReadonlySet<string>): boolean {
  const patient = patientOf(resource);
  if (patient !== undefined || resource.resourceType !== 'Provenance') return patient === patientId;
  return resource.target.some((one) => moved.has((one.reference ?? '').replace(/\/_history\/.*$/, '')));
}

function* movePerson(rid: number, personId: string): Step<void> {
  yield* setResourcePerson(rid, personId);
  yield* setHistoryPerson(rid, personId);
}

/** The joined queue waits as long as either did, and is leased while an entry of either is on its way. */
function* moveDeliveries(from: string, to: string, nowMs: number): Step<void> {
  for (const target of yield* moveEntries(from, to)) {
    const old = yield* selectKey(target, from, nowMs);
    const now = yield* selectKey(target, to, nowMs);
    const dueMs = Math.max(old?.due_ms ?? 0, now?.due_ms ?? 0) || (yield* momentOf(nowMs));
    const leaseUntilMs = Math.max(old?.lease_until_ms ?? 0, now?.lease_until_ms ?? 0) || null;
    yield* putKey({ target, key: to, firstSeq: 0, dueMs, leaseUntilMs });
    yield* refreshKey(target, to, dueMs, nowMs);
    if (old) yield* refreshKey(target, from, old.due_ms, nowMs);
  }
}

function* auditLink(
  action: 'link' | 'unlink',
  detail: Readonly<Record<string, string>>,
  nowMs: number,
  actor = 'store',
): Step<void> {
  yield* appendAudit([{ atMs: nowMs, ownerOrg: '', actor, action, detail: linkDetail(detail) }]);
}

/** @returns the audit's words for a join or its undoing: ids alone */
export function linkDetail(detail: Readonly<Record<string, string>>): string {
  return JSON.stringify(detail);
}
