/** Turns the items of a list into those that a query's arguments and directives ask for. */
import {
  DirectiveLocation,
  type GraphQLArgumentConfig,
  GraphQLDirective,
  GraphQLInt,
  type GraphQLResolveInfo,
  GraphQLString,
  getDirectiveValues,
  isListType,
  isNonNullType,
} from 'graphql';
import type { TypeDefinition } from '../../fhir/definitions.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { compileExpression } from '../../fhirpath/compile.ts';
import type { Evaluate } from '../../fhirpath/evaluate.ts';
import { isPrimitive } from '../../fhirpath/types.ts';
import { type Asking, pathOf } from './asking.ts';
import { refusalOf } from './refusal.ts';
import { SEARCH_VALUE } from './scalars.ts';

type Args = Readonly<Record<string, unknown>>;

const ON_FIELDS = { locations: [DirectiveLocation.FIELD] };
const FLATTEN = new GraphQLDirective({
  name: 'flatten',
  description: 'The field itself is left out, and what is in it stands in its place',
  ...ON_FIELDS,
});
const SINGLETON = new GraphQLDirective({
  name: 'singleton',
  description: 'What flattening made a list of is one value',
  ...ON_FIELDS,
});
const FIRST = new GraphQLDirective({
  name: 'first',
  description: 'Only the first item, and no list',
  ...ON_FIELDS,
});
const SLICE = new GraphQLDirective({
  name: 'slice',
  description: 'Names within each item end with a dot and the value of a path, or of $index',
  args: { fhirpath: { type: GraphQLString }, path: { type: GraphQLString } },
  ...ON_FIELDS,
});
/** @source FHIR R4 graphql.html */
export const FHIR_DIRECTIVES: readonly GraphQLDirective[] = [FLATTEN, SINGLETON, FIRST, SLICE];

const LIMITS = { text: 2_000, depth: 50, pieces: 5_000, visits: 20_000, built: 100_000 };

/** @param item of complex items, their type: by its primitive elements they can be chosen */
export function listArguments(item: TypeDefinition | undefined): Record<string, GraphQLArgumentConfig> {
  const named = [...(item?.elements.values() ?? [])].filter(
    ({ isChoice, types }) => !isChoice && types.length === 1 && isPrimitive(types[0]!),
  );
  return {
    ...Object.fromEntries(named.map(({ name }) => [name, { type: SEARCH_VALUE }])),
    fhirpath: { type: GraphQLString, description: 'items for which it is true' },
    _offset: { type: GraphQLInt },
    _count: { type: GraphQLInt },
  };
}

/** @returns the items that the arguments leave */
export function chosen(
  asking: Asking,
  items: readonly unknown[],
  args: Args,
  type: string,
): readonly unknown[] {
  const { fhirpath, _offset: offset, _count: count, ...named } = args;
  let left = items;
  for (const [name, wanted] of Object.entries(named))
    if (wanted !== undefined && wanted !== null)
      left = left.filter((item) => has(item, name, String(wanted)));
  if (typeof fhirpath === 'string') {
    const run = compiled(asking, fhirpath, type);
    left = left.filter((item) => item !== null && evaluated(asking, run, item)[0] === true);
  }
  const from = Math.max(0, Number(offset ?? 0));
  return typeof count === 'number' ? left.slice(from, from + Math.max(0, count)) : left.slice(from);
}

/**
 * Notes how a field is to be laid out.
 * @param type FHIR type of the items, which a slice is evaluated on
 * @returns the items that are resolved: of a `@first` that one alone
 */
export function shaped(asking: Asking, value: unknown, info: GraphQLResolveInfo, type: string): unknown {
  const nodes = info.fieldNodes.filter((node) => (node.directives?.length ?? 0) > 0);
  if (nodes.length === 0) return value;
  const has = (name: string): boolean =>
    nodes.some((node) => node.directives?.some((directive) => directive.name.value === name));
  const sliced = nodes.map((node) => getDirectiveValues(SLICE, node, info.variableValues)).find((one) => one);
  const items = Array.isArray(value) && has('first') ? value.slice(0, 1) : value;
  const shape = {
    isFlat: has('flatten'),
    isSingle: has('singleton'),
    isFirst: has('first'),
    suffixes: sliced && suffixesOf(asking, items, sliced, type),
  };
  if (shape.isFlat && isPrimitive(type))
    throw wrongDirective('@flatten stands on a field that has nothing within it');
  const isList = isListType(isNonNullType(info.returnType) ? info.returnType.ofType : info.returnType);
  if (shape.isFirst && !isList) throw wrongDirective('@first stands on a field that is no list');
  if (shape.isFlat || shape.isSingle || shape.isFirst || shape.suffixes)
    asking.shapes.set(pathOf(info.path), shape);
  return items;
}

function suffixesOf(asking: Asking, value: unknown, args: Args, type: string): readonly string[] {
  const path = args.fhirpath ?? args.path;
  if (typeof path !== 'string') throw wrongDirective('@slice needs a fhirpath');
  const items = Array.isArray(value) ? value : [value];
  if (path === '$index') return items.map((_item, at) => `.${at}`);
  const run = compiled(asking, path, type);
  return items.map((item) => {
    const [first] = item === null || item === undefined ? [] : evaluated(asking, run, item);
    return first === undefined || typeof first === 'object' ? '' : `.${first}`;
  });
}

function wrongDirective(what: string) {
  return refusalOf({
    code: 'invalid',
    rule: 'graphql-directive',
    diagnostics: `${what}; see the directives in the schema.`,
  });
}

function has(item: unknown, name: string, wanted: string): boolean {
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, name)) return false;
  const value = (item as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.some((one) => String(one) === wanted) : String(value) === wanted;
}

function compiled(asking: Asking, text: string, type: string): Evaluate {
  const key = `${type} ${text}`;
  const known = asking.compiled.get(key);
  if (known) return known;
  const { definitions } = asking.parts;
  const isOpen = type === 'Resource';
  const found = compileExpression(text, { definitions, limits: LIMITS, ...(isOpen ? {} : { type }) });
  if (!found.ok) throw wrongExpression(found.outcome.issue[0]?.diagnostics);
  asking.compiled.set(key, found.value);
  return found.value;
}

function evaluated(asking: Asking, run: Evaluate, item: unknown): unknown[] {
  asking.budget.spend('evaluations');
  try {
    return run(item);
  } catch (error) {
    if (error instanceof AdapterError && error.retry === 'permanent')
      throw wrongExpression(error.outcome.issue[0]?.diagnostics);
    throw error;
  }
}

/** An expression may hold a value, so it is not repeated. */
function wrongExpression(diagnostics = 'FHIRPath') {
  const text = diagnostics.replace(/\.? Expression: [\s\S]*$/, '');
  return refusalOf({
    code: 'invalid',
    rule: 'graphql-fhirpath',
    diagnostics: `${text}; correct the expression.`,
  });
}
