/** Turns the query of a FHIR search into the store's search, or says which parameter to change. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, issueOf, outcomeOf } from '../fhir/outcome.ts';
import { dateRange } from '../store/date-range.ts';
import type { DatePrefix, ResourceKey, SearchClause, SearchQuery } from '../store/store.ts';
import type { ServedParameter, ServedSearch } from './served-search.ts';

/** A search as asked for. */
export interface SearchRequest {
  readonly query: SearchQuery;
  /** reference parameters whose targets come along */
  readonly includes: readonly string[];
  /** total asked for; `none` saves the counting */
  readonly total: 'accurate' | 'none';
  /** parameters that are not served, when the client is lenient */
  readonly warnings: readonly OperationOutcomeIssue[];
  /** the query again, without the cursor, for the links */
  readonly own: readonly (readonly [string, string])[];
}

const DEFAULT_COUNT = 50;
const LARGEST_COUNT = 500;
/** Name of the paging parameter; its value is ours, and checked. */
export const CURSOR = '_cursor';
const LONGEST_VALUE = 2_000;

/**
 * @param type a stored type
 * @param query pairs in the order of the request
 * @param strict unknown parameters are errors (`Prefer: handling=strict`), else warnings
 */
export function readSearch(
  served: ServedSearch,
  type: string,
  query: readonly (readonly [string, string])[],
  strict: boolean,
): Checked<SearchRequest> {
  const reading = new Reading(served, type);
  for (const [name, value] of query) reading.take(name, value);
  const faults = strict ? [...reading.faults, ...reading.unknown] : reading.faults;
  if (faults.length > 0)
    return {
      ok: false,
      outcome: outcomeOf(...faults.map((issue) => ({ ...issue, severity: 'error' as const }))),
    };
  return {
    ok: true,
    value: {
      query: {
        type,
        clauses: reading.clauses,
        count: reading.count,
        ...(reading.cursor === undefined ? {} : { after: reading.cursor }),
      },
      includes: reading.includes,
      total: reading.total,
      warnings: reading.unknown,
      own: query.filter(([name]) => name !== CURSOR),
    },
  };
}

class Reading {
  readonly clauses: SearchClause[] = [];
  readonly includes: string[] = [];
  readonly faults: OperationOutcomeIssue[] = [];
  readonly unknown: OperationOutcomeIssue[] = [];
  count = DEFAULT_COUNT;
  total: 'accurate' | 'none' = 'accurate';
  cursor: string | undefined;
  readonly #served: ServedSearch;
  readonly #type: string;

  constructor(served: ServedSearch, type: string) {
    this.#served = served;
    this.#type = type;
  }

  take(name: string, value: string): void {
    if (value.length > LONGEST_VALUE)
      return this.#fault(name, `its value is longer than ${LONGEST_VALUE} characters`);
    if (value.includes('\0')) return this.#fault(name, 'its value has a NUL character');
    const control = this.#controls[name];
    if (control) return control(value);
    const parameter = this.#served.get(this.#type)?.get(name);
    if (!parameter) return this.#unknown(name);
    this.#clause(parameter, value);
  }

