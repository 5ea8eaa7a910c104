/** Turns the parameters of a bulk export into what is exported, or says which of them to change. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions, StoredType } from '../../fhir/definitions.ts';
import { STORED_TYPES } from '../../fhir/definitions.ts';
import { type Checked, type Fault, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import type { SearchClause } from '../../store/store.ts';
import type { Access } from '../access.ts';
import { type Pairs, queryOf } from '../address.ts';
import { permit } from '../permit.ts';
import { typesWithin } from '../search/clause.ts';
import type { ClauseParts } from '../search/plain.ts';
import { readConditions } from '../search/request.ts';
import { isStored } from '../search/served.ts';
import { dateOf } from '../search/values.ts';
import { elementsFault } from '../subset.ts';

export type Level = 'system' | 'patient' | 'group';

/** What is exported, as far as the parameters say. */
export interface ReadExport {
  readonly types: readonly StoredType[];
  readonly sinceMs: number | undefined;
  readonly only: Readonly<Record<string, readonly (readonly SearchClause[])[]>> | undefined;
  readonly elements: readonly string[] | undefined;
  /** ids of Patients that were named */
  readonly patients: readonly string[] | undefined;
  /** what was passed over, for a lenient client */
  readonly notes: readonly OperationOutcomeIssue[];
  /** names that were used, for the audit */
  readonly names: readonly string[];
}

export interface ExportReading {
  readonly level: Level;
  readonly isPost: boolean;
  /** `Prefer: handling=lenient`: what is not served is passed over, and told of */
  readonly isLenient: boolean;
  readonly access: Access;
  readonly clauses: ClauseParts;
  readonly definitions: Definitions;
}

/** Types of which nothing belongs to a person. */
const OF_NOBODY: ReadonlySet<string> = new Set([
  ...['Group', 'HealthcareService', 'Location', 'Organization', 'Practitioner', 'PractitionerRole'],
  ...['Questionnaire', 'Schedule', 'Slot', 'VerificationResult'],
]);
const FORMATS: ReadonlySet<string> = new Set(['application/fhir+ndjson', 'application/ndjson', 'ndjson']);
/** What can single out a person, or a day: what comes of it would say who they are, or when something was. */
const POINTING: ReadonlySet<string> = new Set(['patient', '_since', '_typeFilter']);
const LAYOUT: ReadonlySet<string> = new Set(['_format', '_pretty']);
const MOST_PATIENTS = 10_000;
const MOST_FILTERS = 50;

/** @source Bulk Data Access 2.0, Query Parameters */
export function readExport(pairs: Pairs, reading: ExportReading): Checked<ReadExport> {
  const read = new Reading(reading);
  for (const [name, value] of pairs) if (!LAYOUT.has(name)) read.take(name, value);
  return read.result([...new Set(pairs.map(([name]) => name))].filter((name) => SAYABLE.test(name)));
}

/** A name that is said back: it may be anything. */
const SAYABLE = /^_?[a-z][A-Za-z]{0,40}$/;

class Reading {
  readonly #reading: ExportReading;
  readonly #faults: OperationOutcomeIssue[] = [];
  readonly #notes: OperationOutcomeIssue[] = [];
  readonly #types: string[] = [];
  readonly #filters: (readonly [type: string, query: string])[] = [];
  readonly #elements: string[] = [];
  readonly #patients: string[] = [];
  #sinceMs: number | undefined;

  constructor(reading: ExportReading) {
    this.#reading = reading;
  }

  take(name: string, value: string): void {
    const words = value.split(',').map((one) => one.trim());
    if (this.#reading.access.isDeidentified && POINTING.has(name))
      return this.#wrong(name, 'a client that sees people only de-identified cannot choose among them by it');
    if (value === '') return this.#wrong(name, 'give it a value, or leave it out');
    switch (name) {
      case '_outputFormat':
        // a plus sign in a URL is a space
        if (!FORMATS.has(value.replace('fhir ndjson', 'fhir+ndjson')))
          this.#wrong(
            name,
            'only application/fhir+ndjson is written; application/ndjson and ndjson are the same',
          );
        return;
      case '_since':
        return this.#since(value);
      case '_type':
        return void this.#types.push(...words);
      case '_elements':
        return void this.#elements.push(...words);
      case '_typeFilter':
        for (const filter of value.split(/,(?=[A-Z][A-Za-z]+\?)/)) this.#filter(filter);
        return;
      case 'patient':
        return this.#patient(value);
      default:
        this.#passOver(name);
    }
  }

