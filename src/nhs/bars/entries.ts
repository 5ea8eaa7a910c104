/** Turns resources of ours into entries of a message: UUIDs for keys, profiles and times on each, and no reference that leads out of it. */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { ukCoreProfile } from './codes.ts';
import { isUuid } from './headers.ts';

/** A resource of a known id, ours or made for a message. */
export type Part = Resource & { id: string };

/** @returns `Type/id` */
export function keyOf({ resourceType, id }: Part): string {
  return `${resourceType}/${id}`;
}

/** @returns the UUID that a resource has in every message: its id where that is one, else one that follows from its key */
export function uuidOf(key: string): string {
  const id = key.slice(key.indexOf('/') + 1);
  return isUuid(id) ? id.toLowerCase() : uuidV5(PROJECT_NAMESPACE, JSON.stringify(['bars', key]));
}

/** @returns a UUID that follows from what it is of, for what no record of ours stands behind */
export function madeId(...of: readonly string[]): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['bars', ...of]));
}

/**
 * Turns parts into entries. References to one another become those of the message; others keep what they say beside the
 * reference, such as an identifier, and are taken out where that is nothing.
 * @param lastUpdated of parts that have none of their own
 * @param profiles of types that do not claim UK Core's
 */
export function entriesOf(
  parts: readonly Part[],
  lastUpdated: string,
  profiles: Readonly<Record<string, string>>,
): BundleEntry[] {
  const urls = new Map(parts.map((part) => [keyOf(part), `urn:uuid:${uuidOf(keyOf(part))}`]));
  return parts.map((part) => {
    const { resourceType, id, meta, ...content } = part;
    const { security, lastUpdated: ownTime } = meta ?? {};
    const resource = {
      resourceType,
      id: uuidOf(keyOf(part)),
      meta: {
        lastUpdated: ownTime ?? lastUpdated,
        profile: [profiles[resourceType] ?? ukCoreProfile(resourceType)],
        ...(security ? { security } : {}),
      },
      ...(rewritten(content, urls) as object),
    } as unknown as Resource;
    return { fullUrl: urls.get(keyOf(part))!, resource };
  });
}

const VERSION_OF = /\/_history\/.*$/;

function rewritten(value: unknown, urls: ReadonlyMap<string, string>): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return listOf(value, urls);
  const copy: Record<string, unknown> = {};
  let isEmpty = true;
  for (const name in value) {
    const member = (value as Record<string, unknown>)[name];
    const kept =
      name === 'reference' && typeof member === 'string' ? urlOf(member, urls) : rewritten(member, urls);
    if (kept === undefined) continue;
    copy[name] = kept;
    isEmpty = false;
  }
  return isEmpty ? undefined : copy;
}

function listOf(values: readonly unknown[], urls: ReadonlyMap<string, string>): unknown[] | undefined {
  const kept: unknown[] = [];
  for (const one of values) {
    const copy = rewritten(one, urls);
    if (copy !== undefined) kept.push(copy);
  }
  return kept.length === 0 ? undefined : kept;
}

/** What a journey is known by is not in the message by its nature. */
function urlOf(reference: string, urls: ReadonlyMap<string, string>): string | undefined {
  if (reference.startsWith('#') || reference.startsWith('urn:uuid:')) return reference;
  if (reference.startsWith('EpisodeOfCare/')) return reference;
  return urls.get(reference.replace(VERSION_OF, ''));
}

/** @returns what is alike for messages that say the same: times, and the header with its ids, are left aside */
export function contentDigest(entries: Bundle['entry']): string {
  const said = (entries ?? []).flatMap(({ resource }) => {
    if (!resource || resource.resourceType === 'MessageHeader') return [];
    const { meta, ...content } = resource;
    return [{ ...content, security: meta?.security }];
  });
  return digestOf(said);
}
