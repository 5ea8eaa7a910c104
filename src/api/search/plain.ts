/** Turns one parameter with its modifier and values into a condition of the store, by the parameter's type. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { ParameterKind } from '../../store/served-parameters.ts';
import type { CompositePart, SearchClause } from '../../store/store.ts';
import { inClause, relatedClause, type SearchTerms, withImplied } from './coded.ts';
import { modifiersOf, unservedModifier } from './modifiers.ts';
import { numberOf, quantityOf } from './numbers.ts';
import { faultOf, read, TOKEN_FORMS } from './reading.ts';
import { isStored, type ServedParameter, type ServedSearch } from './served.ts';
import { dateOf, splitParts, targetsOf, textOf, tokenOf, typedOf, uriOf, wordsOf } from './values.ts';

/** What conditions are read with. */
export interface ClauseParts {
  readonly served: ServedSearch;
  /** FHIR base, to know our own resources by in absolute references */
  readonly base: string;
  /** undefined: no value set and no code system is known */
  readonly terms?: SearchTerms | undefined;
}

const DATE_FORMS =
  'write a date as 2026, 2026-06, 2026-06-30 or 2026-06-30T12:00:00Z, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';
const NUMBER_FORMS =
  'write a decimal number, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';
const QUANTITY_FORMS =
  'write number, number|system|code or number||unit, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';

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
  if (modifier !== undefined && !isTyped && !modifiersOf(parameter).includes(modifier))
    return refuse(unservedModifier(parameter));
  if (modifier === 'text')
    return read(code, value, wordsOf, 'write words to find', (values) => ({
      ...{ kind: 'saidText', param: code, values },
    }));
  if (kind === 'token') return tokenClause({ parts, parameter, modifier, value });
  if (modifier === 'identifier')
    return read(code, value, tokenOf, TOKEN_FORMS, (values) => ({
      kind: 'referenceIdentifier',
      param: code,
      values,
    }));
  return READERS[kind]({ parts, parameter, modifier, value });
}

function tokenClause({ parts: { terms }, parameter, modifier, value }: Given): Checked<SearchClause> {
  const { code: param } = parameter;
  if (modifier === 'in' || modifier === 'not-in') return inClause(terms, parameter, modifier, value);
  if (modifier === 'above' || modifier === 'below') return relatedClause(terms, parameter, modifier, value);
  if (modifier === 'of-type')
    return read(param, value, typedOf, 'write system|code|value, the first two of the type', (values) => ({
      ...{ kind: 'typedIdentifier', param, values },
    }));
  const not = modifier === 'not' ? { not: true } : {};
  return read(param, value, tokenOf, TOKEN_FORMS, (values) => ({
    ...{ kind: 'token', param, ...not },
    values: withImplied(terms, parameter, values),
  }));
}

interface Given {
  readonly parts: ClauseParts;
  readonly parameter: ServedParameter;
  readonly modifier: string | undefined;
  readonly value: string;
}

const READERS: Readonly<Record<Exclude<ParameterKind, 'token'>, (given: Given) => Checked<SearchClause>>> = {
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
    const forms = how === 'exact' ? 'write a URI' : 'write a URL; URNs have nothing above or below';
    return read(code, value, readUri, forms, (values) => ({ kind: 'uri', param: code, values }));
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

function formsOf({ targets, isCanonical }: ServedParameter): string {
  if (isCanonical) return 'write a canonical URL';
  return targets.length === 1
    ? `write an id or ${targets[0]}/id`
    : `write the type before the id, as in ${targets.slice(0, 3).join('/id or ')}/id`;
}
