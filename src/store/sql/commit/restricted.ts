/** Keeps where restricted people are out of what records say of them, from the commit on that says that they are restricted. */
import { parseNhsNumber } from '../../../fhir/identifiers.ts';
import { nhsNumbersIn } from '../../../fhir/verified-number.ts';
import { isHome, isRestricted, withoutWhereabouts } from '../../../referral/restriction.ts';
import { patientOf } from '../../people.ts';
import { isRegister } from '../../registers.ts';
import type { CommitRecord, Identified, RefusedRecord } from '../../store.ts';
import { contentDigest } from '../../versions.ts';
import { personOf } from '../join.ts';
import { keyOf, practicesOnlyOf } from '../practices.ts';
import { selectRecord } from '../record-rows.ts';
import { selectResources } from '../resource-rows.ts';
import { hidePlaces, numbersOf, placesIn, settleRestriction } from '../restrict.ts';
import {
  namesRestricted,
  selectNewPlaces,
  selectRestricted,
  selectRestrictedPlaces,
} from '../restricted-rows.ts';
import type { Step } from '../statement.ts';
import type { Batch } from './batch.ts';
import type { PlannedRecord } from './course.ts';
import { planRecord } from './plan.ts';
import type { Planning, ResourcePlan } from './planned.ts';
import { type CommitView, recordKeyOf } from './view.ts';

/** @returns the record as it may be kept: where it speaks of a restricted person, without what leads to them, and without its payload */
export function withheld(view: CommitView, record: CommitRecord): CommitRecord {
  const hidden = patientsHidden(view, record);
  if (hidden.size === 0 && !hasRestrictedHome(view, record)) return record;
  const isOfHidden = (resource: Identified): boolean =>
    isHome(resource) || hidden.has(patientOf(resource) ?? '');
  const resources = record.resources.map((one) =>
    isOfHidden(one.resource) ? { ...one, resource: withoutWhereabouts(one.resource) as Identified } : one,
  );
  const unnamed = practicesOnlyOf(
    record.resources.map(({ resource }) => resource),
    (patient) => hidden.has(patient.id),
  );
  const left = resources.filter(({ resource }) => !unnamed.has(keyOf(resource)));
  return { ...record, payload: {}, isWithheld: true, resources: left };
}

/** An EHR sends a home in a record of its own. */
function hasRestrictedHome(view: CommitView, { resources }: CommitRecord): boolean {
  return resources.some(({ resource }) => view.restrictedPlaces.has(resource.id) && isHome(resource));
}

/**
 * Of what a register says, and does not go with what is here, that somebody is restricted is kept all the same: nothing
 * that leads to them stays, whatever becomes of the rest.
 * @param recordId of the record's kept row, where it has one
 * @param write writes a record as it was planned
 * @returns whether there was a restriction to keep
 */
export function* keepRestriction(
  batch: Batch,
  record: CommitRecord,
  recordId: number | undefined,
  write: (record: CommitRecord, plans: readonly ResourcePlan[]) => Step<unknown>,
): Step<boolean> {
  const alone = restrictionAlone(batch.view, record, recordId);
  if (!alone) return false;
  const forced: Planning = {
    view: batch.view,
    rules: { ...batch.rules, check: () => [] },
    latestOf: batch.latestOf.bind(batch),
    isForced: true,
  };
  const plan = yield* planRecord(forced, alone, recordId);
  if (!plan.ok) return false;
  batch.view.openWork.delete(recordKeyOf(record)); // what was refused of it is not settled by this
  const plans = withoutHidden(batch, plan.value);
  yield* write(alone, plans);
  yield* followRestrictions(batch, plans);
  return true;
}

/** @returns that a Patient is restricted, beside what the register said before; undefined where it does not say so */
function restrictionAlone(
  view: CommitView,
  record: CommitRecord,
  recordId: number | undefined,
): CommitRecord | undefined {
  const resources = record.resources.flatMap(({ resource, partial }) => {
    const { resourceType: type, id, meta } = resource;
    if (type !== 'Patient' || !isRestricted(resource)) return [];
    const own = recordId === undefined ? undefined : view.ownSaying(type, id, recordId);
    const before = view.sayings.get(`${type}/${id}`)?.find(({ saying }) => saying === own)?.resource;
    const word = { resourceType: type, id, ...before, meta: { security: meta!.security! } } as Identified;
    return [{ resource: word, partial }];
  });
  if (!isRegister(record.source) || resources.length === 0) return undefined;
  // another digest than the record's: said again, it is tried again
  return { ...record, digest: `${record.digest} restriction`, payload: {}, resources, warnings: [] };
}

/** @returns patients of a record of whom nothing may be kept that leads to them, as far as the view knows */
export function patientsHidden(view: CommitView, { resources }: CommitRecord): ReadonlySet<string> {
  const hidden = new Set<string>();
  for (const { resource } of resources) {
    const patient = patientOf(resource);
    if (patient === undefined) continue;
    const isSaid = resource.resourceType === 'Patient' && isRestricted(resource);
    if (isSaid || view.restricted.has(patient)) hidden.add(patient);
  }
  return hidden;
}

