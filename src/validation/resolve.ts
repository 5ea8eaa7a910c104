/** Follows a reference to a resource at hand: contained, or an entry of the Bundle. */
import { type Contained, type Json, running } from './run.ts';

/** @returns the resource; undefined when it is elsewhere, or there is none */
export function resolveReference(reference: string): Json | undefined {
  const { rootResource, entries } = running();
  if (!reference.startsWith('#')) return entries?.find(reference, rootResource);
  if (reference === '#') return rootResource;
  return containedIn(rootResource, reference.slice(1));
}

/** @returns true for a resource that the one at hand contains */
export function isContained(value: unknown): boolean {
  return contentsOf(running().rootResource)?.all.has(value) === true;
}

/** @returns the contained resource of that id */
export function containedIn(resource: Json, id: string): Json | undefined {
  return contentsOf(resource)?.byId.get(id);
}

/** Read once a run: a resource may contain hundreds, with references to them in their thousands. */
function contentsOf(resource: Json): Contained | undefined {
  const { contained } = resource;
  if (!Array.isArray(contained)) return undefined;
  const run = running();
  run.contained ??= new Map();
  const known = run.contained.get(resource);
  if (known) return known;
  const byId = new Map<unknown, Json>();
  for (const one of contained as (Json | null)[])
    if (one?.id !== undefined && !byId.has(one.id)) byId.set(one.id, one);
  const contents: Contained = { byId, all: new Set(contained) };
  run.contained.set(resource, contents);
  return contents;
}
