/** Settles in which form the rows of a view are sent: by `_format`, else by Accept, else NDJSON. */
import { type Checked, refuse } from '../../fhir/outcome.ts';

export const TABLE_FORMATS = ['csv', 'json', 'ndjson', 'parquet', 'fhir'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** What is sent. */
export interface Representation {
  readonly format: TableFormat;
  /** media type of the rows */
  readonly media: string;
  /** within a Binary resource, as a client asks that takes FHIR alone */
  readonly isEnveloped: boolean;
}

const MEDIA: Readonly<Record<TableFormat, string>> = {
  csv: 'text/csv',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
  fhir: 'application/fhir+json',
};

const BY_NAME: ReadonlyMap<string, TableFormat> = new Map([
  ...TABLE_FORMATS.map((format) => [format, format] as const),
  ...TABLE_FORMATS.map((format) => [MEDIA[format], format] as const),
  ['application/ndjson', 'ndjson'],
  ['application/fhir+ndjson', 'ndjson'],
  ['application/octet-stream', 'parquet'],
]);
const FHIR_JSON = MEDIA.fhir;

/**
 * @param named value of `_format`
 * @returns refusal `view-run-format` (400) for a format that is not written, `view-run-accept` (406) for FHIR as XML
 * @source SQL on FHIR, Common Operation Behavior
 */
export function representationOf(
  named: string | undefined,
  accept: string | undefined,
): Checked<Representation> {
  const wanted = mediasIn(accept);
  const first = wanted[0];
  if (named !== undefined) {
    // a plus sign in a URL is a space
    const format = BY_NAME.get(named.toLowerCase().replace('fhir ', 'fhir+'));
    if (!format) return refuse(NO_FORMAT);
    const isEnveloped = format !== 'fhir' && first === FHIR_JSON;
    return first === FHIR_XML ? refuse(NO_XML) : answered(format, isEnveloped);
  }
  if (first === FHIR_XML) return refuse(NO_XML);
  const found = wanted.find((media) => BY_NAME.has(media));
  return answered(found === undefined ? 'ndjson' : BY_NAME.get(found)!, false);
}

function answered(format: TableFormat, isEnveloped: boolean): Checked<Representation> {
  return { ok: true, value: { format, media: MEDIA[format], isEnveloped } };
}

/** @returns media types of an Accept header, the heaviest first */
function mediasIn(accept = ''): readonly string[] {
  const weighed = accept.split(',').flatMap((one) => {
    const [media = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1);
    return weight > 0 ? [{ media, weight }] : [];
  });
  return weighed.sort((a, b) => b.weight - a.weight).map(({ media }) => media);
}

const FHIR_XML = 'application/fhir+xml';
const NO_FORMAT = {
  code: 'not-supported',
  rule: 'view-run-format',
  diagnostics: `The rows of a view are written as ${TABLE_FORMATS.join(', ')}: name one of these as _format.`,
  expression: '_format',
} as const;
const NO_XML = {
  code: 'not-supported',
  rule: 'view-run-accept',
  diagnostics: 'The rows of a view are not written as XML: accept JSON of FHIR, or name a _format.',
  expression: 'http.Accept',
} as const;
