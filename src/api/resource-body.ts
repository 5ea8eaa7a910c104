/** Turns the body of a request into a FHIR resource within bounds, or says why it is none. */
import { setImmediate } from 'node:timers/promises';
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Request } from 'express';
import { AdapterError, type Checked, outcomeOf, refuse, ruleOf } from '../fhir/outcome.ts';
import { parseSpelled } from '../fhir/spelling.ts';
import { jsonOfLongXml } from '../fhir/xml/read.ts';
import { decodeBytes } from '../source/decode.ts';
import { parseJsonDocument } from '../source/json.ts';
import { READ_LIMITS, type ReadLimits } from '../source/limits.ts';
import { inflated, isReadEncoding, offerEncodings } from './inflated.ts';
import { definitionsOf, statusOf } from './respond.ts';

export type BodyLimits = Pick<ReadLimits, 'jsonBytes' | 'depth'>;

/** A body as text, and what it says it is. */
export interface BodyText {
  /** media type in lower case, without parameters */
  readonly media: string;
  /** where it came as XML of FHIR, the JSON of it */
  readonly text: string;
}

const XML_MEDIA: readonly string[] = ['application/fhir+xml', 'application/xml', 'text/xml'];

/** Media types that a resource comes in. @source FHIR R4, 3.1.0.1.11 */
export const RESOURCE_MEDIA: readonly string[] = [
  'application/fhir+json',
  'application/json',
  'text/json',
  ...XML_MEDIA,
];

/**
 * Reads a resource from JSON or XML, as it is or as gzip; what it holds beside its type is not checked.
 * @param medias media types that are taken, in lower case
 * @returns the resource; or a refusal whose status is `statusOfBody`'s: `api-media-type`, `api-charset`, `api-encoding`
 *   (415), `read-too-long` (413), `read-encoding`, `read-json-…`, `xml-…`, `api-gzip`, `api-no-resource` (400)
 */
export async function readResource(
  request: Request,
  limits: BodyLimits = READ_LIMITS,
  medias: readonly string[] = RESOURCE_MEDIA,
): Promise<Checked<Resource>> {
  const body = await readText(request, medias, limits);
  return body.ok ? resourceIn(body.value, limits) : body;
}

/** @param medias media types that are taken, in lower case @returns the body's text; or a refusal as `readResource` */
export async function readText(
  request: Request,
  medias: readonly string[],
  limits: BodyLimits = READ_LIMITS,
): Promise<Checked<BodyText>> {
  const media = mediaOf(request, medias);
  if (!media.ok) {
    request.resume(); // what is not read is dropped, so that the answer goes out on the connection
    return media;
  }
  const body = await inflated(request, limits.jsonBytes);
  if (!body.ok) return body;
  try {
    const text = await jsonTextOf(request, media.value, decodeBytes(body.value), limits);
    return text.ok ? { ok: true, value: { media: media.value, text: text.value } } : text;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { ok: false, outcome: error.outcome };
  }
}

async function jsonTextOf(
  request: Request,
  media: string,
  text: string,
  { depth }: BodyLimits,
): Promise<Checked<string>> {
  const definitions = XML_MEDIA.includes(media) && definitionsOf(request);
  if (!definitions || text === '') return { ok: true, value: text };
  return await jsonOfLongXml(text, definitions, { maxDepth: depth }, setImmediate);
}

/** @returns the resource that a text is */
export function resourceIn({ text }: BodyText, limits: BodyLimits = READ_LIMITS): Checked<Resource> {
  const parsed = jsonIn(text, limits);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  const type = (value as { resourceType?: unknown } | null)?.resourceType;
  if (typeof value === 'object' && !Array.isArray(value) && typeof type === 'string')
    return { ok: true, value: value as Resource };
  return refuse({
    code: 'structure',
    rule: 'api-no-resource',
    diagnostics:
      'The body holds no resource: send one as a JSON object with its resourceType, or as XML of FHIR.',
  });
}

/** Parses JSON, in which no object has a name twice. @returns the value, with how its numbers were written; or a refusal as `parseJsonDocument` */
export function jsonIn(text: string, limits: BodyLimits = READ_LIMITS): Checked<unknown> {
  const bounds = { maxBytes: limits.jsonBytes, maxDepth: limits.depth };
  const parsed = parseJsonDocument(text, bounds, parseSpelled);
  if (!parsed.ok) return parsed;
  const [twice] = parsed.value.warnings;
  if (!twice) return { ok: true, value: parsed.value.value };
  const diagnostics = `${twice.diagnostics?.split(':')[0]}: an object has this name twice; write it once`;
  return { ok: false, outcome: outcomeOf({ ...twice, severity: 'error', diagnostics }) };
}

/** @returns the HTTP status of a body that was refused */
export function statusOfBody(outcome: OperationOutcome): number {
  return outcome.issue.some((issue) => UNSUPPORTED.has(ruleOf(issue) ?? '')) ? 415 : statusOf(outcome);
}

const UNSUPPORTED: ReadonlySet<string> = new Set(['api-media-type', 'api-charset', 'api-encoding']);

function mediaOf(request: Request, medias: readonly string[]): Checked<string> {
  const [name = '', ...parameters] = (request.get('content-type') ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  if (!medias.includes(name))
    return refuseMedia('api-media-type', `Send the body as ${medias.join(' or ')}.`);
  const charset = parameters.find((one) => one.startsWith('charset='));
  if (charset !== undefined && !/^charset="?(utf-8|utf8|us-ascii)"?$/.test(charset))
    return refuseMedia('api-charset', 'Send the body in UTF-8, and say so: charset=utf-8, or nothing.');
  const version = parameters.find((one) => one.startsWith('fhirversion='));
  if (version !== undefined && !/^fhirversion="?4\.0(?:\.\d)?"?$/.test(version))
    return refuseMedia(
      'api-media-type',
      'FHIR of version 4.0 is read: send the body as that, or leave fhirVersion out.',
    );
  if (!isReadEncoding(request)) {
    if (request.res) offerEncodings(request.res);
    return refuseMedia(
      'api-encoding',
      'Send the body as it is, or as gzip: no other Content-Encoding is read.',
    );
  }
  return { ok: true, value: name };
}

function refuseMedia(rule: string, diagnostics: string): { ok: false; outcome: OperationOutcome } {
  return refuse({ code: 'not-supported', rule, diagnostics, expression: 'http' });
}
