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
 * @returns keys of what leads from such a Patient to their practice, over any number of steps, and of what leads to that in
 *   turn, where nothing else names it
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
  const staying = reachedIn(
    named,
    [...named.keys()].filter((key) => !isOfPractice(key)),
  );
  return ofPractices(left, named, staying);
}

/** @returns what is led to from some of what a record names, over any number of steps */
function reachedIn(
  named: ReadonlyMap<string, ReadonlySet<string>>,
  from: readonly string[],
): ReadonlySet<string> {
  const reached = new Set(from);
  for (const key of reached) for (const next of named.get(key) ?? []) reached.add(next);
  return reached;
}

/** @returns practices with all that belongs to them, whichever of the two leads to the other; what something else leads to stays */
function ofPractices(
  practices: Iterable<string>,
  named: ReadonlyMap<string, ReadonlySet<string>>,
  staying: ReadonlySet<string>,
): ReadonlySet<string> {
  const left = new Set([...practices].filter((key) => !staying.has(key)));
  const add = (key: string): unknown => isOfPractice(key) && !staying.has(key) && left.add(key);
  for (const key of left) {
    for (const next of named.get(key) ?? []) add(next);
    for (const [other, leads] of named) if (leads.has(key)) add(other);
  }
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

/** @returns keys of what is written down of practices that a resource names */
export function practicesIn(resource: Identified): string[] {
  return [...referencesIn(resource)].filter(isOfPractice);
}

function isOfPractice(key: string): boolean {
  return OF_PRACTICES.has(key.slice(0, key.indexOf('/')));
}

/** @returns what a resource refers to, as `Type/id` or as it stands */
export function referencesIn(value: unknown, into = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return into;
  const { reference } = value as { reference?: unknown };
  if (typeof reference === 'string') into.add(reference);
  for (const member of Object.values(value)) referencesIn(member, into);
  return into;
}
