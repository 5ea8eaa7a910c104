/** What checks resources before they may touch a person's record; the engine behind it is exchangeable. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';

export interface Validator {
  /** @returns every issue found, each with a FHIRPath expression and our rule id; empty when the resource is valid */
  validate(resource: Resource): readonly OperationOutcomeIssue[];
}
