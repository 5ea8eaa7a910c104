/** Reads a referral and all that belongs to it from the store, each as the target's gate lets it go. */
import type { Observation, Reference, ServiceRequest } from '@medplum/fhirtypes';
import type { Identified, ResourceKey, Store } from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import { gather } from '../gather.ts';

export interface CollectOptions {
  readonly store: Pick<Store, 'readMany' | 'readPerson'>;
  readonly gate: Gate;
  readonly target: string;
}

const DAY_MS = 86_400_000;
/** A baseline may be taken before the referral is written, and a last score after it has ended. */
const [BEFORE_MS, AFTER_MS] = [31 * DAY_MS, 62 * DAY_MS];
/** More than that is not one referral's: nothing is written of a part of it. */
const MOST = 4_000;

const TYPES = [
  'Task',
  'EpisodeOfCare',
  'Encounter',
  'Appointment',
  'Procedure',
  'Observation',
  'CarePlan',
  'Flag',
  'RelatedPerson',
] as const;
/** Answers stay where they are: their scores go. */
const NOT_FOLLOWED = /^(?:QuestionnaireResponse|Consent|Provenance)\//;

export interface Collected {
  readonly resources: readonly Identified[];
  /** the person agreed to codes only, or the target takes no more */
  readonly isCodedOnly: boolean;
  /** there were more resources than are read: what is here may lack the person, or the practice */
  readonly isCut: boolean;
}

/** @returns undefined where the referral may not go, or is not there */
export async function collectReferral(
  requestKey: ResourceKey,
  personId: string,
  { store, gate, target }: CollectOptions,
): Promise<Collected | undefined> {
  const extent = await extentOf(requestKey, personId, { store, gate, target });
  if (extent === undefined) return undefined;
  const requests = await typed(store, personId, 'ServiceRequest');
  const onward = requests.filter((one) => names((one as ServiceRequest).basedOn, requestKey));
  const own = new Set([requestKey, ...onward.map(keyIn)]);
  const request = requests.find((one) => keyIn(one) === requestKey) as ServiceRequest | undefined;
  const keys = new Set<ResourceKey>(own);
  for (const type of TYPES)
    for (const one of await typed(store, personId, type))
      if (belongs(one, own, request)) keys.add(keyIn(one));
  const follows = (key: ResourceKey): boolean => !NOT_FOLLOWED.test(key) && !isOther(key, own);
  const { resources, isCut } = await gather([...keys], { store, gate, target, follows, most: MOST });
  return resources.has(requestKey)
    ? { resources: [...resources.values()], isCodedOnly: extent.isCodedOnly, isCut }
    : undefined;
}

/** Another referral of the person is not this document's. */
function isOther(key: ResourceKey, own: ReadonlySet<ResourceKey>): boolean {
  return key.startsWith('ServiceRequest/') && !own.has(key);
}

/** Asks the gate with a note, which only whoever agreed to words is sent. @returns undefined where nothing may go */
export async function extentOf(
  requestKey: ResourceKey,
  personId: string | undefined,
  {
    store,
    gate,
    target,
  }: Pick<CollectOptions, 'gate' | 'target'> & { readonly store: Pick<Store, 'readMany'> },
): Promise<{ readonly isCodedOnly: boolean } | undefined> {
  const [stored] = await store.readMany([requestKey]);
  const resource = stored?.resource;
  if (resource?.resourceType !== 'ServiceRequest') return undefined;
  const asked = { ...resource, note: [{ text: 'a note' }] } as Identified;
  const passed = await gate({ personId: personId ?? stored?.personId, resource: asked, target });
  if (!passed.send) return undefined;
  return { isCodedOnly: (passed.resource as ServiceRequest).note === undefined };
}

async function typed(
  store: CollectOptions['store'],
  personId: string,
  type: string,
): Promise<readonly Identified[]> {
  return (await store.readPerson(personId, type)).flatMap(({ resource }) => resource ?? []);
}

function keyIn({ resourceType, id }: Identified): ResourceKey {
  return `${resourceType}/${id}`;
}

function names(references: readonly Reference[] | undefined, key: ResourceKey): boolean {
  return (references ?? []).some(({ reference }) => reference === key);
}

function belongs(
  resource: Identified,
  own: ReadonlySet<ResourceKey>,
  request: ServiceRequest | undefined,
): boolean {
  const isOwn = (references: readonly (Reference | undefined)[] | undefined): boolean =>
    (references ?? []).some((one) => own.has((one?.reference ?? '') as ResourceKey));
  switch (resource.resourceType) {
    case 'Task':
      return isOwn([resource.focus]);
    case 'EpisodeOfCare':
      return isOwn(resource.referralRequest);
    case 'Encounter':
    case 'Appointment':
    case 'Procedure':
      return isOwn(resource.basedOn);
    case 'Observation':
      return resource.basedOn?.length ? isOwn(resource.basedOn) : isWithin(resource, request);
    case 'CarePlan':
      return isOwn(resource.supportingInfo) || isOwn(resource.basedOn);
    case 'Flag':
      return resource.status === 'active';
    default:
      return isOwn([request?.requester]);
  }
}

/** Scores name no referral: those of its time are its own. */
function isWithin({ effectiveDateTime }: Observation, request: ServiceRequest | undefined): boolean {
  const atMs = Date.parse(effectiveDateTime ?? '');
  const fromMs = Date.parse(request?.authoredOn ?? '') - BEFORE_MS;
  const isOver = request?.status === 'completed' || request?.status === 'revoked';
  const untilMs = isOver ? Date.parse(request?.meta?.lastUpdated ?? '') + AFTER_MS : Number.NaN;
  return !(atMs < fromMs) && !(atMs > untilMs);
}
