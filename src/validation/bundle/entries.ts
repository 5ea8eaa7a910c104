/** Finds the entry of a Bundle that a reference means. */

import type { Entries, Json } from '../run.ts';
import { entriesOf, restfulOf } from './entry.ts';

const RELATIVE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** Resources by the texts that mean them. */
interface Index {
  /** by fullUrl, and by `fullUrl/_history/version` where the resource says its version; of several the first */
  readonly byUrl: ReadonlyMap<string, Json>;
  /** by `Type/id`, and by `Type/id/_history/version`; undefined where that means several */
  readonly byId: ReadonlyMap<string, Json | undefined>;
  /** of an entry with a RESTful fullUrl: what its relative references are relative to */
  readonly bases: ReadonlyMap<Json, string>;
}

/**
 * The entries are indexed when the first reference is followed: a Bundle of thousands is read once, and one that nothing
 * points into not at all.
 */
export class BundleEntries implements Entries {
  readonly bundle: Json;
  #index: Index | undefined;

  constructor(bundle: Json) {
    this.bundle = bundle;
  }

  /**
   * A relative reference is relative to the fullUrl of the entry that it stands in. Where that has no base, R4 gives it no
   * meaning; servers take it for one of theirs, and so it is followed to the entry of that type and id, if there is just one.
   * @param from resource of the entry that the reference stands in
   * @source hl7.org/fhir/R4/bundle.html#references
   */
  find(reference: string, from: Json): Json | undefined {
    this.#index ??= indexOf(this.bundle);
    const { byUrl, byId, bases } = this.#index;
    if (!RELATIVE.test(reference)) return byUrl.get(reference);
    const base = bases.get(from);
    return base === undefined ? byId.get(reference) : byUrl.get(base + reference);
  }
}

function indexOf(bundle: Json): Index {
  const byUrl = new Map<string, Json>();
  const byId = new Map<string, Json | undefined>();
  const urlOfId = new Map<string, string | undefined>();
  const bases = new Map<Json, string>();
  for (const { fullUrl, resource, type, id } of entriesOf(bundle)) {
    if (!resource) continue;
    const version = (resource.meta as Json | null | undefined)?.versionId;
    const ends = typeof version === 'string' ? ['', `/_history/${version}`] : [''];
    if (fullUrl !== undefined) {
      for (const end of ends) if (!byUrl.has(fullUrl + end)) byUrl.set(fullUrl + end, resource);
      const base = restfulOf(fullUrl)?.base;
      if (base !== undefined) bases.set(resource, base);
    }
    if (type === undefined || id === undefined) continue;
    for (const end of ends) {
      const key = `${type}/${id}${end}`;
      if (!byId.has(key)) byId.set(key, resource);
      else if (urlOfId.get(key) !== fullUrl) byId.set(key, undefined);
      urlOfId.set(key, fullUrl);
    }
  }
  return { byUrl, byId, bases };
}
