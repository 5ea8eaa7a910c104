/** Turns one parameter with its modifier and values into a condition of the store, by the parameter's type. */
import { type Checked, type Fault, refuse } from '../fhir/outcome.ts';
import type { ParameterKind } from '../store/served-parameters.ts';
import type { CompositePart, SearchClause, TokenValue } from '../store/store.ts';
import { numberOf, quantityOf } from './search-numbers.ts';
import { dateOf, splitParts, splitValues, targetsOf, textOf, tokenOf, uriOf } from './search-values.ts';
import { isStored, type ServedParameter, type ServedSearch } from './served-search.ts';

/** What conditions are read with. */
export interface ClauseParts {
  readonly served: ServedSearch;
  /** FHIR base, to know our own resources by in absolute references */
  readonly base: string;
  /** codes of a value set that is known whole here; undefined where it is not */
  readonly codesOf?: ((valueSet: string) => readonly TokenValue[] | undefined) | undefined;
}

/** A search is one SQL statement with a part for each value: this keeps it within what SQL takes. */
const MOST_VALUES = 100;
/** Of a value set: they go to the store as values. */
const MOST_CODES = 200;

const DATE_FORMS =
  'write a date as 2026, 2026-06, 2026-06-30 or 2026-06-30T12:00:00Z, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';
const TOKEN_FORMS = 'write code, system|code, |code or system|';
const NUMBER_FORMS =
  'write a decimal number, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';
const QUANTITY_FORMS =
  'write number, number|system|code or number||unit, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';

/** Modifiers by type of parameter, besides `:missing` and the type of a reference. */
export const MODIFIERS: Readonly<Record<ParameterKind, readonly string[]>> = {
  token: ['not', 'in', 'not-in'],
  reference: ['identifier'],
  string: ['exact', 'contains'],
  uri: ['below', 'above'],
  date: [],
  number: [],
  quantity: [],
  composite: [],
};

/** @returns the condition; or what is wrong with the parameter, named by its code alone */
export function plainClause(
  parts: ClauseParts,
  parameter: ServedParameter,
  modifier: string | undefined,
  value: string,
): Checked<SearchClause> {
  const { code, kind } = parameter;
  if (modifier === 'missing' && kind !== 'composite') return missingClause(parameter, value);
  const isTyped = kind === 'reference' && modifier !== undefined && parameter.targets.includes(modifier);
  if (modifier !== undefined && !isTyped && !MODIFIERS[kind].includes(modifier))
    return refuse(unservedModifier(parameter));
  if (modifier === 'in' || modifier === 'not-in') return inClause(parts, parameter, modifier, value);
  if (modifier === 'identifier')
    return read(code, value, tokenOf, TOKEN_FORMS, (values) => ({
      kind: 'referenceIdentifier',
      param: code,
      values,
    }));
  return READERS[kind]({ parts, parameter, modifier, value });
}

interface Given {
  readonly parts: ClauseParts;
  readonly parameter: ServedParameter;
  readonly modifier: string | undefined;
  readonly value: string;
}

const READERS: Readonly<Record<ParameterKind, (given: Given) => Checked<SearchClause>>> = {
  token: ({ parameter: { code }, modifier, value }) =>
    read(code, value, tokenOf, TOKEN_FORMS, (values) => ({
      kind: 'token',
      param: code,
      values,
      ...(modifier === 'not' ? { not: true } : {}),
    })),
  string: ({ parameter: { code }, modifier, value }) => {
    const how = modifier === 'exact' || modifier === 'contains' ? modifier : 'starts';
    const readText = (text: string) => textOf(text, how);
    return read(code, value, readText, 'write some text', (values) => ({
      kind: 'string',
      param: code,
      values,
    }));
  },
  uri: ({ parameter: { code }, modifier, value }) => {
    const how = modifier === 'below' || modifier === 'above' ? modifier : 'exact';
    const readUri = (text: string) => uriOf(text, how);
    return read(code, value, readUri, 'write a URI', (values) => ({ kind: 'uri', param: code, values }));
  },
  date: ({ parameter: { code }, value }) =>
    read(code, value, dateOf, DATE_FORMS, (values) => ({ kind: 'date', param: code, values })),
  number: ({ parameter: { code }, value }) =>
    read(code, value, numberOf, NUMBER_FORMS, (values) => ({ kind: 'number', param: code, values })),
  quantity: ({ parameter: { code }, value }) =>
    read(code, value, quantityOf, QUANTITY_FORMS, (values) => ({ kind: 'quantity', param: code, values })),
  reference: ({ parts: { base }, parameter, modifier, value }) => {
    const readTarget = (text: string) => targetsOf(parameter, text, { base, type: modifier, isStored });
    return read(parameter.code, value, readTarget, formsOf(parameter), (targets) => ({
      kind: 'reference',
      param: parameter.code,
      targets: targets.flat(),
    }));
  },
  composite: (given) => compositeClause(given),
};

