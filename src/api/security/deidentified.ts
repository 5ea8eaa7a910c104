/** Tells which addresses serve a client that may see people only de-identified: exports and views, which take out who somebody is. */
import type { Refusal } from './refusals.ts';

const OPEN: readonly RegExp[] = [
  /^\/(?:Patient\/)?\$export$/,
  /^\/\$export-[a-z]+(?:\/|$)/,
  /^\/(?:ViewDefinition\/(?:[^/$]+\/)?)?\$viewdefinition-run$/,
  /^\/ViewDefinition(?:\/[^/$]+)?$/,
];

/** @param path below the FHIR base, as it came: another spelling of an address is not let in */
export function servesDeidentified(path: string): boolean {
  return OPEN.some((pattern) => pattern.test(path));
}

export const NOT_DEIDENTIFIED: Refusal = {
  status: 403,
  rule: 'api-deidentified',
  diagnostics:
    'This client sees people only de-identified, and what is at this address says who somebody is: use $export or $viewdefinition-run.',
};
