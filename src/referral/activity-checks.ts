/** Turns the quality checks of an activity and its provider into those that are missing or no longer hold. */
import type { VerificationResult } from '@medplum/fhirtypes';
import { isBefore } from './fhir-time.ts';

const SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/quality-check';

/** How the checks of one kind stand. */
export interface CheckState {
  /** code of CodeSystem quality-check */
  readonly check: string;
  /** expired: it held once; failed: it was looked at and not passed; missing: nobody says that it was made */
  readonly state: 'expired' | 'failed' | 'missing';
  /** last day on which it held */
  readonly until?: string | undefined;
}

/**
 * A check holds when any result of its kind does: of the activity or of its provider.
 * @param required kinds that must hold; of others only what has expired or failed is told
 * @param day ISO date for which it is asked
 */
export function lackingChecks(
  results: readonly VerificationResult[],
  required: readonly string[],
  day: string,
): CheckState[] {
  const byCheck = new Map<string, VerificationResult[]>(required.map((check) => [check, []]));
  for (const result of results)
    for (const check of kindsOf(result)) byCheck.set(check, [...(byCheck.get(check) ?? []), result]);
  return [...byCheck].flatMap(([check, found]) => stateOf(check, found, required.includes(check), day) ?? []);
}

function kindsOf({ validationProcess = [] }: VerificationResult): string[] {
  const codings = validationProcess.flatMap(({ coding = [] }) => coding);
  return codings.flatMap(({ system, code }) => (system === SYSTEM && code ? [code] : []));
}

function stateOf(
  check: string,
  found: readonly VerificationResult[],
  isRequired: boolean,
  day: string,
): CheckState | undefined {
  const passed = found.filter(({ status }) => status === 'validated' || status === 'attested');
  if (passed.some(({ nextScheduled }) => !isBefore(nextScheduled, day))) return undefined;
  if (passed.length > 0) {
    const until = passed
      .map(({ nextScheduled }) => nextScheduled ?? '')
      .sort()
      .at(-1);
    return { check, state: 'expired', until };
  }
  if (found.some(({ status }) => status === 'val-fail' || status === 'reval-fail'))
    return { check, state: 'failed' };
  return isRequired ? { check, state: 'missing' } : undefined;
}
