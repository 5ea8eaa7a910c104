/** Sends long answers as gzip or Brotli to clients that take it. */
import compression from 'compression';
import type { Request, RequestHandler, Response } from 'express';

/** Shorter answers go in one packet either way. */
const THRESHOLD_BYTES = 1_400;
const COMPRESSED = /^(?:application|text)\/(?:fhir\+)?(?:json|xml|ndjson)\b/;

const compress = compression({ threshold: THRESHOLD_BYTES, filter: isCompressed });

/** @returns a handler; who takes neither is not held up by it */
export function compressed(): RequestHandler {
  return (request, response, next) => {
    if (/\b(?:gzip|br)\b/.test(request.headers['accept-encoding'] ?? ''))
      return compress(request, response, next);
    next();
  };
}

/**
 * What a page of another site makes a browser ask for goes as it is: by the length of a compressed answer that holds
 * words of the asker's beside a secret, the secret could be guessed (BREACH).
 */
function isCompressed(request: Request, response: Response): boolean {
  if (request.headers['sec-fetch-site'] === 'cross-site') return false;
  return COMPRESSED.test(String(response.getHeader('Content-Type') ?? ''));
}
