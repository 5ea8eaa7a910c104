/** Faults of one patch: thrown inside this folder, turned at its edge into refusals that name the operation. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { AdapterError, type Fault, refuse } from '../../fhir/outcome.ts';
import { EvaluationFault } from '../fault.ts';

/** 400: the patch is not written as one. 422: it is, and cannot be applied to this resource. @source RFC 5789, 2.2 */
export type PatchStatus = 400 | 422;

/** What a patch gives; assignable to `Checked`. */
export type Patched<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: PatchStatus; readonly outcome: OperationOutcome };

/** What is wrong with one operation; never leaves this folder. Carries no value of the resource or the patch. */
export class PatchFault extends Error {
  readonly status: PatchStatus;
  readonly rule: string;

  constructor(status: PatchStatus, rule: string, message: string) {
    super(message);
    this.status = status;
    this.rule = rule;
  }
}

/** @returns the refusal of a whole patch */
export function refusePatch(
  status: PatchStatus,
  rule: string,
  diagnostics: string,
  expression?: string,
): Patched<never> {
  const code: Fault['code'] = status === 400 ? 'structure' : 'processing';
  const fault = { rule, code, diagnostics, ...(expression === undefined ? {} : { expression }) };
  return { ...refuse(fault), status };
}

/**
 * Runs the operations of a patch in their order, until one fails.
 * @param label how messages call the operation: `Operation 2 of 5 (replace)`
 * @param expression FHIRPath of the operation in the patch, where there is one
 */
export function runInOrder<O>(
  operations: readonly O[],
  run: (operation: O) => void,
  label: (operation: O, at: number) => string,
  expression: (at: number) => string | undefined = () => undefined,
): Patched<undefined> {
  for (const [at, operation] of operations.entries()) {
    try {
      run(operation);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      const diagnostics = `${label(operation, at)}: ${fault.message} Nothing was changed.`;
      return refusePatch(fault.status, fault.rule, diagnostics, expression(at));
    }
  }
  return { ok: true, value: undefined };
}

/** An expression of the client's that ends in an error is a fault of its patch; its text may hold a value, so it is not repeated. */
function faultOf(error: unknown): PatchFault | undefined {
  if (error instanceof PatchFault) return error;
  if (error instanceof EvaluationFault)
    return new PatchFault(422, 'patch-cost', 'its path visits too many elements; narrow it.');
  if (!(error instanceof AdapterError) || error.retry !== 'permanent') return undefined;
  return new PatchFault(422, 'patch-path', withoutExpression(error.outcome.issue[0]?.diagnostics));
}

/** @returns diagnostics of the FHIRPath compiler, without the expression that they end with */
export function withoutExpression(diagnostics = 'its path cannot be evaluated'): string {
  const text = diagnostics.replace(/\.? Expression: [\s\S]*$/, '');
  return `${text}; correct its path.`;
}
