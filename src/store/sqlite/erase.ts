/** Turns a person into tombstones: what they said and what was said of them goes, that it was here and was erased stays. */
import type { DatabaseSync } from 'node:sqlite';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { patientOf } from '../people.ts';
import type { SearchIndex } from '../search-index.ts';
import type { Identified, ResourceKey } from '../store.ts';
import { appendAudit } from './audit-rows.ts';
import { deleteContributions, selectSayings } from './contribution-rows.ts';
import { enqueue, refreshKey } from './delivery.ts';
import { deleteIndexRow, type Names } from './index-rows.ts';
import { patientsOf } from './join.ts';
import { selectLinkTargets } from './link-rows.ts';
import { deletePuts, selectKey, selectSentTargets } from './outbox-rows.ts';
import { eraseRecords } from './record-rows.ts';
import {
  eraseHistory,
  eraseResource,
  keepSuperseded,
  type ResourceRow,
  selectAllOfPerson,
} from './resource-rows.ts';
import { deleteRefusedPayload, eraseWorkOfRecord, eraseWorkOfResource } from './work-rows.ts';

/** What a worklist item says once its person is erased. */
const TOMBSTONE = JSON.stringify(
  outcomeOf(
    issueOf({
      severity: 'information',
      code: 'deleted',
      rule: 'store-erased',
      diagnostics: 'The person was erased; nothing is left to do.',
    }),
  ),
);

interface Erasure {
  readonly db: DatabaseSync;
  readonly names: Names;
  readonly index: SearchIndex;
  readonly personId: string;
  readonly nowMs: number;
}

/** Erases within the open transaction. @returns how many resources became tombstones, and deletes in line for targets */
export function eraseAll(erasure: Erasure, actor: string): { resources: number; deliveries: number } {
  const { db, personId, nowMs } = erasure;
  const patients = patientsOf(db, personId);
  // newest first, so that what refers goes before what is referred to; patients last
  const rows = selectAllOfPerson(db, personId).reverse();
  rows.sort((a, b) => Number(a.type === 'Patient') - Number(b.type === 'Patient'));
  let deliveries = 0;
  for (const row of rows) deliveries += eraseRow(erasure, row);
  for (const patient of patients) eraseRecordsOf(db, patient, nowMs);
  const detail = JSON.stringify({ person: personId, patients, resources: rows.length, deliveries });
  appendAudit(db, { atMs: nowMs, ownerOrg: rows[0]?.owner_org ?? '', actor, action: 'erase', detail });
  return { resources: rows.length, deliveries };
}

function eraseRow(erasure: Erasure, row: ResourceRow): number {
  const { db, names, index, nowMs, personId } = erasure;
  const { type, id } = row;
  const indexed = row.content === null ? [] : index(JSON.parse(row.content) as Identified);
  for (const indexRow of indexed) deleteIndexRow(db, names, row.rid, indexRow);
  keepSuperseded(db, row.rid);
  eraseHistory(db, row.rid);
  eraseResource(db, row.rid, nowMs);
  deleteContributions(db, type, id);
  eraseWorkOfResource(db, type, id, TOMBSTONE, nowMs);
  const targets = new Set([...selectLinkTargets(db, type, id), ...selectSentTargets(db, personId, type, id)]);
  for (const target of deletePuts(db, personId, type, id)) {
    const key = selectKey(db, target, personId);
    if (key) refreshKey(db, target, personId, key.due_ms, nowMs);
  }
  const entry = { deliveryKey: personId, ownerOrg: row.owner_org, type, id, version: row.version + 1 };
  for (const target of targets) enqueue(db, { ...entry, target, action: 'delete' }, nowMs);
  return targets.size;
}

function eraseRecordsOf(db: DatabaseSync, patientId: string, nowMs: number): void {
  for (const record of eraseRecords(db, patientId)) {
    for (const workId of eraseWorkOfRecord(db, record, TOMBSTONE, nowMs)) deleteRefusedPayload(db, workId);
    for (const key of JSON.parse(record.resources) as ResourceKey[]) eraseIncomplete(db, key, patientId);
  }
}

/** What partial records said of the patient was never written as a resource; it goes too. */
function eraseIncomplete(db: DatabaseSync, key: ResourceKey, patientId: string): void {
  const [type, id] = key.split('/') as [string, string];
  const said = selectSayings(db, type, id);
  if (said.some((one) => patientOf(JSON.parse(one.content) as Identified) === patientId))
    deleteContributions(db, type, id);
}
