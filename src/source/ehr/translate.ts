/** Turns a resource of an EHR into one of ours: ids and references as we know them, and nothing that only its server says of it. */
import { RESOURCE_ID_SYSTEM, resourceId } from '../../fhir/ids.ts';
import type { Identified, ResourceKey } from '../../store/store.ts';

const LOCAL = /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** @returns the id here of what was born there @source ADR 2 */
export function idOfRemote(target: string, type: string, remoteId: string): string {
  return resourceId(target, { type, role: 'remote', key: remoteId });
}

/** @returns `Type/id` of each resource of the EHR that a resource refers to */
export function remoteReferences(
  resource: unknown,
  baseUrl: string,
  found = new Set<ResourceKey>(),
): Set<ResourceKey> {
  if (Array.isArray(resource)) for (const item of resource) remoteReferences(item, baseUrl, found);
  else if (typeof resource === 'object' && resource !== null)
    for (const [name, member] of Object.entries(resource)) {
      const key = name === 'reference' ? remoteKey(member, baseUrl) : undefined;
      if (key) found.add(key);
      else remoteReferences(member, baseUrl, found);
    }
  return found;
}

function remoteKey(reference: unknown, baseUrl: string): ResourceKey | undefined {
  if (typeof reference !== 'string') return undefined;
  const text = reference.startsWith(`${baseUrl}/`) ? reference.slice(baseUrl.length + 1) : reference;
  return LOCAL.exec(text)?.[1] as ResourceKey | undefined;
}

export interface Translation {
  readonly baseUrl: string;
  /** id of the resource here */
  readonly id: string;
  /** the EHR's `Type/id` → ours; what is not in it is not kept here, and is named by its full address */
  readonly keys: ReadonlyMap<ResourceKey, ResourceKey>;
}

export function translated(resource: Identified, { baseUrl, id, keys }: Translation): Identified {
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const key = name === 'reference' ? remoteKey(member, baseUrl) : undefined;
        return [name, key ? (keys.get(key) ?? `${baseUrl}/${key}`) : rewrite(member)];
      }),
    );
  };
  const { meta, ...content } = withoutOurId(rewrite(resource) as Identified, id);
  const { versionId: _version, lastUpdated: _time, source: _source, ...rest } = meta ?? {};
  return { ...content, id, ...(Object.keys(rest).length > 0 ? { meta: rest } : {}) } as Identified;
}

interface Coded {
  readonly system?: string;
  readonly value?: string;
}

/** @returns our id, where the EHR's copy carries it as an identifier */
export function ourIdIn(resource: Identified): string | undefined {
  return identifiersOf(resource).find((one) => one.system === RESOURCE_ID_SYSTEM)?.value;
}

function identifiersOf(resource: Identified): readonly Coded[] {
  const found = (resource as { identifier?: Coded | Coded[] }).identifier;
  return Array.isArray(found) ? found : found ? [found] : [];
}

/** Our id is written into copies only so that servers with ids of their own can be asked by it. */
function withoutOurId(resource: Identified, id: string): Identified {
  const isOurs = (one: Coded): boolean => one.system === RESOURCE_ID_SYSTEM && one.value === id;
  const all = identifiersOf(resource);
  if (!all.some(isOurs)) return resource;
  const { identifier, ...rest } = resource as Identified & { identifier?: unknown };
  const kept = all.filter((one) => !isOurs(one));
  return (Array.isArray(identifier) && kept.length > 0 ? { ...rest, identifier: kept } : rest) as Identified;
}
