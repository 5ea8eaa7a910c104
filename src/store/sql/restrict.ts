/** Takes where a restricted person is out of all that the store keeps of them: versions, sayings, payloads, refusals, messages, search rows. */
import type { Identifier, Patient, Resource } from '@medplum/fhirtypes';
import type { NhsNumber } from '../../fhir/identifiers.ts';
import { nhsNumbersIn } from '../../fhir/verified-number.ts';
import { isHome, isRestricted, withoutWhereabouts } from '../../referral/restriction.ts';
import { patientOf } from '../people.ts';
import type { Identified, ResourceKey } from '../store.ts';
import { contentDigest } from '../versions.ts';
import { appendAudit } from './audit-rows.ts';
import { selectSayings } from './contribution-rows.ts';
import { releaseStuck } from './delivery.ts';
import { withdrawExports } from './export-rows.ts';
import type { Names } from './index-rows.ts';
import { patientsOf, personOf } from './join.ts';
import { selectHeldOfPerson } from './link-rows.ts';
import { hideMessages } from './message-erase-rows.ts';
import { numberTokens } from './number-tokens.ts';
import { selectHolders } from './person-rows.ts';
import { referencesIn, registeredIn } from './practices.ts';
import { type ErasedRecord, eraseRecords, eraseRecordsWith } from './record-rows.ts';
import { selectPayloadsWith } from './refused-rows.ts';
import { type ResourceRow, selectAllOfPerson, selectResources } from './resource-rows.ts';
import {
  deletePlaces,
  isMarked,
  mark,
  putPlace,
  rewriteRefused,
  rewriteSaying,
  selectConflictsOf,
  selectRefusedOf,
  unmark,
} from './restricted-rows.ts';
import { type Rewriting, rewriteRow, rewriteVersions } from './rewrite.ts';
import { settleAgreed } from './seal-rows.ts';
import { soughtTexts } from './sought-texts.ts';
import type { Step } from './statement.ts';
import { untiePractices } from './untie.ts';

/** What a restriction needs of the store. */
export type Restricting = Rewriting;

/**
 * Brings what is kept of a person in step with whether one of their Patients is restricted: two sources may know the same
 * person, and who is restricted in one is restricted in both. Whoever is said to have the number of somebody restricted may
 * be that person, whether the number is verified or not: nothing leads to them either.
 * @param givenUp numbers that the person was said to have until now: whoever else has one of them may be restricted by it no longer
 * @returns patients whose whereabouts were taken out now
 */
export function* settleRestriction(
  restricting: Restricting,
  personId: string,
  givenUp: readonly NhsNumber[] = [],
): Step<readonly string[]> {
  const circle = yield* circleOf(restricting.names, personId);
  const hidden = [...(yield* settleCircle(restricting, personId, circle))];
  for (const id of yield* selectNumberSharers(restricting.names, givenUp)) {
    if (circle.people.has(id)) continue;
    const other = yield* personOf(id);
    hidden.push(...(yield* settleCircle(restricting, other, yield* circleOf(restricting.names, other))));
  }
  return hidden;
}

/** Patients who are, or may be, one person. */
interface Circle {
  /** person of each patient */
  readonly people: ReadonlyMap<string, string>;
  readonly rows: readonly ResourceRow[];
}

function* settleCircle(
  restricting: Restricting,
  personId: string,
  { people, rows }: Circle,
): Step<readonly string[]> {
  const isHidden = rows.some(
    ({ content }) => content !== null && isRestricted(JSON.parse(content) as Patient),
  );
  const changed: string[] = [];
  for (const [id, person] of people) {
    if (isHidden === (yield* isMarked(id))) continue;
    if (isHidden) yield* restrictPatient(restricting, person, id);
    else {
      yield* unmark(id);
      yield* deletePlaces(id);
      yield* releaseStuck(yield* selectHeldOfPerson(person), restricting.nowMs, false);
    }
    changed.push(id);
  }
  if (changed.length > 0) yield* auditRestriction(isHidden, personId, changed, restricting.nowMs);
  return isHidden ? changed : [];
}

/** @returns the person of each patient who is one person with this one, or is said to have a number of theirs; and their rows */
function* circleOf(names: Names, personId: string): Step<Circle> {
  const people = new Map<string, string>();
  const rows: ResourceRow[] = [];
  const waiting = [personId];
  for (const person of waiting) {
    const members = (yield* patientsOf(person)).filter((id) => !people.has(id));
    for (const id of members) people.set(id, person);
    const mine = yield* selectResources(members.map((id): ResourceKey => `Patient/${id}`));
    rows.push(...mine);
    for (const id of yield* selectNumberSharers(names, mine.flatMap(numbersOf)))
      if (!people.has(id)) waiting.push(yield* personOf(id));
  }
  return { people, rows };
}

/** @returns the NHS numbers that a Patient is said to have in a version */
export function numbersOf({ content }: Pick<ResourceRow, 'content'>): NhsNumber[] {
  return content === null ? [] : nhsNumbersIn(JSON.parse(content) as Patient);
}

