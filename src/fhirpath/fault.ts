/** Faults of one expression: thrown inside this folder, turned into refusals and adapter errors at its edge. */
import type { Position } from './tree.ts';

/** syntax: not FHIRPath. unsupported: FHIRPath that is refused. type, element, variable: a name that does not exist. */
export type FaultRule =
  | 'fhirpath-syntax'
  | 'fhirpath-unsupported'
  | 'fhirpath-type'
  | 'fhirpath-element'
  | 'fhirpath-variable'
  | 'fhirpath-limit';

/** What is wrong with an expression text; never leaves `compileExpression` and `parseExpression`. */
export class ExpressionFault extends Error {
  readonly rule: FaultRule;
  readonly at: Position;

  constructor(rule: FaultRule, message: string, at: Position) {
    super(message);
    this.rule = rule;
    this.at = at;
  }
}

/** A RangeError of JavaScript is its stack's: comparing values recurses into them. */
export const TOO_DEEP = 'the data is nested too deeply to be compared';

/** What went wrong while an expression ran over data; carries no value of that data. */
export class EvaluationFault extends Error {
  /** where in the expression, once it is known */
  at: Position | undefined;
}
