/** Turns a planned search into the statement of a page: rids in order, with the resources that they are of. */
import type { SortKey } from '../../search-query.ts';
import { RESOURCE_COLUMNS } from '../resource-rows.ts';
import { allOf, joined, type Sql, sql } from '../sql-text.ts';
import { seenSql } from '../viewer.ts';
import { type Asking, FENCE, JOIN, numberOf } from './asking.ts';
import { holdsSql } from './holds.ts';
import type { Node } from './node.ts';
import type { Plan } from './plan.ts';
import { type Rids, ridsOf, unionOf } from './rids.ts';
import { afterSql, isColumn, orderSql, type Place, sortedBy, valueSql } from './sort.ts';

/** A search, read and planned. */
export interface Planned {
  readonly type: string;
  readonly nodes: readonly Node[];
  readonly plan: Plan;
}

/** What must hold for each resource beside what the search starts from. */
function restOf(asking: Asking, { type, nodes, plan }: Planned, start: Rids | undefined): Sql {
  const rest = nodes.filter((node) => !start?.isExact || node !== plan.start);
  return allOf([
    sql(`r.type = ? AND r.state = 'current'`, type),
    ...rest.map((node) => holdsSql(asking, type, node)),
    seenSql(asking, type, 'r'),
  ]);
}

function startOf(asking: Asking, { type, plan }: Planned): Rids | undefined {
  return plan.start && ridsOf(asking, type, plan.start);
}

/** A page in the order of rids: it ends as soon as it is full, where the rids come in order. @param after rid that the page before ended at */
export function pageSql(asking: Asking, planned: Planned, after: number, limit: number): Sql {
  const start = startOf(asking, planned);
  const where = restOf(asking, planned, start);
  if (!start)
    return sql(
      `SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE ${where.text} AND r.rid > ? ORDER BY r.rid LIMIT ?`,
      ...[...where.values, after, limit],
    );
  const rids = unionOf(start, sql(' AND rid > ?', after));
  const once = start.parts.length === 1 ? ' GROUP BY rid' : '';
  return sql(
    `SELECT ${RESOURCE_COLUMNS} FROM (${rids.text}${once} ORDER BY rid) d ${JOIN[asking.dialect]} resource r ON r.rid = d.rid
     WHERE ${where.text} ORDER BY d.rid LIMIT ?`,
    ...[...rids.values, ...where.values, limit],
  );
}

/** What a search finds, in no order. */
function foundSql(asking: Asking, planned: Planned, columns: Sql): Sql {
  const start = startOf(asking, planned);
  const where = restOf(asking, planned, start);
  const text = `SELECT ${columns.text} FROM `;
  if (!start) return sql(`${text}resource r WHERE ${where.text}`, ...columns.values, ...where.values);
  const rids = unionOf(start);
  const once = start.parts.length === 1 ? ' GROUP BY rid' : '';
  return sql(
    `${text}(${rids.text}${once}) d ${JOIN[asking.dialect]} resource r ON r.rid = d.rid WHERE ${where.text}`,
    ...[...columns.values, ...rids.values, ...where.values],
  );
}

/** Rows are of current resources alone: what a single condition finds need not be looked at to be counted. */
export function countSql(asking: Asking, planned: Planned, isSeen: boolean, most?: number): Sql {
  const start = startOf(asking, planned);
  const isWhole =
    isSeen && planned.nodes.length === 1 && start?.isExact && planned.nodes[0]!.kind === 'lookup';
  const found =
    isWhole && start
      ? start.parts.length === 1
        ? once(start.parts[0]!)
        : unionOf(start)
      : foundSql(asking, planned, sql('r.rid'));
  const { text, values } =
    most === undefined ? found : { text: `${found.text} LIMIT ?`, values: [...found.values, most] };
  return sql(`SELECT count(*) AS matches FROM (${text}) matched`, ...values);
}

function once({ text, values }: Sql): Sql {
  return { text: `${text} GROUP BY rid`, values };
}

