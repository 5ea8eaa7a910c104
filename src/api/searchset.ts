/** Turns pages of the store into searchset and history Bundles with links that a client can follow. */
import type { Bundle, BundleEntry, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { outcomeOf } from '../fhir/outcome.ts';
import type { ResourceKey, SearchPage, Store, StoredVersion } from '../store/store.ts';
import { CURSOR, type SearchRequest } from './search-request.ts';

/** Where the Bundle is asked for. */
export interface Address {
  /** `http://host/fhir/R4` */
  readonly base: string;
  /** path under the base, such as `ServiceRequest` or `Task/1/_history` */
  readonly path: string;
}

/** Runs a search and lays its page out, with what the matches refer to where asked. */
export async function searchset(store: Store, request: SearchRequest, address: Address): Promise<Bundle> {
  const page: SearchPage =
    request.query.count === 0 ? { versions: [], next: undefined } : await store.search(request.query);
  const included = await includedIn(store, page.versions, request.includes);
  const entry: BundleEntry[] = [
    ...page.versions.map((version) => entryOf(version, address.base, 'match')),
    ...included.map((version) => entryOf(version, address.base, 'include')),
    ...(request.warnings.length === 0 ? [] : [warningEntry(request.warnings)]),
  ];
  const link: Bundle['link'] = [
    { relation: 'self', url: urlOf(address, [...request.own, ...cursorOf(request.query.after)]) },
  ];
  if (page.next !== undefined)
    link.push({ relation: 'next', url: urlOf(address, [...request.own, ...cursorOf(page.next)]) });
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(request.total === 'none' ? {} : { total: await store.countMatches(request.query) }),
    link,
    ...(entry.length === 0 ? {} : { entry }),
  };
}

/** Newest version first; a deleted version has a request and no resource. */
export function historyBundle(
  versions: readonly StoredVersion[],
  next: number | undefined,
  count: number,
  address: Address,
): Bundle {
  const link: Bundle['link'] = [{ relation: 'self', url: urlOf(address, [['_count', String(count)]]) }];
  if (next !== undefined)
    link.push({
      relation: 'next',
      url: urlOf(address, [
        ['_count', String(count)],
        [CURSOR, String(next)],
      ]),
    });
  return {
    resourceType: 'Bundle',
    type: 'history',
    link,
    entry: versions.map((version) => ({
      fullUrl: `${address.base}/${version.type}/${version.id}`,
      ...(version.resource ? { resource: version.resource } : {}),
      request: { method: version.resource ? 'PUT' : 'DELETE', url: `${version.type}/${version.id}` },
      response: {
        status: version.resource ? (version.version === 1 ? '201' : '200') : '204',
        etag: `W/"${version.version}"`,
        lastModified: new Date(version.lastUpdatedMs).toISOString(),
      },
    })),
  };
}

function entryOf(version: StoredVersion, base: string, mode: 'match' | 'include'): BundleEntry {
  return { fullUrl: `${base}/${version.type}/${version.id}`, resource: version.resource!, search: { mode } };
}

function warningEntry(warnings: readonly OperationOutcomeIssue[]): BundleEntry {
  return { resource: outcomeOf(...warnings), search: { mode: 'outcome' } };
}

/** Each included resource once, and none that is a match already. */
async function includedIn(
  store: Store,
  matches: readonly StoredVersion[],
  includes: readonly string[],
): Promise<readonly StoredVersion[]> {
  if (includes.length === 0) return [];
  const here = new Set(matches.map((version) => `${version.type}/${version.id}`));
  const wanted = new Set<ResourceKey>();
  for (const { resource } of matches) {
    for (const include of includes) {
      for (const key of referencesAt(resource, ELEMENTS[include] ?? [include]))
        if (!here.has(key)) wanted.add(key);
    }
  }
  return (await store.readMany([...wanted])).filter((version) => version.resource !== undefined);
}

/** Elements that hold the references of a parameter, where they are not named as the parameter is. */
const ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  patient: ['subject', 'patient', 'for', 'individual', 'participant'],
  'based-on': ['basedOn'],
  'derived-from': ['derivedFrom'],
  organization: ['organization', 'managingOrganization', 'providedBy'],
};

function referencesAt(resource: unknown, elements: readonly string[]): ResourceKey[] {
  const found: ResourceKey[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null) {
      const { reference, actor, individual } = value as {
        reference?: unknown;
        actor?: unknown;
        individual?: unknown;
      };
      if (typeof reference === 'string' && /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]+$/.test(reference))
        found.push(reference as ResourceKey);
      if (actor) visit(actor);
      if (individual) visit(individual);
    }
  };
  for (const element of elements) visit((resource as Record<string, unknown> | undefined)?.[element]);
  return found;
}

function cursorOf(after: string | undefined): (readonly [string, string])[] {
  return after === undefined ? [] : [[CURSOR, after]];
}

function urlOf({ base, path }: Address, query: readonly (readonly [string, string])[]): string {
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString();
  return `${base}/${path}${text === '' ? '' : `?${text}`}`;
}
