/** Runs maps that were compiled for lineage: what came out, and where each element of it came from. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { LIMITS, type Limits } from './limits.ts';
import { type Main, type RunOptions, runMain, startRun } from './program.ts';
import { besideOf, joined, type Lineage, lineageOf, pathsIn } from './runtime-lineage.ts';

/** A target with the lineage of its elements. */
export interface Explained<T = unknown> {
  readonly value: T;
  readonly lineage: readonly Lineage[];
}

/** A compiled entry function, and the places that it names rules by. */
export interface Traced {
  readonly main: Main;
  readonly places: readonly string[];
}

/** What one hop gave, and its lineage as far as somebody asks. */
interface TracedHop {
  readonly value: unknown;
  /** @param within paths of the target: only they and what stands below are told; default everything */
  readonly lineage: (within?: readonly string[]) => readonly Lineage[];
}

/** Runs one hop for its lineage. */
export function explainHop(
  traced: Traced,
  sources: readonly unknown[],
  issues: OperationOutcomeIssue[],
  options: RunOptions & { readonly limits?: Limits } = {},
): Explained {
  const { value, lineage } = traceHop(traced, sources, issues, options);
  return { value, lineage: lineage() };
}

function traceHop(
  { main, places }: Traced,
  sources: readonly unknown[],
  issues: OperationOutcomeIssue[],
  { limits, ...options }: RunOptions & { readonly limits?: Limits } = {},
): TracedHop {
  const { objects, values } = pathsIn(sources);
  const run = { ...startRun(issues, places, options, limits), paths: objects };
  const [first, ...more] = sources;
  const value = runMain(run, main, first, more);
  return { value, lineage: (within) => lineageOf(run, value, values, within) };
}

/**
 * Runs both hops of a record, or of a Bundle on its way back: the lineage leads from what comes out to what went in.
 * @param within paths of what comes out, `entry[2].resource`: only they and what stands below are told; default everything
 * @returns what comes out; undefined after an issue that stopped the run
 */
export function explainBoth(
  [first, second]: readonly [Traced, Traced],
  source: unknown,
  issues: OperationOutcomeIssue[],
  within?: readonly string[],
): Explained {
  const model = traceHop(first, [source], issues);
  if (model.value === undefined) return { value: undefined, lineage: [] };
  const target = traceHop(second, [model.value], issues);
  const last = target.lineage(within);
  const asked = within && last.flatMap(({ sources }) => sources.flatMap(pathsOf));
  return { value: target.value, lineage: joined(model.lineage(asked), last) };
}

/** @returns the path of an element of the model and of what stands beside it; none of the model as a whole, which no rule wrote */
function pathsOf(element: string): readonly string[] {
  return element === '' ? [] : [element, besideOf(element)];
}

/** The same maps take more code when they remember: what was accepted without is not to fail with it. */
export const TRACED = { isTraced: true, limits: { ...LIMITS, code: 4 * LIMITS.code } } as const;

/** @returns what `make` gives, made when it is first asked for */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