/** A page of few, sorted. */
export function sortedSql(
  asking: Asking,
  planned: Planned,
  sort: readonly SortKey[],
  place: Place | undefined,
  limit: number,
): Sql {
  const columns = sort.map((_key, at) => `s${at}`);
  const values = sort.map((key) => valueSql(asking, planned.type, key));
  const chosen = joined(
    [sql('r.rid'), ...values.map((one, at) => ({ ...one, text: `${one.text} AS s${at}` }))],
    ', ',
  );
  const found = foundSql(asking, planned, chosen);
  const after = place ? afterSql(columns, sort, 'f.rid', place) : sql('1 = 1');
  return sql(
    `SELECT ${RESOURCE_COLUMNS} FROM (
      SELECT f.* FROM (${found.text}) f WHERE ${after.text} ORDER BY ${orderSql(columns, sort, 'f.rid')} LIMIT ?) p
     ${JOIN[asking.dialect]} resource r ON r.rid = p.rid ORDER BY ${orderSql(columns, sort, 'p.rid')}`,
    ...[...found.values, ...after.values, limit],
  );
}

/** A page of many, in the order of an index: of those that have what they are sorted by. */
export function walkSql(
  asking: Asking,
  planned: Planned,
  key: SortKey,
  place: Place | undefined,
  limit: number,
): Sql {
  const where = restOf(asking, planned, undefined);
  if (isColumn(key.param)) return columnWalk(asking, key, where, place, limit);
  const { table, column, row, beside } = sortedBy(planned.type, key.param);
  const [direction, sign] = key.descending ? [' DESC', '<'] : ['', '>'];
  const hint = asking.dialect === 'sqlite' ? `INDEXED BY ${table}_row` : '';
  const others = (alias: string): string => beside.map((name) => `${alias}.${name}`).join(', ');
  const after = afterWalked(`w.${column}`, 'w.rid', sign, place);
  // of the rows of a resource the first is taken
  return sql(
    `SELECT ${RESOURCE_COLUMNS} FROM ${table} w ${JOIN[asking.dialect]} resource r ON r.rid = w.rid
     WHERE w.param = ? AND ${after.text} AND ${where.text}
       AND NOT EXISTS (SELECT 1 FROM ${table} o ${hint} WHERE o.param = w.param AND o.rid = w.rid
         AND (w.${column} ${sign} o.${column} OR (o.${column} = w.${column} AND (${others('o')}) < (${others('w')})))${FENCE[asking.dialect]})
     ORDER BY w.${column}${direction}, w.rid${direction} LIMIT ?`,
    ...[numberOf(asking, row), ...after.values, ...where.values, limit],
  );
}

function columnWalk(asking: Asking, key: SortKey, where: Sql, place: Place | undefined, limit: number): Sql {
  const [direction, sign] = key.descending ? [' DESC', '<'] : ['', '>'];
  const column = key.param === '_id' ? 'r.id' : 'r.last_updated_ms';
  const index = key.param === '_id' ? 'resource_key' : 'resource_updated';
  const after = afterWalked(column, 'r.rid', sign, place);
  return sql(
    `SELECT ${RESOURCE_COLUMNS} FROM resource r ${asking.dialect === 'sqlite' ? `INDEXED BY ${index}` : ''}
     WHERE ${where.text} AND ${after.text} ORDER BY ${column}${direction}, r.rid${direction} LIMIT ?`,
    ...[...where.values, ...after.values, limit],
  );
}

/** The first comparison leads the index, the second parts equals. */
function afterWalked(column: string, rid: string, sign: string, place: Place | undefined): Sql {
  const value = place?.values[0] ?? null;
  if (!place || value === null) return sql('1 = 1');
  return sql(
    `${column} ${sign}= ? AND (${column} ${sign} ? OR ${rid} ${sign} ?)`,
    ...[value, value, place.rid],
  );
}

/** A page of those that have nothing that they could be sorted by: they come last. @param after rid that the page before ended at */
export function restSql(
  asking: Asking,
  planned: Planned,
  key: SortKey,
  after: number | undefined,
  limit: number,
): Sql {
  const where = restOf(asking, planned, undefined);
  const { bit } = sortedBy(planned.type, key.param);
  const [direction, sign] = key.descending ? [' DESC', '<'] : ['', '>'];
  const beyond = after === undefined ? sql('1 = 1') : sql(`r.rid ${sign} ?`, after);
  return sql(
    `SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE ${where.text} AND (r.present & ${bit}) = 0 AND ${beyond.text}
     ORDER BY r.rid${direction} LIMIT ?`,
    ...[...where.values, ...beyond.values, limit],
  );
}