  result(names: readonly string[]): Checked<ReadExport> {
    const types = this.#wantedTypes();
    const only = this.#onlyOf(types);
    const fault = elementsFault(this.#reading.definitions, types, this.#elements);
    if (fault !== undefined) this.#wrong('_elements', fault);
    if (this.#faults.length > 0) return { ok: false, outcome: outcomeOf(...this.#faults) };
    const allowed = this.#permitted(types);
    if (!allowed.ok) return allowed;
    return {
      ok: true,
      value: {
        types: allowed.value,
        sinceMs: this.#sinceMs,
        only,
        elements: this.#elements.length === 0 ? undefined : this.#elements,
        patients: this.#patients.length === 0 ? undefined : [...new Set(this.#patients)],
        notes: this.#notes,
        names,
      },
    };
  }

  #since(value: string): void {
    const date = dateOf(value);
    if (date?.prefix !== 'eq' || /^eq/.test(value) || !/T/.test(value))
      return this.#wrong('_since', 'write an instant, such as 2026-06-30T12:00:00Z');
    this.#sinceMs = date.lowMs;
  }

  #filter(filter: string): void {
    const cut = filter.indexOf('?');
    if (cut < 1 || this.#filters.length >= MOST_FILTERS)
      return this.#wrong(
        '_typeFilter',
        `write each as Type?search, with its percent-encoding, and at most ${MOST_FILTERS}`,
      );
    this.#filters.push([filter.slice(0, cut), filter.slice(cut)]);
  }

  #patient(value: string): void {
    const { level, isPost } = this.#reading;
    const id = /(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})$/.exec(value)?.[1];
    if (level === 'system') return this.#passOver('patient');
    if (!isPost)
      return this.#wrong(
        'patient',
        'it is taken in the Parameters of a POST alone, as no address is to name people',
      );
    if (id === undefined) return this.#wrong('patient', 'write each as a reference, such as Patient/123');
    if (this.#patients.length >= MOST_PATIENTS)
      return this.#wrong('patient', `name at most ${MOST_PATIENTS}, or make a Group of them`);
    this.#patients.push(id);
  }

  /** Of all that there is by this way. */
  #all(): readonly StoredType[] {
    return this.#reading.level === 'system'
      ? STORED_TYPES
      : STORED_TYPES.filter((type) => !OF_NOBODY.has(type));
  }

  /** In the order of the store's types, each once. */
  #wantedTypes(): readonly StoredType[] {
    const all = this.#all();
    if (this.#types.length === 0) return all;
    const unknown = this.#types.filter((type) => !isStored(type));
    const beside = this.#types.filter((type) => isStored(type) && !all.includes(type));
    if (unknown.length > 0)
      this.#unserved(
        '_type',
        `${unknown.length === 1 ? 'one name is' : 'some names are'} no type that is here`,
      );
    if (beside.length > 0) this.#unserved('_type', `nothing of ${beside.join(', ')} belongs to a patient`);
    const wanted = all.filter((type) => this.#types.includes(type));
    if (wanted.length === 0 && this.#faults.length === 0)
      this.#wrong('_type', `name a type of which there is something: ${all.join(', ')}`);
    return wanted;
  }

  #onlyOf(types: readonly StoredType[]): ReadExport['only'] {
    const only: Record<string, (readonly SearchClause[])[]> = {};
    for (const [type, text] of this.#filters) {
      if (!types.includes(type as StoredType)) {
        this.#unserved('_typeFilter', 'one is of a type that is not exported: name that in _type');
        continue;
      }
      const clauses = this.#conditionsOf(type as StoredType, text);
      if (clauses) only[type] = [...(only[type] ?? []), clauses];
    }
    return Object.keys(only).length === 0 ? undefined : only;
  }

  #conditionsOf(type: StoredType, text: string): readonly SearchClause[] | undefined {
    const { clauses, access, isLenient } = this.#reading;
    const query = queryOf(text);
    const read = query.ok ? readConditions(clauses, type, query.value) : query;
    const allowed = read.ok ? permit(access, typesWithin(read.value), 'search') : read;
    if (read.ok && allowed.ok) return read.value;
    const { issue } = (allowed as { outcome: { issue: OperationOutcomeIssue[] } }).outcome;
    if (isLenient && read.ok === false)
      this.#notes.push(...issue.map((one) => ({ ...one, severity: 'warning' as const })));
    else this.#faults.push(...issue);
    return undefined;
  }

  /** Without `_type`, what the client may read; with it, all of it or nothing. */
  #permitted(types: readonly StoredType[]): Checked<readonly StoredType[]> {
    const { access } = this.#reading;
    const may = (type: string): boolean => access.may(type, 'read') && access.may(type, 'search');
    const missing = types.filter((type) => !may(type));
    const left = types.filter(may);
    if (missing.length === 0 || (this.#types.length === 0 && left.length > 0))
      return { ok: true, value: left };
    const scopes = (this.#types.length === 0 ? ['*'] : missing).map((type) => `system/${type}.rs`);
    return refuse({
      code: 'forbidden',
      rule: 'api-scope',
      diagnostics: `The token of this client does not allow this export: it needs the scope ${scopes.join(' ')}.`,
      expression: 'http',
    });
  }

  #wrong(name: string, what: string): void {
    this.#faults.push(issueOf(faultOf(name, what)));
  }

  #unserved(name: string, what: string): void {
    if (!this.#reading.isLenient) return this.#wrong(name, what);
    this.#notes.push(issueOf({ ...faultOf(name, `${what}; it was passed over`), severity: 'warning' }));
  }

  #passOver(name: string): void {
    const said = SAYABLE.test(name) ? name : 'a parameter';
    this.#unserved(said, 'it is not served here');
  }
}

function faultOf(name: string, what: string): Fault {
  const diagnostics = `Parameter ${name} of $export: ${what}.`;
  return { code: 'not-supported', rule: 'export-parameter', diagnostics, expression: `http.${name}` };
}
