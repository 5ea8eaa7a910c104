/** Turns an expression text into one JavaScript function over plain JSON. */
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Checked, issueOf } from '../fhir/outcome.ts';
import { emitFunction } from './emit.ts';
import type { Evaluate, Variables } from './evaluate.ts';
import { EvaluationFault, ExpressionFault } from './fault.ts';
import { parseOrThrow, refuseFault } from './parser.ts';
import { RUNTIME } from './runtime.ts';
import { TypeSystem } from './types.ts';

/** A RangeError here is the stack's: comparing values recurses into them. */
const TOO_DEEP = 'the data is nested too deeply to be compared';

/** What an expression is compiled for. */
export interface CompileOptions {
  /** type of the focus: `Patient`, `Patient.contact`, `HumanName`, `string`; absent for records without definitions */
  readonly type?: string;
  /** without them the expression walks plain JSON */
  readonly definitions?: Definitions;
  /** variables that `Evaluate` will be given: `%name`, and `name` at the start of a path where the focus has no such element */
  readonly variables?: readonly string[];
  /** finds the resource that a reference points to; without it only `resolve() is X` works, by the reference's text */
  readonly resolve?: (reference: string) => unknown;
}

/**
 * Compiles an expression.
 *
 * The function takes the variables `resource` and `rootResource` (default: the focus) and `now` (epoch milliseconds or an ISO
 * dateTime with zone; needed by `now()`, `today()` and `timeOfDay()`) besides those in `options.variables`.
 * It throws AdapterError (rule `fhirpath-evaluation`) where FHIRPath ends in an error, such as `single()` on two items.
 * @returns the function, or one issue: `fhirpath-syntax`, `fhirpath-unsupported`, `fhirpath-type`, `fhirpath-element`,
 *   `fhirpath-variable` or `fhirpath-limit`, with line and column
 * @source FHIRPath N1 (2.0.0); FHIR R4 fhirpath.html
 */
export function compileExpression(text: string, options: CompileOptions = {}): Checked<Evaluate> {
  try {
    return { ok: true, value: compileOrThrow(text, options) };
  } catch (error) {
    if (error instanceof ExpressionFault) return refuseFault(error, text);
    throw error;
  }
}

function compileOrThrow(text: string, options: CompileOptions): Evaluate {
  const tree = parseOrThrow(text);
  const types = new TypeSystem(options.definitions);
  const typed = options.type !== undefined && options.definitions !== undefined;
  if (typed && !types.knows(options.type))
    throw new ExpressionFault('fhirpath-type', `the definitions have no type ${options.type}`, tree.at);
  const source = emitFunction(tree, {
    type: typed ? options.type : undefined,
    types,
    variables: new Set(options.variables),
    canResolve: options.resolve !== undefined,
  });
  // The source holds names and literals of the expression only, each written by JSON.stringify; never data.
  const factory = new Function('R', 'T', 'resolve', source) as (...args: unknown[]) => Evaluate;
  const run = factory(RUNTIME, types, options.resolve);
  return (focus: unknown, variables?: Variables): unknown[] => {
    try {
      return run(focus, variables);
    } catch (error) {
      if (error instanceof EvaluationFault) throw asAdapterError(error, text);
      if (error instanceof RangeError) throw asAdapterError(new EvaluationFault(TOO_DEEP), text);
      throw error;
    }
  };
}

function asAdapterError(fault: EvaluationFault, text: string): AdapterError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const diagnostics = `FHIRPath could not be evaluated: ${fault.message}. Expression: ${shown}`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'fhirpath-evaluation', code: 'processing', diagnostics }),
    fault,
  );
}
