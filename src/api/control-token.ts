/** Lets only those through who can read the token in the data folder: the command line, and pages that act for a person. */
import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { sendFault } from './respond.ts';

/** @param token of this run of the adapter @returns a handler that answers 401 to anyone else */
export function requireToken(token: string): RequestHandler {
  return (request, response, next) => {
    if (sameText(request.get('authorization') ?? '', `Bearer ${token}`)) return next();
    response.set('WWW-Authenticate', 'Bearer');
    sendFault(response, 401, {
      code: 'login',
      rule: 'control-token',
      diagnostics:
        'These routes are for who has the token of this adapter: it is in the lock file of its data folder.',
    });
  };
}

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
