/** Turns a search into one SQL statement: the most selective condition gives the rows, the others are looked up for each. */

import { indexText } from '../index-text.ts';
import type { DatePrefix, SearchClause, SearchQuery } from '../store.ts';
import type { Names } from './index-rows.ts';
import { RESOURCE_COLUMNS, type ResourceRow } from './resource-rows.ts';
import { type Dialect, oneTime, type Step } from './statement.ts';

/** SQL text with the values of its question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly (string | number)[];
}
/** Knows the numbers of names. */
type Numbers = Pick<Names, 'known'>;
type Clause<K extends SearchClause['kind']> = Extract<SearchClause, { kind: K }>;

/** @returns one row more than `count` when there is a next page, in order of rid: stable while others write */
export function* searchRows(names: Names, query: SearchQuery): Step<readonly ResourceRow[]> {
  const { sqlite, postgres } = yield* searchSqls(names, query, RESOURCE_COLUMNS);
  const page = oneTime({ sqlite: `${sqlite.text} LIMIT ?`, postgres: `${postgres.text} LIMIT ?` });
  return (yield* page.all(...sqlite.values, query.count + 1)) as readonly ResourceRow[];
}

export function* countRows(names: Names, query: SearchQuery): Step<number> {
  const { sqlite, postgres } = yield* searchSqls(names, { ...query, after: undefined }, 'r.rid');
  const count = (text: string): string => `SELECT count(*) AS matches FROM (${text}) matched`;
  const counted = oneTime({ sqlite: count(sqlite.text), postgres: count(postgres.text) });
  return ((yield* counted.get(...sqlite.values)) as { matches: number }).matches;
}

/** Both engines' texts; the values are the same. */
function* searchSqls(names: Names, query: SearchQuery, columns: string): Step<Record<Dialect, Sql>> {
  for (const name of namesIn(query)) yield* names.find(name);
  return {
    sqlite: searchSql(names, query, columns, 'sqlite'),
    postgres: searchSql(names, query, columns, 'postgres'),
  };
}

/** What a search is looked up by, to be numbered. */
function namesIn({ type, clauses }: SearchQuery): string[] {
  return clauses.flatMap((clause) => [
    ...('param' in clause ? [`${type}.${clause.param}`] : []),
    ...(clause.kind === 'token'
      ? clause.values.flatMap(({ system }) => (system === undefined ? [] : indexText(system)))
      : []),
  ]);
}

/** The statement without its limit. @param names knows the names of the search, where they have numbers */
export function searchSql(names: Numbers, query: SearchQuery, columns: string, dialect: Dialect): Sql {
  const after = Number(query.after ?? 0);
  const driver = [...query.clauses].sort((a, b) => weightOf(a) - weightOf(b))[0];
  const rows = driver && driverSql(names, query.type, driver, after, dialect);
  const filters = query.clauses.filter((clause) => !rows || clause !== driver);
  const where: Sql[] = [
    { text: 'r.type = ?', values: [query.type] },
    { text: `r.state = 'current'`, values: [] },
    ...(rows ? [] : [{ text: 'r.rid > ?', values: [after] }]),
    ...filters.map((clause) => filterSql(names, query.type, clause, dialect)),
  ];
  const from = rows ? `(${rows.text}) d ${JOIN[dialect]} resource r ON r.rid = d.rid` : 'resource r';
  return {
    text: `SELECT ${columns} FROM ${from} WHERE ${where.map((one) => one.text).join(' AND ')} ORDER BY ${rows ? 'd' : 'r'}.rid`,
    values: [...(rows?.values ?? []), ...where.flatMap((one) => one.values)],
  };
}

/** SQLite joins in the order of the words only when told to. */
const JOIN: Readonly<Record<Dialect, string>> = { sqlite: 'CROSS JOIN', postgres: 'JOIN' };

