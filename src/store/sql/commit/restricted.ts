/** Keeps where restricted people are out of what records say of them, from the commit on that says that they are restricted. */
import { parseNhsNumber } from '../../../fhir/identifiers.ts';
import { isHome, isRestricted, withoutWhereabouts } from '../../../referral/restriction.ts';
import { patientOf } from '../../people.ts';
import type { CommitRecord, Identified, RefusedRecord } from '../../store.ts';
import { contentDigest } from '../../versions.ts';
import { personOf } from '../join.ts';
import { keyOf, practicesOnlyOf } from '../practices.ts';
import { selectRecord } from '../record-rows.ts';
import { selectResources } from '../resource-rows.ts';
import { settleRestriction } from '../restrict.ts';
import { namesRestricted, selectRestricted } from '../restricted-rows.ts';
import type { Step } from '../statement.ts';
import type { Batch } from './batch.ts';
import type { Planning, ResourcePlan } from './planned.ts';
import type { CommitView } from './view.ts';

/** @returns the record as it may be kept: where it speaks of a restricted person, without what leads to them, and without its payload */
export function withheld(view: CommitView, record: CommitRecord): CommitRecord {
  const hidden = patientsHidden(view, record);
  if (hidden.size === 0) return record;
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

function patientsHidden(view: CommitView, { resources }: CommitRecord): ReadonlySet<string> {
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

/** After a record was written: what is kept of people follows whether they are restricted now. */
export function* followRestrictions(batch: Batch, plans: readonly ResourcePlan[]): Step<void> {
  for (const { content } of plans) {
    if (content?.resourceType !== 'Patient') continue;
    const { view, context } = batch;
    if (isRestricted(content) === view.restricted.has(content.id)) continue;
    yield* batch.directly(function* () {
      const hidden = yield* settleRestriction(context, yield* personOf(content.id));
      if (hidden.length > 0) context.onHidden?.();
    });
  }
}

function* recordOfRestricted(source: string, kind: string, key: string): Step<boolean> {
  const kept = yield* selectRecord(source, kind, key);
  if (!kept) return false;
  const rows = yield* selectResources(kept.resources);
  const people = rows.flatMap(({ id, person_id: person }) =>
    person === null ? [] : [[id, person] as const],
  );
  return (yield* selectRestricted(people)).length > 0;
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
