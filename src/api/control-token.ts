/** Lets only those through who can read the token in the data folder (the command line, and pages that act for a person), or whom the guard has let in. */
import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { sendFault } from './respond.ts';

const LET_IN = 'letIn';

/** Notes that the guard has found a client that may use this route. */
export function letIn(response: Response): void {
  response.locals[LET_IN] = true;
}

/** @param token of this run of the adapter @returns a handler that answers 401 to anyone else */
export function requireToken(token: string): RequestHandler {
  return (request, response, next) => {
    if (response.locals[LET_IN] === true || isOperator(request, token)) next();
    else refuseOperator(response);
  };
}

/** @returns whether the request carries the token of this run of the adapter */
export function isOperator(request: Pick<Request, 'get'>, token: string): boolean {
  return sameText(request.get('authorization') ?? '', `Bearer ${token}`);
}

export function refuseOperator(response: Response): void {
  response.set('WWW-Authenticate', 'Bearer');
  sendFault(response, 401, {
    code: 'login',
    rule: 'control-token',
    diagnostics:
      'These routes are for who has the token of this adapter: it is in the lock file of its data folder.',
  });
}

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
