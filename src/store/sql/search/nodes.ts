/** Turns the conditions of a search into nodes that SQL can be made of: aliases resolved, composites taken apart. */
import { indexText } from '../../index-text.ts';
import { identifierParam } from '../../row-makers.ts';
import { type SearchedParameter, searchedParameter } from '../../search-parameters.ts';
import type { CompositePart, DateValue, Prefix, SearchClause } from '../../search-query.ts';
import { type Sql, sql } from '../sql-text.ts';
import {
  dateSql,
  numberSql,
  pairSql,
  quantitySql,
  type SystemOf,
  textSql,
  tokenSql,
  uriSql,
} from './conditions.ts';

export type SearchTable =
  | 'search_token'
  | 'search_ref'
  | 'search_date'
  | 'search_text'
  | 'search_quantity'
  | 'search_pair';

/** Tables that find the rows of one resource by an index of their own, on both engines. */
export const BY_RID: Readonly<Partial<Record<SearchTable, string>>> = {
  search_date: 'search_date_row',
  search_text: 'search_text_row',
  search_quantity: 'search_quantity_row',
};

/** What makes a condition on the columns of a row. */
export interface Wording {
  readonly systemOf: SystemOf;
  readonly numberOf: (name: string) => number;
  readonly place: 'instr' | 'strpos';
  /** rows are read from content, where nothing has a number */
  readonly isContent: boolean;
}

/** One alternative of a lookup. */
export interface Alternative {
  /** it names the column that leads the table's key: rows of one resource are found by it, and stand in order of rid */
  readonly isSeek: boolean;
  /** it does not bound the column that leads the table's key: rows are gone through in order of rid, until a page is full */
  readonly isWide: boolean;
  readonly condition: (wording: Wording) => Sql;
}

/** Rows of a search table. */
export interface Lookup {
  readonly kind: 'lookup';
  readonly table: SearchTable;
  /** names of rows: `Patient.family` */
  readonly rows: readonly string[];
  readonly alternatives: readonly Alternative[];
  /** likely to leave few */
  readonly isNarrow: boolean;
}

/** References between resources that a condition goes along. */
export interface Joined {
  /** type of the resources at the other end, and what holds for them */
  readonly type: string;
  readonly nodes: readonly Node[];
  /** names of the rows of the references */
  readonly rows: readonly string[];
}

export type Node =
  | Lookup
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'updated'; readonly values: readonly DateValue[] }
  /** any of the bits is there */
  | { readonly kind: 'present'; readonly bits: readonly number[] }
  | { readonly kind: 'all' | 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'not'; readonly node: Node }
  | ({ readonly kind: 'chain' } & Joined)
  | ({ readonly kind: 'has' } & Joined);

const NONE: Node = { kind: 'any', nodes: [] };
const WHOLE: Node = { kind: 'all', nodes: [] };

/** @returns nodes that all hold, none of them an `all` */
export function nodesOf(type: string, clauses: readonly SearchClause[]): Node[] {
  return clauses.flatMap((clause) => flat(nodeOf(type, clause)));
}

function flat(node: Node): readonly Node[] {
  return node.kind === 'all' ? node.nodes.flatMap(flat) : [node];
}

function nodeOf(type: string, clause: SearchClause): Node {
  switch (clause.kind) {
    case 'id':
      return unless(clause.not, { kind: 'ids', ids: clause.ids });
    case 'lastUpdated':
      return { kind: 'updated', values: clause.values };
    case 'any':
      return { kind: 'any', nodes: clause.clauses.map((one) => nodeOf(type, one)) };
    case 'missing': {
      const { bit } = searchedParameter(type, clause.param);
      const present: Node = { kind: 'present', bits: [bit] };
      return clause.isMissing ? { kind: 'not', node: present } : present;
    }
    case 'chain': {
      const { rows, only } = searchedParameter(type, clause.param);
      if (only !== undefined && only !== clause.type) return NONE;
      return { kind: 'chain', type: clause.type, rows, nodes: nodesOf(clause.type, clause.clauses) };
    }
    case 'has': {
      const { rows, only } = searchedParameter(clause.type, clause.param);
      if (only !== undefined && only !== type) return NONE;
      return { kind: 'has', type: clause.type, rows, nodes: nodesOf(clause.type, clause.clauses) };
    }
    case 'composite':
      return compositeNode(searchedParameter(type, clause.param), clause.values);
    default:
      return lookupNode(searchedParameter(type, clause.param), clause);
  }
}

function unless(not: boolean | undefined, node: Node): Node {
  return not ? { kind: 'not', node } : node;
}

type RowClause = Exclude<
  SearchClause,
  { kind: 'id' | 'lastUpdated' | 'any' | 'missing' | 'chain' | 'has' | 'composite' }
>;

function lookupNode(parameter: SearchedParameter, clause: RowClause): Node {
  const { rows, code, only } = parameter;
  switch (clause.kind) {
    case 'token': {
      if (code === 'deceased') return deceasedNode(parameter, clause);
      const isNarrow = code === 'identifier' && clause.values.every((value) => value.code !== undefined);
      return unless(clause.not, tokensNode(rows, clause.values, isNarrow));
    }
    case 'referenceIdentifier':
      return tokensNode(rows.map(identifierParam), clause.values, true);
    case 'uri':
      return urisNode(parameter, clause.values);
    case 'reference': {
      const targets = clause.targets.filter((one) => only === undefined || one.startsWith(`${only}/`));
      const alternatives = targets.map((target) => seek(sql('target = ?', indexText(target))));
      return { kind: 'lookup', table: 'search_ref', rows, alternatives, isNarrow: true };
    }
    case 'date':
      return ranged('search_date', rows, clause.values, (value) => () => dateSql(value));
    case 'string':
      return {
        ...{ kind: 'lookup', table: 'search_text', rows, isNarrow: false },
        alternatives: clause.values.map((value) => ({
          isSeek: value.how === 'exact',
          isWide: value.how === 'contains',
          condition: ({ place }) => textSql(value, place),
        })),
      };
    case 'number':
      return ranged('search_quantity', rows, clause.values, (value) => () => numberSql(value));
    case 'quantity':
      return ranged(
        'search_quantity',
        rows,
        clause.values,
        (value) =>
          ({ systemOf }) =>
            quantitySql(value, systemOf),
      );
  }
}

