/** Follows a reference to a resource at hand: contained, or an entry of the Bundle. */
import { type Json, running } from './run.ts';

/** @returns the resource; undefined when it is elsewhere, or there is none */
export function resolveReference(reference: string): Json | undefined {
  const { rootResource, entries } = running();
  if (!reference.startsWith('#')) return entries?.find(reference, rootResource);
  if (reference === '#') return rootResource;
  return containedIn(rootResource, reference.slice(1));
}

/** @returns true for a resource that the one at hand contains */
export function isContained(value: unknown): boolean {
  const { contained } = running().rootResource;
  return Array.isArray(contained) && contained.includes(value);
}

/** @returns the contained resource of that id */
export function containedIn({ contained }: Json, id: string): Json | undefined {
  if (!Array.isArray(contained)) return undefined;
  return (contained as (Json | null)[]).find((one) => one?.id === id) ?? undefined;
}
