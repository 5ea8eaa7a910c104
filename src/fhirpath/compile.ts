/** Turns an expression text into one JavaScript function over plain JSON. */
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Checked, issueOf } from '../fhir/outcome.ts';
import { emitTyped, type Shape } from './emit.ts';
import type { Evaluate, Variables } from './evaluate.ts';
import { EvaluationFault, ExpressionFault, TOO_DEEP } from './fault.ts';
import type { Host } from './host.ts';
import { counted, DEFAULT_LIMITS, type Limits } from './limits.ts';
import { parseOrThrow, refuseFault } from './parser.ts';
import { RUNTIME } from './runtime.ts';
import type { Node } from './tree.ts';
import { TypeSystem, type Types } from './types.ts';

/** What an expression is compiled for, and what the caller answers for it: references, terminology, profiles. */
export interface CompileOptions extends Host {
  /** type of the focus: `Patient`, `Patient.contact`, `HumanName`, `string`; absent for records without definitions */
  readonly type?: string;
  /** without them the expression walks plain JSON */
  readonly definitions?: Definitions;
  /** variables that `Evaluate` will be given: `%name`, and `name` at the start of a path where the focus has no such element */
  readonly variables?: readonly string[];
  /** types of those of them that have one, so that their elements are checked and choices found */
  readonly variableTypes?: Readonly<Record<string, string>>;
  /**
   * Refuses what FHIRPath calls an error and R4's own invariants and search parameters do all the same: `as` over several items, a
   * path that starts at another type, the order of children. Default false: the first filters, the second is empty.
   */
  readonly strict?: boolean;
  /** those not given are `DEFAULT_LIMITS` */
  readonly limits?: Partial<Limits>;
}

/**
 * Compiles an expression.
 *
 * The function takes the variables `resource` and `rootResource` (default: the focus) and `now` (epoch milliseconds or an ISO
 * dateTime with zone; needed by `now()`, `today()` and `timeOfDay()`) besides those in `options.variables`.
 * It throws AdapterError (rule `fhirpath-evaluation`, with line and column) where FHIRPath ends in an error, such as `single()` on
 * two items, or where the evaluation goes over a limit.
 * @returns the function, or one issue: `fhirpath-syntax`, `fhirpath-unsupported`, `fhirpath-type`, `fhirpath-element`,
 *   `fhirpath-variable` or `fhirpath-limit`, with line and column
 * @source FHIRPath N1 (2.0.0); FHIR R4 fhirpath.html
 */
export function compileExpression(text: string, options: CompileOptions = {}): Checked<Evaluate> {
  const type = options.definitions && options.type;
  const focus: Types = type === undefined ? undefined : [type];
  const shape: Shape = { focus, resource: type?.split('.', 1)[0], isBoxed: false, gives: 'collection' };
  return compileTo<unknown[]>(text, options, shape);
}

/** The shape says what the focus is. */
type Options = Omit<CompileOptions, 'type'>;

/** Compiled code of any shape. */
type Run<R> = (focus: unknown, variables?: Variables) => R;

/**
 * Compiles an expression to a function of a given shape.
 * @returns as `compileExpression` does; `R` is what the shape says: an array, or a boolean or undefined
 */
export function compileTo<R>(text: string, options: Options, shape: Shape): Checked<Run<R>> {
  return compileGuarded(() => compileOrThrow<R>(text, options, shape), text);
}

/**
 * Compiles a part of an expression that is parsed already.
 * @param text the whole expression, for messages
 * @returns as `compileTo` does
 */
export function compileNode<R>(node: Node, text: string, options: Options, shape: Shape): Checked<Run<R>> {
  return compileGuarded(() => compileTree<R>(node, text, options, shape), text);
}

/** Code without a guard, for a caller that runs many of them as one evaluation: it counts, and turns an `EvaluationFault` into an error. */
export interface Bare<R> {
  readonly run: Run<R>;
  /** that its values can have: undefined where the definitions do not say, none where there is never a value */
  readonly types: Types;
}

