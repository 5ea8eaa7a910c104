/** Runs maps that were compiled for lineage: what came out, and where each element of it came from. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Limits } from './limits.ts';
import { type Main, type RunOptions, runMain, startRun } from './program.ts';
import { joined, type Lineage, lineageOf } from './runtime-lineage.ts';

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

/** Runs one hop for its lineage. */
export function explainHop(
  { main, places }: Traced,
  sources: readonly unknown[],
  issues: OperationOutcomeIssue[],
  { limits, ...options }: RunOptions & { readonly limits?: Limits } = {},
): Explained {
  const run = startRun(issues, places, options, limits);
  const [first, ...more] = sources;
  const value = runMain(run, main, first, more);
  return { value, lineage: lineageOf(run, value) };
}

/** Runs both hops of a record: the lineage leads from the Bundle back to the fields of the record. */
export function explainBoth(
  toModel: Traced,
  toBundle: Traced,
  record: unknown,
  issues: OperationOutcomeIssue[],
): Explained<Bundle> {
  const model = explainHop(toModel, [record], issues);
  const bundle = explainHop(toBundle, [model.value], issues);
  return {
    value: (bundle.value ?? { resourceType: 'Bundle', type: 'collection' }) as Bundle,
    lineage: joined(model.lineage, bundle.lineage),
  };
}
