/** Turns the body of a request into its bytes, inflated where it came as gzip, within bounds either way. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Request, Response } from 'express';
import { type Checked, refuse } from '../fhir/outcome.ts';
import { collected } from './intake-body.ts';

const inflate = promisify(gunzip);

/** What a client may send, as `Accept-Encoding` of an answer says. @source RFC 9110, 12.5.3 */
export const BODY_ENCODINGS = 'gzip, identity';

/** @returns false for a Content-Encoding that is not read (status 415) */
export function isReadEncoding(request: Pick<Request, 'get'>): boolean {
  return /^(?:|identity|gzip|x-gzip)$/.test(encodingOf(request));
}

/** Says with a refusal for its encoding (415) which there are. */
export function offerEncodings(response: Response): void {
  response.set('Accept-Encoding', BODY_ENCODINGS);
}

/**
 * @param maxBytes of the body as it came, and of what it inflates to: a small body that would fill the memory is let go there
 * @returns the bytes; or refusal `read-too-long` (413), `api-gzip` (400)
 */
export async function inflated(request: Request, maxBytes: number): Promise<Checked<Buffer>> {
  const body = await collected(request, maxBytes);
  if (!body.ok || !/gzip$/.test(encodingOf(request))) return body;
  try {
    return { ok: true, value: await inflate(body.value, { maxOutputLength: maxBytes }) };
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLong ? tooLong(maxBytes) : NO_GZIP;
  }
}

function encodingOf(request: Pick<Request, 'get'>): string {
  return (request.get('content-encoding') ?? '').trim().toLowerCase();
}

function tooLong(maxBytes: number): ReturnType<typeof refuse> {
  const diagnostics = `The body inflates to more than ${maxBytes.toLocaleString('en-GB')} bytes: send it in parts.`;
  return refuse({ code: 'too-long', rule: 'read-too-long', diagnostics, expression: 'http' });
}

const NO_GZIP = refuse({
  code: 'structure',
  rule: 'api-gzip',
  diagnostics:
    'The body is no whole gzip, which its Content-Encoding says it is: send it again, or uncompressed.',
  expression: 'http',
});
