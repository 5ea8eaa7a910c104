/** Turns a person into tombstones: what they said and what was said of them goes, that it was here and was erased stays. */

import type { Identifier, Patient } from '@medplum/fhirtypes';
import type { NhsNumber } from '../../fhir/identifiers.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { patientOf } from '../people.ts';
import type { SearchIndex } from '../search-index.ts';
import type { Identified, ResourceKey } from '../store.ts';
import { eraseReasons } from './access-rows.ts';
import { eraseAnswers } from './answer-rows.ts';
import { appendAudit } from './audit-rows.ts';
import { eraseCodedEntries } from './coded-entry-rows.ts';
import { deleteContributions, selectSayings } from './contribution-rows.ts';
import { lockCommits } from './counter-rows.ts';
import { deleteEverywhere } from './deletes.ts';
import { withdrawExports } from './export-rows.ts';
import { deleteIndexRows, type Names } from './index-rows.ts';
import { patientsOf } from './join.ts';
import { eraseMessages, eraseMessagesWith } from './message-erase-rows.ts';
import { eraseRecords } from './record-rows.ts';
import { deleteRefusedPayloadsWith } from './refused-rows.ts';
import {
  eraseHistory,
  eraseResource,
  keepSuperseded,
  type ResourceRow,
  selectAllOfPerson,
  selectHistory,
} from './resource-rows.ts';
import { numbersOf, settleRestriction } from './restrict.ts';
import { deletePlaces, hasRestricted, unmark } from './restricted-rows.ts';
import { deleteLabels } from './seal-rows.ts';
import { soughtTexts } from './sought-texts.ts';
import type { Step } from './statement.ts';
import { deleteRefusedPayload, eraseWorkItem, eraseWorkOfRecord, eraseWorkOfResource } from './work-rows.ts';

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
  readonly names: Names;
  readonly index: SearchIndex;
  readonly personId: string;
  readonly nowMs: number;
}

/** Erases within the open transaction. @returns how many resources became tombstones, and deletes in line for targets */
export function* eraseAll(erasure: Erasure, actor: string): Step<{ resources: number; deliveries: number }> {
  const { personId, nowMs } = erasure;
  yield* lockCommits();
  const patients = yield* patientsOf(personId);
  yield* withdrawExports(personId);
  // newest first, so that what refers goes before what is referred to; patients last
  const rows = (yield* selectAllOfPerson(personId)).reverse();
  rows.sort((a, b) => Number(a.type === 'Patient') - Number(b.type === 'Patient'));
  const identifiers: Identifier[] = [];
  for (const row of rows) identifiers.push(...(yield* identifiersOf(row))); // before they are gone
  const numbers = rows.filter(({ type }) => type === 'Patient').flatMap(numbersOf);
  let deliveries = 0;
  for (const row of rows) deliveries += yield* eraseRow(erasure, row);
  for (const patient of patients) yield* eraseRecordsOf(patient, nowMs);
  yield* eraseUnclaimedWith(identifiers, nowMs);
  const people = [personId, ...patients];
  yield* eraseMessages(people);
  yield* eraseCodedEntries(people);
  yield* eraseAnswers(people);
  yield* eraseReasons(people);
  yield* liftRestriction(erasure, patients, numbers);
  const detail = JSON.stringify({ person: personId, patients, resources: rows.length, deliveries });
  yield* appendAudit([{ atMs: nowMs, ownerOrg: rows[0]?.owner_org ?? '', actor, action: 'erase', detail }]);
  return { resources: rows.length, deliveries };
}

function* eraseRow(erasure: Erasure, row: ResourceRow): Step<number> {
  const { names, index, nowMs, personId } = erasure;
  const { type, id } = row;
  const indexed = row.content === null ? [] : index(JSON.parse(row.content) as Identified);
  yield* deleteIndexRows(
    names,
    indexed.map((one) => ({ rid: row.rid, row: one })),
  );
  yield* keepSuperseded(row.rid);
  yield* eraseHistory(row.rid);
  yield* eraseResource(row.rid, nowMs);
  yield* deleteLabels(row.rid);
  yield* deleteContributions(type, id);
  yield* eraseWorkOfResource(type, id, TOMBSTONE, nowMs);
  return yield* deleteEverywhere(row, personId, nowMs);
}

/**
 * Who was restricted, and where, goes with the person: a home is a home like any other to whoever lives there next.
 * @param numbers that the person had: whoever else has one of them may be restricted by it no longer
 */
function* liftRestriction(
  erasure: Erasure,
  patients: readonly string[],
  numbers: readonly NhsNumber[],
): Step<void> {
  if (!(yield* hasRestricted())) return;
  for (const id of patients) {
    yield* deletePlaces(id);
    yield* unmark(id);
  }
  yield* settleRestriction(erasure, erasure.personId, numbers);
}

function* eraseRecordsOf(patientId: string, nowMs: number): Step<void> {
  for (const record of yield* eraseRecords(patientId)) {
    for (const workId of yield* eraseWorkOfRecord(record, TOMBSTONE, nowMs))
      yield* deleteRefusedPayload(workId);
    for (const key of JSON.parse(record.resources) as ResourceKey[]) yield* eraseIncomplete(key, patientId);
  }
}

/** @returns the identifiers that a patient has, and has had */
function* identifiersOf(row: ResourceRow): Step<Identifier[]> {
  if (row.type !== 'Patient') return [];
  const versions = [row, ...(yield* selectHistory(row.type, row.id, row.version, row.version))];
  return versions.flatMap(({ content }) =>
    content === null ? [] : ((JSON.parse(content) as Patient).identifier ?? []),
  );
}

/** To a refused record, and a message that nobody has taken, no resources lead: they are found by identifiers in them. */
function* eraseUnclaimedWith(identifiers: readonly Identifier[], nowMs: number): Step<void> {
  const { texts, numbers } = soughtTexts(identifiers);
  for (const workId of yield* deleteRefusedPayloadsWith(texts, numbers))
    yield* eraseWorkItem(workId, TOMBSTONE, nowMs);
  yield* eraseMessagesWith(texts, numbers);
}

/** What partial records said of the patient was never written as a resource; it goes too. */
function* eraseIncomplete(key: ResourceKey, patientId: string): Step<void> {
  const [type, id] = key.split('/') as [string, string];
  const said = yield* selectSayings([[type, id]]);
  if (said.some((one) => patientOf(JSON.parse(one.content) as Identified) === patientId))
    yield* deleteContributions(type, id);
}
