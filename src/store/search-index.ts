/** Turns a resource into its search rows, by the FHIR R4 search parameters that are served. */
import type { Coding, Identifier, Period, Reference, Resource, SearchParameter } from '@medplum/fhirtypes';
import { type Definitions, readDefinitionBundle, STORED_TYPES } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { compileExpression } from '../fhirpath/compile.ts';
import type { Evaluate } from '../fhirpath/evaluate.ts';
import { dateRange, EARLIEST_MS, LATEST_MS } from './date-range.ts';
import { indexText } from './index-text.ts';
import { PARAMETER_KINDS, type ParameterKind, SERVED_PARAMETERS } from './served-parameters.ts';

/** One row of a search table. `param` is `Type.code`: `Patient.identifier`. */
export type IndexRow =
  | { readonly kind: 'token'; readonly param: string; readonly system: string; readonly code: string }
  | { readonly kind: 'reference'; readonly param: string; readonly target: string }
  | { readonly kind: 'date'; readonly param: string; readonly lowMs: number; readonly highMs: number };

/** @returns the rows of a resource, each once */
export type SearchIndex = (resource: Resource) => IndexRow[];

interface Extraction {
  readonly param: string;
  readonly evaluate: Evaluate;
  readonly rowOf: (param: string, item: unknown) => readonly IndexRow[];
}

/**
 * Compiles the served search parameters.
 * @param definitions base R4
 * @throws AdapterError permanent when a served parameter has no definition, or one that does not compile
 */
export function createSearchIndex(definitions: Definitions): SearchIndex {
  const parameters = readDefinitionBundle('search-parameters.json').filter(
    (resource): resource is SearchParameter => resource.resourceType === 'SearchParameter',
  );
  const byType = new Map<string, Extraction[]>();
  for (const type of STORED_TYPES) {
    const served = SERVED_PARAMETERS[type].map((code) => extractionOf(type, code, parameters, definitions));
    byType.set(type, served);
  }
  return (resource) => rowsOf(resource, byType.get(resource.resourceType) ?? []);
}

/** @returns [lowMs, highMs) of each date that a resource has for a parameter */
export function datesOf(index: SearchIndex, resource: Resource, param: string): [number, number][] {
  return index(resource).flatMap((row) =>
    row.kind === 'date' && row.param === param ? [[row.lowMs, row.highMs] as [number, number]] : [],
  );
}

function rowsOf(resource: Resource, extractions: readonly Extraction[]): IndexRow[] {
  const rows: IndexRow[] = [];
  for (const { param, evaluate, rowOf } of extractions)
    for (const item of evaluate(resource)) rows.push(...rowOf(param, item));
  return rows;
}

function extractionOf(
  type: string,
  code: string,
  parameters: readonly SearchParameter[],
  definitions: Definitions,
): Extraction {
  const definition = parameters.find((one) => one.code === code && one.base.includes(type as never));
  const compiled = definition && compileExpression(ownBranch(type, definition), { type, definitions });
  const kind = PARAMETER_KINDS[code];
  if (!compiled?.ok || kind === undefined || kind !== definition?.type) throw notServable(type, code);
  return { param: `${type}.${code}`, evaluate: compiled.value, rowOf: ROWS[kind] };
}

/** The parts of a parameter's expression that start at this type; most are a union over many types. */
function ownBranch(type: string, definition: SearchParameter): string {
  const branches = (definition.expression ?? '').split('|').map((branch) => branch.trim());
  return branches.filter((branch) => branch.replace(/^\(+/, '').startsWith(`${type}.`)).join(' | ');
}

const ROWS: Readonly<Record<ParameterKind, Extraction['rowOf']>> = {
  token: tokenRows,
  reference: referenceRows,
  date: dateRows,
  uri: (param, item) => (typeof item === 'string' ? [tokenRow(param, undefined, item)] : []),
};

/** An Identifier, a CodeableConcept, a Coding, a ContactPoint, a code or a boolean. */
function tokenRows(param: string, item: unknown): readonly IndexRow[] {
  if (typeof item !== 'object' || item === null) return [tokenRow(param, undefined, String(item))];
  const { coding } = item as { coding?: readonly Coding[] };
  if (coding) return coding.flatMap((one) => (one.code ? [tokenRow(param, one.system, one.code)] : []));
  const { system, value, code } = item as Identifier & Coding;
  const text = code ?? value;
  return text ? [tokenRow(param, system, text)] : [];
}

function tokenRow(param: string, system: string | undefined, code: string): IndexRow {
  return { kind: 'token', param, system: indexText(system ?? ''), code: indexText(code) };
}

/** A Reference, or a canonical URL. A version in it is left out: a search names the resource. */
function referenceRows(param: string, item: unknown): readonly IndexRow[] {
  const text = typeof item === 'string' ? item : (item as Reference | undefined)?.reference;
  if (!text || text.startsWith('#')) return [];
  return [{ kind: 'reference', param, target: indexText(text.replace(/\/_history\/.*$|\|.*$/, '')) }];
}

/** A date text or a Period. */
function dateRows(param: string, item: unknown): readonly IndexRow[] {
  if (typeof item === 'string') {
    const range = dateRange(item);
    return range ? [{ kind: 'date', param, ...range }] : [];
  }
  if (typeof item !== 'object' || item === null) return [];
  const { start, end } = item as Period;
  if (start === undefined && end === undefined) return [];
  const lowMs = start === undefined ? EARLIEST_MS : dateRange(start)?.lowMs;
  const highMs = end === undefined ? LATEST_MS : dateRange(end)?.highMs;
  return lowMs === undefined || highMs === undefined ? [] : [{ kind: 'date', param, lowMs, highMs }];
}

function notServable(type: string, code: string): AdapterError {
  return new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'not-supported',
      rule: 'store-search-parameter',
      diagnostics: `Search parameter ${type}.${code} has no R4 definition that can be indexed; take it out of src/store/served-parameters.ts`,
    }),
  );
}
