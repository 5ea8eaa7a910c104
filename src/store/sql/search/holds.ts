/** Turns a condition into one that is looked up for a resource at hand, by its rid, its id or its content. */
import { ALWAYS, allOf, among, anyOf, notOf, type Sql, sql } from '../sql-text.ts';
import type { Dialect } from '../statement.ts';
import { type Asking, aliasOf, FENCE, JOIN, NUMBERED, numberOf, within, wordingOf } from './asking.ts';
import { updatedSql } from './conditions.ts';
import { type Alternative, BY_RID, type Joined, type Lookup, type Node, type Wording } from './node.ts';
import { chainSql, ridsOf, targetsSql, unionOf } from './rids.ts';

/** @returns a condition on the resource that the asking is at: `r`, or one further in */
export function holdsSql(asking: Asking, type: string, node: Node): Sql {
  const alias = aliasOf(asking);
  switch (node.kind) {
    case 'ids':
      return among(`${alias}.id`, node.ids);
    case 'updated':
      return anyOf(node.values.map((one) => updatedSql(one, `${alias}.last_updated_ms`)));
    case 'present':
      return anyOf(node.bits.map((bit) => sql(`(${alias}.present & ${bit}) <> 0`)));
    case 'owned':
      return ALWAYS; // searches start from it: what a viewer sees is held to beside
    case 'not':
      return notOf(holdsSql(asking, type, node.node));
    case 'all':
      return allOf(node.nodes.map((one) => holdsSql(asking, type, one)));
    case 'any':
      return anyOf(node.nodes.map((one) => wrapped(holdsSql(asking, type, one))));
    case 'lookup':
      return anyOf(node.alternatives.map((one) => lookedUp(asking, node, one)));
    case 'chain':
      return chainHolds(asking, node);
    case 'has':
      return hasHolds(asking, type, node);
  }
}

function wrapped({ text, values }: Sql): Sql {
  return { text: `(${text})`, values };
}

function lookedUp(asking: Asking, { table, rows }: Lookup, alternative: Alternative): Sql {
  const { isSeek, condition } = alternative;
  const alias = aliasOf(asking);
  const where = allOf([
    among(
      'param',
      rows.map((row) => numberOf(asking, row)),
    ),
    condition(wordingOf(asking)),
  ]);
  if (!isSeek && table === 'search_pair')
    return sql(`${alias}.rid IN (SELECT rid FROM search_pair WHERE ${where.text})`, ...where.values);
  if (!isSeek && !BY_RID[table]) return ofRow(asking, rows, alternative);
  const hint = asking.dialect === 'sqlite' && BY_RID[table] ? `INDEXED BY ${BY_RID[table]}` : '';
  return sql(
    `EXISTS (SELECT 1 FROM ${table} ${hint} WHERE ${where.text} AND rid = ${alias}.rid${FENCE[asking.dialect]})`,
    ...where.values,
  );
}

/** Tokens of one resource: in SQLite they are clustered by value alone, and are read from its content instead. */
const TOKENS_OF_ROW: Readonly<Record<Dialect, string>> = {
  sqlite: 'SELECT value ->> 0 AS code, value ->> 1 AS system FROM json_each(search_rows(@.content, ?))',
  postgres: `SELECT s.code, m.text AS system FROM search_token s
    JOIN name m ON m.nid = s.system WHERE s.rid = @.rid AND s.param = ANY (${NUMBERED})`,
};

function ofRow(asking: Asking, rows: readonly string[], { condition }: Alternative): Sql {
  const isContent = asking.dialect === 'sqlite';
  const wording: Wording = { ...wordingOf(asking), isContent, systemOf: (system) => system };
  const { text, values } = condition(wording);
  const tokens = TOKENS_OF_ROW[asking.dialect].replaceAll('@', aliasOf(asking));
  const fence = FENCE[asking.dialect];
  return sql(`EXISTS (SELECT 1 FROM (${tokens}) x WHERE ${text}${fence})`, ...[rows.join(' '), ...values]);
}

function chainHolds(asking: Asking, node: Extract<Node, { kind: 'chain' }>): Sql {
  const alias = aliasOf(asking);
  if (asking.few.has(node)) {
    const { text, values } = chainSql(asking, node);
    return sql(`${alias}.rid IN (${text})`, ...values);
  }
  const inner = within(asking);
  const { from, target } = targetsSql(asking, alias, node.rows, `t${inner.depth}`);
  const there = thereSql(inner, node);
  const at = aliasOf(inner);
  return sql(
    `EXISTS (SELECT 1 FROM ${from.text} ${JOIN[asking.dialect]} resource ${at} ON ${at}.type = ? AND ${at}.id = substr(${target}, ?)
      WHERE substr(${target}, 1, ?) = ? AND ${there.text})`,
    ...[...from.values, node.type, node.type.length + 2, node.type.length + 1, `${node.type}/`],
    ...there.values,
  );
}

function hasHolds(asking: Asking, type: string, node: Extract<Node, { kind: 'has' }>): Sql {
  const alias = aliasOf(asking);
  const gathered = asking.few.has(node) ? ridsOf(asking, type, node) : undefined;
  if (gathered) {
    const { text, values } = unionOf(gathered);
    return sql(`${alias}.rid IN (${text})`, ...values);
  }
  const inner = within(asking);
  const at = aliasOf(inner);
  const param = among(
    `s${inner.depth}.param`,
    node.rows.map((row) => numberOf(asking, row)),
  );
  const there = thereSql(inner, node);
  return sql(
    `EXISTS (SELECT 1 FROM search_ref s${inner.depth} ${JOIN[asking.dialect]} resource ${at} ON ${at}.rid = s${inner.depth}.rid
      WHERE ${param.text} AND s${inner.depth}.target = ? || ${alias}.id AND ${there.text})`,
    ...[...param.values, `${type}/`, ...there.values],
  );
}

/** What must hold for the resource at the other end. */
function thereSql(inner: Asking, { type, nodes }: Joined): Sql {
  const at = aliasOf(inner);
  return allOf([
    sql(`${at}.state = 'current'`),
    ...nodes.map((node) => wrapped(holdsSql(inner, type, node))),
    inner.seen(inner, type, at),
  ]);
}