/** The less, the fewer rows the condition is likely to leave. */
function weightOf(clause: SearchClause): number {
  if (clause.kind === 'token')
    return clause.param === 'identifier' && clause.values.every((value) => value.code !== undefined) ? 1 : 4;
  return { id: 0, reference: 2, date: 3, lastUpdated: 5 }[clause.kind];
}

/** @returns the rids that a condition leaves, each once and in order; undefined where `resource` itself is searched */
function driverSql(
  names: Numbers,
  type: string,
  clause: SearchClause,
  after: number,
  dialect: Dialect,
): Sql | undefined {
  if (clause.kind === 'id') return undefined;
  const rids =
    clause.kind === 'lastUpdated' ? updatedSql(type, clause, dialect) : ridsSql(names, type, clause);
  if (rids.length === 0) return { text: 'SELECT 0 AS rid WHERE 1 = 0', values: [] };
  const parts = rids.map(({ text, values }) => ({ text: `${text} AND rid > ?`, values: [...values, after] }));
  const all = parts.map((part) => part.text).join(' UNION ');
  return {
    text: `${all}${parts.length === 1 ? ' GROUP BY rid' : ''} ORDER BY rid`,
    values: parts.flatMap((part) => part.values),
  };
}

/** Asked for what changed lately, the planner would rather walk all rids in order; it is told not to. */
function updatedSql(type: string, clause: Clause<'lastUpdated'>, dialect: Dialect): Sql[] {
  const hint = dialect === 'sqlite' ? 'INDEXED BY resource_updated' : '';
  return clause.values.map(({ prefix, lowMs, highMs }) => {
    const { text, values } = LAST_UPDATED_SQL[prefix](lowMs, highMs);
    return {
      text: `SELECT rid FROM resource ${hint} WHERE type = ? AND state = 'current' AND ${text}`,
      values: [type, ...values],
    };
  });
}

function filterSql(names: Numbers, type: string, clause: SearchClause, dialect: Dialect): Sql {
  if (clause.kind === 'id') return { text: `r.id IN (${marks(clause.ids)})`, values: clause.ids };
  if (clause.kind === 'lastUpdated')
    return anyOf(clause.values.map(({ prefix, lowMs, highMs }) => LAST_UPDATED_SQL[prefix](lowMs, highMs)));
  if (clause.kind === 'date')
    return anyOf(clause.values.map((value) => datesOfRow(`${type}.${clause.param}`, value, dialect)));
  return anyOf(
    ridsSql(names, type, clause).map(({ text, values }) =>
      text.includes('code = ?') || text.includes('target = ?')
        ? { text: `EXISTS (${text} AND rid = r.rid)`, values }
        : { text: `r.rid IN (${text})`, values },
    ),
  );
}

/** In SQLite dates are clustered by time, so those of one row are read from its content instead: see `search_dates`. */
const DATES_OF_ROW: Readonly<Record<Dialect, string>> = {
  sqlite: 'SELECT value ->> 0 AS low_ms, value ->> 1 AS high_ms FROM json_each(search_dates(r.content, ?))',
  postgres:
    'SELECT s.low_ms, s.high_ms FROM search_date s JOIN name n ON n.nid = s.param WHERE s.rid = r.rid AND n.text = ?',
};

function datesOfRow(param: string, value: Clause<'date'>['values'][number], dialect: Dialect): Sql {
  const { text, values } = DATE_SQL[value.prefix](value.lowMs, value.highMs);
  return {
    text: `EXISTS (SELECT 1 FROM (${DATES_OF_ROW[dialect]}) dates WHERE ${text})`,
    values: [param, ...values],
  };
}

/** No row has the name yet: nothing matches, and number 0 stands for none. */
const NO_NAME = 0;

