/** Holds one version of a resource against the conditions of a search, by the rows that the store's index makes of it. */
import type { IndexRow } from '../../store/index-row.ts';
import { searchedParameter } from '../../store/search-parameters.ts';
import type { DateValue, ResourceKey, SearchClause, TokenValue } from '../../store/store.ts';

/** What is held against the conditions. */
export interface Indexed {
  readonly type: string;
  readonly id: string;
  readonly rows: readonly IndexRow[];
}

type Matchable = Extract<SearchClause, { kind: 'id' | 'token' | 'reference' | 'date' | 'missing' }>;
const MATCHABLE: ReadonlySet<SearchClause['kind']> = new Set(['id', 'token', 'reference', 'date', 'missing']);

/** @returns whether one version alone says if the condition holds */
export function isMatchable(clause: SearchClause): clause is Matchable {
  return MATCHABLE.has(clause.kind);
}

/** @param clauses matchable ones: all must hold */
export function matches(one: Indexed, clauses: readonly SearchClause[]): boolean {
  return clauses.every((clause) => isMatchable(clause) && holds(one, clause));
}

function holds({ type, id, rows }: Indexed, clause: Matchable): boolean {
  switch (clause.kind) {
    case 'id':
      return clause.ids.includes(id) !== (clause.not ?? false);
    case 'token':
      return rowsOf(rows, type, clause.param).some((row) => isToken(row, clause.values)) !== !!clause.not;
    case 'reference':
      return rowsOf(rows, type, clause.param).some((row) => refersTo(row, clause.targets));
    case 'date':
      return rowsOf(rows, type, clause.param).some((row) => isWithin(row, clause.values));
    case 'missing':
      return (rowsOf(rows, type, clause.param).length === 0) === clause.isMissing;
  }
}

function rowsOf(rows: readonly IndexRow[], type: string, param: string): readonly IndexRow[] {
  const { rows: names, only } = searchedParameter(type, param);
  return rows.filter(
    (row) =>
      names.includes(row.param) &&
      (only === undefined || (row.kind === 'reference' && row.target.startsWith(`${only}/`))),
  );
}

function isToken(row: IndexRow, values: readonly TokenValue[]): boolean {
  if (row.kind !== 'token') return false;
  return values.some(
    ({ system, code }) =>
      (system === undefined || system === row.system) && (code === undefined || code === row.code),
  );
}

function refersTo(row: IndexRow, targets: readonly ResourceKey[]): boolean {
  return row.kind === 'reference' && targets.includes(row.target as ResourceKey);
}

/** `ap` is as `eq` is: how near is near enough nobody has said. @source FHIR R4, 3.1.1.5.6 */
function isWithin(row: IndexRow, values: readonly DateValue[]): boolean {
  if (row.kind !== 'date') return false;
  const { lowMs: from, highMs: until } = row;
  return values.some(({ prefix, lowMs, highMs }) => {
    const inside = from >= lowMs && until <= highMs;
    if (prefix === 'eq') return inside;
    if (prefix === 'ne') return !inside;
    if (prefix === 'gt') return until > highMs;
    if (prefix === 'lt') return from < lowMs;
    if (prefix === 'ge') return until > highMs || inside;
    if (prefix === 'le') return from < lowMs || inside;
    if (prefix === 'sa') return from >= highMs;
    if (prefix === 'eb') return until <= lowMs;
    return from < highMs && until > lowMs;
  });
}