  readonly #controls: Readonly<Record<string, (value: string) => void>> = {
    _id: (value) => void this.clauses.push({ kind: 'id', ids: value.split(',') }),
    _lastUpdated: (value) =>
      this.#dates('_lastUpdated', value, (values) => ({ kind: 'lastUpdated', values })),
    _count: (value) => {
      if (!/^\d{1,6}$/.test(value)) return this.#fault('_count', 'write a number from 0 on');
      this.count = Math.min(Number(value), LARGEST_COUNT);
    },
    _include: (value) => this.#include(value),
    _format: (value) => {
      if (!/json/.test(value)) this.#fault('_format', 'only json is served');
    },
    _total: (value) => {
      if (value !== 'accurate' && value !== 'none' && value !== 'estimate')
        return this.#fault('_total', 'write none, estimate or accurate');
      this.total = value === 'none' ? 'none' : 'accurate';
    },
    [CURSOR]: (value) => {
      if (!/^[1-9]\d{0,14}$/.test(value)) return this.#fault(CURSOR, 'follow the next link as it was given');
      this.cursor = value;
    },
  };

  #clause(parameter: ServedParameter, value: string): void {
    const { code: param, type } = parameter;
    if (type === 'date') return this.#dates(param, value, (values) => ({ kind: 'date', param, values }));
    if (type === 'reference') {
      const targets = splitValues(value).map((one) => targetOf(parameter, one));
      const unclear = targets.some((target) => target === undefined);
      if (unclear)
        return this.#fault(
          param,
          `write the type before the id: ${parameter.targets.slice(0, 3).join(' or ')}/id`,
        );
      this.clauses.push({ kind: 'reference', param, targets: targets as ResourceKey[] });
      return;
    }
    this.clauses.push({
      kind: 'token',
      param,
      values: splitValues(value).map(type === 'uri' ? (code) => ({ code }) : tokenOf),
    });
  }

  #dates(
    name: string,
    value: string,
    clause: (values: { prefix: DatePrefix; lowMs: number; highMs: number }[]) => SearchClause,
  ): void {
    const values: { prefix: DatePrefix; lowMs: number; highMs: number }[] = [];
    for (const one of value.split(',')) {
      const [, prefix, text] = /^(eq|ne|lt|le|gt|ge|sa|eb|ap)?(.*)$/s.exec(one)!;
      // a plus sign in a URL is a space: a zone such as +01:00 often arrives so
      const range = dateRange(text!.replace(' ', '+'));
      if (!range)
        return this.#fault(
          name,
          'write a date as 2026, 2026-06, 2026-06-30 or 2026-06-30T12:00:00Z, with eq, ne, lt, le, gt, ge, sa, eb or ap before it where wanted',
        );
      values.push({ prefix: (prefix as DatePrefix | undefined) ?? 'eq', ...range });
    }
    this.clauses.push(clause(values));
  }

  #include(value: string): void {
    const [type, code] = value.split(':');
    const parameter = this.#served.get(this.#type)?.get(code ?? '');
    // `subject` is the element behind `patient`: both names are in use
    const known =
      code === 'subject' && this.#served.get(this.#type)?.has('patient')
        ? 'patient'
        : parameter?.type === 'reference'
          ? parameter.code
          : undefined;
    if (type !== this.#type || known === undefined) {
      return this.#fault(
        '_include',
        `write ${this.#type}: and one of ${
          [...(this.#served.get(this.#type)?.values() ?? [])]
            .filter((one) => one.type === 'reference')
            .map((one) => one.code)
            .join(', ') || 'no parameter: this type has no references that are served'
        }`,
      );
    }
    this.includes.push(known);
  }

  #fault(name: string, what: string): void {
    this.faults.push(
      issueOf({
        code: 'value',
        rule: 'search-value',
        diagnostics: `Search parameter ${name}: ${what}.`,
        expression: `http.${name}`,
      }),
    );
  }

  #unknown(name: string): void {
    const served = ['_id', '_lastUpdated', ...(this.#served.get(this.#type)?.keys() ?? [])].join(', ');
    const safe = /^[\w:.-]{1,64}$/.test(name) ? name : 'a parameter';
    this.unknown.push(
      issueOf({
        severity: 'warning',
        code: 'not-supported',
        rule: 'search-unknown-parameter',
        diagnostics: `${safe} is not served for ${this.#type} and was ignored; served are ${served}.`,
        expression: 'http',
      }),
    );
  }
}

/** Values are parted by commas; `\,` is a comma within one. @source FHIR R4, 3.1.1.3.4 */
function splitValues(value: string): string[] {
  return value.split(/(?<!\\),/).map((one) => one.replaceAll(/\\([,$|\\])/g, '$1'));
}

function tokenOf(text: string): { system?: string; code?: string } {
  const bar = text.indexOf('|');
  if (bar < 0) return { code: text };
  const code = text.slice(bar + 1);
  return { system: text.slice(0, bar), ...(code === '' ? {} : { code }) };
}

/** `id`, `Type/id` or a URL; a bare id only where the parameter has one target type. */
function targetOf({ targets, code }: ServedParameter, text: string): string | undefined {
  if (code === 'questionnaire' || text.includes('/')) return text.replace(/\/_history\/.*$|\|.*$/, '');
  return targets.length === 1 ? `${targets[0]}/${text}` : undefined;
}
