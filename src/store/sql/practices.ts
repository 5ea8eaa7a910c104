/** Turns what one record holds into the practices that it names for nothing but to say where a restricted patient is registered. */
import type { Patient } from '@medplum/fhirtypes';
import { withoutWhereabouts } from '../../referral/restriction.ts';
import type { Identified, ResourceKey } from '../store.ts';

/** What a practice is written down in, and what it names. */
export const OF_PRACTICES: ReadonlySet<string> = new Set([
  'Endpoint',
  'HealthcareService',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
]);

export function keyOf({ resourceType, id }: Identified): ResourceKey {
  return `${resourceType}/${id}`;
}

/**
 * @param resources of one record
 * @param isHidden whether a Patient of them is restricted
 * @param practices of those Patients by what is known besides, as `Organization/<id>`
 * @returns keys of what leads from such a Patient to their practice, over any number of steps, and is named by nothing else
 */
export function practicesOnlyOf(
  resources: readonly Identified[],
  isHidden: (patient: Patient & { id: string }) => boolean,
  practices: Iterable<string> = [],
): ReadonlySet<string> {
  const named = new Map<string, ReadonlySet<string>>();
  const left = new Set<string>(practices);
  for (const one of resources) {
    const isOne = one.resourceType === 'Patient' && isHidden(one);
    if (isOne) for (const key of registeredIn(one)) left.add(key);
    named.set(keyOf(one), referencesIn(isOne ? withoutWhereabouts(one) : one));
  }
  if (left.size === 0) return left;
  for (const key of left) for (const next of named.get(key) ?? []) if (isOfPractice(next)) left.add(next);
  // what something else names stays, and with it whatever that leads to
  const stays = [...named.keys()].filter((key) => !left.has(key));
  for (const key of stays)
    for (const next of named.get(key)!) if (left.delete(next) && named.has(next)) stays.push(next);
  return left;
}

/** @returns keys of the practices that a Patient is registered with */
export function registeredIn({ generalPractitioner, managingOrganization }: Patient): string[] {
  const references = [
    ...(generalPractitioner ?? []),
    ...(managingOrganization ? [managingOrganization] : []),
  ];
  return references.flatMap(({ reference }) => (isOfPractice(reference ?? '') ? [reference!] : []));
}

function isOfPractice(key: string): boolean {
  return OF_PRACTICES.has(key.slice(0, key.indexOf('/')));
}

function referencesIn(value: unknown, into = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return into;
  const { reference } = value as { reference?: unknown };
  if (typeof reference === 'string') into.add(reference);
  for (const member of Object.values(value)) referencesIn(member, into);
  return into;
}