/** One SELECT of rids an alternative. */
function ridsSql(names: Numbers, type: string, clause: Clause<'token' | 'reference' | 'date'>): Sql[] {
  const param = names.known(`${type}.${clause.param}`) ?? NO_NAME;
  if (clause.kind === 'reference')
    return clause.targets.map((target) => ({
      text: 'SELECT rid FROM search_ref WHERE param = ? AND target = ?',
      values: [param, indexText(target)],
    }));
  if (clause.kind === 'token') return clause.values.map((value) => tokenSql(names, param, value));
  return clause.values.map(({ prefix, lowMs, highMs }) => {
    const { text, values } = DATE_SQL[prefix](lowMs, highMs);
    return {
      text: `SELECT rid FROM search_date WHERE param = ? AND ${text}`,
      values: [param, ...values],
    };
  });
}

/** A code without a system may stand under several in one resource. */
function tokenSql(names: Numbers, param: number, { system, code }: Clause<'token'>['values'][number]): Sql {
  const parts: Sql[] = [{ text: 'param = ?', values: [param] }];
  if (code !== undefined) parts.push({ text: 'code = ?', values: [indexText(code)] });
  if (system !== undefined)
    parts.push({ text: 'system = ?', values: [names.known(indexText(system)) ?? NO_NAME] });
  return {
    text: `SELECT rid FROM search_token WHERE ${parts.map((part) => part.text).join(' AND ')}`,
    values: parts.flatMap((part) => part.values),
  };
}

/**
 * What each prefix asks of a row's range [low_ms, high_ms) against the searched [low, high).
 * @source FHIR R4, 3.1.1.4.7; `ap` here means that the ranges overlap
 */
const DATE_SQL: Readonly<Record<DatePrefix, (low: number, high: number) => Sql>> = {
  eq: (low, high) => ({ text: 'low_ms >= ? AND low_ms < ? AND high_ms <= ?', values: [low, high, high] }),
  ne: (low, high) => ({ text: '(low_ms < ? OR high_ms > ?)', values: [low, high] }),
  lt: (low) => ({ text: 'low_ms < ?', values: [low] }),
  gt: (_low, high) => ({ text: 'high_ms > ?', values: [high] }),
  le: (low, high) => ({ text: 'low_ms < ? AND (low_ms < ? OR high_ms <= ?)', values: [high, low, high] }),
  ge: (low, high) => ({ text: '(high_ms > ? OR low_ms >= ?)', values: [high, low] }),
  sa: (_low, high) => ({ text: 'low_ms >= ?', values: [high] }),
  eb: (low) => ({ text: 'high_ms <= ? AND low_ms < ?', values: [low, low] }),
  ap: (low, high) => ({ text: 'low_ms < ? AND high_ms > ?', values: [high, low] }),
};

/** A version's time is an instant: a range of one millisecond. */
const LAST_UPDATED_SQL: Readonly<Record<DatePrefix, (low: number, high: number) => Sql>> = {
  eq: (low, high) => ({ text: '(last_updated_ms >= ? AND last_updated_ms < ?)', values: [low, high] }),
  ne: (low, high) => ({ text: '(last_updated_ms < ? OR last_updated_ms >= ?)', values: [low, high] }),
  lt: (low) => ({ text: 'last_updated_ms < ?', values: [low] }),
  gt: (_low, high) => ({ text: 'last_updated_ms >= ?', values: [high] }),
  le: (_low, high) => ({ text: 'last_updated_ms < ?', values: [high] }),
  ge: (low) => ({ text: 'last_updated_ms >= ?', values: [low] }),
  sa: (_low, high) => ({ text: 'last_updated_ms >= ?', values: [high] }),
  eb: (low) => ({ text: 'last_updated_ms < ?', values: [low] }),
  ap: (low, high) => LAST_UPDATED_SQL.eq(low, high),
};

/** Alternatives; none of them holds for an empty list. */
function anyOf(alternatives: readonly Sql[]): Sql {
  if (alternatives.length === 0) return { text: '1 = 0', values: [] };
  return {
    text: `(${alternatives.map((one) => one.text).join(' OR ')})`,
    values: alternatives.flatMap((one) => one.values),
  };
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
