/** Finds what comes along with the matches of a search: what they refer to, and what refers to them. */
import { STORED_TYPES } from '../../fhir/definitions.ts';
import { referencesOf, type SearchIndex } from '../../store/search-index.ts';
import type { ResourceKey, SeenStore, StoredVersion } from '../../store/store.ts';
import type { Include } from './controls.ts';
import { followedOf, type ServedSearch } from './served.ts';

/** What includes are followed with. */
export interface IncludeParts {
  /** of what the client may see */
  readonly store: SeenStore;
  /** finds the references of a resource as the store has found them */
  readonly index: SearchIndex;
  readonly served: ServedSearch;
  /** types that may come along; default: all */
  readonly isWanted?: ((type: string) => boolean) | undefined;
}

export interface Included {
  readonly versions: readonly StoredVersion[];
  /** true where more would have come along */
  readonly isCut: boolean;
}

/** On one page. */
export const MOST_INCLUDED = 1_000;
/** Rounds of `:iterate`. */
const MOST_ROUNDS = 8;
/** Resources whose referrers are looked for at once. */
const AT_ONCE = 100;

/** @returns each once, and none that is a match already */
export async function includedWith(
  parts: IncludeParts,
  matches: readonly StoredVersion[],
  includes: readonly Include[],
): Promise<Included> {
  const found = new Gathered(matches);
  let from = matches;
  let asked = includes;
  for (let round = 0; round < MOST_ROUNDS && from.length > 0 && asked.length > 0 && !found.isCut; round++) {
    const forward = asked.filter(({ isReverse }) => !isReverse);
    const keys = [...new Set(from.flatMap((version) => targetsOf(parts, version, forward)))];
    const fresh = found.addAll(await readAll(parts, found.unknown(keys)));
    for (const include of asked)
      if (include.isReverse) fresh.push(...(await referrers(parts, from, include, found)));
    from = fresh;
    asked = includes.filter(({ isIterated }) => isIterated);
  }
  return { versions: found.versions, isCut: found.isCut };
}

/** What has come along so far. */
class Gathered {
  readonly versions: StoredVersion[] = [];
  isCut = false;
  readonly #here: Set<string>;

  constructor(matches: readonly StoredVersion[]) {
    this.#here = new Set(matches.map(keyOf));
  }

  /** @returns those that are not here yet, as many as there is room for */
  unknown(keys: readonly ResourceKey[]): readonly ResourceKey[] {
    const fresh = keys.filter((key) => !this.#here.has(key));
    if (fresh.length > this.room) this.isCut = true;
    return fresh.slice(0, this.room);
  }

  get room(): number {
    return MOST_INCLUDED - this.versions.length;
  }

  /** @returns those that were not here yet */
  addAll(versions: readonly StoredVersion[]): StoredVersion[] {
    const fresh = versions.filter((one) => one.state === 'current' && !this.#here.has(keyOf(one)));
    if (fresh.length > this.room) this.isCut = true;
    const taken = fresh.slice(0, this.room);
    for (const one of taken) this.#here.add(keyOf(one));
    this.versions.push(...taken);
    return taken;
  }
}

function keyOf({ type, id }: StoredVersion): ResourceKey {
  return `${type}/${id}`;
}

function targetsOf(
  { index, served, isWanted }: IncludeParts,
  { type, resource }: StoredVersion,
  includes: readonly Include[],
): readonly ResourceKey[] {
  const own = includes.filter(({ source }) => source === '*' || source === type);
  if (own.length === 0 || !resource) return [];
  const rows = index(resource);
  const targets = own.flatMap(({ code, target }) => {
    const codes = code === undefined ? followedOf(served, type).map((one) => one.code) : [code];
    const all = codes.flatMap((one) => referencesOf(() => rows, resource, one));
    return target === undefined ? all : all.filter((one) => one.startsWith(`${target}/`));
  });
  return targets.filter(isKey).filter((key) => isWanted?.(key.slice(0, key.indexOf('/'))) ?? true);
}

async function readAll(
  { store }: IncludeParts,
  keys: readonly ResourceKey[],
): Promise<readonly StoredVersion[]> {
  return keys.length === 0 ? [] : await store.readMany(keys);
}

/** @returns those that were not here yet */
async function referrers(
  { store, served, isWanted }: IncludeParts,
  from: readonly StoredVersion[],
  { source, code, target }: Include,
  found: Gathered,
): Promise<StoredVersion[]> {
  const sources = source === '*' ? STORED_TYPES : [source];
  const fresh: StoredVersion[] = [];
  for (const type of sources.filter((one) => isWanted?.(one) ?? true)) {
    for (const parameter of followedOf(served, type)) {
      if (code !== undefined && parameter.code !== code) continue;
      const referred = from.filter(
        (one) => parameter.targets.includes(one.type) && (target ?? one.type) === one.type,
      );
      for (let at = 0; at < referred.length && !found.isCut; at += AT_ONCE) {
        const targets = referred.slice(at, at + AT_ONCE).map(keyOf);
        const clauses = [{ kind: 'reference', param: parameter.code, targets } as const];
        // one more than there is room for says that there are more
        const page = await store.search({ type, clauses, count: found.room + 1 });
        fresh.push(...found.addAll(page.versions));
      }
    }
  }
  return fresh;
}

function isKey(target: string): target is ResourceKey {
  return /^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(target);
}
