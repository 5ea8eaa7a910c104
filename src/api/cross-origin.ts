/** Lets scripts of named origins call the FHIR API from a browser, and says to no other that they may. */
import cors from 'cors';
import type { RequestHandler } from 'express';

/** What a script may send. */
const SENT = [
  'Accept',
  'Authorization',
  'Content-Type',
  'If-Match',
  'If-Modified-Since',
  'If-None-Exist',
  'If-None-Match',
  'NHSD-End-User-Organisation-ODS',
  'Prefer',
  'X-Break-Glass',
  'X-Provenance',
  'X-Request-Id',
];
/** What a script may read of an answer. */
const SHOWN = [
  'Allow',
  'Content-Location',
  'ETag',
  'Last-Modified',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'X-Progress',
  'X-Request-Id',
];
/** How long a browser keeps a permission. */
const KEPT_S = 600;

/**
 * Credentials of the browser's own (cookies) are not taken: a script sends its token.
 * @param origins each as browsers send it
 * @source Fetch standard, CORS protocol
 */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const known = new Set(origins);
  const permit = cors({
    origin: [...origins],
    methods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    allowedHeaders: SENT,
    exposedHeaders: SHOWN,
    maxAge: KEPT_S,
  });
  return (request, response, next) => {
    if (known.size === 0) return next();
    response.vary('Origin');
    if (!known.has(request.get('origin') ?? '')) return next();
    const isPreflight = request.get('access-control-request-method') !== undefined;
    // any other OPTIONS is answered with what the address has
    if (request.method === 'OPTIONS' && !isPreflight) {
      response.set({
        'Access-Control-Allow-Origin': request.get('origin'),
        'Access-Control-Expose-Headers': SHOWN.join(),
      });
      return next();
    }
    permit(request, response, next);
  };
}
