/** Turns resources under their final ids back into the Bundle with local ids that the maps of one record write. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { type LocalId, parseLocalId, resourceId } from './ids.ts';
import { PARTIAL_TAG } from './naming.ts';

/** The resources of one record, as its maps know them. */
export interface LocalBundle {
  readonly bundle: Bundle;
  /** the resources taken, by their final ids */
  readonly taken: ReadonlySet<string>;
  /** types of the resources that the record made and that are not given: what they say does not come back */
  readonly missing: readonly string[];
  /** references of theirs that lead to no resource of the record: nothing tells the source's key of it */
  readonly unknown: readonly string[];
}

const FINAL_ID = /(?:^|[/:])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/_history\/[^/]+)?$/i;

/** @returns the resources of a Bundle by their final ids; of one that occurs several times later elements win, as in the store */
export function resourcesById(bundle: Bundle): ReadonlyMap<string, Resource> {
  const found = new Map<string, Resource>();
  for (const { resource } of bundle.entry ?? []) {
    const id = resource?.id?.toLowerCase();
    if (resource && id !== undefined) found.set(id, { ...found.get(id), ...resource } as Resource);
  }
  return found;
}

/** @returns the UUID that a reference ends with: `Patient/…`, `urn:uuid:…`, `https://…/Patient/…/_history/2` */
function finalIdOf(reference: string): string | undefined {
  return FINAL_ID.exec(reference)?.[1]?.toLowerCase();
}

/**
 * An id is a hash of the source's key, which nothing undoes: the keys come from the record as it was read, whose maps write
 * them again. Of a resource that the record only adds to (tag `partial`), the elements that it adds are taken.
 * @param source name of the source, part of every id
 * @param given resources by their final ids; never changed
 * @param made what the maps make of the record as it was read
 */
export function localBundle(source: string, given: ReadonlyMap<string, Resource>, made: Bundle): LocalBundle {
  const names = new Map<string, string>();
  nameAll(made, source, names);
  const unknown = new Set<string>();
  const missing: string[] = [];
  const taken = new Map<string, Resource>();
  for (const resource of ownResources(made)) {
    const id = idIn(source, resource);
    const found = given.get(id);
    if (!found) {
      missing.push(resource.resourceType);
      continue;
    }
    const isPartial = isTagged(resource);
    const content = isPartial ? onlyMembersOf(found, resource) : found;
    const { meta: _meta, ...local } = renamed(content, names, unknown) as Resource;
    const meta = isPartial ? { meta: { tag: [PARTIAL_TAG] } } : {};
    taken.set(id, { ...local, ...meta, id: resource.id } as Resource);
  }
  const entry = [...taken.values()].map((resource) => ({ resource }));
  return {
    bundle: { resourceType: 'Bundle', type: 'collection', entry },
    taken: new Set(taken.keys()),
    missing,
    unknown: [...unknown],
  };
}

/** @returns the local ids of the resources that a record gives in full */
export function fullResources(made: Bundle): readonly LocalId[] {
  return ownResources(made).flatMap((resource) => (isTagged(resource) ? [] : [parseLocalId(resource.id!)!]));
}

/** What a record only adds to may have been made elsewhere: the record then names it by its own id. */
function idIn(source: string, { id = '' }: Resource): string {
  const local = parseLocalId(id);
  return local ? resourceId(source, local) : id.toLowerCase();
}

/** The resources with a local id, and what is added to others; one that is written in full and in part is full. */
function ownResources({ entry = [] }: Bundle): readonly Resource[] {
  const own = new Map<string, Resource>();
  for (const { resource } of entry) {
    if (!resource?.id || !(parseLocalId(resource.id) || isTagged(resource))) continue;
    const before = own.get(resource.id);
    if (!before || !isTagged(resource)) own.set(resource.id, resource);
    else if (isTagged(before)) own.set(resource.id, { ...before, ...resource } as Resource);
  }
  return [...own.values()];
}

function isTagged({ meta }: Resource): boolean {
  return (
    meta?.tag?.some(({ system, code }) => system === PARTIAL_TAG.system && code === PARTIAL_TAG.code) ?? false
  );
}

function onlyMembersOf(found: Resource, resource: Resource): object {
  const there = new Set(
    Object.entries(resource).flatMap(([key, member]) => (member === undefined ? [] : [key])),
  );
  return Object.fromEntries(
    Object.entries(found).filter(([key]) => there.has(key) || there.has(key.slice(1))),
  );
}

/** Remembers the final id of every local id in a Bundle. */
function nameAll(value: object, source: string, names: Map<string, string>): void {
  for (const member of Object.values(value)) {
    const local = typeof member === 'string' ? parseLocalId(member) : undefined;
    if (local) names.set(resourceId(source, local), member);
    else if (typeof member === 'object' && member !== null) nameAll(member, source, names);
  }
}

/** @returns a copy with local references */
function renamed(value: unknown, names: ReadonlyMap<string, string>, unknown: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names, unknown));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    if (key !== 'reference' || typeof member !== 'string') return [key, renamed(member, names, unknown)];
    if (member.startsWith('#') || parseLocalId(member)) return [key, member];
    const local = names.get(finalIdOf(member) ?? '');
    if (local === undefined) unknown.add(member);
    return [key, local ?? member];
  });
  return Object.fromEntries(members);
}
