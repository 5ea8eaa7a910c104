/** Decides in which format a client is answered: JSON or XML of FHIR R4, by `_format`, or by Accept with its weights. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { type Fault, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { Pairs } from './address.ts';

/** How an answer is written. */
export interface Format {
  readonly syntax: 'json' | 'xml';
  /** media type of the answer, without parameters */
  readonly media: string;
  /** laid out for people */
  readonly isPretty: boolean;
}

/** A format, and why the client cannot be answered in any that it takes (status 406). */
export interface Negotiated {
  readonly format: Format;
  readonly refusal?: OperationOutcome;
}

export const FHIR_JSON = 'application/fhir+json';
const FHIR_XML = 'application/fhir+xml';

/** As the capability statement lists them; each is a value of `_format`. */
export const SERVED_FORMATS: readonly string[] = [FHIR_JSON, FHIR_XML, 'json', 'xml'];

/** What is served, the best first. A generic type is answered as itself; a browser gets JSON. */
const SERVED: readonly (readonly [media: string, syntax: Format['syntax'], answered: string])[] = [
  [FHIR_JSON, 'json', FHIR_JSON],
  ['application/json', 'json', 'application/json'],
  ['text/json', 'json', 'text/json'],
  ['text/html', 'json', FHIR_JSON],
  [FHIR_XML, 'xml', FHIR_XML],
  ['application/xml', 'xml', 'application/xml'],
  ['text/xml', 'xml', 'text/xml'],
];

/** @source FHIR R4, 3.1.0.1.12: these names SHALL be understood */
const FORMATS: Readonly<Record<string, Format['syntax']>> = {
  json: 'json',
  'text/json': 'json',
  'application/json': 'json',
  [FHIR_JSON]: 'json',
  html: 'json',
  'text/html': 'json',
  xml: 'xml',
  'text/xml': 'xml',
  'application/xml': 'xml',
  [FHIR_XML]: 'xml',
};

export const PLAIN_JSON: Format = { syntax: 'json', media: FHIR_JSON, isPretty: false };

/**
 * @param accept the Accept header
 * @param query its `_format` wins over the header; `_pretty=true` lays the answer out
 * @source FHIR R4, 3.1.0.1.11 (content types), 3.1.0.1.12 (_format), 3.1.0.1.13 (_pretty)
 */
export function negotiate(accept: string | undefined, query: Pairs): Negotiated {
  const isPretty = query.some(([name, value]) => name === '_pretty' && value === 'true');
  const laidOut = (format: Format): Format => (isPretty ? { ...format, isPretty } : format);
  const asked = query.findLast(([name]) => name === '_format')?.[1];
  if (asked === undefined || asked === '') {
    const { format, refusal } = byHeader(accept);
    return refusal ? { format: laidOut(format), refusal } : { format: laidOut(format) };
  }
  const [name, ...parameters] = partsOf(asked);
  // a plus sign in a URL is a space: application/fhir+json often arrives so
  const syntax = FORMATS[name!.replace('fhir ', 'fhir+')];
  if (!syntax || isOtherVersion(parameters))
    return { format: laidOut(PLAIN_JSON), refusal: refusal('api-format', FORMAT_HINT) };
  return { format: laidOut({ syntax, media: syntax === 'xml' ? FHIR_XML : FHIR_JSON, isPretty: false }) };
}

/** @returns why the client cannot be answered (status 406), or undefined */
export function formatRefusal(accept: string | undefined, query: Pairs): OperationOutcome | undefined {
  return negotiate(accept, query).refusal;
}

const FORMAT_HINT =
  'JSON and XML of FHIR version 4.0 are served: write _format=json or _format=xml, or leave it out.';
const ACCEPT_HINT =
  'application/fhir+json and application/fhir+xml of FHIR version 4.0 are served: accept one of them.';

/** Clients say the same again and again. */
const known = new Map<string, Negotiated>();
const MOST_KNOWN = 200;
/** A longer header asks for more than there is. */
const LONGEST = 500;

function byHeader(accept: string | undefined): Negotiated {
  if (!accept || accept === FHIR_JSON || accept === '*/*') return { format: PLAIN_JSON };
  const found = known.get(accept) ?? weighed(accept);
  if (accept.length > LONGEST) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(accept, found);
  return found;
}

interface Range {
  readonly media: string;
  /** from 0, not wanted, to 1 */
  readonly weight: number;
}

/** The heaviest wins, then the one named first, then the one that is best here. */
function weighed(accept: string): Negotiated {
  const ranges = accept.split(',').flatMap(rangeOf);
  let best: { readonly format: Format; readonly weight: number; readonly at: number } | undefined;
  for (const [media, syntax, answered] of SERVED) {
    const at = placeOf(ranges, media);
    const weight = ranges[at]?.weight ?? 0;
    if (weight === 0 || (best && (best.weight > weight || (best.weight === weight && best.at <= at))))
      continue;
    best = { format: { syntax, media: answered, isPretty: false }, weight, at };
  }
  return best ?? { format: PLAIN_JSON, refusal: refusal('api-accept', ACCEPT_HINT) };
}

/** @returns place of the range that says most of the media type; -1 where none speaks of it @source RFC 9110, 12.5.1 */
function placeOf(ranges: readonly Range[], media: string): number {
  const wide = [media, `${media.slice(0, media.indexOf('/'))}/*`, '*/*'];
  for (const one of wide) {
    const at = ranges.findIndex((range) => range.media === one);
    if (at >= 0) return at;
  }
  return -1;
}

/** Of another version of FHIR there is nothing here. */
function rangeOf(text: string): Range[] {
  const [media = '', ...parameters] = partsOf(text);
  if (media === '' || isOtherVersion(parameters)) return [];
  const weight = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameters.find((one) => /^q=/.test(one)) ?? '');
  return [{ media, weight: weight ? Number(weight[1]) : 1 }];
}

function isOtherVersion(parameters: readonly string[]): boolean {
  return parameters.some((one) => /^fhirversion=/.test(one) && !/^fhirversion="?4\.0(?:\.\d)?"?$/.test(one));
}

function partsOf(text: string): string[] {
  return text.split(';').map((part) => part.trim().toLowerCase());
}

function refusal(rule: string, diagnostics: string): OperationOutcome {
  const fault: Fault = { code: 'not-supported', rule, diagnostics, expression: 'http' };
  return outcomeOf(issueOf(fault));
}
