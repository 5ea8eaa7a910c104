/** Turns how often somebody asks into a limit: requests of a client, requests for tokens, and credentials that are none. */
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, type Options, type RateLimitRequestHandler, rateLimit } from 'express-rate-limit';
import { sendFault } from '../respond.ts';

const WINDOW_MS = 60_000;

/** Counts are of this process: of several behind one address each has its own. */
function limiter(options: Partial<Options>): RateLimitRequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // addresses are those of connections: what a proxy says of others is not believed, and no fault
    validate: false,
    handler: sendTooMany,
    ...options,
  });
}

/** Express-rate-limit has set Retry-After. */
function sendTooMany(_request: Request, response: Response): void {
  sendFault(response, 429, {
    code: 'throttled',
    rule: 'access-rate',
    diagnostics: 'More requests than this client may make in a minute: wait as long as Retry-After says.',
  });
}

export interface Rated {
  readonly id: string;
  readonly ratePerMinute: number;
}

/** @param clientOf whose request it is, which the guard has found out */
export function clientRate(clientOf: (response: Response) => Rated): RequestHandler {
  return limiter({
    limit: (_request, response) => clientOf(response).ratePerMinute,
    keyGenerator: (_request, response) => clientOf(response).id,
  });
}

export function tokenRequestRate(perMinute: number): RequestHandler {
  return limiter({
    limit: perMinute,
    keyGenerator: addressOf,
    handler: (_request, response) =>
      void response.status(429).set('Cache-Control', 'no-store').json({
        error: 'temporarily_unavailable',
        error_description: 'More requests for tokens than one address may make in a minute.',
      }),
  });
}

/** Credentials that are none, by address. */
export interface Failures {
  /** Counts one, and answers 429 where there were too many. @param next answers what is wrong with this one */
  readonly count: (request: Request, response: Response, next: () => void) => void;
  /** Answers 429 where there were too many before. @returns whether it did */
  refuse(request: Request, response: Response): Promise<boolean>;
}

export function failures(perMinute: number): Failures {
  const limit = limiter({ limit: perMinute, keyGenerator: addressOf, standardHeaders: false });
  return {
    count: (request, response, next) => void limit(request, response, next),
    async refuse(request, response) {
      const { totalHits = 0, resetTime } = (await limit.getKey(addressOf(request))) ?? {};
      if (totalHits < perMinute) return false;
      const seconds = Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1_000);
      response.set('Retry-After', String(Math.max(1, seconds)));
      sendTooMany(request, response);
      return true;
    },
  };
}

/** An IPv6 subnet is one address: its user has all of them. */
function addressOf(request: Request): string {
  return ipKeyGenerator(request.socket.remoteAddress ?? 'unknown');
}