/**
 * Compiles a part of an expression that is parsed already to code that throws `EvaluationFault` and keeps to no limit.
 * @param text the whole expression, for messages
 * @returns as `compileTo` does
 */
export function compileBare<R>(node: Node, text: string, options: Options, shape: Shape): Checked<Bare<R>> {
  return compileGuarded(() => {
    const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
    const types = new TypeSystem(options.definitions);
    return generate<R>(node, types, options, limits, { ...shape, isLocated: false });
  }, text);
}

function compileGuarded<R>(compile: () => R, text: string): Checked<R> {
  try {
    return { ok: true, value: compile() };
  } catch (error) {
    if (error instanceof ExpressionFault) return refuseFault(error, text);
    if (!(error instanceof RangeError)) throw error;
    // limits that the caller widened past the stack of JavaScript
    const start = { line: 1, column: 1 };
    return refuseFault(
      new ExpressionFault('fhirpath-limit', 'the expression is nested too deeply', start),
      text,
    );
  }
}

function compileOrThrow<R>(text: string, options: Options, shape: Shape): Run<R> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  return compileTree(parseOrThrow(text, limits), text, options, shape);
}

function compileTree<R>(tree: Node, text: string, options: Options, shape: Shape): Run<R> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const types = new TypeSystem(options.definitions);
  for (const type of shape.focus ?? [])
    if (!types.knows(type))
      throw new ExpressionFault('fhirpath-type', `the definitions have no type ${type}`, tree.at);
  const { run } = generate<R>(tree, types, options, limits, { ...shape, isLocated: false });
  let located: Run<R> | undefined;
  // what was traced once is not traced again
  const locate = (): Run<R> =>
    (located ??= generate<R>(tree, types, { ...options, trace: undefined }, limits, {
      ...shape,
      isLocated: true,
    }).run);
  return (focus, variables) => {
    try {
      return counted(limits, run, focus, variables);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      throw asAdapterError(fault, placeOf(locate, focus, variables, limits), text);
    }
  };
}

function generate<R>(
  tree: Node,
  types: TypeSystem,
  options: Options,
  limits: Limits,
  shape: Shape & { readonly isLocated: boolean },
): Bare<R> {
  const host = new Set<keyof Host>();
  for (const name of ['resolve', 'memberOf', 'subsumes', 'conformsTo', 'trace'] as const)
    if (options[name]) host.add(name);
  const { source, types: found } = emitTyped(tree, {
    ...shape,
    types,
    variables: new Set(options.variables),
    variableTypes: options.definitions ? (options.variableTypes ?? {}) : {},
    host,
    isStrict: options.strict === true,
    limits,
  });
  // The source holds names and literals of the expression only, each written by JSON.stringify; never data.
  const factory = new Function('R', 'T', 'H', source) as (...args: unknown[]) => Run<R>;
  return { run: factory(RUNTIME, types, options), types: found };
}

/** @returns the fault of an evaluation, where the error is one */
export function faultOf(error: unknown): EvaluationFault | undefined {
  if (error instanceof RangeError) return new EvaluationFault(TOO_DEEP);
  return error instanceof EvaluationFault ? error : undefined;
}

/** Runs once more, in code that knows its places: so that what does not fail pays nothing for knowing where it would. */
function placeOf(
  locate: () => Run<unknown>,
  focus: unknown,
  variables: Variables | undefined,
  limits: Limits,
): EvaluationFault['at'] {
  try {
    counted(limits, locate(), focus, variables);
    return undefined;
  } catch (error) {
    return faultOf(error)?.at;
  }
}

function asAdapterError(fault: EvaluationFault, at: EvaluationFault['at'], text: string): AdapterError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const place = at ? `, line ${at.line}, column ${at.column}` : '';
  const diagnostics = `FHIRPath could not be evaluated${place}: ${fault.message}. Expression: ${shown}`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'fhirpath-evaluation', code: 'processing', diagnostics }),
    fault,
  );
}
