/** Runs searches: a page, or how many there are, of what holds for a viewer. */
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import type { SearchIndex } from '../search-index.ts';
import type { SearchClause, SearchQuery, SortKey } from '../search-query.ts';
import type { Viewer } from '../viewer.ts';
import type { Names } from './index-rows.ts';
import { type ResourceRow, selectResourcesAt, storedVersion } from './resource-rows.ts';
import type { Asking } from './search/asking.ts';
import { holdsSql } from './search/holds.ts';
import { nodesOf } from './search/nodes.ts';
import { countSql, type Planned, pageSql, restSql, sortedSql, walkSql } from './search/page.ts';
import { planSearch } from './search/plan.ts';
import { isColumn, isWalkable, orderOf, type Place, sortValues } from './search/sort.ts';
import { bothTexts } from './search/texts.ts';
import type { Sql } from './sql-text.ts';
import { madeOnce, type Step } from './statement.ts';
import { seenSql, seesAll } from './viewer.ts';

/** Who asks, and what a search needs of the store. */
export interface Searching {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly viewer: Viewer;
  readonly nowMs: number;
  /** remembers of which owners there are many */
  readonly manyOwned?: Set<string>;
}

/** @returns one row more than `count` where there is a next page; the order holds while others write */
export function* searchRows(searching: Searching, query: SearchQuery): Step<readonly ResourceRow[]> {
  const { type, sort = [], count } = query;
  const limit = count + 1;
  const nodes = nodesOf(type, query.clauses);
  const asking = askingOf(searching);
  const plan = yield* planSearch(asking, type, nodes, sort);
  const planned: Planned = { type, nodes, plan };
  const known = { ...asking, few: plan.few };
  if (sort.length === 0) {
    const after = Number(query.after?.split('.', 1)[0] ?? 0);
    return yield* rowsOf(known, (one) => pageSql(one, planned, after, limit));
  }
  const place = query.after === undefined ? undefined : yield* placeOf(searching, query.after, sort);
  if (plan.isSmall || !isWalkable(type, sort))
    return yield* rowsOf(known, (one) => sortedSql(one, planned, sort, place, limit));
  return yield* walkedRows(known, planned, sort[0]!, place, limit);
}

/** A page of several types in one order: each gives one, and what comes first of them all is the page. */
export function* searchAcross(
  searching: Searching,
  queries: readonly SearchQuery[],
): Step<readonly ResourceRow[]> {
  const [first, ...others] = queries;
  if (!first) return [];
  if (others.length === 0) return yield* searchRows(searching, first);
  const { sort = [], count } = first;
  const order = orderOf(sort);
  let page: readonly { readonly row: ResourceRow; readonly place: Place }[] = [];
  for (const query of queries) {
    const rows = yield* searchRows(searching, query);
    const placed = rows.map((row) => ({ row, place: placeOfRow(searching, row, sort) }));
    page = [...page, ...placed].toSorted((a, b) => order(a.place, b.place)).slice(0, count + 1);
  }
  return page.map(({ row }) => row);
}

/** First those that have what they are sorted by, then the others. */
function* walkedRows(
  asking: Asking,
  planned: Planned,
  key: SortKey,
  place: Place | undefined,
  limit: number,
): Step<readonly ResourceRow[]> {
  const isLast = place !== undefined && place.values[0] === null;
  const rows = isLast ? [] : yield* rowsOf(asking, (one) => walkSql(one, planned, key, place, limit));
  if (rows.length === limit || isColumn(key.param)) return rows;
  const after = isLast ? place.rid : undefined;
  const others = yield* rowsOf(asking, (one) => restSql(one, planned, key, after, limit - rows.length));
  return [...rows, ...others];
}

export function* countRows(
  searching: Searching,
  { type, clauses }: SearchQuery,
  most?: number,
): Step<number> {
  const nodes = nodesOf(type, clauses);
  const asking = askingOf(searching);
  const plan = yield* planSearch(asking, type, nodes, []);
  const isSeen = seesAll(searching.viewer);
  // where all are counted, to gather what a chain leads to costs less than to look it up for each
  const gathered = most === undefined ? nodes.filter(({ kind }) => kind === 'chain') : [];
  const few = new Set([...plan.few, ...gathered]);
  const planned = { type, nodes, plan: { ...plan, start: plan.counted } };
  const rows = yield* rowsOf({ ...asking, few }, (one) => countSql(one, planned, isSeen, most));
  return Number((rows[0] as unknown as { matches: number | string }).matches);
}

export function askingOf({ names, viewer, nowMs, manyOwned }: Searching): Asking {
  return {
    names,
    viewer,
    nowMs,
    manyOwned,
    dialect: 'sqlite',
    few: new Set(),
    depth: 0,
    holds: holdsSql,
    seen: seenSql,
  };
}

function* rowsOf(asking: Asking, make: (asking: Asking) => Sql): Step<readonly ResourceRow[]> {
  const { texts, values } = (yield* bothTexts(asking, make))!;
  return (yield* madeOnce(texts).all(...values)) as readonly ResourceRow[];
}

/** @returns the cursor of the page after a row: where it stands, and in which version, so that no value of it is shown */
export function cursorAfter({ rid, version }: ResourceRow, sort: readonly SortKey[] = []): string {
  return sort.length === 0 ? String(rid) : `${rid}.${version}`;
}

function* placeOf(searching: Searching, cursor: string, sort: readonly SortKey[]): Step<Place> {
  const [rid = 0, version = 0] = cursor.split('.').map(Number);
  const [row] = yield* selectResourcesAt([[rid, version]]);
  return row ? placeOfRow(searching, row, sort) : { rid, values: sort.map(() => null) };
}

function placeOfRow({ index }: Searching, row: ResourceRow, sort: readonly SortKey[]): Place {
  return { rid: row.rid, values: sortValues(index, storedVersion(row), sort) };
}

/** A number that was given up finds who had it, too: whoever asks from outside may know no newer one. */
export function withFormerNumbers(type: string, clauses: readonly SearchClause[]): SearchClause[] {
  return clauses.map((clause) => {
    if (clause.kind === 'any') return { ...clause, clauses: withFormerNumbers(type, clause.clauses) };
    if (clause.kind === 'chain' || clause.kind === 'has')
      return { ...clause, clauses: withFormerNumbers(clause.type, clause.clauses) };
    if (clause.kind !== 'token' || type !== 'Patient' || clause.param !== 'identifier') return clause;
    const former = clause.values.flatMap(({ system, code }) =>
      system === NHS_NUMBER_SYSTEM && code !== undefined ? [{ system: FORMER_NHS_NUMBER_SYSTEM, code }] : [],
    );
    return former.length === 0 ? clause : { ...clause, values: [...clause.values, ...former] };
  });
}
