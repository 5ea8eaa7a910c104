/** Turns the activities that referrals go to into what is known around each: its provider, areas, times and quality checks. */
import type { HealthcareService, Resource } from '@medplum/fhirtypes';
import { type ActivityAround, isStillToGo } from '../referral/activity-fit.ts';
import type { Resources } from '../validation/domain/related.ts';
import type { ResourceKey, Store } from './store.ts';

type Kept = Pick<Store, 'readMany' | 'search' | 'answers'>;

/** Service of the answers under which it is kept which activity of a directory another source means by its own id. */
export const ALIASES = 'activity-alias';
/** Resources of one kind that are looked at around one activity. */
const MOST = 1_000;
const PAGE = 200;

/** By `HealthcareService/id`, as referrals name it. */
export type Activities = ReadonlyMap<string, ActivityAround>;

/** @returns the activities that open referrals of the batch go to, as far as more is known of them than a name */
export async function storedActivities(store: Kept, batch: readonly Resources[]): Promise<Activities> {
  const resources = batch.flat().map(({ resource }) => resource);
  const keys = resources.flatMap((one) =>
    one.resourceType === 'ServiceRequest' && isStillToGo(one)
      ? (one.performer ?? []).flatMap(({ reference = '' }) =>
          reference.startsWith('HealthcareService/') ? [reference as ResourceKey] : [],
        )
      : [],
  );
  if (keys.length === 0) return new Map();
  return await activitiesOf(store, [...new Set(keys)], resources);
}

/** @param here resources that count before what is stored */
export async function activitiesOf(
  store: Kept,
  keys: readonly ResourceKey[],
  here: readonly Resource[] = [],
): Promise<Activities> {
  const named = await namedServices(store, keys, here);
  const services = [...new Set(named.values())];
  if (services.length === 0) return new Map();
  const around = await read(
    store,
    services.flatMap(({ providedBy, coverageArea = [] }) =>
      [providedBy, ...coverageArea].flatMap((one) => (one?.reference ?? []) as ResourceKey[]),
    ),
  );
  const own = services.map(({ id }): ResourceKey => `HealthcareService/${id}`);
  const providers = services.flatMap(({ providedBy }) => (providedBy?.reference ?? []) as ResourceKey[]);
  const schedules = await referring(store, 'Schedule', 'actor', own);
  const slots = await referring(
    store,
    'Slot',
    'schedule',
    schedules.map(({ id }): ResourceKey => `Schedule/${id}`),
  );
  const checks = await referring(store, 'VerificationResult', 'target', [...own, ...providers]);
  const of = (service: HealthcareService): ActivityAround => {
    const self = `HealthcareService/${service.id}`;
    const times = schedules.filter(({ actor }) => actor.some(({ reference }) => reference === self));
    const ids = new Set(times.map(({ id }) => `Schedule/${id}`));
    const provider = around.get(service.providedBy?.reference ?? '');
    const area = (service.coverageArea ?? []).map(({ reference = '' }) => around.get(reference));
    return {
      service,
      provider: provider?.resourceType === 'Organization' ? provider : undefined,
      areas: area.flatMap((one) => (one?.resourceType === 'Location' ? [one] : [])),
      schedules: times,
      slots: slots.filter(({ schedule }) => ids.has(schedule.reference ?? '')),
      checks: checks.filter(({ target = [] }) =>
        target.some(({ reference }) => reference === self || reference === service.providedBy?.reference),
      ),
    };
  };
  return new Map([...named].map(([key, service]) => [key, of(service)]));
}

/** Another source may know an activity by its key alone: what the directory says of it counts then. */
async function namedServices(
  store: Kept,
  keys: readonly ResourceKey[],
  here: readonly Resource[],
): Promise<ReadonlyMap<string, HealthcareService>> {
  const stored = await read(store, keys);
  const found = new Map<string, HealthcareService>();
  const aliases = new Map<string, ResourceKey>();
  for (const key of keys) {
    const one = here.find((resource) => `${resource.resourceType}/${resource.id}` === key) ?? stored.get(key);
    if (one?.resourceType === 'HealthcareService' && isTold(one)) found.set(key, one);
    else {
      const alias = await store.answers.get(ALIASES, key);
      if (alias) aliases.set(key, alias.answer as ResourceKey);
    }
  }
  const meant = await read(store, [...aliases.values()]);
  for (const [key, alias] of aliases) {
    const one = meant.get(alias);
    if (one?.resourceType === 'HealthcareService') found.set(key, one);
  }
  return found;
}

/** More than the name that a referral gave. */
function isTold({ active, identifier }: HealthcareService): boolean {
  return active !== undefined || (identifier ?? []).length > 0;
}

async function read(store: Kept, keys: readonly ResourceKey[]): Promise<ReadonlyMap<string, Resource>> {
  if (keys.length === 0) return new Map();
  const versions = await store.readMany([...new Set(keys)]);
  return new Map(
    versions.flatMap(({ resource }) =>
      resource ? [[`${resource.resourceType}/${resource.id}`, resource] as const] : [],
    ),
  );
}

/**
 * Resources of a type that refer to one of those. Where there are too many to be looked at together, each of those is
 * asked about by itself: many times of one activity must not leave out those of another.
 */
async function referring<T extends 'Schedule' | 'Slot' | 'VerificationResult'>(
  store: Kept,
  type: T,
  param: string,
  targets: readonly ResourceKey[],
): Promise<Extract<Resource, { resourceType: T }>[]> {
  const found: Extract<Resource, { resourceType: T }>[] = [];
  if (targets.length === 0) return found;
  let after: string | undefined;
  do {
    const page = await store.search({
      type,
      clauses: [{ kind: 'reference', param, targets }],
      count: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const { resource } of page.versions)
      if (resource?.resourceType === type) found.push(resource as Extract<Resource, { resourceType: T }>);
    after = page.next;
  } while (after !== undefined && found.length < MOST);
  if (after === undefined || targets.length === 1) return found;
  const half = Math.ceil(targets.length / 2);
  const rest = [targets.slice(0, half), targets.slice(half)];
  const parts = await Promise.all(rest.map((some) => referring(store, type, param, some)));
  const byId = new Map(parts.flat().map((one) => [(one as Resource).id, one]));
  return [...byId.values()];
}
