/** Turns a reason not to let somebody in into its answer: 401, 403 or 429, with an outcome that repeats nothing of what was shown. */
import type { Response } from 'express';
import type { Fault } from '../../fhir/outcome.ts';
import { sendFault } from '../respond.ts';

/** Why a credential is not believed. */
export interface Refusal {
  readonly rule: string;
  /** what to change, for the developer of the client */
  readonly diagnostics: string;
  readonly code?: Fault['code'];
  /** default 401 */
  readonly status?: 401 | 403 | 429 | 503;
  /** `error` of the challenge. @source RFC 6750, 3.1 */
  readonly error?: 'invalid_token' | 'insufficient_scope' | 'invalid_request';
  /** scope that would do */
  readonly scope?: string;
}

const REALM = 'hedgerow';
const RETRY_S = 30;

/** @param pages a browser that shows a page is to ask its user */
export function sendRefusal(response: Response, refusal: Refusal, pages = false): void {
  const { rule, diagnostics, code, status = 401 } = refusal;
  if (status === 401 || status === 403) response.set('WWW-Authenticate', challengeOf(refusal, pages));
  if (status === 503) response.set('Retry-After', String(RETRY_S));
  response.set('Cache-Control', 'no-store');
  sendFault(response, status, { code: code ?? (status === 403 ? 'forbidden' : 'login'), rule, diagnostics });
}

function challengeOf({ status = 401, error, scope }: Refusal, pages: boolean): string {
  if (pages && status === 401) return `Basic realm="${REALM}", charset="UTF-8"`;
  const parts = [
    `realm="${REALM}"`,
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
  ];
  return `Bearer ${parts.join(', ')}`;
}

export const NOTHING_SHOWN: Refusal = {
  rule: 'access-needed',
  diagnostics:
    'Say who asks: Authorization: Bearer with an access token or an API key. The FHIR base has .well-known/smart-configuration, which says where tokens are had.',
};

export const SHOWN_TWICE: Refusal = {
  rule: 'access-twice',
  error: 'invalid_request',
  diagnostics: 'Show one credential: either Authorization or X-API-Key.',
};

export const CLOSED: Refusal = {
  rule: 'access-closed',
  diagnostics:
    'No client is configured, so nobody is let in: name clients in "access" of the configuration (docs/api-access.md), or set "access": {"open": true} to try out on this machine.',
};

export const NOT_LOCAL: Refusal = {
  rule: 'access-not-local',
  diagnostics:
    'This adapter is open to requests that are made on its own machine alone, by no proxy and under the name localhost or 127.0.0.1: name clients in "access" of its configuration (docs/api-access.md).',
};

export const UNKNOWN_KEY: Refusal = {
  rule: 'access-api-key',
  error: 'invalid_token',
  diagnostics: 'This API key is of no client: it is mistyped, or was taken back.',
};

export const UNKNOWN_CERTIFICATE: Refusal = {
  rule: 'access-certificate',
  diagnostics:
    'The client certificate is of no client: it is another than is configured, has run out, or no authority that is configured has signed it.',
};

export const UNKNOWN_CLIENT: Refusal = {
  rule: 'access-client',
  error: 'invalid_token',
  diagnostics: 'The access token is of a client that is not known here, or no longer.',
};

export const OTHER_CERTIFICATE: Refusal = {
  rule: 'access-bound',
  error: 'invalid_token',
  diagnostics:
    'The access token is good on a connection with the certificate that it was given out for alone.',
};

/** @param why what of the token does not hold */
export function tokenRefusal(why: string): Refusal {
  return { rule: 'access-token', error: 'invalid_token', diagnostics: why };
}

export const NO_KEYS: Refusal = {
  rule: 'access-issuer-keys',
  status: 503,
  code: 'transient',
  diagnostics: 'The keys of the issuer of this token could not be had: send the request again.',
};
