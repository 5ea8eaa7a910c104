/** Turns the conditions of a search into nodes that SQL can be made of: aliases resolved, composites taken apart. */
import { indexText } from '../../index-text.ts';
import { identifierParam, textParam, typedCode, typedParam } from '../../row-makers.ts';
import { type SearchedParameter, searchedParameter } from '../../search-parameters.ts';
import type { CompositePart, Prefix, SearchClause, TextValue, TypedIdentifier } from '../../search-query.ts';
import { allOf, type Sql, sql } from '../sql-text.ts';
import {
  dateSql,
  numberSql,
  pairSql,
  quantitySql,
  textSql,
  tokenSql,
  uriSql,
  wordSql,
} from './conditions.ts';
import type { Alternative, Lookup, Node, Wording } from './node.ts';

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
    case 'typedIdentifier':
      return typedNode(rows, clause.values);
    case 'saidText':
      return saidNode(parameter, clause.values);
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
      return textsNode(rows, clause.values);
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

function textsNode(rows: readonly string[], values: readonly TextValue[]): Lookup {
  const alternatives = values.map((value) => ({
    isSeek: value.how === 'exact',
    isWide: value.how === 'contains',
    condition: ({ place }: Wording) => textSql(value, place),
  }));
  return { kind: 'lookup', table: 'search_text', rows, alternatives, isNarrow: false };
}

function typedNode(rows: readonly string[], identifiers: readonly TypedIdentifier[]): Lookup {
  const values = identifiers.map(({ system, code, value }) => ({ system, code: typedCode(code, value) }));
  return tokensNode(rows.map(typedParam), values, true);
}

/** Of references to one type alone, rows say what type each is to. */
function saidNode({ rows, only }: SearchedParameter, values: readonly string[]): Lookup {
  const ofType = only === undefined ? [] : [sql('written = ?', only)];
  const alternatives = values.map((text) => ({
    isSeek: false,
    isWide: true,
    condition: ({ place }: Wording) => allOf([wordSql(text, place), ...ofType]),
  }));
  return { kind: 'lookup', table: 'search_text', rows: rows.map(textParam), alternatives, isNarrow: false };
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
