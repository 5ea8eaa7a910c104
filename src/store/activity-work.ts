/** Turns what speaks against the activity of a referral into items of the worklist. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { outcomeOf, ruleOf } from '../fhir/outcome.ts';
import type { NewWork, StoredVersion } from './store.ts';

/** @returns the item of a referral that does not fit its activity: one a referral, rule and text */
export function fitItem(
  { id, ownerOrg }: Pick<StoredVersion, 'id' | 'ownerOrg'>,
  issue: OperationOutcomeIssue,
): NewWork {
  const cause = ['activity-fit', id, ruleOf(issue), issue.diagnostics];
  return {
    id: uuidV5(PROJECT_NAMESPACE, JSON.stringify(cause)),
    kind: 'warning',
    ownerOrg,
    source: undefined,
    recordKind: undefined,
    recordKey: undefined,
    file: undefined,
    line: undefined,
    resource: `ServiceRequest/${id}`,
    target: undefined,
    outcome: outcomeOf(issue),
  };
}
