/** Turns the text of compiled maps into functions that run. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import { countedTogether } from '../fhirpath/limits.ts';
import type { Compilation } from './compilation.ts';
import { asCodeableConcept, asCoding, asDisplay, asSystem, lookUp, lookUpCode } from './concept-map.ts';
import { LIMITS } from './limits.ts';
import * as runtime from './runtime.ts';
import * as dates from './runtime-dates.ts';
import * as lineage from './runtime-lineage.ts';
import * as lists from './runtime-lists.ts';
import * as primitives from './runtime-primitives.ts';
import * as texts from './runtime-texts.ts';

/** What a run may be given besides its source. */
export interface RunOptions {
  /** takes what `log (…)` gives, with the place of its rule; without it nothing of `log` is evaluated */
  readonly log?: (place: string | undefined, values: readonly unknown[]) => void;
  /** makes UUIDs for `uuid()`; without it `uuid()` is an error, for ids must be the same at every run */
  readonly uuid?: () => string;
}

/** @returns the state of a new run */
export function startRun(
  issues: OperationOutcomeIssue[],
  places: readonly string[],
  { log, uuid }: RunOptions = {},
  limits = LIMITS,
): runtime.Run {
  return { issues, places, at: 0, steps: 0, limits, log, uuid };
}

/** One hop: a record or a model in, what the map makes of it out; undefined after an issue that stopped it. */
export type Hop = (source: unknown, issues: OperationOutcomeIssue[], options?: RunOptions) => unknown;

/** Everything that compiled code may call, by name. */
const RUNTIME = {
  ...runtime,
  ...dates,
  ...lineage,
  ...lists,
  ...primitives,
  ...texts,
  asCodeableConcept,
  asCoding,
  asDisplay,
  asSystem,
  lookUp,
  lookUpCode,
};

/**
 * Makes the entry functions of a compilation callable. Only the maps' own text is compiled, never data;
 * every name and text of a map stands in it as a JSON string.
 */
export function link(compilation: Compilation, entries: readonly string[]): ReadonlyMap<string, Hop> {
  const mains = linkMains(compilation, entries);
  return new Map([...mains].map(([name, main]) => [name, hop(main, compilation.places)]));
}

/** A compiled entry group: sources in, its target out; of several targets, an array. */
export type Main = (run: runtime.Run, ...sources: unknown[]) => unknown;

/** @returns the entry functions themselves */
export function linkMains(compilation: Compilation, entries: readonly string[]): ReadonlyMap<string, Main> {
  const { evaluators, usedCodeMaps } = compilation;
  const list = (letter: string, count: number): string => {
    return Array.from({ length: count }, (_, index) => `const ${letter}${index} = ${letter}[${index}];`).join(
      '\n',
    );
  };
  const code = [
    '"use strict";',
    list('e', evaluators.length),
    list('t', usedCodeMaps.length),
    list('l', compilation.lists.length),
    compilation.text(),
    `return [${entries.join(', ')}];`,
  ].join('\n');
  const make = new Function(...Object.keys(RUNTIME), 'e', 't', 'l', code);
  const functions: Main[] = make(...Object.values(RUNTIME), evaluators, usedCodeMaps, compilation.lists);
  return new Map(entries.map((name, index) => [name, functions[index]!]));
}

function hop(main: Main, places: readonly string[]): Hop {
  return (source, issues, options) => {
    return runMain(startRun(issues, places, options), main, source);
  };
}

/**
 * Runs an entry function. A map that fails says where in `run.issues`; it never throws for what a record holds.
 * @returns the target; undefined after an issue that stopped the run
 */
export function runMain(run: runtime.Run, main: Main, source: unknown, more?: readonly unknown[]): unknown {
  if (!isObject(source) || more?.some((input) => !isObject(input))) {
    runtime.report(run, 0, 'map-record', 'a record must be a JSON object');
    return undefined;
  }
  try {
    const target = countedTogether(run.limits, () => (more ? main(run, source, ...more) : main(run, source)));
    lists.finish(run, target);
    return target;
  } catch (error) {
    reportFailure(run, error);
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reportFailure(run: runtime.Run, error: unknown): void {
  if (error instanceof AdapterError) {
    const place = run.places[run.at];
    for (const issue of error.outcome.issue)
      run.issues.push({ ...issue, diagnostics: `${place}: ${issue.diagnostics ?? issue.code}` });
  } else if (error instanceof RangeError) {
    runtime.report(run, run.at, 'map-too-deep', 'the record is nested deeper than a map can follow');
  } else reportThrown(run, error);
}

/** Records are plain JSON; others may hold what throws when it is read. Its message may hold a value, so only its kind is told. */
function reportThrown(run: runtime.Run, error: unknown): void {
  const kind = error instanceof Error ? error.name : typeof error;
  const message = `reading the record or making its target threw ${/^\w{1,40}$/.test(kind) ? kind : 'an error'}; give the record as plain JSON`;
  runtime.report(run, run.at, 'map-failed', message, { code: 'exception' });
}
