/** Turns a person into tombstones: what they said and what was said of them goes, that it was here and was erased stays. */
import type { DatabaseSync } from 'node:sqlite';
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
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
  selectHistory,
} from './resource-rows.ts';
import {
  deleteRefusedPayload,
  deleteRefusedPayloadsWith,
  eraseWorkItem,
  eraseWorkOfRecord,
  eraseWorkOfResource,
} from './work-rows.ts';

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

/** A shorter text is found in payloads of anybody. */
const SHORTEST_IDENTIFIER = 4;

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
  const identifiers = rows.flatMap((row) => identifiersOf(db, row)); // before they are gone
  let deliveries = 0;
  for (const row of rows) deliveries += eraseRow(erasure, row);
  for (const patient of patients) eraseRecordsOf(db, patient, nowMs);
  eraseRefusedWith(db, identifiers, nowMs);
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

/** @returns the identifiers that a patient has, and has had */
function identifiersOf(db: DatabaseSync, row: ResourceRow): Identifier[] {
  if (row.type !== 'Patient') return [];
  const versions = [row, ...selectHistory(db, row.type, row.id, row.version, row.version)];
  return versions.flatMap(({ content }) =>
    content === null ? [] : ((JSON.parse(content) as Patient).identifier ?? []),
  );
}

/** A refused record has no resources that lead to it: it is found by the identifiers it holds. */
function eraseRefusedWith(db: DatabaseSync, identifiers: readonly Identifier[], nowMs: number): void {
  const valuesOf = (some: readonly Identifier[]): string[] => [
    ...new Set(some.map(({ value = '' }) => value).filter((value) => value.length >= SHORTEST_IDENTIFIER)),
  ];
  const isNumber = ({ system }: Identifier): boolean => system === NHS_NUMBER_SYSTEM;
  const numbers = valuesOf(identifiers.filter(isNumber)).map((value) => value.replaceAll(/[ -]/g, ''));
  const texts = valuesOf(identifiers.filter((one) => !isNumber(one)));
  for (const workId of deleteRefusedPayloadsWith(db, texts, numbers))
    eraseWorkItem(db, workId, TOMBSTONE, nowMs);
}

/** What partial records said of the patient was never written as a resource; it goes too. */
function eraseIncomplete(db: DatabaseSync, key: ResourceKey, patientId: string): void {
  const [type, id] = key.split('/') as [string, string];
  const said = selectSayings(db, type, id);
  if (said.some((one) => patientOf(JSON.parse(one.content) as Identified) === patientId))
    deleteContributions(db, type, id);
}
