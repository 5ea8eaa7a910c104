/** What compiled maps call at run time: the rare cases, so that the code around them stays straight. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Fault, issueOf } from '../fhir/outcome.ts';

/** State of one run: where issues go, and which rule runs. */
export interface Run {
  readonly issues: OperationOutcomeIssue[];
  /** places by number, as the code names them */
  readonly places: readonly string[];
  /** number of the place that was reached last before anything that may fail */
  at: number;
}

const NOTHING: readonly unknown[] = Object.freeze([]);
const DEEPEST_CALL = 100;
const DEEPEST_COPY = 100;

export function report(run: Run, at: number, rule: string, message: string, more: Partial<Fault> = {}): void {
  run.issues.push(issueOf({ rule, ...more, diagnostics: `${run.places[at]}: ${message}` }));
}

/** @returns the items of an element: none when absent, itself when it is no list */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? NOTHING : [value];
}

/** @returns text of a string, number or boolean; an issue and '' for anything else */
export function text(run: Run, at: number, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  report(
    run,
    at,
    'map-type',
    'needs a text here, but the source gives an object or a list; name its element',
  );
  return '';
}

/** @returns the first `length` characters, never half of one */
export function truncate(value: string, length: number): string {
  const cut = value.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** @returns a copy that shares nothing with the source record */
export function copyOf(run: Run, at: number, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST_COPY) {
    report(run, at, 'map-too-deep', `the value to copy is nested deeper than ${DEEPEST_COPY} levels`);
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item) => copyOf(run, at, item, depth + 1));
  const members = Object.entries(value).filter(
    ([key, member]) => key !== '__proto__' && member !== undefined,
  );
  return Object.fromEntries(members.map(([key, member]) => [key, copyOf(run, at, member, depth + 1)]));
}

export function hasMembers(value: object): boolean {
  for (const _ in value) return true;
  return false;
}

/** @returns true when an object of fixed layout holds anything */
export function hasValues(value: object): boolean {
  return Object.values(value).some((member) => member !== undefined);
}

/** Takes an object that stayed empty out of the list or the element that it was put into. */
export function takeOut(parent: Record<string, unknown>, key: string, value: unknown): void {
  const member = parent[key];
  if (Array.isArray(member)) {
    const at = member.indexOf(value);
    if (at >= 0) member.splice(at, 1);
    if (member.length === 0) delete parent[key];
  } else if (member === value) delete parent[key];
}

/** @returns true when a condition's result holds: one true, or one item that is no boolean */
export function holds(run: Run, at: number, result: readonly unknown[]): boolean {
  if (result.length > 1)
    report(run, at, 'map-condition', 'the condition gives several values; use exists(), all() or any()');
  return result.length === 1 && result[0] !== false;
}

/** @returns the one value of an expression, undefined when it gives none */
export function single(run: Run, at: number, result: readonly unknown[]): unknown {
  if (result.length > 1)
    report(run, at, 'map-single-value', 'the expression gives several values for one element; add .first()');
  return result[0] ?? undefined;
}

/** Applies a source's list mode to the items that passed its conditions. */
export function pick(run: Run, at: number, mode: string, list: readonly unknown[]): readonly unknown[] {
  if (mode === 'first') return list.slice(0, 1);
  if (mode === 'not_first') return list.slice(1);
  if (mode === 'last') return list.slice(-1);
  if (mode === 'not_last') return list.slice(0, -1);
  if (list.length > 1) report(run, at, 'map-only-one', 'the source has several of what may be only one');
  return list;
}

/** Reports a source element that occurs too seldom or too often. */
export function count(
  run: Run,
  at: number,
  name: string,
  list: readonly unknown[],
  min: number,
  max: number,
): void {
  if (list.length >= min && list.length <= max) return;
  const need = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  report(run, at, 'map-cardinality', `${name} must occur ${need} times, found ${list.length}`, {
    code: 'required',
  });
}

/** @returns false, with an issue, when groups call each other without end */
export function enter(run: Run, at: number, depth: number): boolean {
  if (depth < DEEPEST_CALL) return true;
  report(run, at, 'map-too-deep', `groups call each other deeper than ${DEEPEST_CALL} levels`);
  return false;
}

const NUMBER = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @returns the value as JSON writes that primitive type; undefined, with an issue, when it cannot be one */
export function cast(run: Run, at: number, value: unknown, type: string): unknown {
  if (type === 'integer' && typeof value === 'string') {
    const number = wholeOf(value);
    if (number >= 0) return number;
  }
  const written = text(run, at, value);
  if (type === 'boolean') {
    if (written === 'true' || written === 'false') return written === 'true';
  } else if (type === 'decimal') {
    if (NUMBER.test(written)) return Number(written);
  } else if (type === 'integer' || type === 'positiveInt' || type === 'unsignedInt') {
    const number = Number(written);
    const least = type === 'integer' ? -2_147_483_648 : type === 'positiveInt' ? 1 : 0;
    if (NUMBER.test(written) && Number.isInteger(number) && number >= least && number <= 2_147_483_647)
      return number;
  } else if (written !== '') return written;
  report(run, at, 'map-cast', `the source's value cannot be cast to ${type}`);
  return undefined;
}

/** The usual answer to a question at once: one or two digits; -1 for anything else. */
function wholeOf(value: string): number {
  const first = value.charCodeAt(0) - 48;
  if (value.length === 1) return first >= 0 && first <= 9 ? first : -1;
  const second = value.charCodeAt(1) - 48;
  const isWhole = value.length === 2 && first > 0 && first <= 9 && second >= 0 && second <= 9;
  return isWhole ? 10 * first + second : -1;
}

/** @returns text made safe for another notation @source FHIR R4 StructureMap, transform escape */
export function escapeText(value: string, notation: string): string {
  if (notation === 'json') return JSON.stringify(value).slice(1, -1);
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** @returns `Type/id` of a resource of the source */
export function referenceTo(run: Run, at: number, value: unknown): string | undefined {
  const { resourceType, id } = Object(value) as { resourceType?: unknown; id?: unknown };
  if (typeof id === 'string' && id.includes(':')) return id;
  if (typeof resourceType === 'string' && typeof id === 'string') return `${resourceType}/${id}`;
  report(run, at, 'map-reference', 'a reference needs a resource with an id; give it one before this rule');
  return undefined;
}
