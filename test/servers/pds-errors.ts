/** Turns an error code of PDS into the body that it is told in: as published where that is at hand, else in the same shape. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../shared/conformance/pds');
/** Folder of the published examples; undefined where it is not there. */
export const PUBLISHED = existsSync(FOLDER) ? FOLDER : undefined;

const SHAPES: Readonly<Record<string, readonly [severity: string, code: string]>> = {
  RESOURCE_NOT_FOUND: ['information', 'not-found'],
  INVALIDATED_RESOURCE: ['error', 'processing'],
  ACCESS_DENIED: ['error', 'forbidden'],
  MISSING_VALUE: ['error', 'required'],
  UNSUPPORTED_SERVICE: ['error', 'processing'],
  ADDITIONAL_PROPERTIES: ['error', 'invariant'],
  TOO_MANY_MATCHES: ['information', 'multiple-matches'],
  TOO_MANY_REQUESTS: ['error', 'throttled'],
  UNABLE_TO_CALL_SERVICE: ['error', 'transient'],
};

export function errorBody(code: string, diagnostics?: string): unknown {
  const file = PUBLISHED && join(PUBLISHED, 'errorResponses', `${code}.json`);
  if (file && existsSync(file)) {
    const text = readFileSync(file, 'utf8').replace('#(display)', code);
    return JSON.parse(text.replace('"#(diagnostics)"', JSON.stringify(diagnostics ?? code))) as unknown;
  }
  const [severity, issue] = SHAPES[code] ?? ['error', 'value'];
  const system = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode';
  const details = { coding: [{ system, version: '1', code, display: code }] };
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity, code: issue, details, ...(diagnostics ? { diagnostics } : {}) }],
  };
}
