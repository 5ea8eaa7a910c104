/** Turns a resource into the resources it refers to, and its references into those of the target. */
import type { Resource } from '@medplum/fhirtypes';
import type { ResourceKey, TargetLink } from '../store/store.ts';

const LOCAL_REFERENCE = /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** @returns `Type/id` of every relative reference, each once, the resource itself left out; contained, absolute and logical ones are not ours to wait for */
export function referencesOf(resource: Resource): ReadonlySet<ResourceKey> {
  const found = new Set<ResourceKey>();
  collect(resource, found);
  found.delete(`${resource.resourceType}/${resource.id}`);
  return found;
}

function collect(value: unknown, found: Set<ResourceKey>): void {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (value !== null && typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      if (name !== 'reference' || typeof member !== 'string') collect(member, found);
      else {
        const key = LOCAL_REFERENCE.exec(member)?.[1];
        if (key !== undefined) found.add(key as ResourceKey);
      }
    }
  }
}

/**
 * Copies a resource without its references to others that may not be sent; what held nothing else goes with them.
 * @returns undefined when nothing is left of what it is about: a Provenance without a target
 */
export function withoutReferences<T extends Resource>(
  resource: T,
  withheld: ReadonlySet<ResourceKey>,
): T | undefined {
  const copy = strip(resource, withheld) as T | undefined;
  return copy?.resourceType === 'Provenance' && !copy.target?.length ? undefined : copy;
}

function strip(value: unknown, withheld: ReadonlySet<ResourceKey>): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => strip(item, withheld)).filter((item) => item !== undefined);
    return items.length === 0 && value.length > 0 ? undefined : items;
  }
  if (value === null || typeof value !== 'object') return value;
  const { reference } = value as { reference?: unknown };
  const key = typeof reference === 'string' ? LOCAL_REFERENCE.exec(reference)?.[1] : undefined;
  if (key !== undefined && withheld.has(key as ResourceKey)) return undefined;
  const members = Object.entries(value).map(([name, member]) => [name, strip(member, withheld)] as const);
  const kept = members.filter(([, member]) => member !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** @returns our `Type/id` → the target's, where the target knows it by another id */
export function remoteKeysOf(links: ReadonlyMap<ResourceKey, TargetLink>): ReadonlyMap<string, string> {
  const differing = [...links].filter(([, link]) => link.remoteId !== link.id);
  return new Map(differing.map(([key, link]) => [key, `${link.type}/${link.remoteId}`]));
}

/**
 * Copies a resource with other references: the target's ids where they differ from ours, and no versions, since a
 * version number of ours names nothing at the target.
 * @param remoteKeys our `Type/id` → the target's, for those that differ
 */
export function withRemoteReferences<T extends Resource>(
  resource: T,
  remoteKeys: ReadonlyMap<string, string>,
): T {
  return rewrite(resource, remoteKeys) as T;
}

function rewrite(value: unknown, remoteKeys: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, remoteKeys));
  if (value === null || typeof value !== 'object') return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const key =
      name === 'reference' && typeof member === 'string' ? LOCAL_REFERENCE.exec(member)?.[1] : undefined;
    copy[name] = key === undefined ? rewrite(member, remoteKeys) : (remoteKeys.get(key) ?? key);
  }
  return copy;
}
