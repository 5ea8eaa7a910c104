/** Turns a history of a resource, a type or all into pages of versions, newest first: what is current and what it replaced, by the same order. */
import { STORED_TYPES } from '../../fhir/definitions.ts';
import type { HistoryPage, HistoryQuery } from '../history-query.ts';
import { selectResourcesAt, storedVersion } from './resource-rows.ts';
import type { Asking } from './search/asking.ts';
import { bothTexts } from './search/texts.ts';
import { allOf, joined, type Sql, sql } from './sql-text.ts';
import { madeOnce, type Step } from './statement.ts';
import { seenSql } from './viewer.ts';

/** A version's place in the order: by time, then resource, then number. */
interface Place {
  readonly ms: number;
  readonly rid: number;
  readonly version: number;
}

export function* changesPage(asking: Asking, query: HistoryQuery): Step<HistoryPage> {
  const place = query.after === undefined ? undefined : placeOf(query.after);
  const limit = query.count + 1;
  const found = (yield* rowsOf(asking, (one) => pageSql(one, query, place, limit))) as readonly Place[];
  const [counted] = (yield* rowsOf(asking, (one) => totalSql(one, query))) as readonly {
    n: number | string;
  }[];
  const wanted = found.slice(0, query.count).map(({ rid, version }) => [rid, version] as const);
  const rows = new Map(
    (yield* selectResourcesAt(wanted)).map((row) => [`${row.rid}.${row.version}`, row] as const),
  );
  const versions = wanted.flatMap(([rid, version]) => rows.get(`${rid}.${version}`) ?? []);
  const last = found[query.count - 1];
  return {
    versions: versions.map(storedVersion),
    next: found.length > query.count && last ? `${last.ms}.${last.rid}.${last.version}` : undefined,
    total: Number(counted?.n ?? 0),
  };
}

function placeOf(cursor: string): Place {
  const [ms = 0, rid = 0, version = 0] = cursor.split('.').map(Number);
  return { ms, rid, version };
}

/** One SELECT a type and table: each goes by its index, and none gives more than a page. */
function pageSql(asking: Asking, query: HistoryQuery, place: Place | undefined, limit: number): Sql {
  const parts = partsOf(asking, query, place).map(({ columns, from, time }, at) =>
    sql(
      `SELECT * FROM (SELECT ${columns} FROM ${from.text} ORDER BY ${orderOf(time)} LIMIT ?) p${at}`,
      ...[...from.values, limit],
    ),
  );
  if (parts.length === 0) return sql('SELECT 0 AS ms, 0 AS rid, 0 AS version WHERE 1 = 0');
  const all = joined(parts, ' UNION ALL ');
  return sql(
    `SELECT ms, rid, version FROM (${all.text}) changed ORDER BY ms DESC, rid DESC, version DESC LIMIT ?`,
    ...[...all.values, limit],
  );
}

function orderOf(alias: string): string {
  return `${alias}.last_updated_ms DESC, ${alias}.rid DESC, ${alias}.version DESC`;
}

function totalSql(asking: Asking, query: HistoryQuery): Sql {
  const parts = partsOf(asking, query, undefined).map(({ from }) =>
    sql(`(SELECT count(*) FROM ${from.text})`, ...from.values),
  );
  if (parts.length === 0) return sql('SELECT 0 AS n');
  const all = joined(parts, ' + ');
  return sql(`SELECT ${all.text} AS n`, ...all.values);
}

/** Versions of one table. */
interface Part {
  readonly columns: string;
  readonly from: Sql;
  /** alias of the versions */
  readonly time: 'r' | 'h';
}

function partsOf(asking: Asking, query: HistoryQuery, place: Place | undefined): Part[] {
  const types = query.type === undefined ? STORED_TYPES : [query.type];
  const { types: seen } = asking.viewer;
  return types
    .filter((type) => seen === undefined || seen.has(type))
    .flatMap((type) => [currentPart(asking, type, query, place), pastPart(asking, type, query, place)]);
}

const COLUMNS = (alias: string): string =>
  `${alias}.last_updated_ms AS ms, ${alias}.rid AS rid, ${alias}.version AS version`;

function currentPart(asking: Asking, type: string, query: HistoryQuery, place: Place | undefined): Part {
  const where = allOf([
    sql('r.type = ?', type),
    ...(query.id === undefined ? [] : [sql('r.id = ?', query.id)]),
    ...timesOf('r', query, place),
    seenSql(asking, type, 'r'),
  ]);
  return { columns: COLUMNS('r'), from: sql(`resource r WHERE ${where.text}`, ...where.values), time: 'r' };
}

/** Superseded versions are of whom their resource is of now. */
function pastPart(asking: Asking, type: string, query: HistoryQuery, place: Place | undefined): Part {
  const seen = seenSql(asking, type, 'r', 'history');
  const until = query.at && sql(`${ENDED_MS} > ?`, query.at.lowMs);
  const where = allOf([
    query.id === undefined
      ? sql('h.type = ?', type)
      : sql('h.rid = (SELECT o.rid FROM resource o WHERE o.type = ? AND o.id = ?)', type, query.id),
    ...timesOf('h', query, place),
    ...(until ? [until] : []),
    seen,
  ]);
  const join = seen.text === '1 = 1' && !until ? '' : 'JOIN resource r ON r.rid = h.rid';
  return {
    columns: COLUMNS('h'),
    from: sql(`history h ${join} WHERE ${where.text}`, ...where.values),
    time: 'h',
  };
}

/** A version was current until the next one came. */
const ENDED_MS = `coalesce(
  (SELECT n.last_updated_ms FROM history n WHERE n.rid = h.rid AND n.version = h.version + 1), r.last_updated_ms)`;

function timesOf(alias: string, { sinceMs, at }: HistoryQuery, place: Place | undefined): Sql[] {
  const time = `${alias}.last_updated_ms`;
  return [
    ...(sinceMs === undefined ? [] : [sql(`${time} >= ?`, sinceMs)]),
    ...(at === undefined ? [] : [sql(`${time} < ?`, at.highMs)]),
    ...(place === undefined ? [] : [beyond(alias, place)]),
  ];
}

function beyond(alias: string, { ms, rid, version }: Place): Sql {
  return sql(
    `${alias}.last_updated_ms <= ? AND (${alias}.last_updated_ms < ? OR ${alias}.rid < ? OR (${alias}.rid = ? AND ${alias}.version < ?))`,
    ...[ms, ms, rid, rid, version],
  );
}

function* rowsOf(asking: Asking, make: (asking: Asking) => Sql): Step<readonly unknown[]> {
  const { texts, values } = (yield* bothTexts(asking, make))!;
  return yield* madeOnce(texts).all(...values);
}
