/** Turns a reason why a delivery was not even tried into the outcome that says what to do. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { ResourceKey } from '../store/store.ts';
import type { Planned } from './fhir/group-plan.ts';

export function nothingLeft({ key }: Planned): OperationOutcome {
  const diagnostics = `Not sent: ${key} speaks only of what consent does not allow to be sent.`;
  return outcomeOf(issueOf({ code: 'suppressed', rule: 'hr-8', diagnostics }));
}

export function missingVersion({ key, entry }: Planned): OperationOutcome {
  const diagnostics = `Version ${entry.version} of ${key} is not in the store. Check the store's backup; replay when it is there.`;
  return outcomeOf(issueOf({ code: 'not-found', rule: 'delivery-version-missing', diagnostics }));
}

export function missingReference(one: Planned, needed: ResourceKey, target: string): OperationOutcome {
  const diagnostics = `${one.key} refers to ${needed}, which target ${target} does not hold and which did not come. Supply its record, or route it to this target; then replay.`;
  return outcomeOf(issueOf({ code: 'incomplete', rule: 'delivery-reference-missing', diagnostics }));
}

export function notForTarget(target: string): OperationOutcome {
  const diagnostics = `Not sent: target ${target} is not configured to get it (targets[].send).`;
  return outcomeOf(issueOf({ code: 'suppressed', rule: 'delivery-not-routed', diagnostics }));
}
