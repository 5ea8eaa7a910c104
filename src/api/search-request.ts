/** Turns the query of a FHIR search into the store's search, or says which parameter to change. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { StoredType } from '../fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { SearchClause, SearchQuery } from '../store/store.ts';
import type { Pairs } from './address.ts';
import { CURSOR, openCursor } from './cursor.ts';
import { dateOf, splitValues, targetOf, tokenOf, uriOf } from './search-values.ts';
import type { ServedParameter, ServedSearch } from './served-search.ts';

/** A search as asked for. */
export interface SearchRequest {
  readonly query: SearchQuery;
  readonly includes: readonly Include[];
  /** total asked for; `none` saves the counting */
  readonly total: 'accurate' | 'none';
  /** parameters that are not served, when the client is lenient */
  readonly warnings: readonly OperationOutcomeIssue[];
  /** the parameters that were used, without the cursor, for the links */
  readonly used: Pairs;
  /** what pages belong to: a cursor of one search is refused by another */
  readonly paged: unknown;
}

/** References to follow from the matches. */
export interface Include {
  /** code of the parameter that the store has its rows under */
  readonly index: string;
  /** only targets of this type, where the client named one */
  readonly target: string | undefined;
}

/** Where and how a search is asked for. */
export interface SearchAsked {
  readonly type: StoredType;
  /** pairs in the order of the request */
  readonly query: Pairs;
  /** FHIR base, to know our own resources by in absolute references */
  readonly base: string;
  /** unknown parameters are errors (`Prefer: handling=strict`), else warnings */
  readonly strict: boolean;
}

const DEFAULT_COUNT = 50;
const LARGEST_COUNT = 500;
const LONGEST_VALUE = 5_000;
/** A search is one SQL statement with a part for each value: this keeps it within what SQL takes. */
const MOST_PARAMETERS = 50;
const MOST_VALUES = 100;
/** They say how the answer is laid out, so pages with another setting are pages of the same search. */
const LAYOUT: ReadonlySet<string> = new Set(['_count', '_total', '_include', '_format']);

/** @returns the search; or every fault found, by parameter */
export function readSearch(served: ServedSearch, asked: SearchAsked): Checked<SearchRequest> {
  const reading = new Reading(served.get(asked.type) ?? new Map(), asked);
  for (const [name, value] of asked.query.slice(0, MOST_PARAMETERS)) reading.take(name, value);
  if (asked.query.length > MOST_PARAMETERS)
    reading.refuse('too-costly', 'api-search-cost', `Give at most ${MOST_PARAMETERS} parameters.`);
  const paged = [asked.type, ...reading.used.filter(([name]) => !LAYOUT.has(name))];
  const after = reading.cursor === undefined ? undefined : openCursor(reading.cursor, paged);
  if (after?.ok === false) reading.faults.push(...after.outcome.issue);
  if (asked.strict) reading.faults.push(...reading.unknown);
  if (reading.faults.length > 0) {
    const errors = reading.faults.map((issue) => ({ ...issue, severity: 'error' as const }));
    return { ok: false, outcome: outcomeOf(...errors) };
  }
  const { clauses, count, includes, total, unknown, used } = reading;
  const query = { type: asked.type, clauses, count, ...(after?.ok ? { after: after.value } : {}) };
  return { ok: true, value: { query, includes, total, warnings: unknown, used, paged } };
}

/** What has been read of one query. */
class Reading {
  readonly clauses: SearchClause[] = [];
  readonly includes: Include[] = [];
  readonly faults: OperationOutcomeIssue[] = [];
  readonly unknown: OperationOutcomeIssue[] = [];
  readonly used: (readonly [string, string])[] = [];
  count = DEFAULT_COUNT;
  total: 'accurate' | 'none' = 'accurate';
  cursor: string | undefined;
  readonly #parameters: ReadonlyMap<string, ServedParameter>;
  readonly #asked: SearchAsked;

  constructor(parameters: ReadonlyMap<string, ServedParameter>, asked: SearchAsked) {
    this.#parameters = parameters;
    this.#asked = asked;
  }

  take(name: string, value: string): void {
    const colon = name.indexOf(':');
    const plain = colon < 0 ? name : name.slice(0, colon);
    const modifier = colon < 0 ? undefined : name.slice(colon + 1);
    const parameter = this.#parameters.get(plain);
    const control = modifier === undefined ? this.#controls.get(name) : undefined;
    if (!parameter && !control) return this.#unserved(name);
    if (name !== CURSOR) this.used.push([name, value]);
    if (value === '') return this.#fault(plain, 'give it a value, or leave it out');
    if (value.length > LONGEST_VALUE)
      return this.#fault(plain, `its value is longer than ${LONGEST_VALUE} characters`);
    if (control) return control(value);
    this.#clause(parameter!, value, modifier);
  }

  refuse(code: OperationOutcomeIssue['code'], rule: string, diagnostics: string, expression = 'http'): void {
    this.faults.push(issueOf({ code, rule, diagnostics, expression }));
  }