function* selectNumberSharers(names: Names, numbers: readonly NhsNumber[]): Step<string[]> {
  return (yield* selectHolders(yield* numberTokens(names, new Set(numbers)))).map(({ id }) => id);
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
  yield* withdrawExports(personId);
  yield* mark(patientId, restricting.nowMs);
  const was: Identified[] = [];
  for (const row of yield* selectAllOfPerson(personId)) {
    const content = row.content === null ? undefined : (JSON.parse(row.content) as Identified);
    if (content === undefined || patientOf(content) !== patientId) continue;
    was.push(content, ...(yield* hideAll(restricting, row, content)));
    for (const { id, payload } of yield* selectConflictsOf(row.type, row.id))
      yield* rewriteRefused(id, hiddenPayload(payload));
  }
  yield* settleAgreed([personId]); // their Consents were rewritten too
  yield* hidePlaces(
    restricting,
    was.flatMap((one) => placesIn(one).map((place) => [place, patientId] as const)),
  );
  const patients = was.filter((one) => one.resourceType === 'Patient');
  const records = yield* hideRecords(restricting, patientId);
  yield* untiePractices(restricting, {
    personId,
    patientId,
    records,
    practices: patients.flatMap(registeredIn),
  });
  yield* hideRefusedWith(patients.flatMap(({ identifier }) => identifier ?? []));
  yield* hideMessages([personId, patientId]);
}

/** @param but targets that said it themselves @returns what it was in versions before, and what was said of it */
function* hideAll(
  restricting: Restricting,
  row: ResourceRow,
  content: Identified,
  but?: ReadonlySet<string>,
): Step<Identified[]> {
  yield* rewriteRow(restricting, row, content, hiddenOf(content), but);
  return [...(yield* rewriteVersions(row, hiddenOf)), ...(yield* hideSayings(row.type, row.id))];
}

function hiddenOf(resource: Identified): Identified {
  return withoutWhereabouts(resource) as Identified;
}

/** @returns what was said */
function* hideSayings(type: string, id: string): Step<Identified[]> {
  const was: Identified[] = [];
  for (const said of yield* selectSayings([[type, id]])) {
    if (said.saying < 0) continue; // a mark, which says nothing
    const content = JSON.parse(said.content) as Identified;
    was.push(content);
    const hidden = hiddenOf(content);
    yield* rewriteSaying(said, JSON.stringify(hidden), contentDigest(hidden));
  }
  return was;
}

const OF_PEOPLE = /^(Patient|RelatedPerson|Person)\//;

/** Where a source's form of a record says where somebody is, only its map knows: nothing of it is kept. */
function* hideRecords(restricting: Restricting, patientId: string): Step<readonly ErasedRecord[]> {
  const records = yield* eraseRecords(patientId);
  for (const record of records) {
    for (const { id, payload } of yield* selectRefusedOf(record))
      yield* rewriteRefused(id, hiddenPayload(payload));
    const keys = JSON.parse(record.resources) as ResourceKey[];
    for (const key of keys) if (OF_PEOPLE.test(key)) yield* hideIncomplete(key, patientId);
    yield* hideHomes(
      restricting,
      keys.filter((key) => key.startsWith('Location/')),
    );
  }
  return records;
}

/** @returns ids of the places that a resource refers to */
export function placesIn(resource: Identified): string[] {
  return [...referencesIn(resource)].flatMap((key) =>
    key.startsWith('Location/') ? [key.slice('Location/'.length)] : [],
  );
}

/**
 * From now on nothing is kept of where these places are that are homes, whoever speaks of them, and nothing of what was.
 * @param pairs place that a resource of a restricted patient refers to, and patient, of each
 */
export function* hidePlaces(
  restricting: Restricting,
  pairs: readonly (readonly [string, string])[],
): Step<void> {
  for (const [place, patient] of pairs) yield* putPlace(place, patient);
  yield* hideHomes(
    restricting,
    pairs.map(([place]): ResourceKey => `Location/${place}`),
  );
}

/** A home belongs to nobody, as far as FHIR tells; it comes in records of its own, too. */
function* hideHomes(restricting: Restricting, keys: readonly ResourceKey[]): Step<void> {
  if (keys.length === 0) return;
  for (const row of yield* selectResources(keys)) {
    const content = row.content === null ? undefined : (JSON.parse(row.content) as Identified);
    if (!content || !isHome(content)) continue;
    const { type, id } = row;
    const records = yield* eraseRecordsWith(type, id);
    for (const record of records)
      for (const refused of yield* selectRefusedOf(record))
        yield* rewriteRefused(refused.id, hiddenPayload(refused.payload));
    for (const { id: workId, payload } of yield* selectConflictsOf(type, id))
      yield* rewriteRefused(workId, hiddenPayload(payload));
    yield* hideAll(restricting, row, content, new Set(records.map(({ source }) => source)));
  }
}

/** What partial records alone speak of is no resource yet. */
function* hideIncomplete(key: ResourceKey, patientId: string): Step<void> {
  const [type, id] = key.split('/') as [string, string];
  const said = yield* selectSayings([[type, id]]);
  if (said.some(({ content }) => patientOf(JSON.parse(content) as Identified) === patientId))
    yield* hideSayings(type, id);
}

/** A refused record has no resources that lead to it: it is found by the identifiers it holds. */
function* hideRefusedWith(identifiers: readonly Identifier[]): Step<void> {
  const { texts, numbers } = soughtTexts(identifiers);
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
