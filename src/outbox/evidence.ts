/** Turns how the entries of a group ended into what that says of their target. */
import { issueOf, outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { Settlement } from '../store/store.ts';

/** How an entry ends that an error of ours left without an answer. */
export const CRASHED = outcomeOf(
  issueOf({
    code: 'exception',
    rule: 'delivery-crashed',
    diagnostics:
      'Delivery ended with an error of the adapter; the log has it. The entry is looked up and sent again.',
  }),
);

/** What a group says of its target: answered, out of reach, or nothing, when nothing was sent or one record was locked. */
export function evidenceOf(settlements: readonly Settlement[]): 'up' | 'down' | 'none' {
  if (settlements.some((one) => one.kind === 'delivered' || one.kind === 'removed' || one.kind === 'park'))
    return 'up';
  const retries = settlements.filter((one) => one.kind === 'retry');
  if (retries.length === 0) return 'none';
  return retries.every((one) => one.locked || one.outcome.issue[0]?.code === 'lock-error') ? 'up' : 'down';
}

/** @returns whether the target refused anything for load */
export function isBusy(settlements: readonly Settlement[]): boolean {
  return settlements.some((one) => one.kind === 'retry' && ruleOf(one.outcome.issue[0]!) === 'target-busy');
}
