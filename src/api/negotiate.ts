/** Decides whether a client that asks for a format can be answered: only JSON of FHIR R4 is served. */

import type { OperationOutcome } from '@medplum/fhirtypes';
import { type Fault, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { Pairs } from './address.ts';

const MEDIA_RANGES = new Set([
  '*/*',
  'application/*',
  'application/json',
  'application/fhir+json',
  'text/json',
  'text/html', // a person who looks with a browser
]);
const FORMATS = new Set(['json', 'text/json', 'application/json', 'application/fhir+json']);

/**
 * @param accept the Accept header
 * @param query its `_format` wins over the header
 * @returns why the client cannot be answered (status 406), or undefined
 * @source FHIR R4, 3.1.0.1.11 (content types), 3.1.0.1.12 (_format)
 */
export function formatRefusal(accept: string | undefined, query: Pairs): OperationOutcome | undefined {
  const formats = query.flatMap(([name, value]) => (name === '_format' ? [value] : []));
  // a plus sign in a URL is a space: application/fhir+json often arrives so
  if (formats.some((format) => !FORMATS.has(mediaOf(format).replace('fhir json', 'fhir+json'))))
    return refusal('api-format', 'Only JSON is served: write _format=json, or leave it out.');
  if (formats.length > 0 || accept === undefined || accept.split(',').some(isServed)) return undefined;
  return refusal('api-accept', 'Only application/fhir+json of FHIR version 4.0 is served: ask for that.');
}

function isServed(range: string): boolean {
  const [, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const unwanted = parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  const otherVersion = parameters.some(
    (one) => /^fhirversion=/.test(one) && !/^fhirversion="?4\.0/.test(one),
  );
  return MEDIA_RANGES.has(mediaOf(range)) && !unwanted && !otherVersion;
}

function mediaOf(text: string): string {
  return text.split(';')[0]!.trim().toLowerCase();
}

function refusal(rule: string, diagnostics: string): OperationOutcome {
  const fault: Fault = { code: 'not-supported', rule, diagnostics, expression: 'http' };
  return outcomeOf(issueOf(fault));
}
