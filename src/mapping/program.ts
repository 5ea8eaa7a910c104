/** Turns the text of compiled maps into functions that run. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError } from '../fhir/outcome.ts';
import type { Compilation } from './compilation.ts';
import { asCodeableConcept, asCoding, asDisplay, asSystem, lookUp, lookUpCode } from './concept-map.ts';
import {
  cast,
  copyOf,
  count,
  enter,
  escapeText,
  hasMembers,
  hasValues,
  holds,
  items,
  pick,
  type Run,
  referenceTo,
  report,
  single,
  takeOut,
  text,
  truncate,
} from './runtime.ts';

/** One hop: a record or a model in, what the map makes of it out; undefined after an issue that stopped it. */
export type Hop = (source: unknown, issues: OperationOutcomeIssue[]) => unknown;

const RUNTIME = {
  asCodeableConcept,
  asCoding,
  asDisplay,
  asSystem,
  cast,
  copyOf,
  count,
  enter,
  escapeText,
  hasMembers,
  hasValues,
  holds,
  items,
  lookUp,
  lookUpCode,
  pick,
  referenceTo,
  report,
  single,
  takeOut,
  text,
  truncate,
};

/**
 * Makes the entry functions of a compilation callable. Only the maps' own text is compiled, never data;
 * every name and text of a map stands in it as a JSON string.
 */
export function link(compilation: Compilation, entries: readonly string[]): ReadonlyMap<string, Hop> {
  const { evaluators, usedCodeMaps, places } = compilation;
  const list = (letter: string, count: number): string => {
    return Array.from({ length: count }, (_, index) => `const ${letter}${index} = ${letter}[${index}];`).join(
      '\n',
    );
  };
  const code = [
    '"use strict";',
    list('e', evaluators.length),
    list('t', usedCodeMaps.length),
    compilation.text(),
    `return [${entries.join(', ')}];`,
  ].join('\n');
  const make = new Function(...Object.keys(RUNTIME), 'e', 't', code);
  const functions: ((run: Run, source: unknown) => unknown)[] = make(
    ...Object.values(RUNTIME),
    evaluators,
    usedCodeMaps,
  );
  return new Map(entries.map((name, index) => [name, hop(functions[index]!, places)]));
}

function hop(main: (run: Run, source: unknown) => unknown, places: readonly string[]): Hop {
  return (source, issues) => {
    const run: Run = { issues, places, at: 0 };
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      report(run, 0, 'map-record', 'a record must be a JSON object');
      return undefined;
    }
    try {
      return main(run, source);
    } catch (error) {
      if (error instanceof AdapterError) {
        for (const issue of error.outcome.issue)
          issues.push({ ...issue, diagnostics: `${places[run.at]}: ${issue.diagnostics ?? issue.code}` });
      } else if (error instanceof RangeError) {
        report(run, run.at, 'map-too-deep', 'the record is nested deeper than a map can follow');
      } else throw error;
      return undefined;
    }
  };
}
