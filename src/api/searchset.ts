/** Turns pages of the store into searchset Bundles with links that a client can follow. */
import type { Bundle, BundleEntry, BundleLink } from '@medplum/fhirtypes';
import { outcomeOf } from '../fhir/outcome.ts';
import type { SearchIndex } from '../store/search-index.ts';
import type { ResourceKey, Store, StoredVersion } from '../store/store.ts';
import type { Pairs } from './address.ts';
import { CURSOR, sealCursor } from './cursor.ts';
import type { Include, SearchRequest } from './search-request.ts';

/** What a search runs on. */
export interface SearchParts {
  readonly store: Store;
  /** finds the references of a match as the store has found them */
  readonly index: SearchIndex;
}

/**
 * Runs a search and lays its page out, with what the matches refer to where asked.
 * @param base FHIR base that links start with
 */
export async function searchset(parts: SearchParts, request: SearchRequest, base: string): Promise<Bundle> {
  const { query, used, paged } = request;
  const page = query.count === 0 ? { versions: [], next: undefined } : await parts.store.search(query);
  const included = await includedIn(parts, page.versions, request.includes);
  const entry: BundleEntry[] = [
    ...page.versions.map((version) => entryOf(version, base, 'match')),
    ...included.map((version) => entryOf(version, base, 'include')),
  ];
  if (request.warnings.length > 0)
    entry.push({ resource: outcomeOf(...request.warnings), search: { mode: 'outcome' } });
  const linkTo = (relation: string, place: string | undefined): BundleLink => ({
    relation,
    url: linkOf(base, query.type, place === undefined ? used : [...used, [CURSOR, sealCursor(place, paged)]]),
  });
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(request.total === 'none' ? {} : { total: await parts.store.countMatches(query) }),
    link: [linkTo('self', query.after), ...(page.next === undefined ? [] : [linkTo('next', page.next)])],
    ...(entry.length === 0 ? {} : { entry }),
  };
}

/** @returns an absolute address with a query */
export function linkOf(base: string, path: string, query: Pairs): string {
  const text = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return `${base}/${path}${text === '' ? '' : `?${text}`}`;
}

function entryOf(version: StoredVersion, base: string, mode: 'match' | 'include'): BundleEntry {
  return { fullUrl: `${base}/${version.type}/${version.id}`, resource: version.resource!, search: { mode } };
}

/** Each included resource once, and none that is a match already. */
async function includedIn(
  { store, index }: SearchParts,
  matches: readonly StoredVersion[],
  includes: readonly Include[],
): Promise<readonly StoredVersion[]> {
  if (includes.length === 0) return [];
  const here = new Set(matches.map((version) => `${version.type}/${version.id}`));
  const wanted = new Set<ResourceKey>();
  for (const { type, resource } of matches) {
    for (const row of index(resource!)) {
      const isAsked = includes.some(
        (include) =>
          row.kind === 'reference' &&
          row.param === `${type}.${include.index}` &&
          (include.target === undefined || row.target.startsWith(`${include.target}/`)),
      );
      if (isAsked && row.kind === 'reference' && isKey(row.target) && !here.has(row.target))
        wanted.add(row.target);
    }
  }
  return (await store.readMany([...wanted])).filter((version) => version.resource !== undefined);
}

function isKey(target: string): target is ResourceKey {
  return /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(target);
}
