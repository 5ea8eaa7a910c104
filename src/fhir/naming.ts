/** Turns a Bundle with local ids into resources under their final ids, references included. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { parseLocalId, resourceId } from './ids.ts';

/** Tag that a map puts on a resource which only adds to one that another record supplies in full. */
export const PARTIAL_TAG = {
  system: 'https://hedgerow.example/fhir/CodeSystem/contribution',
  code: 'partial',
} as const;

/** A resource under its final id. */
export interface NamedResource {
  readonly resource: Resource & { id: string };
  /** true: only some elements of a resource that another record supplies */
  readonly partial: boolean;
}

/**
 * Gives every resource of a mapped Bundle its final id and rewrites the references among them.
 * Resources that the map wrote twice under one local id become one: later elements win.
 * @param source name of the source, part of every id
 * @param bundle the map's output; taken over and changed in place
 * @returns resources without `partial` tags, in the Bundle's order
 * @source ADR 2
 */
export function nameResources(source: string, bundle: Bundle): NamedResource[] {
  const names = new Map<string, string>();
  const byKey = new Map<string, NamedResource>();
  for (const { resource } of bundle.entry ?? []) {
    if (!resource) continue;
    rename(resource, source, names);
    const partial = takePartialTag(resource);
    const key = `${resource.resourceType}/${resource.id}`;
    const before = byKey.get(key);
    if (!before) byKey.set(key, { resource: resource as Resource & { id: string }, partial });
    else
      byKey.set(key, { resource: overlaid(before.resource, resource), partial: before.partial && partial });
  }
  return [...byKey.values()];
}

/** Later elements win; what is absent there overwrites nothing. */
function overlaid<T extends object>(before: T, later: object): T {
  for (const [key, member] of Object.entries(later))
    if (member !== undefined) Object.assign(before, { [key]: member });
  return before;
}

function rename(value: object, source: string, names: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) rename(item, source, names);
    return;
  }
  const node = value as Record<string, unknown>;
  for (const key of Object.keys(node)) {
    const member = node[key];
    if (typeof member === 'object' && member !== null) rename(member, source, names);
    else if (
      typeof member === 'string' &&
      (key === 'reference' || (key === 'id' && 'resourceType' in node))
    ) {
      const final = finalName(member, source, names);
      if (final !== undefined) node[key] = key === 'id' ? final.slice(final.indexOf('/') + 1) : final;
    }
  }
}

/** @returns `Type/uuid`, or undefined when the text is no local id */
function finalName(text: string, source: string, names: Map<string, string>): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  const local = parseLocalId(text);
  if (!local) return undefined;
  const final = `${local.type}/${resourceId(source, local)}`;
  names.set(text, final);
  return final;
}

function takePartialTag(resource: Resource): boolean {
  const tags = resource.meta?.tag;
  const at =
    tags?.findIndex((tag) => tag.system === PARTIAL_TAG.system && tag.code === PARTIAL_TAG.code) ?? -1;
  if (!tags || at < 0) return false;
  tags.splice(at, 1);
  if (tags.length === 0) delete resource.meta!.tag;
  if (Object.values(resource.meta!).every((member) => member === undefined)) delete resource.meta;
  return true;
}
