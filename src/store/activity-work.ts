/** Turns what speaks against the activity of a referral into items of the worklist. */
import type { OperationOutcomeIssue, ServiceRequest } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../fhir/ids.ts';
import { outcomeOf, ruleOf } from '../fhir/outcome.ts';
import { FIT_RULES } from '../referral/activity-fit.ts';
import type { CommitRecord, NewWork, StoredVersion } from './store.ts';

const RULES: ReadonlySet<string | undefined> = new Set(FIT_RULES);

/** @returns the item of a referral that does not fit its activity: one a referral, rule and text */
export function fitItem(
  { id, ownerOrg }: Pick<StoredVersion, 'id' | 'ownerOrg'>,
  issue: OperationOutcomeIssue,
): NewWork {
  return {
    id: fitItemId(id, issue),
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

/** @param id of the referral */
export function fitItemId(id: string, issue: OperationOutcomeIssue): string {
  const cause = ['activity-fit', id, ruleOf(issue), issue.diagnostics];
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(cause));
}

/** @returns id of the referral whose activity a warning of its record speaks of; undefined where it is none, or may be of several */
export function referralMeant(
  { resources }: Pick<CommitRecord, 'resources'>,
  issue: OperationOutcomeIssue,
): string | undefined {
  if (!RULES.has(ruleOf(issue))) return undefined;
  const requests = resources.flatMap(({ resource }) =>
    resource.resourceType === 'ServiceRequest' ? [resource] : [],
  );
  const [activity] = (issue.diagnostics ?? '').split(' ', 1);
  const isNamed = ({ performer }: ServiceRequest): boolean =>
    performer?.some(({ reference }) => reference === activity) ?? false;
  const [one, another] = requests.length > 1 ? requests.filter(isNamed) : requests;
  return another ? undefined : one?.id;
}
