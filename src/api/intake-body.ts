/** Turns the body of a request into bytes or chunks within bounds, or says why it cannot be read. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Request, RequestHandler, Response } from 'express';
import { AdapterError, type Checked, issueOf, outcomeOf, refuse } from '../fhir/outcome.ts';
import { sendFault } from './respond.ts';

/** Media types that are read. */
const INTAKE_MEDIA = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type IntakeMedia = (typeof INTAKE_MEDIA)[number];

/** A stream of records may be long, but not without end. */
const STREAM_BYTES = 500_000_000;

/** @returns the body's media type; or refusal `intake-media-type`, `intake-charset`, `intake-encoding` (status 415) */
export function mediaOf(request: Request): Checked<IntakeMedia> {
  const [name = '', ...parameters] = (request.get('content-type') ?? '')
    .split(';')
    .map((part) => part.trim());
  const media = INTAKE_MEDIA.find((one) => one === name.toLowerCase());
  if (!media) return refuseMedia('intake-media-type', hintOf(name.toLowerCase()));
  const charset = parameters.find((one) => /^charset=/i.test(one));
  if (charset !== undefined && !/^charset="?(utf-8|utf8|us-ascii|utf-16)"?$/i.test(charset))
    return refuseMedia('intake-charset', 'Send the body in UTF-8, and say so: charset=utf-8, or nothing.');
  if (!/^(identity)?$/i.test(request.get('content-encoding') ?? ''))
    return refuseMedia('intake-encoding', 'A Content-Encoding is not read: send the body uncompressed.');
  return { ok: true, value: media };
}

/** @returns the whole body; or refusal `read-too-long` (status 413) */
export async function collected(request: Request, maxBytes: number): Promise<Checked<Buffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length;
    if (bytes > maxBytes) return { ok: false, outcome: tooLong(maxBytes) };
    chunks.push(chunk);
  }
  return { ok: true, value: Buffer.concat(chunks) };
}

/** @throws AdapterError `read-too-long` when the stream has no end in sight; readers turn it into a refusal */
export async function* bounded(request: Request): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunksOf(request)) {
    bytes += chunk.length;
    if (bytes > STREAM_BYTES) throw new AdapterError('permanent', tooLong(STREAM_BYTES).issue[0]!);
    yield chunk;
  }
}

/**
 * A reader that stops early must not take the connection with it, nor leave it stuck with what was not read: the
 * answer goes out on it. The rest is read and dropped, for as long as the server lets a request take.
 */
async function* chunksOf(request: Request): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } finally {
    request.resume();
  }
}

function tooLong(maxBytes: number): OperationOutcome {
  const size = maxBytes.toLocaleString('en-GB');
  const diagnostics = `The body is longer than ${size} bytes: send it in parts, or as NDJSON.`;
  return outcomeOf(issueOf({ code: 'too-long', rule: 'read-too-long', diagnostics }));
}

function hintOf(media: string): string {
  if (media === '')
    return `Say what the body is: Content-Type ${INTAKE_MEDIA.slice(0, -1).join(', ')} or ${INTAKE_MEDIA.at(-1)}.`;
  if (media === 'application/fhir+json')
    return "This is for a source's own records, as application/json; FHIR is what comes out of them.";
  return `Send one of ${INTAKE_MEDIA.join(', ')}.`;
}

function refuseMedia(rule: string, diagnostics: string): { ok: false; outcome: OperationOutcome } {
  return refuse({ code: 'not-supported', rule, diagnostics, expression: 'http' });
}

type Take = (request: Request, response: Response) => Promise<void>;
type Refuse = (request: Request, response: Response) => void;

function refuseBusy(_request: Request, response: Response): void {
  response.set('Retry-After', '1');
  sendFault(response, 503, {
    code: 'throttled',
    rule: 'intake-busy',
    diagnostics: 'Too many bodies are being read at once: send this one again in a second.',
  });
}

/** A body that says it is no longer than this weighs little. */
const SMALL_BYTES = 65_536;
/** So many small bodies may be read in place of a long one. */
const SMALL_FOR_LONG = 32;

/**
 * Holds back the rest: who is asked to come again loses nothing, a process without memory does.
 * @param bodies long ones at once; small ones have room of their own
 * @param refuse says so, where it is to be said in the words of another standard
 */
export function atMost(bodies: number, take: Take, refuse: Refuse = refuseBusy): RequestHandler {
  const reading = { long: 0, small: 0 };
  const most = { long: bodies, small: bodies * SMALL_FOR_LONG };
  return async (request, response) => {
    const length = Number(request.get('content-length') ?? Number.POSITIVE_INFINITY);
    const size = length <= SMALL_BYTES ? 'small' : 'long';
    if (reading[size] >= most[size]) return refuse(request, response);
    reading[size]++;
    try {
      await take(request, response);
    } finally {
      reading[size]--;
    }
  };
}
