/** Takes where a restricted person is out of all that the store keeps of them: versions, sayings, payloads, refusals, messages, search rows. */
import type { Identifier, Patient, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import { isRestricted, withoutWhereabouts } from '../../referral/restriction.ts';
import { patientOf } from '../people.ts';
import type { SearchIndex } from '../search-index.ts';
import type { Identified, ResourceKey } from '../store.ts';
import { contentDigest } from '../versions.ts';
import { appendAudit } from './audit-rows.ts';
import { selectSayings } from './contribution-rows.ts';
import { deleteIndexRows, indexChange, insertIndexRows, type Names } from './index-rows.ts';
import { patientsOf } from './join.ts';
import { selectLinkTargets } from './link-rows.ts';
import { eraseMessages } from './message-rows.ts';
import { enqueue } from './outbox-rows.ts';
import { eraseRecords } from './record-rows.ts';
import { selectPayloadsWith } from './refused-rows.ts';
import { type ResourceRow, selectAllOfPerson, selectHistory, selectResources } from './resource-rows.ts';
import {
  isMarked,
  mark,
  rewriteHistory,
  rewriteRefused,
  rewriteResource,
  rewriteSaying,
  selectConflictsOf,
  selectRefusedOf,
  unmark,
} from './restricted-rows.ts';
import type { Step } from './statement.ts';

/** What a restriction needs of the store. */
export interface Restricting {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly nowMs: number;
}

/**
 * Brings what is kept of a person in step with whether one of their Patients is restricted: two sources may know the same
 * person, and who is restricted in one is restricted in both.
 * @returns patients whose whereabouts were taken out now
 */
export function* settleRestriction(restricting: Restricting, personId: string): Step<readonly string[]> {
  const members = yield* patientsOf(personId);
  const rows = yield* selectResources(members.map((id): ResourceKey => `Patient/${id}`));
  const isHidden = rows.some(
    ({ content }) => content !== null && isRestricted(JSON.parse(content) as Patient),
  );
  const changed: string[] = [];
  for (const id of members) {
    if (isHidden === (yield* isMarked(id))) continue;
    if (isHidden) yield* restrictPatient(restricting, personId, id);
    else yield* unmark(id);
    changed.push(id);
  }
  if (changed.length > 0) yield* auditRestriction(isHidden, personId, changed, restricting.nowMs);
  return isHidden ? changed : [];
}

function* auditRestriction(
  isHidden: boolean,
  person: string,
  patients: readonly string[],
  nowMs: number,
): Step<void> {
  const action = isHidden ? 'restrict' : 'unrestrict';
  const detail = JSON.stringify({ person, patients });
  yield* appendAudit([{ atMs: nowMs, ownerOrg: '', actor: 'store', action, detail }]);
}

function* restrictPatient(restricting: Restricting, personId: string, patientId: string): Step<void> {
  yield* mark(patientId, restricting.nowMs);
  const identifiers: Identifier[] = [];
  for (const row of yield* selectAllOfPerson(personId)) {
    const content = row.content === null ? undefined : (JSON.parse(row.content) as Identified);
    if (content === undefined || patientOf(content) !== patientId) continue;
    yield* hideRow(restricting, row, content);
    identifiers.push(...(yield* hideHistory(row)));
    if (content.resourceType === 'Patient') identifiers.push(...(content.identifier ?? []));
    yield* hideSayings(row.type, row.id);
    for (const { id, payload } of yield* selectConflictsOf(row.type, row.id))
      yield* rewriteRefused(id, hiddenPayload(payload));
  }
  yield* hideRecords(patientId);
  yield* hideRefusedWith(identifiers);
  yield* eraseMessages([personId, patientId]);
}

/** The current version says less without a new number; who holds it as it was is sent it again. */
function* hideRow({ names, index, nowMs }: Restricting, row: ResourceRow, content: Identified): Step<void> {
  const hidden = withoutWhereabouts(content) as Identified;
  const digest = contentDigest(hidden);
  if (digest === contentDigest(content)) return;
  const { rid, type, id, version, owner_org: ownerOrg, person_id: personId } = row;
  const { gone, fresh } = indexChange(index(content), index(hidden));
  yield* deleteIndexRows(
    names,
    gone.map((one) => ({ rid, row: one })),
  );
  yield* insertIndexRows(
    names,
    fresh.map((one) => ({ rid, row: one })),
  );
  yield* rewriteResource(rid, JSON.stringify(hidden), digest);
  const entry = {
    ownerOrg,
    deliveryKey: personId ?? `${type}/${id}`,
    type,
    id,
    version,
    action: 'put' as const,
  };
  const targets = yield* selectLinkTargets(type, id);
  yield* enqueue(
    targets.map((target) => ({ ...entry, target })),
    nowMs,
  );
}

/** @returns the identifiers that a patient had in versions before */
function* hideHistory({ rid, type, id, version }: ResourceRow): Step<Identifier[]> {
  const identifiers: Identifier[] = [];
  for (const before of yield* selectHistory(type, id, version, version)) {
    if (before.content === null) continue;
    const content = JSON.parse(before.content) as Identified;
    if (content.resourceType === 'Patient') identifiers.push(...(content.identifier ?? []));
    const hidden = withoutWhereabouts(content) as Identified;
    yield* rewriteHistory(rid, before.version, JSON.stringify(hidden), contentDigest(hidden));
  }
  return identifiers;
}

function* hideSayings(type: string, id: string): Step<void> {
  for (const said of yield* selectSayings([[type, id]])) {
    if (said.saying < 0) continue; // a mark, which says nothing
    const hidden = withoutWhereabouts(JSON.parse(said.content) as Identified) as Identified;
    yield* rewriteSaying(said, JSON.stringify(hidden), contentDigest(hidden));
  }
}

const OF_PEOPLE = /^(Patient|RelatedPerson|Person)\//;

/** Where a source's form of a record says where somebody is, only its map knows: nothing of it is kept. */
function* hideRecords(patientId: string): Step<void> {
  for (const record of yield* eraseRecords(patientId)) {
    for (const { id, payload } of yield* selectRefusedOf(record))
      yield* rewriteRefused(id, hiddenPayload(payload));
    for (const key of JSON.parse(record.resources) as ResourceKey[])
      if (OF_PEOPLE.test(key)) yield* hideIncomplete(key, patientId);
  }
}

/** What partial records alone speak of is no resource yet. */
function* hideIncomplete(key: ResourceKey, patientId: string): Step<void> {
  const [type, id] = key.split('/') as [string, string];
  const said = yield* selectSayings([[type, id]]);
  if (said.some(({ content }) => patientOf(JSON.parse(content) as Identified) === patientId))
    yield* hideSayings(type, id);
}

/** A shorter text is found in payloads of anybody. */
const SHORTEST_IDENTIFIER = 4;

/** A refused record has no resources that lead to it: it is found by the identifiers it holds. */
function* hideRefusedWith(identifiers: readonly Identifier[]): Step<void> {
  const isNumber = ({ system }: Identifier): boolean => system === NHS_NUMBER_SYSTEM;
  const valuesOf = (some: readonly Identifier[]): string[] => [
    ...new Set(some.map(({ value = '' }) => value).filter((value) => value.length >= SHORTEST_IDENTIFIER)),
  ];
  const numbers = valuesOf(identifiers.filter(isNumber)).map((value) => value.replaceAll(/[ -]/g, ''));
  const texts = valuesOf(identifiers.filter((one) => !isNumber(one)));
  for (const { id, payload } of yield* selectPayloadsWith(texts, numbers))
    yield* rewriteRefused(id, hiddenPayload(payload));
}

/** Kept in place of what a source said of a restricted person. */
export const WITHHELD = JSON.stringify({
  withheld: 'the person is restricted: have the source send the record again',
});

/** @param payload JSON text of a conflict, which is FHIR throughout, or of a source's record, which may be anything */
export function hiddenPayload(payload: string): string {
  const value = JSON.parse(payload) as { conflicts?: unknown; held?: object } | null;
  if (value === null || !Array.isArray(value.conflicts)) return WITHHELD;
  const { conflicts, held, ...rest } = value as { conflicts: { path: string }[]; held?: object };
  const hidden = {
    ...(withoutWhereabouts(rest as Resource) as object),
    // what differs is a value: its place is enough
    conflicts: conflicts.map(({ path }) => ({ path })),
  };
  if (held === undefined) return JSON.stringify(hidden);
  const { payload: _payload, ...kept } = withoutWhereabouts(held as Resource) as { payload?: unknown };
  return JSON.stringify({ ...hidden, held: { ...kept, payload: {}, isWithheld: true } });
}
