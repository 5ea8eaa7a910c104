/** Turns resources of ours into entries of a message: UUIDs for keys, profiles and times on each, and no reference that leads out of it. */
import type { BundleEntry, Resource } from '@medplum/fhirtypes';
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
  const keys = parts.map(keyOf);
  const ids = keys.map(uuidOf);
  const urls = new Map(keys.map((key, at) => [key, `urn:uuid:${ids[at]}`]));
  return parts.map((part, at) => {
    const { resourceType, meta } = part;
    const { security, lastUpdated: ownTime } = meta ?? {};
    const resource: Members = {
      resourceType,
      id: ids[at],
      meta: {
        lastUpdated: ownTime ?? lastUpdated,
        profile: [profiles[resourceType] ?? ukCoreProfile(resourceType)],
        ...(security ? { security } : {}),
      },
    };
    for (const name in part) {
      if (name === 'resourceType' || name === 'id' || name === 'meta') continue;
      const kept = memberOf(part as unknown as Members, name, urls);
      if (kept !== undefined) resource[name] = kept;
    }
    return { fullUrl: urls.get(keys[at]!)!, resource: resource as unknown as Resource };
  });
}

type Members = Record<string, unknown>;

const VERSION_OF = /\/_history\/.*$/;

function memberOf(value: Members, name: string, urls: ReadonlyMap<string, string>): unknown {
  const member = value[name];
  return name === 'reference' && typeof member === 'string' ? urlOf(member, urls) : rewritten(member, urls);
}

/** @returns the very same value where nothing in it is another; undefined for what is left with nothing */
function rewritten(value: unknown, urls: ReadonlyMap<string, string>): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Array.isArray(value) ? listOf(value, urls) : objectOf(value as Members, urls);
}

function objectOf(value: Members, urls: ReadonlyMap<string, string>): Members | undefined {
  let copy: Members | undefined;
  let isEmpty = true;
  for (const name in value) {
    const kept = memberOf(value, name, urls);
    if (kept === undefined || kept !== value[name]) copy ??= before(value, name);
    if (kept === undefined) continue;
    if (copy) copy[name] = kept;
    isEmpty = false;
  }
  return isEmpty ? undefined : (copy ?? value);
}

/** @returns a copy of the members that come before one */
function before(value: Members, last: string): Members {
  const copy: Members = {};
  for (const name in value) {
    if (name === last) break;
    copy[name] = value[name];
  }
  return copy;
}

function listOf(
  values: readonly unknown[],
  urls: ReadonlyMap<string, string>,
): readonly unknown[] | undefined {
  const kept: unknown[] = [];
  let isSame = true;
  for (const one of values) {
    const copy = rewritten(one, urls);
    isSame &&= copy === one;
    if (copy !== undefined) kept.push(copy);
  }
  if (kept.length === 0) return undefined;
  return isSame ? values : kept;
}

/** What a journey is known by is not in the message by its nature. */
function urlOf(reference: string, urls: ReadonlyMap<string, string>): string | undefined {
  if (reference.startsWith('#') || reference.startsWith('urn:uuid:')) return reference;
  if (reference.startsWith('EpisodeOfCare/')) return reference;
  return urls.get(reference) ?? urls.get(reference.replace(VERSION_OF, ''));
}

/** @returns what is alike for messages that say the same: times, and the header with its ids, are left aside */
export function contentDigest(entries: readonly BundleEntry[]): string {
  const said = entries.flatMap(({ resource }) => {
    if (!resource || resource.resourceType === 'MessageHeader') return [];
    const { meta, ...content } = resource;
    return [{ ...content, security: meta?.security }];
  });
  return digestOf(said);
}
