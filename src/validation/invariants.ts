/** Turns the constraints of an element into compiled FHIRPath. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { compileInvariant, type Invariant } from '../fhirpath/invariant.ts';
import type { Constraint } from './element-rules.ts';
import { CORRECTIONS } from './invariant-corrections.ts';
import { running } from './run.ts';

/** An invariant, ready to be asked of a value. */
export interface Rule {
  readonly constraint: Constraint;
  /** @returns false when the value breaks it; true also where nobody here can tell */
  holds(value: unknown, sibling?: unknown): boolean;
}

/**
 * @param type of the focus, as FHIRPath calls it
 * @returns the rules; those that cannot be compiled are added to `faults`, and nothing meets them
 */
export function compileRules(
  type: string,
  constraints: readonly Constraint[],
  definitions: Definitions,
  faults: OperationOutcomeIssue[],
): readonly Rule[] {
  return constraints.flatMap((constraint): Rule[] => {
    const { key, source } = constraint;
    const expression = correctedOf(constraint);
    const compiled = compileInvariant(expression, { path: type }, definitions);
    if (compiled.ok)
      return [{ constraint, holds: (value, sibling) => holds(compiled.value, value, sibling) }];
    const why = `cannot be compiled: ${compiled.outcome.issue[0]?.diagnostics ?? ''}`;
    faults.push(
      issueOf({
        rule: 'profile-invariant',
        code: 'not-supported',
        diagnostics: `${source}: invariant ${key} on ${type} ${why}`,
      }),
    );
    // nobody can say that it is met
    return [{ constraint: { ...constraint, severity: 'error', human: why }, holds: () => false }];
  });
}

const corrected = new Map(CORRECTIONS.map((one) => [`${one.key} ${one.published}`, one.corrected]));

function correctedOf({ key, expression }: Constraint): string {
  return corrected.get(`${key} ${expression}`) ?? expression;
}

function holds(invariant: Invariant, value: unknown, sibling: unknown): boolean {
  const run = running();
  try {
    return invariant(value, sibling === undefined ? run : { ...run, sibling }) !== false;
  } catch (error) {
    if (error instanceof AdapterError) return false;
    throw error;
  }
}