function seek(condition: Sql): Alternative {
  return { isSeek: true, isWide: false, condition: () => condition };
}

/** Prefixes that ask nothing of where a range begins. */
const WIDE: Readonly<Record<'search_date' | 'search_quantity', ReadonlySet<Prefix>>> = {
  search_date: new Set(['ne', 'gt', 'ge']),
  search_quantity: new Set(['ne', 'gt', 'ge', 'eb']),
};

function ranged<T extends { readonly prefix: Prefix }>(
  table: keyof typeof WIDE,
  rows: readonly string[],
  values: readonly T[],
  condition: (value: T) => Alternative['condition'],
): Lookup {
  const alternatives = values.map((value) => ({
    ...{ isSeek: false, isWide: WIDE[table].has(value.prefix) },
    condition: condition(value),
  }));
  return { kind: 'lookup', table, rows, alternatives, isNarrow: false };
}

function tokensNode(
  rows: readonly string[],
  values: Extract<SearchClause, { kind: 'token' }>['values'],
  isNarrow: boolean,
): Lookup {
  const alternatives = values.map((value) => ({
    isSeek: value.code !== undefined,
    isWide: false,
    condition: ({ systemOf }: Wording) => tokenSql(value, systemOf),
  }));
  return { kind: 'lookup', table: 'search_token', rows, alternatives, isNarrow };
}

/** Who is not said to have died has not: there is no row that says so. */
function deceasedNode(
  { rows }: SearchedParameter,
  { values, not }: Extract<SearchClause, { kind: 'token' }>,
): Node {
  const [dead, alive] = ['true', 'false'].map((text) => values.some(({ code }) => code === text));
  const died: Node = tokensNode(rows, [{ code: 'true' }], false);
  if (dead && alive) return not ? NONE : WHOLE;
  if (!dead && !alive) return not ? WHOLE : NONE;
  return unless(dead === Boolean(not), died);
}

/** Profiles stand as the numbers of their names. */
function urisNode(
  { rows, code }: SearchedParameter,
  values: Extract<SearchClause, { kind: 'uri' }>['values'],
): Lookup {
  const alternatives = values.map((value): Alternative => {
    const isSeek = value.how !== 'below';
    if (code !== '_profile') return { isSeek, isWide: false, condition: () => uriSql(value) };
    return {
      isSeek,
      isWide: false,
      condition: ({ numberOf, isContent }) => (isContent ? uriSql(value) : profileSql(value, numberOf)),
    };
  });
  return { kind: 'lookup', table: 'search_token', rows, alternatives, isNarrow: false };
}

function profileSql(
  value: Extract<SearchClause, { kind: 'uri' }>['values'][number],
  numberOf: Wording['numberOf'],
): Sql {
  if (value.how === 'exact') return sql('code = ?', `#${numberOf(indexText(value.uri))}`);
  const { text, values } = uriSql(value);
  return sql(`code IN (SELECT '#' || nid FROM name WHERE ${text.replaceAll('code', 'text')})`, ...values);
}

/** Where only one element of the resource has both parts, they are conditions of their own; else rows hold them together. */
function compositeNode(parameter: SearchedParameter, values: readonly (readonly CompositePart[])[]): Node {
  const { type, code, rows, components } = parameter;
  const together = rows.length > 0 ? [pairsNode(rows, values)] : [];
  if (together.length > 0 && !code.startsWith('combo-')) return together[0]!;
  const apart = values.map((parts): Node => {
    const nodes = parts.map((part, at) => partNode(type, rootCode(components[at]!.code!), part));
    return { kind: 'all', nodes };
  });
  const all = [...apart, ...together];
  return all.length === 1 ? all[0]! : { kind: 'any', nodes: all };
}

/** `combo-code` is the code of the resource, or of a component: here it is the resource's. */
function rootCode(code: string): string {
  return code.replace(/^combo-/, '');
}

function pairsNode(rows: readonly string[], values: readonly (readonly CompositePart[])[]): Lookup {
  const alternatives = values.map((parts) => ({
    isSeek: parts[0]?.kind === 'token' && parts[0].code !== undefined,
    isWide: false,
    condition: ({ systemOf }: Wording) => pairSql(parts, systemOf),
  }));
  return { kind: 'lookup', table: 'search_pair', rows, alternatives, isNarrow: false };
}

function partNode(type: string, param: string, part: CompositePart): Node {
  switch (part.kind) {
    case 'token':
      return nodeOf(type, { kind: 'token', param, values: [part] });
    case 'quantity':
      return nodeOf(type, { kind: 'quantity', param, values: [part] });
    case 'date':
      return nodeOf(type, { kind: 'date', param, values: [part] });
    case 'string':
      return nodeOf(type, { kind: 'string', param, values: [part] });
    case 'reference':
      return nodeOf(type, { kind: 'reference', param, targets: [part.target] });
  }
}
