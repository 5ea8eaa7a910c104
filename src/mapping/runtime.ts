/** What compiled maps call at run time: the rare cases, so that the code around them stays straight. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError, type Fault, issueOf } from '../fhir/outcome.ts';
import type { Limits } from './limits.ts';

/** State of one run: where issues go, and which rule runs. */
export interface Run {
  readonly issues: OperationOutcomeIssue[];
  /** places by number, as the code names them */
  readonly places: readonly string[];
  /** number of the place that was reached last before anything that may fail */
  at: number;
  /** steps so far, see `Limits` */
  steps: number;
  readonly limits: Limits;
  /** takes what `log (…)` gives; absent where nobody listens, and then nothing of it is evaluated */
  readonly log?: ((place: string | undefined, values: readonly unknown[]) => void) | undefined;
  /** makes UUIDs for `uuid()`; absent where ids must be the same at every run */
  readonly uuid?: (() => string) | undefined;
  /** which rules wrote the members of each object, where lineage is asked for */
  lineage?: Map<object, Trace[]>;
  /** paths of the objects and lists of the sources, where lineage is asked for */
  paths?: ReadonlyMap<object, string>;
  /** items that go to an end of their list, and by list which rule wants which end */
  ordered?: { readonly ends: Ending[]; readonly claims: Map<Parent, Map<string, number>> };
  /** items that rules share, by parent and name */
  shares?: Map<Parent, Map<string, Parent>>;
  /** objects that were put in their places before anything was in them */
  early?: Parent[];
}

/** An item that is to stand at an end of its list, whatever the order of the rules. */
export interface Ending {
  readonly list: Parent;
  readonly key: string;
  readonly end: 'first' | 'last';
  readonly item: unknown;
  /** id and extensions that stand beside a primitive; null for none */
  readonly beside: unknown;
}

/** A member that a rule wrote. */
export interface Trace {
  readonly key: string;
  /** number of the rule's place */
  readonly at: number;
  /** paths in the source */
  readonly origins: readonly string[];
  /** what was written: one item where the member is a list */
  readonly item: unknown;
}

const NOTHING: readonly unknown[] = Object.freeze([]);
const DEEPEST_COPY = 100;
/** Characters that one step may make or search. */
const TEXT_OF_A_STEP = 1_000;
/** An issue in a loop is a text for every turn: of the steps of a run fifty thousand may be reported, not millions. */
const STEPS_OF_AN_ISSUE = 100;

export function report(run: Run, at: number, rule: string, message: string, more: Partial<Fault> = {}): void {
  run.steps += STEPS_OF_AN_ISSUE;
  run.issues.push(issueOf({ rule, ...more, diagnostics: `${run.places[at]}: ${message}` }));
}

/** @returns the items of an element: none when absent, itself when it is no list */
export function items(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? NOTHING : [value];
}

/** @returns the value, or undefined for a list of nothing */
export function filled(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? undefined : value;
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

/** @returns a copy that shares nothing with the source record; an issue and nothing for what JSON has no form for */
export function copyOf(run: Run, at: number, value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return scalar(run, at, value);
  if (depth > DEEPEST_COPY) {
    report(run, at, 'map-too-deep', `the value to copy is nested deeper than ${DEEPEST_COPY} levels`);
    return undefined;
  }
  if (Array.isArray(value)) {
    charge(run, at, value.length);
    return value.map((item) => copyOf(run, at, item, depth + 1) ?? null);
  }
  const members = Object.entries(value).filter(
    ([key, member]) => key !== '__proto__' && member !== undefined,
  );
  charge(run, at, members.length + 1);
  return Object.fromEntries(members.map(([key, member]) => [key, copyOf(run, at, member, depth + 1)]));
}

/** @returns a text, number or boolean as it is; an issue and nothing for a function, a symbol or a BigInt */
function scalar(run: Run, at: number, value: unknown): unknown {
  const type = typeof value;
  if (type !== 'function' && type !== 'symbol' && type !== 'bigint') return value;
  report(
    run,
    at,
    'map-type',
    `the source holds a ${type} here, which JSON has no form for; correct the record`,
  );
  return undefined;
}

/** @returns a member of an object itself, not what JavaScript gives texts, numbers and lists by the same name: `link`, `at`, `length` */
export function own(owner: unknown, key: string): unknown {
  const isThere =
    typeof owner === 'object' && owner !== null && !Array.isArray(owner) && Object.hasOwn(owner, key);
  return isThere ? (owner as Parent)[key] : undefined;
}

/** @returns true when an object holds anything: a member may be there and absent (undefined) */
export function hasValues(value: object): boolean {
  for (const key in value) if (value[key as keyof typeof value] !== undefined) return true;
  return false;
}

/** An object that a map builds. */
export type Parent = Record<string, unknown>;

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

/** @returns false, with an issue, when groups call each other without end */
export function enter(run: Run, at: number, depth: number): boolean {
  const { calls } = run.limits;
  if (depth < calls) return true;
  report(run, at, 'map-too-deep', `groups call each other deeper than ${calls} levels`);
  return false;
}

/** @throws AdapterError `map-too-costly`, which ends the run with an issue */
export function tooMany(run: Run, at: number): never {
  run.at = at;
  const diagnostics = `the map takes more than ${run.limits.steps} steps for one record; let its groups call each other, and its loops nest, less often`;
  throw new AdapterError('permanent', issueOf({ rule: 'map-too-costly', code: 'too-costly', diagnostics }));
}

/** Counts work. @throws AdapterError `map-too-costly` */
export function charge(run: Run, at: number, steps: number): void {
  run.steps += steps;
  if (run.steps > run.limits.steps) tooMany(run, at);
}

/** Counts a text that is made or searched through, where it is long: short ones cost less than the step that they are part of. */
export function chargeText(run: Run, at: number, text: unknown): void {
  if (typeof text === 'string' && text.length > TEXT_OF_A_STEP)
    charge(run, at, Math.floor(text.length / TEXT_OF_A_STEP));
}
