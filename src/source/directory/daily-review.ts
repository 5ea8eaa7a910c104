/** Holds all open referrals against their activities as they are today, and takes back what the worklist says of others. */
import type { Patient, ServiceRequest } from '@medplum/fhirtypes';
import { FIT_RULES, fitOf, isStillToGo, ofTakenOn } from '../../referral/activity-fit.ts';
import { londonDay } from '../../referral/fhir-time.ts';
import { storedActivities } from '../../store/activities.ts';
import { fitItem } from '../../store/activity-work.ts';
import type { NewWork, ResourceKey, StoredVersion, WorkItem } from '../../store/store.ts';
import { takenOn } from '../../store/taken-on.ts';
import { takeBack } from '../../store/work-over.ts';
import type { ReviewOptions } from './review.ts';

type DailyOptions = Pick<ReviewOptions, 'store' | 'rules' | 'clock'>;

export interface DailyReview {
  /** items that stand of referrals under way */
  readonly standing: number;
  /** items that held no more */
  readonly takenBack: number;
}

/** What is read, and held in memory, at a time. */
const PAGE = 200;
const OF_FIT: ReadonlySet<string | undefined> = new Set(FIT_RULES);
/** Who takes items back, as the audit names it. */
const ACTOR = 'schedule';
/** Codes of ServiceRequest.status that `isStillToGo` holds of. */
const UNDER_WAY = ['draft', 'active', 'on-hold', 'unknown'];

/**
 * Days pass, checks expire, files arrive and referrals end without any directory's change. An item that a person resolved
 * stays resolved while it says the same.
 * @param signal ends it behind the page under way
 */
export async function reviewDaily(options: DailyOptions, signal: AbortSignal): Promise<DailyReview> {
  const standing = await raiseToday(options, signal);
  return { standing, takenBack: await takeBackToday(options, signal) };
}

async function raiseToday(options: DailyOptions, signal: AbortSignal): Promise<number> {
  const { store, clock } = options;
  let standing = 0;
  let after: string | undefined;
  do {
    const page = await store.search({
      type: 'ServiceRequest',
      clauses: [{ kind: 'token', param: 'status', values: UNDER_WAY.map((code) => ({ code })) }],
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    const items = await itemsToday(options, page.versions);
    if (items.length > 0) await store.raiseWork(items, clock());
    standing += items.length;
    after = page.next;
  } while (after !== undefined && !signal.aborted);
  return standing;
}

/** By pages of the open warnings, which have an index; few of those are of an activity's fit. */
async function takeBackToday(options: DailyOptions, signal: AbortSignal): Promise<number> {
  const { store, clock } = options;
  let takenBack = 0;
  let after: string | undefined;
  do {
    const page = await store.worklist({
      open: true,
      kind: 'warning',
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const item of await overToday(options, page)) {
      await takeBack(store, item, clock(), ACTOR);
      takenBack += 1;
    }
    after = page.length < PAGE ? undefined : page.at(-1)?.id;
  } while (after !== undefined && !signal.aborted);
  return takenBack;
}

/** @returns those of the items that speak of a referral's activity, and hold no more */
async function overToday(options: DailyOptions, page: readonly WorkItem[]): Promise<WorkItem[]> {
  const told = page.filter(
    ({ rule, resource }) => OF_FIT.has(rule) && resource?.startsWith('ServiceRequest/'),
  );
  if (told.length === 0) return [];
  const keys = new Set(told.flatMap(({ resource }) => resource ?? []));
  const standing = await itemsToday(options, await options.store.readMany([...keys]));
  const ids = new Set(standing.map(({ id }) => id));
  return told.filter(({ id }) => !ids.has(id));
}

/** @returns what speaks today against the activities of those that are under way */
async function itemsToday(
  { store, rules, clock }: DailyOptions,
  versions: readonly StoredVersion[],
): Promise<NewWork[]> {
  const requests = versions.flatMap((version) =>
    version.resource?.resourceType === 'ServiceRequest' && isStillToGo(version.resource)
      ? [{ version, request: version.resource as ServiceRequest & { id: string } }]
      : [],
  );
  const batch = requests.map(({ request }) => ({ resource: request, partial: false }));
  const activities = await storedActivities(store, [batch]);
  const concerned = requests.filter(({ request }) => namedBy(request).some((key) => activities.has(key)));
  if (concerned.length === 0) return [];
  const people = await peopleOf(store, concerned);
  const keys = concerned.map(({ version }): ResourceKey => `ServiceRequest/${version.id}`);
  const taken = await takenOn(store, keys);
  const today = londonDay(clock());
  return concerned.flatMap(({ version, request }) => {
    const patient = people.get(request.subject?.reference ?? '');
    const issues = namedBy(request).flatMap((key) => {
      const around = activities.get(key);
      return around ? fitOf(request, patient, around, rules, today) : [];
    });
    const said = taken.has(`ServiceRequest/${version.id}`) ? ofTakenOn(issues) : issues;
    return said.map((issue) => fitItem(version, issue));
  });
}

function namedBy({ performer = [] }: ServiceRequest): ResourceKey[] {
  return performer.flatMap(({ reference }) => (reference ? [reference as ResourceKey] : []));
}

async function peopleOf(
  store: DailyOptions['store'],
  requests: readonly { readonly request: ServiceRequest }[],
): Promise<ReadonlyMap<string, Patient>> {
  const keys = requests.flatMap(({ request }) => (request.subject?.reference ?? []) as ResourceKey[]);
  const stored = await store.readMany([...new Set(keys)]);
  return new Map(
    stored.flatMap(({ id, resource }) =>
      resource?.resourceType === 'Patient' ? [[`Patient/${id}`, resource as Patient] as const] : [],
    ),
  );
}
