/** What is served at the FHIR base beside the stored types: its routes, and what it adds to the capability statement. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import type { Router } from 'express';

export interface FhirPart {
  /** tried before those of the stored types */
  readonly routes: Router;
  /** @returns the statement, with what the routes serve */
  readonly says: (statement: CapabilityStatement) => CapabilityStatement;
}

/** @returns the statement with what all parts say */
export function withParts(
  statement: CapabilityStatement,
  parts: readonly Pick<FhirPart, 'says'>[],
): CapabilityStatement {
  return parts.reduce((said, { says }) => says(said), statement);
}
