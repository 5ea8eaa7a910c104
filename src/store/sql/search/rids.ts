/** Turns a condition into SELECTs of the rids that it leaves: what a search can start from. */
import { allOf, among, type Sql, sql } from '../sql-text.ts';
import { type Asking, aliasOf, JOIN, NUMBERED, numberOf, within, wordingOf } from './asking.ts';
import { updatedSql } from './conditions.ts';
import { BY_RID, type Joined, type Lookup, type Node, type SearchTable } from './node.ts';

/** Rids that a condition leaves. */
export interface Rids {
  /** SELECTs with a condition each, to which more can be added by AND */
  readonly parts: readonly Sql[];
  /** there is one part, which gives rids in order, by its index */
  readonly isOrdered: boolean;
  /** whatever it leaves fulfils the condition */
  readonly isExact: boolean;
}

/** @returns undefined where the resources of the type are gone through instead */
export function ridsOf(asking: Asking, type: string, node: Node): Rids | undefined {
  switch (node.kind) {
    case 'lookup':
      return lookupRids(asking, node);
    case 'updated':
      return {
        parts: node.values.map((one) => changedSql(asking, type, updatedSql(one, 'last_updated_ms'))),
        ...GATHERED,
      };
    case 'all':
      return allRids(asking, type, node.nodes);
    case 'any':
      return anyRids(asking, type, node.nodes);
    case 'chain':
      return asking.few.has(node) ? { parts: [open(chainSql(asking, node))], ...GATHERED } : undefined;
    case 'has':
      return asking.few.has(node) ? { parts: [open(hasSql(asking, type, node))], ...GATHERED } : undefined;
    case 'owned':
      return { parts: node.organisations.flatMap((one) => ownedSql(asking, type, one)), ...GATHERED };
    case 'ids':
    case 'not':
    case 'present':
      return undefined;
  }
}

/** A SELECT that conditions can be added to. */
function open({ text, values }: Sql): Sql {
  return { text: `SELECT rid FROM (${text}) gone_to WHERE rid > 0`, values };
}

const GATHERED = { isOrdered: false, isExact: true } as const;

function lookupRids(asking: Asking, { table, rows, alternatives }: Lookup): Rids {
  const param = among(
    'param',
    rows.map((row) => numberOf(asking, row)),
  );
  const wording = wordingOf(asking);
  const parts = alternatives.map(({ condition, isWide }) => {
    const where = allOf([param, condition(wording)]);
    const from = asking.dialect === 'sqlite' ? `${table} ${hintOf(table, isWide)}` : table;
    return sql(`SELECT rid FROM ${from} WHERE ${where.text}`, ...where.values);
  });
  const [only] = alternatives;
  const isAlone = alternatives.length === 1 && rows.length === 1;
  const isSought = only?.isSeek && table !== 'search_text';
  return { parts, isOrdered: isAlone && Boolean(isSought || only?.isWide), isExact: true };
}

/** What an organisation owns, and what its records have said something of. */
function ownedSql({ dialect }: Asking, type: string, organisation: string): readonly Sql[] {
  const [own, said] =
    dialect === 'sqlite' ? ['INDEXED BY resource_owner', 'INDEXED BY contribution_owner'] : ['', ''];
  return [
    sql(
      `SELECT rid FROM resource ${own} WHERE owner_org = ? AND type = ? AND state = 'current'`,
      ...[organisation, type],
    ),
    sql(
      `SELECT rid FROM contribution c ${said} ${JOIN[dialect]} resource o ON o.type = c.type AND o.id = c.id
       WHERE c.owner_org = ? AND c.type = ?`,
      ...[organisation, type],
    ),
  ];
}

/** Without statistics, SQLite's planner would go by rid though a range is asked for. */
function hintOf(table: SearchTable, isWide: boolean): string {
  if (!(table in BY_RID)) return '';
  return isWide ? `INDEXED BY ${table}_row` : `INDEXED BY sqlite_autoindex_${table}_1`;
}

/** Asked for what changed lately, the planner would rather walk all rids in order; it is told not to. */
function changedSql({ dialect }: Asking, type: string, condition: Sql): Sql {
  const where = sql(`type = ? AND ${condition.text}`, type, ...condition.values);
  return dialect === 'sqlite'
    ? sql(`SELECT rid FROM resource INDEXED BY resource_updated WHERE ${where.text}`, ...where.values)
    : sql(
        `SELECT rid FROM (SELECT rid FROM resource WHERE ${where.text} OFFSET 0) u WHERE rid > 0`,
        ...where.values,
      );
}

