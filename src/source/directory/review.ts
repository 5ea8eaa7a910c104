/** Finds the open referrals to activities that changed, and puts on the worklist what speaks against them now. */
import type { Patient, ServiceRequest } from '@medplum/fhirtypes';
import { resourceId } from '../../fhir/ids.ts';
import { FIT_RULES, type FitRules, fitOf, isStillToGo, ofTakenOn } from '../../referral/activity-fit.ts';
import { londonDay } from '../../referral/fhir-time.ts';
import { type Activities, ALIASES, activitiesOf } from '../../store/activities.ts';
import { fitItem } from '../../store/activity-work.ts';
import type { NewWork, ResourceKey, Store, StoredVersion } from '../../store/store.ts';
import { takenOn } from '../../store/taken-on.ts';
import { takeBack } from '../../store/work-over.ts';

export interface ReviewOptions {
  readonly store: Pick<Store, 'search' | 'readMany' | 'answers' | 'raiseWork' | 'resolveWork' | 'worklist'>;
  readonly source: string;
  /** other sources that know activities by the keys of this directory */
  readonly alsoOf: readonly string[];
  readonly rules: FitRules;
  readonly clock: () => number;
}

const PAGE = 200;
/** Open items of one referral that are looked at. */
const MOST_ITEMS = 100;
/** Who takes items back, as the audit names it. */
const ACTOR = 'directory';
const FOR_EVER_MS = 4_102_444_800_000;

/** @returns the id that a source's maps give an activity of that key */
export function activityKey(source: string, key: string): ResourceKey {
  return `HealthcareService/${resourceId(source, { type: 'HealthcareService', role: 'activity', key })}`;
}

/**
 * @param keys of services, as the directory has them
 * @returns how many items stand on the worklist for them
 */
export async function reviewReferrals(options: ReviewOptions, keys: readonly string[]): Promise<number> {
  const { store, source, alsoOf, clock } = options;
  const named: ResourceKey[] = [];
  for (const key of keys) {
    const own = activityKey(source, key);
    named.push(own);
    for (const other of alsoOf) {
      const alias = activityKey(other, key);
      named.push(alias);
      await store.answers.keep(ALIASES, alias, { answer: own, untilMs: FOR_EVER_MS }, clock());
    }
  }
  const requests = await requestsTo(store, named);
  if (requests.length === 0) return 0;
  const wanted = requests.flatMap(({ resource }) => performersOf(resource as ServiceRequest));
  const activities = await activitiesOf(
    store,
    [...new Set(wanted)].filter((key) => named.includes(key)),
  );
  const items = await itemsOf(options, requests, activities);
  if (items.length > 0) await store.raiseWork(items, clock());
  await takeBackOthers(options, requests, activities, items);
  return items.length;
}

/** What was said of these activities, and holds no more. */
async function takeBackOthers(
  { store, clock }: ReviewOptions,
  requests: readonly StoredVersion[],
  activities: Activities,
  items: readonly NewWork[],
): Promise<void> {
  const standing = new Set(items.map(({ id }) => id));
  const names = [...activities.values()].map(({ service }) => `HealthcareService/${service.id} `);
  for (const { id } of requests) {
    const open = await store.worklist({ open: true, resource: `ServiceRequest/${id}`, count: MOST_ITEMS });
    for (const item of open) {
      const words = item.outcome.issue[0]?.diagnostics ?? '';
      const isOfFit = item.kind === 'warning' && FIT_RULES.some((rule) => rule === item.rule);
      if (isOfFit && !standing.has(item.id) && names.some((name) => words.startsWith(name)))
        await takeBack(store, item, clock(), ACTOR);
    }
  }
}

async function requestsTo(
  store: Pick<Store, 'search'>,
  targets: readonly ResourceKey[],
): Promise<StoredVersion[]> {
  const found: StoredVersion[] = [];
  let after: string | undefined;
  do {
    const page = await store.search({
      type: 'ServiceRequest',
      clauses: [{ kind: 'reference', param: 'performer', targets }],
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.versions.filter(({ resource }) => isStillToGo(resource as ServiceRequest)));
    after = page.next;
  } while (after !== undefined);
  return found;
}

function performersOf({ performer = [] }: ServiceRequest): ResourceKey[] {
  return performer.flatMap(({ reference }) => (reference ? [reference as ResourceKey] : []));
}

async function itemsOf(
  { store, rules, clock }: ReviewOptions,
  requests: readonly StoredVersion[],
  activities: Activities,
): Promise<NewWork[]> {
  const subjects = requests.map(
    ({ resource }) => (resource as ServiceRequest).subject?.reference as ResourceKey,
  );
  const people = new Map(
    (await store.readMany([...new Set(subjects)])).map(({ id, resource }) => [
      `Patient/${id}`,
      resource as Patient,
    ]),
  );
  const today = londonDay(clock());
  const taken = await takenOn(
    store,
    requests.map(({ id }): ResourceKey => `ServiceRequest/${id}`),
  );
  return requests.flatMap((version) => {
    const request = version.resource as ServiceRequest;
    const patient = people.get(request.subject?.reference ?? '');
    const issues = performersOf(request).flatMap((key) => {
      const around = activities.get(key);
      return around ? fitOf(request, patient, around, rules, today) : [];
    });
    const said = taken.has(`ServiceRequest/${version.id}`) ? ofTakenOn(issues) : issues;
    return said.map((issue) => fitItem(version, issue));
  });
}