/** Each part is read as its component is searched. */
function compositeClause({ parts: { base }, parameter, value }: Given): Checked<SearchClause> {
  const { code, components } = parameter;
  const readParts = (text: string): CompositePart[] | undefined => {
    const texts = splitParts(text);
    const found = components.map(({ kind }, at) => partOf(kind, texts[at] ?? '', base));
    return texts.length === components.length && found.every((one) => one !== undefined) ? found : undefined;
  };
  const forms = `write ${components.map(({ kind }) => kind).join('$')}, a dollar sign between the parts`;
  return read(code, value, readParts, forms, (values) => ({ kind: 'composite', param: code, values }));
}

function partOf(kind: ParameterKind, text: string, base: string): CompositePart | undefined {
  const of = <K extends CompositePart['kind'], V extends object>(as: K, value: V | undefined) =>
    value && { kind: as, ...value };
  if (kind === 'token') return of('token', tokenOf(text));
  if (kind === 'quantity') return of('quantity', quantityOf(text));
  if (kind === 'date') return of('date', dateOf(text));
  if (kind === 'string') return of('string', textOf(text));
  if (kind !== 'reference') return undefined;
  const [, type = ''] = /([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}$/.exec(text) ?? []; // such a part names its type
  const [target] = targetsOf({ targets: [type], isCanonical: false }, text, { base, isStored }) ?? [];
  return target && { kind: 'reference', target };
}

/** `_id`, with `:not` where wanted. */
export function idClause(value: string, modifier: string | undefined): Checked<SearchClause> {
  if (modifier !== undefined && modifier !== 'not')
    return refuse(unservedModifier({ code: '_id', kind: 'token' }));
  const readId = (text: string) => (/^[A-Za-z0-9.-]{1,64}$/.test(text) ? text : undefined);
  return read('_id', value, readId, 'write ids, parted by commas', (ids) => ({
    kind: 'id',
    ids,
    ...(modifier === 'not' ? { not: true } : {}),
  }));
}

/** `_lastUpdated`. */
export function updatedClause(value: string, modifier: string | undefined): Checked<SearchClause> {
  if (modifier !== undefined) return refuse(unservedModifier({ code: '_lastUpdated', kind: 'date' }));
  return read('_lastUpdated', value, dateOf, DATE_FORMS, (values) => ({ kind: 'lastUpdated', values }));
}

function missingClause({ code }: ServedParameter, value: string): Checked<SearchClause> {
  if (value !== 'true' && value !== 'false') return faultOf(`${code}:missing`, 'write true or false');
  return { ok: true, value: { kind: 'missing', param: code, isMissing: value === 'true' } };
}

/** An element of type `code` stands in the index without the system that its value set says. */
function inClause(
  { codesOf }: ClauseParts,
  { code }: ServedParameter,
  modifier: 'in' | 'not-in',
  value: string,
): Checked<SearchClause> {
  const name = `${code}:${modifier}`;
  const codes = codesOf?.(value.replaceAll('\\', ''));
  if (!codes)
    return refuse({
      code: 'not-supported',
      rule: 'api-search-value-set',
      diagnostics: `${name}: this value set is not known whole here; name the codes themselves, or another value set.`,
      expression: `http.${code}`,
    });
  if (codes.length > MOST_CODES)
    return refuse({
      code: 'too-costly',
      rule: 'api-search-cost',
      diagnostics: `${name}: the value set has more than ${MOST_CODES} codes; name those that are meant.`,
      expression: `http.${code}`,
    });
  const values = codes.flatMap((one) => [one, { ...one, system: '' }]);
  return {
    ok: true,
    value: { kind: 'token', param: code, values, ...(modifier === 'not-in' ? { not: true } : {}) },
  };
}

function read<T>(
  name: string,
  value: string,
  readOne: (text: string) => T | undefined,
  hint: string,
  clauseOf: (values: T[]) => SearchClause,
): Checked<SearchClause> {
  const texts = splitValues(value);
  if (texts.length > MOST_VALUES)
    return refuse({
      code: 'too-costly',
      rule: 'api-search-cost',
      diagnostics: `${name}: give at most ${MOST_VALUES} values.`,
      expression: `http.${name}`,
    });
  const values = texts.map(readOne).filter((one) => one !== undefined);
  return values.length === texts.length ? { ok: true, value: clauseOf(values) } : faultOf(name, hint);
}

/** A value that cannot be read. @param name of the parameter, never what was sent for it */
export function faultOf(name: string, what: string): ReturnType<typeof refuse> {
  return refuse({
    code: 'value',
    rule: 'api-search-value',
    diagnostics: `Search parameter ${name}: ${what}.`,
    expression: `http.${name}`,
  });
}

/** A modifier narrows what it stands on, so to ignore one would answer with what was not asked for. */
function unservedModifier({ code, kind }: Pick<ServedParameter, 'code' | 'kind'>): Fault {
  const served = ['missing', ...MODIFIERS[kind]].map((one) => `:${one}`).join(', ');
  return {
    code: 'not-supported',
    rule: 'api-search-modifier',
    diagnostics: `${code}: this modifier is not served; use it as it is, or with ${served}.`,
    expression: `http.${code}`,
  };
}

function formsOf({ targets, isCanonical }: ServedParameter): string {
  if (isCanonical) return 'write a canonical URL';
  return targets.length === 1
    ? `write an id or ${targets[0]}/id`
    : `write the type before the id, as in ${targets.slice(0, 3).join('/id or ')}/id`;
}