/** What one of them leaves, for the others to be looked at. */
function allRids(asking: Asking, type: string, nodes: readonly Node[]): Rids | undefined {
  for (const node of nodes) {
    const rids = ridsOf(asking, type, node);
    if (rids) return { ...rids, isExact: rids.isExact && nodes.length === 1 };
  }
  return undefined;
}

function anyRids(asking: Asking, type: string, nodes: readonly Node[]): Rids | undefined {
  const all = nodes.map((node) => ridsOf(asking, type, node));
  if (!all.every((one) => one !== undefined)) return undefined;
  return {
    parts: all.flatMap((one) => one.parts),
    isOrdered: all.length === 1 && all[0]!.isOrdered,
    isExact: all.every((one) => one.isExact),
  };
}

/** Resources at the other end of references, with what they are found by, and the conditions on them. */
export function innerSql(
  asking: Asking,
  { type, nodes }: Pick<Joined, 'type' | 'nodes'>,
): { from: Sql; where: Sql } {
  const alias = aliasOf(asking);
  const start = startOf(asking, type, nodes);
  const rest = nodes.filter((node) => node !== start?.node || !start.rids.isExact);
  const where = allOf([
    sql(`${alias}.type = ? AND ${alias}.state = 'current'`, type),
    ...rest.map((node) => asking.holds(asking, type, node)),
    asking.seen(asking, type, alias),
  ]);
  if (!start) return { from: sql(`resource ${alias}`), where };
  const { text, values } = unionOf(start.rids);
  return {
    from: sql(
      `(${text}) d${asking.depth} ${JOIN[asking.dialect]} resource ${alias} ON ${alias}.rid = d${asking.depth}.rid`,
      ...values,
    ),
    where,
  };
}

/** The first condition that leaves few, else any that leads to rids. */
function startOf(
  asking: Asking,
  type: string,
  nodes: readonly Node[],
): { node: Node; rids: Rids } | undefined {
  const found = nodes.flatMap((node) => {
    const rids = ridsOf(asking, type, node);
    return rids ? [{ node, rids }] : [];
  });
  if (nodes.some((node) => node.kind === 'ids')) return undefined; // `resource` itself is searched by them
  return found.find(({ node }) => node.kind === 'lookup' && node.isNarrow) ?? found[0];
}

/** Each rid once. @returns nothing for no alternatives */
export function unionOf({ parts }: Rids, more: Sql = sql('')): Sql {
  if (parts.length === 0) return sql('SELECT 0 AS rid WHERE 1 = 0');
  return {
    text: parts.map((part) => part.text + more.text).join(' UNION '),
    values: parts.flatMap((part) => [...part.values, ...more.values]),
  };
}

/** What refers to any of the resources that the conditions leave. */
export function chainSql(asking: Asking, node: Joined): Sql {
  const inner = within(asking);
  const { from, where } = innerSql(inner, node);
  const param = among(
    's.param',
    node.rows.map((row) => numberOf(asking, row)),
  );
  return sql(
    `SELECT s.rid FROM ${from.text} ${JOIN[asking.dialect]} search_ref s
     ON ${param.text} AND s.target = ? || ${aliasOf(inner)}.id WHERE ${where.text}`,
    ...[...from.values, ...param.values, `${node.type}/`, ...where.values],
  );
}

/** What is referred to by any of the resources that the conditions leave. */
function hasSql(asking: Asking, type: string, node: Joined): Sql {
  const inner = within(asking);
  const { from, where } = innerSql(inner, node);
  const targets = targetsSql(asking, aliasOf(inner), node.rows, 't');
  const { target } = targets;
  return sql(
    `SELECT o.rid FROM ${from.text} CROSS JOIN ${targets.from.text}
     ${JOIN[asking.dialect]} resource o ON o.type = ? AND o.id = substr(${target}, ?) AND substr(${target}, 1, ?) = ?
     WHERE ${where.text}`,
    ...[...from.values, ...targets.from.values, type, type.length + 2, type.length + 1, `${type}/`],
    ...where.values,
  );
}

/**
 * What a resource refers to. In SQLite references are clustered by target, so those of one resource are read from its content.
 * @param name what the rows are called
 */
export function targetsSql(
  { dialect }: Asking,
  alias: string,
  rows: readonly string[],
  name: string,
): { readonly from: Sql; readonly target: string } {
  if (dialect === 'sqlite')
    return {
      from: sql(`json_each(search_rows(${alias}.content, ?)) ${name}`, rows.join(' ')),
      target: `(${name}.value ->> 0)`,
    };
  return {
    from: sql(
      `LATERAL (SELECT x.target FROM search_ref x WHERE x.rid = ${alias}.rid AND x.param = ANY (${NUMBERED})) ${name}`,
      rows.join(' '),
    ),
    target: `${name}.target`,
  };
}
