/** Finds the other referrals of a person that a BaRS service has heard of, since it takes but one at a time. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { isBefore } from '../../referral/fhir-time.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { revokedForNewer } from './answers.ts';
import { hasArrived, type KeptCase } from './course.ts';
import type { Standing } from './gather.ts';

/** @returns keys of the person's other referrals, whatever became of them */
export async function othersOf(
  store: Pick<Store, 'readPerson'>,
  { key, version }: Standing,
): Promise<readonly ResourceKey[]> {
  if (!version.personId) return [];
  const requests = await store.readPerson(version.personId, 'ServiceRequest');
  return requests.map(({ type, id }): ResourceKey => `${type}/${id}`).filter((one) => one !== key);
}

/** @returns whether a referral was surely made before another; on one day nobody can tell */
export function isMadeBefore(one: Standing, other: Standing): boolean {
  const [first, second] = [one, other].map(({ version: { resource } }) =>
    resource?.resourceType === 'ServiceRequest' ? resource.authoredOn : undefined,
  );
  return isBefore(first, second);
}

const FOR_NEWER: KeptCase = 'cancel-for-newer';

/**
 * Reports what was revoked at the service since a referral goes there, whenever that was tried first.
 * @param standing arrived there
 */
export async function revokedFor(
  { store, name }: { readonly store: Pick<Store, 'readPerson' | 'messages'>; readonly name: string },
  standing: Standing,
): Promise<readonly OperationOutcomeIssue[]> {
  const revoked: { readonly key: ResourceKey; readonly atMs: number }[] = [];
  let lastNewMs = 0; // what was revoked before it was revoked for that one
  for (const key of await othersOf(store, standing)) {
    const arrived = (await store.messages.about(key, name)).filter(hasArrived);
    for (const { what, createdMs } of arrived) if (what === 'new') lastNewMs = Math.max(lastNewMs, createdMs);
    const [last] = arrived;
    if (last?.what === FOR_NEWER) revoked.push({ key, atMs: last.createdMs });
  }
  return revoked.filter(({ atMs }) => atMs >= lastNewMs).map(({ key }) => revokedForNewer(key, standing.key));
}
