/** Checks the resources of one record: each alone, then what FHIR cannot state about them together. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { checkDomainEach } from './domain/domain-rules.ts';
import type { Beyond, Identified } from './domain/journey.ts';
import type { PendingCode } from './run.ts';
import type { Validator } from './validator.ts';

/** What was found in one resource. */
export interface Examined {
  readonly resource: Identified;
  readonly issues: readonly OperationOutcomeIssue[];
  readonly pending: readonly PendingCode[];
}

/** @param resources whole ones, under final ids @returns what was found in each, in their order */
export function examineRecord(
  validator: Pick<Validator, 'examine'>,
  resources: readonly Identified[],
  related: Beyond,
): readonly Examined[] {
  const domain = checkDomainEach(resources, related);
  return resources.map((resource, at) => {
    const { issues, pending } = validator.examine(resource);
    return { resource, issues: [...issues, ...domain[at]!], pending };
  });
}
