/** Turns what an EHR answers into changes: the resources of a Bundle with their ids, versions and times; what is no FHIR is refused whole. */
import type { Provenance, Resource } from '@medplum/fhirtypes';
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { Identified, ResourceKey } from '../../store/store.ts';

/** One version of a resource at the EHR, under its ids. */
export interface Change {
  readonly type: string;
  readonly remoteId: string;
  /** version id; undefined where the EHR gives none */
  readonly version: string | undefined;
  /** epoch ms; undefined where the EHR gives none */
  readonly updatedMs: number | undefined;
  /** undefined: deleted, or only named (`isNamed`) */
  readonly resource: Identified | undefined;
  /** only its id is known: it has to be read */
  readonly isNamed: boolean;
}

export interface Page {
  readonly changes: readonly Change[];
  /** Provenance that came along, by the `Type/id` that it is about */
  readonly provenance: ReadonlyMap<ResourceKey, Provenance>;
  /** address of the next page */
  readonly next: string | undefined;
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const KEY = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;
/** Deeper resources are nobody's: walking them would run out of stack. */
const DEEPEST = 64;

/** @param types wanted; Provenance that comes along is told apart, unless it is wanted itself */
export function pageOf(body: unknown, types: ReadonlySet<string>): Checked<Page> {
  const bundle = body as { resourceType?: unknown; entry?: unknown; link?: unknown } | undefined;
  if (bundle?.resourceType !== 'Bundle' || !(bundle.entry === undefined || Array.isArray(bundle.entry)))
    return noFhir('no Bundle');
  const changes: Change[] = [];
  const provenance = new Map<ResourceKey, Provenance>();
  for (const entry of (bundle.entry as readonly unknown[] | undefined) ?? []) {
    const change = changeOf(entry);
    if (change === 'broken') return noFhir('an entry that is no resource, or one without a valid id');
    if (change?.resource?.resourceType === 'Provenance' && !types.has('Provenance'))
      for (const { reference } of change.resource.target ?? []) {
        const key = keyOf(reference);
        if (key) provenance.set(key, change.resource);
      }
    else if (change && types.has(change.type)) changes.push(change);
  }
  return { ok: true, value: { changes, provenance, next: nextOf(bundle.link) } };
}

function noFhir(what: string): Checked<never> {
  return refuse({
    code: 'structure',
    rule: 'ehr-no-fhir',
    diagnostics: `The EHR answered with ${what}; nothing of the answer was taken over.`,
  });
}

/** @returns undefined for what tells of no resource */
function changeOf(value: unknown): Change | 'broken' | undefined {
  const entry = value as {
    resource?: unknown;
    fullUrl?: unknown;
    request?: { method?: unknown; url?: unknown };
    response?: { lastModified?: unknown };
  } | null;
  if (typeof entry !== 'object' || entry === null) return 'broken';
  if (entry.resource !== undefined) return changeIn(entry.resource);
  const url = [entry.request?.url, entry.fullUrl].find((one) => typeof one === 'string');
  const [, type, remoteId] = KEY.exec(String(url ?? '')) ?? [];
  if (type === undefined || remoteId === undefined) return undefined;
  const isNamed = entry.request?.method !== 'DELETE';
  const removedMs = Date.parse(String(entry.response?.lastModified));
  const updatedMs = isNamed || Number.isNaN(removedMs) ? undefined : removedMs;
  return { type, remoteId, version: undefined, updatedMs, resource: undefined, isNamed };
}

/** @returns a resource as a change, or what is wrong with it */
export function changeIn(value: unknown): Change | 'broken' | undefined {
  const resource = value as (Resource & { id?: unknown }) | null;
  if (typeof resource !== 'object' || resource === null || typeof resource.resourceType !== 'string')
    return 'broken';
  if (resource.resourceType === 'OperationOutcome') return undefined;
  if (typeof resource.id !== 'string' || !ID.test(resource.id) || !isSound(resource, 0)) return 'broken';
  const { versionId, lastUpdated } = resource.meta ?? {};
  const updatedMs = Date.parse(lastUpdated ?? '');
  return {
    type: resource.resourceType,
    remoteId: resource.id,
    version: typeof versionId === 'string' ? versionId : undefined,
    updatedMs: Number.isNaN(updatedMs) ? undefined : updatedMs,
    resource: resource as Identified,
    isNamed: false,
  };
}

/** @returns a resource that is only named by a reference */
export function namedChange(reference: string | undefined): Change | undefined {
  const [type, remoteId] = keyOf(reference)?.split('/') ?? [];
  if (type === undefined || remoteId === undefined) return undefined;
  return { type, remoteId, version: undefined, updatedMs: undefined, resource: undefined, isNamed: true };
}

function keyOf(reference: string | undefined): ResourceKey | undefined {
  const [, type, id] = KEY.exec(reference ?? '') ?? [];
  return type === undefined ? undefined : `${type}/${id}`;
}

function isSound(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > DEEPEST || Object.hasOwn(value, '__proto__')) return false;
  return Object.values(value).every((member) => isSound(member, depth + 1));
}

function nextOf(links: unknown): string | undefined {
  if (!Array.isArray(links)) return undefined;
  const next = (links as readonly { relation?: unknown; url?: unknown }[]).find(
    (one) => one?.relation === 'next',
  );
  return typeof next?.url === 'string' ? next.url : undefined;
}
