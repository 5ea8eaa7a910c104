/** Turns a terminology server's answers into issues for the codes that nobody here could decide. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';
import type { PendingCode } from './run.ts';

/** One code and the value set that it is asked of. */
export interface CodeQuestion {
  readonly valueSet: string;
  readonly system: string | undefined;
  readonly code: string;
}

/** Asks a terminology server: in the set, not in it, or not known, in the order of the questions. Never rejects. */
export type AskCodes = (questions: readonly CodeQuestion[]) => Promise<readonly (boolean | undefined)[]>;

export interface Settled {
  /** for each pending value: what is wrong with it; undefined when it is in its set, or still nobody knows */
  readonly issues: readonly (OperationOutcomeIssue | undefined)[];
  /** values that nobody could decide */
  readonly unchecked: number;
}

/** @returns what the server's answers make of pending values, in their order; without a server none is decided */
export async function settlePending(
  pending: readonly PendingCode[],
  ask: AskCodes | undefined,
): Promise<Settled> {
  if (pending.length === 0) return { issues: [], unchecked: 0 };
  if (!ask) return { issues: pending.map(() => undefined), unchecked: pending.length };
  const questions = pending.flatMap(({ valueSet, codes }) => codes.map((one) => ({ ...one, valueSet })));
  const answers = await ask(questions);
  let at = 0;
  let unchecked = 0;
  const issues = pending.map((value) => {
    const own = answers.slice(at, at + value.codes.length);
    at += value.codes.length;
    if (own.includes(true)) return undefined;
    if (!own.includes(undefined)) return outside(value);
    unchecked++;
    return undefined;
  });
  return { issues, unchecked };
}

function outside({ valueSet, strength, expression }: PendingCode): OperationOutcomeIssue {
  const must = strength === 'required' ? 'its required value set' : 'the extensible value set';
  return issueOf({
    severity: strength === 'required' ? 'error' : 'warning',
    code: 'code-invalid',
    rule: 'terminology-code',
    diagnostics: `${expression} is no code of ${must} ${valueSet}: so the terminology server says. Correct the code.`,
    expression,
    specification: valueSet,
  });
}