/** @returns plans whose content, and what is kept of who said what, lead to no restricted person */
export function withoutHidden(
  { view }: Pick<Planning, 'view'>,
  plans: readonly ResourcePlan[],
): readonly ResourcePlan[] {
  const said = plans.flatMap(({ content }) =>
    content?.resourceType === 'Patient' && isRestricted(content) ? [content.id] : [],
  );
  if (said.length === 0 && view.restricted.size === 0) return plans;
  const isHidden = (one: Identified): boolean => {
    const patient = patientOf(one);
    return patient !== undefined && (said.includes(patient) || view.restricted.has(patient));
  };
  return plans.map((plan) => {
    const { content, current } = plan;
    if (!isHidden(content ?? plan.incoming)) return plan;
    const put = plan.said && { ...plan.said, put: plan.said.put.map(hiddenSaying) };
    if (!content) return { ...plan, said: put };
    const hidden = withoutWhereabouts(content) as Identified;
    const digest = contentDigest(hidden);
    const isSame = digest === current?.digest;
    return { ...plan, said: put, content: isSame ? undefined : hidden, digest: isSame ? '' : digest };
  });
}

function hiddenSaying<T extends { readonly resource: Identified; readonly digest: string }>(one: T): T {
  const resource = withoutWhereabouts(one.resource) as Identified;
  return { ...one, resource, digest: one.digest === '' ? '' : contentDigest(resource) };
}

/** After a record was written: what is kept of people, and of their homes, follows whether they are restricted now. */
export function* followRestrictions(batch: Batch, plans: readonly ResourcePlan[]): Step<void> {
  yield* followPeople(batch, plans);
  const pairs = plans.flatMap(({ incoming, content }) => {
    const patient = patientOf(content ?? incoming);
    const isHidden = patient !== undefined && batch.view.restricted.has(patient);
    return isHidden ? placesIn(incoming).map((place) => [place, patient] as const) : [];
  });
  const fresh = yield* selectNewPlaces(pairs);
  if (fresh.length === 0) return;
  yield* batch.directly(() => hidePlaces(batch.context, fresh));
  batch.context.onHidden?.();
}

function* followPeople(batch: Batch, plans: readonly ResourcePlan[]): Step<void> {
  for (const { content, current } of plans) {
    if (content?.resourceType !== 'Patient') continue;
    const { view, context } = batch;
    // also of who was so before: another number, or another person, may be theirs now
    if (!isRestricted(content) && !view.restricted.has(content.id)) continue;
    const now = new Set(nhsNumbersIn(content));
    const givenUp = current ? numbersOf(current).filter((number) => !now.has(number)) : [];
    yield* batch.directly(function* () {
      const hidden = yield* settleRestriction(context, yield* personOf(content.id), givenUp);
      if (hidden.length > 0) context.onHidden?.();
    });
  }
}

/** A record once more, as it is kept now that it restricts somebody no longer. */
export interface Lifted {
  readonly record: CommitRecord;
  readonly plan: PlannedRecord;
}

/**
 * A record that says by itself that somebody is not, or not any more, the restricted person was read while they still were
 * restricted: what it says of them is kept after all.
 * @param before patients of the record of whom it was kept without what leads to them
 * @returns undefined where that has not changed
 */
export function* planLifted(
  batch: Batch,
  whole: CommitRecord,
  before: ReadonlySet<string>,
): Step<Lifted | undefined> {
  const { view } = batch;
  if (before.size === 0 || patientsHidden(view, whole).size === before.size) return undefined;
  const record = withheld(view, whole);
  const plan = yield* planRecord(batch, record, view.kept.get(recordKeyOf(whole))?.record_id);
  return { record, plan: plan.ok ? { ...plan, value: withoutHidden(batch, plan.value) } : plan };
}

function* recordOfRestricted(source: string, kind: string, key: string): Step<boolean> {
  const kept = yield* selectRecord(source, kind, key);
  if (!kept) return false;
  const rows = yield* selectResources(kept.resources);
  const people = rows.flatMap(({ id, person_id: person }) =>
    person === null ? [] : [[id, person] as const],
  );
  const isOfPlace = (yield* selectRestrictedPlaces(rows.map(({ id }) => id))).length > 0;
  return isOfPlace || (yield* selectRestricted(people)).length > 0;
}

/** Longer texts are no identifiers, and more of them are no record of a person. */
const LONGEST_IDENTIFIER = 100;
const MOST_TEXTS = 2_000;

/** @returns whether a refused record is known to speak of a restricted person: by what was kept of it, or by an identifier that it holds */
export function* speaksOfRestricted(
  { view, context }: Pick<Batch, 'view' | 'context'>,
  { source, kind, key, payload, conflict }: RefusedRecord,
): Step<boolean> {
  if (!view.hasRestricted) return false;
  if (key !== undefined && (yield* recordOfRestricted(source, kind, key))) return true;
  const texts = new Set<string>();
  gatherTexts(conflict ?? payload, texts);
  const param = yield* context.names.find('Patient.identifier');
  if (param === undefined) return false;
  return yield* namesRestricted(param, [...texts]);
}

function gatherTexts(value: unknown, into: Set<string>): void {
  if (into.size >= MOST_TEXTS) return;
  if (typeof value === 'number') gatherTexts(String(value), into);
  else if (typeof value === 'string' && value.length <= LONGEST_IDENTIFIER) {
    into.add(value);
    const number = parseNhsNumber(value);
    if (number !== undefined) into.add(number);
  } else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) gatherTexts(member, into);
}
