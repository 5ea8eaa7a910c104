/** Turns the constraints of an element into compiled FHIRPath. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { compileInvariant, type Invariant } from '../fhirpath/invariant.ts';
import type { Constraint } from './element-rules.ts';
import { CORRECTIONS } from './invariant-corrections.ts';
import { resolveReference } from './resolve.ts';
import { type Json, running } from './run.ts';

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
    if (compiled.ok) {
      const isEasy = source.startsWith(BASE) ? EASILY_TOLD[key] : undefined;
      return [
        {
          constraint,
          holds: (value, sibling) => isEasy?.(value as Json) ?? holds(compiled.value, value, sibling),
        },
      ];
    }
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

const BASE = 'http://hl7.org/fhir/StructureDefinition/';

const withoutContained = lacks('contained');

/**
 * Invariants of base R4 that stand on nearly everything and can be told at a glance for nearly every value: whether they are
 * met, where that is sure; anything else is for the expression.
 */
const EASILY_TOLD: Readonly<Record<string, (value: Json) => boolean | undefined>> = {
  'dom-3': withoutContained,
  'dom-4': withoutContained,
  'dom-5': withoutContained,
  'ref-1': isContainedOrElsewhere,
  'per-1': lacks('end'),
  'qty-3': lacks('code'),
  'att-1': lacks('data'),
  'cpt-2': lacks('value'),
  'qrs-1': lacks('item'),
};

/** @returns whether an object has neither the element nor, for a primitive, extensions of it */
function lacks(name: string): (value: Json) => true | undefined {
  const companion = `_${name}`;
  return (value) => (value[name] === undefined && value[companion] === undefined) || undefined;
}

/** The expression would look through all that is contained, for each reference. */
function isContainedOrElsewhere({ reference }: Json): boolean | undefined {
  if (typeof reference !== 'string') return undefined;
  return !reference.startsWith('#') || resolveReference(reference) !== undefined;
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
