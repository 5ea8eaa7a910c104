/** Turns security labels into whether a person is restricted, and a resource into one that does not say where the person is. */
import type { Resource } from '@medplum/fhirtypes';

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const RESTRICTED = new Set(['R', 'V']);
/** What would lead to a restricted person; the contacts of a Patient have addresses and telephones of their own. */
const WHEREABOUTS = new Set(['address', 'telecom', 'generalPractitioner', 'contact']);
const OF_PEOPLE = new Set(['Patient', 'RelatedPerson', 'Person']);

/** @returns true for the labels R (restricted) and V (very restricted) @source PDS, meta.security */
export function isRestricted({ meta }: Resource): boolean {
  return (meta?.security ?? []).some(
    ({ system, code }) => system === CONFIDENTIALITY && RESTRICTED.has(code ?? ''),
  );
}

/** @returns a copy of which people, contained ones included, have no address, telecom, contacts or general practitioner */
export function withoutWhereabouts(resource: Resource): Resource {
  return copyOf(resource, false) as Resource;
}

function copyOf(value: unknown, ofPerson: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => copyOf(item, ofPerson));
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Readonly<Record<string, unknown>>;
  const person = typeof node.resourceType === 'string' ? OF_PEOPLE.has(node.resourceType) : ofPerson;
  const kept: Record<string, unknown> = {};
  for (const key in node) {
    // the narrative of a person repeats what was taken out
    if (person && (WHEREABOUTS.has(key) || (key === 'text' && 'resourceType' in node))) continue;
    kept[key] = copyOf(node[key], person);
  }
  return kept;
}
