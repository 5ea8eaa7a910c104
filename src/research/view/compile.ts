/** Turns a ViewDefinition into one JavaScript function from a resource to rows. */
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { faultOf } from '../../fhirpath/compile.ts';
import { counted, DEFAULT_LIMITS, type Limits } from '../../fhirpath/limits.ts';
import { emitView } from './emit.ts';
import type { ViewOptions } from './options.ts';
import { type ColumnPlan, planView, type ViewPlan } from './plan.ts';
import { readView } from './read.ts';

/** One column of a compiled view. */
export interface ViewColumn {
  readonly name: string;
  /** FHIR type of its values; undefined where neither the view nor the definitions say it */
  readonly type: string | undefined;
  /** values are arrays */
  readonly isCollection: boolean;
  readonly description: string | undefined;
  /** hints such as `ansi/type`, by name */
  readonly tags: ReadonlyMap<string, string>;
}

/**
 * Receives one row: a value of plain JSON a column, null where there is none, an array for a collection.
 * The array is written over by the next row: who keeps a row copies it.
 */
export type Emit = (row: readonly unknown[]) => void;

export interface CompiledView {
  readonly name: string | undefined;
  readonly resource: string;
  readonly columns: readonly ViewColumn[];
  /**
   * Emits the rows of one resource; none for a resource of another type.
   * @throws AdapterError permanent, rule `view-evaluation` with the place in the view, where a column without `collection` has
   *   several values, a condition is no boolean, or an evaluation goes over a limit
   */
  rows(resource: unknown, emit: Emit): void;
  /** what the same view is compiled from in another thread; undefined where the caller answers for something there */
  readonly recipe: ViewRecipe | undefined;
}

/** Over the base definitions of R4. */
export interface ViewRecipe {
  readonly view: unknown;
  readonly options: Pick<ViewOptions, 'now' | 'limits' | 'viewLimits'>;
}

/** Where the compiled code stands: the expression that runs. */
export interface Progress {
  at: number;
}

/**
 * Compiles a view.
 * @param view JSON of the ViewDefinition, unchecked
 * @returns the view; or all its issues, each with its place (`ViewDefinition.select[0].column[2].path`)
 * @source SQL on FHIR v2, ViewDefinition
 */
export function compileView(
  view: unknown,
  definitions: Definitions,
  options: ViewOptions = {},
): Checked<CompiledView> {
  const read = readView(view, definitions, options.viewLimits);
  if (!read.ok) return read;
  const plan = planView(read.value, definitions, options);
  if (!plan.ok) return plan;
  const { name, resource } = read.value;
  const columns = plan.value.columns.map(publicColumn);
  if (columns.length === 0) {
    const at = 'ViewDefinition.select';
    const diagnostics = `${at}: the view has no column; give at least one.`;
    return { ok: false, outcome: outcomeOf(issueOf({ rule: 'view-required', expression: at, diagnostics })) };
  }
  const rows = runner(plan.value, resource, options);
  return { ok: true, value: { name, resource, columns, rows, recipe: recipeOf(view, options) } };
}

function recipeOf(view: unknown, options: ViewOptions): ViewRecipe | undefined {
  const { now, limits, viewLimits, ...host } = options;
  if (Object.values(host).some((one) => one !== undefined)) return undefined;
  return {
    view,
    options: {
      ...(now !== undefined && { now }),
      ...(limits && { limits }),
      ...(viewLimits && { viewLimits }),
    },
  };
}

function publicColumn({ definition, type }: ColumnPlan): ViewColumn {
  const { name, collection, description, tags } = definition;
  const hints = new Map(tags.map((tag) => [tag.name, tag.value]));
  return { name, type, isCollection: collection, description, tags: hints };
}

function runner(plan: ViewPlan, resource: string, options: ViewOptions): CompiledView['rows'] {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const progress: Progress = { at: 0 };
  const variables = {
    resource: undefined as unknown,
    rowIndex: 0,
    ...(options.now === undefined ? {} : { now: options.now }),
  };
  const runs = plan.expressions.map(({ run }) => run);
  // The source holds numbers and names of its own only; never text of the view or data.
  const factory = new Function('E', 'P', 'V', emitView(plan)) as (
    ...args: unknown[]
  ) => (r: unknown, emit: Emit) => void;
  const run = factory(runs, progress, variables);
  return (item, emit) => {
    if ((item as { resourceType?: unknown } | null | undefined)?.resourceType !== resource) return;
    try {
      counted(limits, run, item, emit);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      const { at, text } = plan.expressions[progress.at]!;
      const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
      const diagnostics = `${at}: ${fault.message}. Expression: ${shown}`;
      throw new AdapterError(
        'permanent',
        issueOf({ rule: 'view-evaluation', code: 'processing', expression: at, diagnostics }),
        fault,
      );
    }
  };
}
