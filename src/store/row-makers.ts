/** Turns what an expression finds in a resource into search rows, by the kind of the parameter. */
import type {
  Address,
  CodeableConcept,
  Coding,
  HumanName,
  Identifier,
  Period,
  Quantity,
  Range,
  Reference,
  Timing,
} from '@medplum/fhirtypes';
import { type DateRange, dateRange, EARLIEST_MS, LATEST_MS } from './date-range.ts';
import type { Amount, IndexRow } from './index-row.ts';
import { indexText } from './index-text.ts';
import { folded, writtenAs } from './search-text.ts';
import type { ParameterKind } from './served-parameters.ts';

/** @param param name of the rows @param items what the expression found, at least one @returns the rows; none of what cannot be found by */
export type RowMaker = (param: string, items: readonly unknown[]) => readonly IndexRow[];

export const ROW_MAKERS: Readonly<Record<Exclude<ParameterKind, 'composite'>, RowMaker>> = {
  token: (param, items) => {
    const rows = items.flatMap((item) => tokenRows(param, item));
    // what `phone` and `email` find is found as `telecom` by their rows
    if (param.endsWith('.telecom'))
      return rows.filter((row) => row.kind !== 'token' || !/^(phone|email)$/.test(row.system));
    return [...orPresent(rows, tokenRow(param, '', '')), ...besideRows(param, items)];
  },
  uri: (param, items) =>
    items.flatMap((item) => (typeof item === 'string' ? [tokenRow(param, undefined, item)] : [])),
  reference: (param, items) =>
    orPresent(
      items.flatMap((item) => referenceRows(param, item)),
      { kind: 'reference', param, target: '' },
    ),
  date: (param, items) =>
    items.flatMap((item) => {
      const range = rangeOf(item);
      return range ? [{ kind: 'date', param, ...range }] : [];
    }),
  string: (param, items) => items.flatMap((item) => textsOf(item, param).map((text) => textRow(param, text))),
  number: (param, items) => items.flatMap((item) => amountRows(param, item)),
  quantity: (param, items) => items.flatMap((item) => amountRows(param, item)),
};

/** An element that is there has a row, even if nothing in it can be looked up: `:missing` and sorting go by it. */
function orPresent(rows: readonly IndexRow[], present: IndexRow): readonly IndexRow[] {
  return rows.some((row) => row.param === present.param) ? rows : [...rows, present];
}

/** An Identifier, a CodeableConcept, a Coding, a ContactPoint, a code or a boolean. */
function tokenRows(param: string, item: unknown): readonly IndexRow[] {
  return tokensOf(item).map(({ system, code }) => tokenRow(param, system, code));
}

export function tokensOf(item: unknown): readonly { system: string | undefined; code: string }[] {
  if (typeof item !== 'object' || item === null) return [{ system: undefined, code: String(item) }];
  const { coding } = item as { coding?: readonly Coding[] };
  if (coding) return coding.flatMap((one) => (one.code ? [{ system: one.system, code: one.code }] : []));
  const { system, value, code } = item as Identifier & Coding;
  const text = code ?? value;
  return text ? [{ system, code: text }] : [];
}

/** What is said beside codes, and what kinds identifiers are of: `:text`, `:of-type`. Codes alone have nothing beside. */
function besideRows(param: string, items: readonly unknown[]): readonly IndexRow[] {
  const rows: IndexRow[] = [];
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue;
    const { text, coding, display, type, value } = item as CodeableConcept & Coding & Identifier;
    const norms = new Set<string>();
    for (const said of [text, display, type?.text]) if (said) norms.add(wordsOf(said));
    for (const { display: said } of coding ?? []) if (said) norms.add(wordsOf(said));
    for (const norm of norms)
      if (norm !== '') rows.push({ kind: 'text', param: textParam(param), norm, written: '' });
    for (const { system, code } of value === undefined ? [] : (type?.coding ?? []))
      if (code) rows.push(tokenRow(typedParam(param), system, typedCode(code, value!)));
  }
  return rows;
}

/** Codes are few, and are said alike each time. */
const MOST_WORDS = 2_000;
const LONGEST_WORDS = 200;
const foldedWords = new Map<string, string>();

function wordsOf(text: string): string {
  let norm = foldedWords.get(text);
  if (norm === undefined) {
    norm = folded(text);
    if (foldedWords.size >= MOST_WORDS) foldedWords.clear();
    if (text.length <= LONGEST_WORDS) foldedWords.set(text, norm);
  }
  return norm;
}

/** Name of the rows of what is said beside codes and references. */
export function textParam(param: string): string {
  return `${param}:text`;
}

