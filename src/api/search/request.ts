/** Turns the query of a FHIR search into the store's searches, or says which parameter to change. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { StoredType } from '../../fhir/definitions.ts';
import { type Checked, type Fault, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { SearchClause, SearchQuery } from '../../store/store.ts';
import type { Pairs } from '../address.ts';
import { CURSOR } from '../cursor.ts';
import { readClause, typesWithin } from './clause.ts';
import { CONTROLS, type Controls, isLayout, newControls } from './controls.ts';
import type { ClauseParts } from './plain.ts';

/** A search as asked for. */
export interface SearchRequest {
  /** one a type, in order; pages go through them one after the other */
  readonly queries: readonly SearchQuery[];
  readonly controls: Readonly<Controls>;
  /** parameters that are not served, when the client is lenient */
  readonly warnings: readonly OperationOutcomeIssue[];
  /** the parameters that were used, without the cursor, for the links */
  readonly used: Pairs;
  /** what pages belong to: a cursor of one search is refused by another */
  readonly paged: unknown;
  /** other types that the conditions look into */
  readonly within: ReadonlySet<string>;
}

/** Where and how a search is asked for. */
export interface SearchAsked {
  /** one; or several, of which only what all of them have can be asked */
  readonly types: readonly StoredType[];
  /** pairs in the order of the request */
  readonly query: Pairs;
  /** unknown parameters are errors (`Prefer: handling=strict`), else warnings */
  readonly strict: boolean;
  /** `_type` has named the types */
  readonly isSystemWide?: boolean;
  /** what the place of the search adds, such as a compartment: conditions of a type, and a name for the cursor */
  readonly within?: {
    readonly name: string;
    readonly clausesOf: (type: StoredType) => readonly SearchClause[];
  };
}

const LONGEST_VALUE = 5_000;
const MOST_PARAMETERS = 50;
/** A search is one SQL statement with a part for each value: this keeps it within what SQL takes. */
const MOST_PARTS = 3_000;
/** Read before a search, where it may stand. */
const TYPE = '_type';

/** @returns the search; or every fault found, by parameter */
export function readSearch(parts: ClauseParts, asked: SearchAsked): Checked<SearchRequest> {
  const reading = new Reading(parts, asked);
  for (const [name, value] of asked.query.slice(0, MOST_PARAMETERS)) reading.take(name, value);
  reading.finish();
  if (asked.strict) reading.faults.push(...reading.unknown);
  if (reading.faults.length > 0) {
    const errors = reading.faults.map((issue) => ({ ...issue, severity: 'error' as const }));
    return { ok: false, outcome: outcomeOf(...errors) };
  }
  const { controls, unknown, used } = reading;
  const { count, sort } = controls;
  const queries = asked.types.map((type) => ({
    type,
    clauses: [...(asked.within?.clausesOf(type) ?? []), ...(reading.clauses.get(type) ?? [])],
    count,
    ...(sort.length === 0 ? {} : { sort }),
  }));
  const paged = [asked.within?.name ?? '', asked.types, used.filter(([name]) => !isLayout(name))];
  const within = typesWithin([...reading.clauses.values()].flat());
  return { ok: true, value: { queries, controls, warnings: unknown, used, paged, within } };
}

/**
 * Reads conditions alone: what names a resource in a conditional request, or narrows a scope.
 * @returns refusal of every parameter that is not served, or says how an answer is laid out
 */
export function readConditions(
  parts: ClauseParts,
  type: StoredType,
  query: Pairs,
): Checked<readonly SearchClause[]> {
  const asked: Pairs = query.filter(([name]) => !isPassedOver(name));
  const laidOut = asked.filter(([name]) => isLayout(name) || name === '_sort');
  if (laidOut.length > 0) {
    const diagnostics = 'Only search parameters that say which resource is meant can stand here.';
    const rule = 'api-search-parameter';
    return { ok: false, outcome: outcomeOf(issueOf({ rule, diagnostics, expression: 'http' })) };
  }
  const search = readSearch(parts, { types: [type], query: asked, strict: true });
  return search.ok ? { ok: true, value: search.value.queries[0]!.clauses } : search;
}

function isPassedOver(name: string): boolean {
  return name === '_format' || name === '_pretty';
}

/** What has been read of one query. */
class Reading {
  readonly clauses = new Map<StoredType, SearchClause[]>();
  readonly controls = newControls();
  readonly faults: OperationOutcomeIssue[] = [];
  readonly unknown: OperationOutcomeIssue[] = [];
  readonly used: (readonly [string, string])[] = [];
  readonly #parts: ClauseParts;
  readonly #asked: SearchAsked;

