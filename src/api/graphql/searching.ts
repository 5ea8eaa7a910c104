/** Turns the list and connection fields of GraphQL into FHIR searches, over the same reader as the searches of REST. */

import type { StoredType } from '../../fhir/definitions.ts';
import type { Identified } from '../../store/resources.ts';
import type { SearchQuery } from '../../store/store.ts';
import { CURSOR } from '../cursor.ts';
import { permit } from '../permit.ts';
import { LARGEST_COUNT } from '../search/controls.ts';
import { readSearch } from '../search/request.ts';
import type { Asking } from './asking.ts';
import { GraphqlRefusal, refusalOf, tooCostly } from './refusal.ts';

/** A search as its field asks for it. */
export interface Sought {
  readonly type: StoredType;
  /** of the field, by names of GraphQL */
  readonly args: Readonly<Record<string, unknown>>;
  /** codes of the search parameters by the names of their arguments */
  readonly codes: ReadonlyMap<string, string>;
  /** the resource that what is found refers to, and by which parameter */
  readonly referring?: { readonly code: string; readonly to: string };
}

interface Ready {
  readonly query: SearchQuery;
  readonly paged: unknown;
  readonly offset: number;
  readonly pageSize: number;
}

interface Edge {
  readonly mode: 'match';
  readonly score: undefined;
  readonly resource: Identified;
}

/** A page and what is known around it; what is not asked for is not worked out. */
export interface Connection {
  readonly edges: readonly Edge[];
  readonly offset: number;
  readonly pagesize: number;
  count(): Promise<number>;
  first(): Promise<string>;
  next(): Promise<string | null>;
}

/** @returns one page of what matches */
export async function listOf(asking: Asking, sought: Sought): Promise<readonly Identified[]> {
  const { query, offset, pageSize } = ready(asking, sought);
  return (await pageOf(asking, { ...query, count: pageSize + offset }, offset)).found;
}

/** @returns one page of what matches, and the way to the next */
export async function connectionOf(asking: Asking, sought: Sought): Promise<Connection> {
  const { query, paged, offset, pageSize } = ready(asking, sought);
  const { access, cursors, store } = asking.parts;
  const bound = { list: ['graphql', paged], access };
  const cursor = sought.args._cursor ?? sought.args.cursor;
  const place = typeof cursor === 'string' ? await cursors.open(cursor, bound) : undefined;
  if (place?.ok === false) throw new GraphqlRefusal(place.outcome);
  const after = place?.ok && place.value.after !== '' ? { after: place.value.after } : {};
  const { found, next } = await pageOf(asking, { ...query, count: pageSize + offset, ...after }, offset);
  return {
    edges: found.map((resource) => ({ mode: 'match', score: undefined, resource })),
    offset,
    pagesize: pageSize,
    count() {
      asking.budget.spend('searches');
      return store.countMatches(query);
    },
    first: () => cursors.seal({ after: '' }, bound),
    next: async () => (next === undefined ? null : await cursors.seal({ after: next }, bound)),
  };
}

function ready(asking: Asking, sought: Sought): Ready {
  const { access, clauses } = asking.parts;
  const { type, args } = sought;
  const allowed = permit(access, [type], 'search');
  if (!allowed.ok) throw new GraphqlRefusal(allowed.outcome);
  const pairs = pairsOf(sought);
  for (const [name] of pairs) asking.params.add(name);
  const search = readSearch(clauses, { types: [type], query: pairs, strict: true });
  if (!search.ok) throw new GraphqlRefusal(search.outcome);
  const within = permit(access, search.value.within, 'search');
  if (!within.ok) throw new GraphqlRefusal(within.outcome);
  const [query] = search.value.queries;
  const offset = whole(args._offset, '_offset') ?? 0;
  const pageSize = Math.min(search.value.controls.count, LARGEST_COUNT);
  if (offset + pageSize > LARGEST_COUNT)
    throw tooCostly(
      `_offset and _count together are at most ${LARGEST_COUNT}; go on by the cursor of a connection.`,
    );
  return { query: query!, paged: search.value.paged, offset, pageSize };
}

function pairsOf({ args, codes, referring }: Sought): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = referring ? [[referring.code, referring.to]] : [];
  for (const [name, code] of codes)
    for (const value of valuesOf(args[name])) pairs.push([code, String(value)]);
  for (const name of ['_id', '_lastUpdated', '_sort'])
    for (const value of valuesOf(args[name])) pairs.push([name, String(value)]);
  const count = whole(args._count, '_count');
  if (count !== undefined) pairs.push(['_count', String(count)]);
  return pairs.filter(([name]) => name !== CURSOR);
}

function valuesOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function whole(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw refusalOf({
    code: 'value',
    rule: 'api-search-value',
    diagnostics: `${name}: write a number from 0 on.`,
  });
}

async function pageOf(asking: Asking, query: SearchQuery, offset: number) {
  if (query.count === 0) return { found: [], next: undefined };
  asking.budget.spend('searches');
  const page = await asking.parts.store.search(query);
  const found = page.versions.slice(offset).flatMap(({ resource }) => (resource ? [resource] : []));
  for (const resource of found) asking.took(resource);
  return { found, next: page.next };
}
