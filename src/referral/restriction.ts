/** Turns security labels into whether a person is restricted, and a resource into one that does not say where the person is. */

import type { Patient, Resource } from '@medplum/fhirtypes';
import { CONFIDENTIALITY_SYSTEM } from '../fhir/identifiers.ts';
import { spelledAs } from '../fhir/spelling.ts';

const RESTRICTED = new Set(['R', 'V']);
/** What would lead to a restricted person; the contacts of a Patient have addresses and telephones of their own. */
const WHEREABOUTS = new Set([
  ...['address', 'telecom', 'generalPractitioner', 'contact', 'managingOrganization'],
  ...['_address', '_telecom', '_generalPractitioner', '_contact'],
]);
/** Whoever gave out a person's identifier may be their practice. */
const ASSIGNER = 'assigner';
/** Where a home is; its name may be an address. */
const OF_HOMES = new Set(['address', 'telecom', 'position', 'name', 'alias', 'description', 'text']);
const HOME_CODES = new Set(['ho', 'PTRES']);
/** Values of extensions that are places, lines or organisations. */
const LEADING_VALUES = ['valueAddress', 'valueContactPoint', 'valueContactDetail', 'valueReference'];
const OF_PEOPLE = new Set(['Patient', 'RelatedPerson', 'Person']);

/** @returns true for the labels R (restricted) and V (very restricted) @source PDS, meta.security */
export function isRestricted({ meta }: Resource): boolean {
  return (meta?.security ?? []).some(
    ({ system, code }) => system === CONFIDENTIALITY_SYSTEM && RESTRICTED.has(code ?? ''),
  );
}

/** @returns the higher of the labels R and V that a resource has; undefined where it has neither */
export function labelOf(resource: Resource): 'R' | 'V' | undefined {
  if (!isRestricted(resource)) return undefined;
  const isVery = resource.meta?.security?.some(
    ({ system, code }) => system === CONFIDENTIALITY_SYSTEM && code === 'V',
  );
  return isVery ? 'V' : 'R';
}

/** @returns the Patient as one who is restricted: by a label of theirs, or else by R */
export function asRestricted(patient: Patient): Patient {
  if (isRestricted(patient)) return patient;
  const label = { system: CONFIDENTIALITY_SYSTEM, code: 'R' };
  return { ...patient, meta: { ...patient.meta, security: [...(patient.meta?.security ?? []), label] } };
}

/** @returns true for the home of a patient @source HL7 location-physical-type `ho`, v3-RoleCode `PTRES` */
export function isHome(resource: Resource): boolean {
  if (resource.resourceType !== 'Location') return false;
  const concepts = [resource.physicalType, ...(resource.type ?? [])];
  return concepts.some((one) => one?.coding?.some(({ code }) => HOME_CODES.has(code ?? '')));
}

/**
 * @returns a copy of which people, contained ones included, have no address, telecom, contacts or general practitioner, nor
 *   what else says where they are: extensions with places, who gave out their identifiers, places and practices that they
 *   contain; a home has no place either
 */
export function withoutWhereabouts(resource: Resource): Resource {
  return copyOf(resource, 'nobody') as Resource;
}

type Whose = 'person' | 'home' | 'nobody';
type Members = Readonly<Record<string, unknown>>;

function copyOf(value: unknown, whose: Whose): unknown {
  if (Array.isArray(value)) return value.map((item) => copyOf(item, whose));
  if (!isMembers(value)) return value;
  const now = typeof value.resourceType === 'string' ? whoseIs(value) : whose;
  if (now === 'nobody') return membersOf(value, now, () => true);
  if (now === 'home') return membersOf(value, now, (key) => !OF_HOMES.has(key));
  // the narrative of a person repeats what was taken out
  const isHidden = (key: string): boolean =>
    WHEREABOUTS.has(key) || key === ASSIGNER || (key === 'text' && 'resourceType' in value);
  return membersOf(value, now, (key) => !isHidden(key));
}

function whoseIs(resource: Members): Whose {
  if (OF_PEOPLE.has(String(resource.resourceType))) return 'person';
  return isHome(resource as unknown as Resource) ? 'home' : 'nobody';
}

function membersOf(node: Members, whose: Whose, isKept: (key: string) => boolean): Members {
  const kept: Record<string, unknown> = {};
  for (const key in node) {
    if (!isKept(key)) continue;
    const value = whose === 'nobody' ? node[key] : withoutLeading(key, node[key]);
    if (value !== undefined) kept[key] = copyOf(value, whose);
  }
  return spelledAs(kept, node);
}

/** @returns what of a member of a person does not lead to them; undefined where nothing is left */
function withoutLeading(key: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const left =
    key === 'extension' || key === 'modifierExtension'
      ? value.flatMap(withoutPlaces)
      : key === 'contained'
        ? value.filter((one) => isMembers(one) && OF_PEOPLE.has(String(one.resourceType)))
        : value;
  return left.length === 0 && value.length > 0 ? undefined : left;
}

/** An extension of parts goes where none of them is left. */
function withoutPlaces(extension: unknown): unknown[] {
  if (!isMembers(extension)) return [];
  if (LEADING_VALUES.some((name) => name in extension)) return [];
  const parts = extension.extension;
  if (!Array.isArray(parts)) return [extension];
  const left = parts.flatMap(withoutPlaces);
  return left.length === 0 ? [] : [{ ...extension, extension: left }];
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