  constructor(parts: ClauseParts, asked: SearchAsked) {
    this.#parts = parts;
    this.#asked = asked;
  }

  take(name: string, value: string): void {
    const control = CONTROLS.get(name);
    const [shown = ''] = name.split(/[:.]/, 1);
    if (control || (name === TYPE && this.#asked.isSystemWide)) {
      if (name !== CURSOR) this.used.push([name, value]);
      const fault = faultOfLength(value);
      if (fault !== undefined) return this.#refuse(valueFault(shown, fault));
      const { served } = this.#parts;
      const wrong = control?.(this.controls, value, { served, types: this.#asked.types });
      return wrong === undefined ? undefined : this.#refuse(valueFault(shown, wrong));
    }
    const found = this.#asked.types.map(
      (type) => [type, readClause(this.#parts, type, name, value)] as const,
    );
    if (found.some(([, clause]) => clause === undefined)) return this.#unserved(name, shown);
    this.used.push([name, value]);
    const fault = faultOfLength(value);
    if (fault !== undefined) return this.#refuse(valueFault(shown, fault));
    for (const [type, clause] of found) {
      if (clause?.ok === false) return void this.faults.push(...clause.outcome.issue);
      if (clause) this.clauses.set(type, [...(this.clauses.get(type) ?? []), clause.value]);
    }
  }

  /** What only the whole query tells. */
  finish(): void {
    const { summary, elements, includes } = this.controls;
    if (this.#asked.query.length > MOST_PARAMETERS)
      this.#refuse(costFault(`Give at most ${MOST_PARAMETERS} parameters.`));
    if ([...this.clauses.values()].some((clauses) => sizeOf(clauses) > MOST_PARTS))
      this.#refuse(costFault('Give fewer values, or name the types that chains go through.'));
    if (summary === 'text' && includes.length > 0)
      this.#refuse(valueFault('_summary', 'write another than text, or leave includes out'));
    if (summary !== 'false' && elements)
      this.#refuse(valueFault('_elements', 'give either _elements or _summary'));
  }

  #refuse(fault: Fault): void {
    this.faults.push(issueOf(fault));
  }

  /** A modifier or chain narrows what it stands on, so to ignore one would answer with what was not asked for. */
  #unserved(name: string, plain: string): void {
    const shown = /^_?[a-z][A-Za-z-]{0,63}$/.test(plain) ? plain : 'a parameter';
    const [first, ...others] = this.#asked.types.map((type) => [...this.#parts.served.get(type)!.keys()]);
    const shared = (first ?? []).filter((code) => others.every((codes) => codes.includes(code)));
    const served = ['_id', '_lastUpdated', ...shared].join(', ');
    if (/[:.]/.test(name)) {
      const diagnostics = `${shown}: such a modifier or chain is not served; served are ${served}.`;
      return this.#refuse({ code: 'not-supported', rule: 'api-search-modifier', diagnostics });
    }
    const of = this.#asked.types.length === 1 ? this.#asked.types[0] : 'these types together';
    this.unknown.push(
      issueOf({
        severity: 'warning',
        code: 'not-supported',
        rule: 'api-search-parameter',
        diagnostics: `${shown} is not served for ${of} and was not used; served are ${served}.`,
        expression: 'http',
      }),
    );
  }
}

function faultOfLength(value: string): string | undefined {
  if (value === '') return 'give it a value, or leave it out';
  return value.length > LONGEST_VALUE ? `its value is longer than ${LONGEST_VALUE} characters` : undefined;
}

function valueFault(name: string, what: string): Fault {
  const diagnostics = `Search parameter ${name}: ${what}.`;
  return { code: 'value', rule: 'api-search-value', diagnostics, expression: `http.${name}` };
}

function costFault(diagnostics: string): Fault {
  return { code: 'too-costly', rule: 'api-search-cost', diagnostics, expression: 'http' };
}

/** Values of conditions, those within chains too. */
function sizeOf(clauses: readonly SearchClause[]): number {
  return clauses.reduce((sum, clause) => {
    if ('clauses' in clause) return sum + 1 + sizeOf(clause.clauses);
    if ('values' in clause) return sum + clause.values.length;
    if ('targets' in clause) return sum + clause.targets.length;
    return sum + ('ids' in clause ? clause.ids.length : 1);
  }, 0);
}