  readonly #controls: ReadonlyMap<string, (value: string) => void> = new Map([
    ['_id', (value: string) => this.#ids(value)],
    ['_lastUpdated', (value: string) => this.#lastUpdated(value)],
    ['_count', (value: string) => this.#readCount(value)],
    ['_include', (value: string) => this.#include(value)],
    ['_format', () => {}], // settled before a search is read
    ['_total', (value: string) => this.#readTotal(value)],
    [CURSOR, (value: string) => this.#readCursor(value)],
  ]);

  #clause(parameter: ServedParameter, value: string, modifier: string | undefined): void {
    const { code, type, index } = parameter;
    const typed = type === 'reference' && modifier !== undefined && parameter.targets.includes(modifier);
    if (modifier !== undefined && !typed) return this.#unserved(`${code}:${modifier}`);
    if (type === 'date') {
      const values = this.#values(code, value, dateOf, DATE_FORMS);
      if (values) this.clauses.push({ kind: 'date', param: index, values });
    } else if (type === 'reference') {
      const read = (text: string) => targetOf(parameter, text, this.#asked.base, modifier);
      const targets = this.#values(code, value, read, formsOf(parameter));
      if (targets) this.clauses.push({ kind: 'reference', param: index, targets });
    } else {
      const read: typeof tokenOf = type === 'uri' ? uriOf : tokenOf;
      const values = this.#values(code, value, read, TOKEN_FORMS);
      if (values) this.clauses.push({ kind: 'token', param: index, values });
    }
  }

  #ids(value: string): void {
    const read = (text: string) => (/^[A-Za-z0-9.-]{1,64}$/.test(text) ? text : undefined);
    const ids = this.#values('_id', value, read, 'write ids, parted by commas');
    if (ids) this.clauses.push({ kind: 'id', ids });
  }

  #lastUpdated(value: string): void {
    const values = this.#values('_lastUpdated', value, dateOf, DATE_FORMS);
    if (values) this.clauses.push({ kind: 'lastUpdated', values });
  }

  #readCount(value: string): void {
    if (!/^\d{1,9}$/.test(value)) return this.#fault('_count', 'write a number from 0 on');
    this.count = Math.min(Number(value), LARGEST_COUNT);
  }

  #readCursor(value: string): void {
    this.cursor = value;
  }

  #readTotal(value: string): void {
    if (!/^(none|estimate|accurate)$/.test(value))
      return this.#fault('_total', 'write none, estimate or accurate');
    this.total = value === 'none' ? 'none' : 'accurate';
  }

  /** `Type:parameter`, or `Type:parameter:TargetType`. */
  #include(value: string): void {
    const [type, code = '', target, ...rest] = value.split(':');
    const parameter = this.#parameters.get(code);
    const isServed = type === this.#asked.type && parameter && isIncludable(parameter) && rest.length === 0;
    if (isServed && (target === undefined || parameter.targets.includes(target)))
      return void this.includes.push({ index: parameter.index, target });
    const known = [...this.#parameters.values()].filter(isIncludable);
    const forms = known.map((one) => `${this.#asked.type}:${one.code}`).join(', ');
    this.#fault('_include', forms === '' ? 'this type has no references that are served' : `write ${forms}`);
  }

  #values<T>(
    name: string,
    value: string,
    read: (text: string) => T | undefined,
    hint: string,
  ): T[] | undefined {
    const texts = splitValues(value);
    if (texts.length > MOST_VALUES) {
      this.refuse(
        'too-costly',
        'api-search-cost',
        `${name}: give at most ${MOST_VALUES} values.`,
        `http.${name}`,
      );
      return undefined;
    }
    const values = texts.map(read).filter((one) => one !== undefined);
    if (values.length === texts.length) return values;
    this.#fault(name, hint);
    return undefined;
  }

  #fault(name: string, what: string): void {
    this.refuse('value', 'api-search-value', `Search parameter ${name}: ${what}.`, `http.${name}`);
  }

  /** A modifier or chain narrows what it stands on, so to ignore one would answer with what was not asked for. */
  #unserved(name: string): void {
    const shown = /^_?[A-Za-z][\w:.-]{0,63}$/.test(name) ? name : 'a parameter';
    const served = ['_id', '_lastUpdated', ...this.#parameters.keys()].join(', ');
    if (/[:.]/.test(name)) {
      const diagnostics = `${shown}: modifiers and chains are not served; use ${served} as they are.`;
      return this.refuse('not-supported', 'api-search-modifier', diagnostics);
    }
    this.unknown.push(
      issueOf({
        severity: 'warning',
        code: 'not-supported',
        rule: 'api-search-parameter',
        diagnostics: `${shown} is not served for ${this.#asked.type} and was not used; served are ${served}.`,
        expression: 'http',
      }),
    );
  }
}

const DATE_FORMS =
  'write a date as 2026, 2026-06, 2026-06-30 or 2026-06-30T12:00:00Z, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted';
const TOKEN_FORMS = 'write code, system|code, |code or system|';

/** True where what the parameter refers to can come along with a match. */
export function isIncludable(parameter: ServedParameter): boolean {
  return parameter.type === 'reference' && !parameter.isCanonical;
}

function formsOf({ targets, isCanonical }: ServedParameter): string {
  if (isCanonical) return 'write a canonical URL';
  return targets.length === 1
    ? `write an id or ${targets[0]}/id`
    : `write the type before the id, as in ${targets.slice(0, 3).join('/id or ')}/id`;
}
