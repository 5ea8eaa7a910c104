/** Ends requests whose body is longer on its way than a FHIR resource can be. */
import type { RequestHandler } from 'express';
import { sendFault } from './respond.ts';

/** The longest body that is read, over a line of a megabit a second. */
export const LONGEST_BODY_MS = 120_000;

/** @param longestMs from the end of the headers to the end of the body @returns handler: 408, and the connection is closed */
export function refuseSlowBody(longestMs: number = LONGEST_BODY_MS): RequestHandler {
  return (request, response, next) => {
    const hasBody =
      Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers;
    if (!hasBody) return next();
    const timer = setTimeout(() => {
      if (request.complete || response.headersSent) return;
      response.set('Connection', 'close').once('finish', () => request.socket.destroy());
      sendFault(response, 408, SLOW);
    }, longestMs);
    response.once('close', () => clearTimeout(timer));
    next();
  };
}

const SLOW = {
  code: 'timeout',
  rule: 'api-request-time',
  diagnostics: 'The body did not arrive in time: send it again, over a better line or in smaller parts.',
} as const;
