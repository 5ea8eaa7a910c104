/** Puts the capability statement together: the stored types, and what is served beside them. */
import type { CapabilityStatement, CapabilityStatementRestSecurity } from '@medplum/fhirtypes';
import { capabilityStatement } from './capability.ts';
import { type FhirPart, withParts } from './fhir-part.ts';
import { loadServedSearch } from './search/served.ts';

export interface StatementOptions {
  /** version of the adapter */
  readonly version: string;
  /** how clients prove who they are */
  readonly security?: (() => CapabilityStatementRestSecurity) | undefined;
  /** what else is served at the base */
  readonly fhir?: readonly Pick<FhirPart, 'says'>[];
}

/** @param url FHIR base @returns what `/metadata` says */
export function servedStatement(
  { version, security, fhir = [] }: StatementOptions,
  url: string,
  startedMs: number,
): CapabilityStatement {
  const about = { url, version, startedMs, security: security?.() };
  return withParts(capabilityStatement(loadServedSearch(), about), fhir);
}