/** Name of the rows that hold the type of an identifier and its value. */
export function typedParam(param: string): string {
  return `${param}:of-type`;
}

/** No code has a line feed. */
export function typedCode(code: string, value: string): string {
  return `${code}\n${value}`;
}

function tokenRow(param: string, system: string | undefined, code: string): IndexRow {
  return { kind: 'token', param, system: indexText(system ?? ''), code: indexText(code) };
}

/** A Reference, with its identifier, or a canonical URL. A version in it is left out: a search names the resource. */
function referenceRows(param: string, item: unknown): readonly IndexRow[] {
  const { reference, identifier, display, type } =
    typeof item === 'string' ? ({ reference: item } as Reference) : (item as Reference);
  const rows: IndexRow[] = identifier ? [...tokenRows(identifierParam(param), identifier)] : [];
  if (reference && !reference.startsWith('#'))
    rows.push({
      kind: 'reference',
      param,
      target: indexText(reference.replace(/\/_history\/.*$|\|.*$/, '')),
    });
  const norm = folded(display ?? '');
  const written = /^(?:.*\/)?([A-Z][A-Za-z]+)\/[^/]+$/.exec(reference ?? '')?.[1] ?? type ?? '';
  if (norm !== '') rows.push({ kind: 'text', param: textParam(param), norm, written: indexText(written) });
  return rows;
}

/** Name of the rows of the identifiers that references have. */
export function identifierParam(param: string): string {
  return `${param}:identifier`;
}

/** A date text, a Period, or a Timing: from its first event to the end of its last. */
function rangeOf(item: unknown): DateRange | undefined {
  if (typeof item === 'string') return dateRange(item);
  if (typeof item !== 'object' || item === null) return undefined;
  const { event = [], repeat } = item as Timing;
  const ranges = [...event, repeat?.boundsPeriod].map(rangeOf).filter((one) => one !== undefined);
  if (ranges.length > 0)
    return {
      lowMs: Math.min(...ranges.map((one) => one.lowMs)),
      highMs: Math.max(...ranges.map((one) => one.highMs)),
    };
  const { start, end } = item as Period;
  if (start === undefined && end === undefined) return undefined;
  const lowMs = start === undefined ? EARLIEST_MS : dateRange(start)?.lowMs;
  const highMs = end === undefined ? LATEST_MS : dateRange(end)?.highMs;
  return lowMs === undefined || highMs === undefined ? undefined : { lowMs, highMs };
}

/** Of names and addresses, those parts that no parameter of their own finds: what is beside `family` and `address-city`. */
function textsOf(item: unknown, param: string): readonly string[] {
  if (typeof item === 'string') return [item];
  if (typeof item !== 'object' || item === null) return [];
  const { text, line = [], district } = item as Address;
  if (param.endsWith('.address')) return given([text, ...line, district]);
  const { family, given: givens = [], prefix = [], suffix = [] } = item as HumanName;
  const own = param === 'RelatedPerson.name' ? [family, ...givens] : [];
  return given([text, ...own, ...prefix, ...suffix]);
}

function given(texts: readonly (string | undefined)[]): string[] {
  return texts.filter((text) => text !== undefined && text !== '') as string[];
}

function textRow(param: string, text: string): IndexRow {
  return { kind: 'text', param, norm: folded(text), written: writtenAs(text) };
}

function amountRows(param: string, item: unknown): readonly IndexRow[] {
  return amountsOf(item).map((amount) => ({ kind: 'quantity', param, ...amount }));
}

const LOWEST = -Number.MAX_VALUE;
const HIGHEST = Number.MAX_VALUE;

/** A number, a Quantity or a Range. */
export function amountsOf(item: unknown): readonly Amount[] {
  if (typeof item === 'number') return [{ low: item, high: item, system: '', code: '', unit: '' }];
  if (typeof item !== 'object' || item === null) return [];
  const { value, comparator } = item as Quantity;
  if (value !== undefined) {
    const low = comparator?.startsWith('<') ? LOWEST : value;
    const high = comparator?.startsWith('>') ? HIGHEST : value;
    return [{ low, high, ...unitOf(item as Quantity) }];
  }
  const { low, high } = item as Range;
  if (low?.value === undefined && high?.value === undefined) return [];
  return [{ low: low?.value ?? LOWEST, high: high?.value ?? HIGHEST, ...unitOf((low ?? high)!) }];
}

function unitOf({ system = '', code = '', unit = '' }: Quantity): Pick<Amount, 'system' | 'code' | 'unit'> {
  return { system: indexText(system), code: indexText(code), unit: unit === code ? '' : indexText(unit) };
}
