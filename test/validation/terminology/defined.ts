/** Builds a terminology of a few definitions that a test states. */
import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetCompose } from '@medplum/fhirtypes';
import { Canonicals } from '../../../src/fhir/canonicals.ts';
import { createTerminology, type Terminology } from '../../../src/validation/terminology/terminology.ts';

export const BASE = 'https://hedgerow.example/fhir';

export function terminologyOf(...definitions: readonly (CodeSystem | ValueSet)[]): Terminology {
  const canonicals = new Canonicals();
  for (const one of definitions) canonicals.add(one);
  return createTerminology(canonicals);
}

/** @param name last part of the URL */
export function codeSystem(
  name: string,
  concept: CodeSystemConcept[],
  more: Partial<CodeSystem> = {},
): CodeSystem {
  const url = `${BASE}/CodeSystem/${name}`;
  return {
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    url,
    concept,
    ...more,
  };
}

export function valueSet(name: string, compose?: ValueSetCompose, more: Partial<ValueSet> = {}): ValueSet {
  const url = `${BASE}/ValueSet/${name}`;
  return { resourceType: 'ValueSet', status: 'active', url, ...(compose ? { compose } : {}), ...more };
}

/** @returns the URL of a system of these tests */
export function system(name: string): string {
  return `${BASE}/CodeSystem/${name}`;
}

/** @returns the URL of a value set of these tests */
export function set(name: string): string {
  return `${BASE}/ValueSet/${name}`;
}
