/** Turns a referral's key into what a BaRS message of it is made of, each part as the target may have it. */
import type { Consent, OperationOutcome, ServiceRequest } from '@medplum/fhirtypes';
import { REFERRAL_ENTRIES } from '../../nhs/bars/codes.ts';
import { madeId, type Part } from '../../nhs/bars/entries.ts';
import type { Referral } from '../../nhs/bars/parts.ts';
import { type Agreed, consentsGiven } from '../../referral/consent.ts';
import type { Identified, ResourceKey, Store, StoredVersion } from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import { gather } from '../gather.ts';
import { isEndedByService, type Wanted, wantedOf } from './course.ts';

export interface GatherReferral {
  readonly store: Pick<Store, 'readMany' | 'readPerson'>;
  readonly gate: Gate;
  readonly target: string;
  /** by which consents referrals go there */
  readonly agreed: Agreed;
  readonly clock: () => number;
}

/** A referral as it is here now. */
export interface Standing {
  readonly key: ResourceKey;
  readonly version: StoredVersion;
  readonly wanted: Wanted;
  readonly isEndedByService: boolean;
  /** first referral of the chain that it is based on: itself where there is none before it */
  readonly root: string;
  /** the one right before it in the chain */
  readonly parent: ResourceKey | undefined;
}

/** @returns undefined where the store has no such referral */
export async function standingOfReferral(
  { store }: Pick<GatherReferral, 'store'>,
  key: ResourceKey,
): Promise<Standing | undefined> {
  const [version] = await store.readMany([key]);
  const request = version?.resource;
  if (request?.resourceType !== 'ServiceRequest') return undefined;
  const tasks = await ofPerson(store, version!.personId, 'Task');
  const parent = parentOf(request);
  return {
    key,
    version: version!,
    wanted: wantedOf(request, tasks),
    isEndedByService: isEndedByService(request, tasks),
    root: parent === undefined ? request.id : await rootOf(store, parent),
    parent,
  };
}

const MOST_LEVELS = 10;

function parentOf(request: ServiceRequest): ResourceKey | undefined {
  const references = [...(request.basedOn ?? []), ...(request.replaces ?? [])].map(
    ({ reference }) => reference,
  );
  return references.find((one) => one?.startsWith('ServiceRequest/')) as ResourceKey | undefined;
}

async function rootOf(store: GatherReferral['store'], from: ResourceKey): Promise<string> {
  let key = from;
  for (let level = 0; level < MOST_LEVELS; level++) {
    const [version] = await store.readMany([key]);
    const request = version?.resource;
    const parent = request?.resourceType === 'ServiceRequest' ? parentOf(request) : undefined;
    if (parent === undefined) break;
    key = parent;
  }
  return key.slice(key.indexOf('/') + 1);
}

export type Gathering =
  | {
      readonly ok: true;
      readonly referral: Referral;
      readonly consents: readonly (Consent & { id: string })[];
    }
  | { readonly ok: false; readonly outcome: OperationOutcome | undefined };

/** @returns what its message is made of; not where the referral or its person may not go */
export async function gatherReferral(options: GatherReferral, standing: Standing): Promise<Gathering> {
  const { store, gate, target, agreed, clock } = options;
  const { key, version, root } = standing;
  const request = version.resource as ServiceRequest & { id: string };
  const beside = await besideOf(store, version.personId, request);
  const gathered = await gather([key, ...beside], { store, gate, target, follows });
  const main = gathered.resources.get(key);
  const subject = gathered.resources.get((request.subject?.reference ?? '') as ResourceKey);
  if (main?.resourceType !== 'ServiceRequest' || !subject)
    return { ok: false, outcome: gathered.withheld.get(key) ?? [...gathered.withheld.values()][0] };
  const parts = [...gathered.resources.values()] as readonly Part[];
  const all = await ofPerson(store, version.personId, 'Consent');
  const consents = consentsGiven(all.filter(isConsent), agreed, clock());
  return {
    ok: true,
    referral: {
      request: main as ServiceRequest & { id: string },
      parts,
      journey: journeyOf(parts, main, root),
    },
    consents: consents as readonly (Consent & { id: string })[],
  };
}

const isConsent = (one: Identified): one is Consent & { id: string } => one.resourceType === 'Consent';

/** What refers to the referral, rather than be referred to. */
async function besideOf(
  store: GatherReferral['store'],
  personId: string | undefined,
  request: ServiceRequest,
): Promise<readonly ResourceKey[]> {
  const tasks = (await ofPerson(store, personId, 'Task')).filter(
    (one) => one.resourceType === 'Task' && one.focus?.reference === `ServiceRequest/${request.id}`,
  );
  const flags = (await ofPerson(store, personId, 'Flag')).filter(
    (one) =>
      one.resourceType === 'Flag' &&
      one.status === 'active' &&
      one.subject?.reference === request.subject?.reference,
  );
  return [...tasks, ...flags].map(({ resourceType, id }): ResourceKey => `${resourceType}/${id}`);
}

/** @returns a person's current resources of a type */
export async function ofPerson(
  store: Pick<Store, 'readPerson'>,
  personId: string | undefined,
  type: string,
): Promise<readonly Identified[]> {
  if (personId === undefined) return [];
  return (await store.readPerson(personId, type)).flatMap(({ resource }) => resource ?? []);
}

/** Only what a message may hold; no other referral, nor what only leads on from others. */
function follows(key: ResourceKey, from: Identified): boolean {
  const type = key.slice(0, key.indexOf('/'));
  if (!(type in REFERRAL_ENTRIES) || type === 'ServiceRequest') return false;
  return from.resourceType === 'ServiceRequest' || type !== 'Task';
}

/** The spell of care that the referral's encounter belongs to, else the chain of referrals. */
function journeyOf(parts: readonly Part[], request: ServiceRequest, root: string): string {
  const encounter = parts.find(
    (one) => one.resourceType === 'Encounter' && `Encounter/${one.id}` === request.encounter?.reference,
  );
  const episode =
    encounter?.resourceType === 'Encounter' ? encounter.episodeOfCare?.[0]?.reference : undefined;
  return episode?.startsWith('EpisodeOfCare/')
    ? episode.slice('EpisodeOfCare/'.length)
    : madeId('journey', root);
}

/** What a cancellation names, past the gate: the service has it already, and must know of whom it may hold nothing more. */
export async function bareParts(store: Pick<Store, 'readMany'>, { version }: Standing): Promise<Part[]> {
  const request = version.resource as Part & { resourceType: 'ServiceRequest' };
  const read = async (references: readonly (string | undefined)[]): Promise<Part[]> => {
    const keys = references.filter((one) => one !== undefined) as ResourceKey[];
    return (await store.readMany(keys)).flatMap(({ resource }) => (resource ? [resource as Part] : []));
  };
  const direct = await read([request.subject?.reference, request.requester?.reference]);
  const organizations = direct.map((one) =>
    one.resourceType === 'PractitionerRole' ? one.organization?.reference : undefined,
  );
  return [request, ...direct, ...(await read(organizations))];
}
