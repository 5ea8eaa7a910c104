/** Turns a request into an answer under an access token, which is renewed once where the server refuses it. */

import type { WireRequest } from './exchange.ts';
import { type SendOptions, send, type WireAnswer, type WireFailure } from './http.ts';
import type { AccessTokens } from './token.ts';

export interface AuthorizedOptions extends SendOptions {
  /** left out where the server asks for none, as the NHS sandbox does */
  readonly tokens?: AccessTokens | undefined;
}

/**
 * Sends with a bearer token. On 401 or 403 another token is asked for, and the same request, ids and all, is sent once
 * more; a second refusal is the answer, and where the token stays the same, the first is. Where no other can be had, why not is
 * the answer: what was refused did nothing, and may be sent again.
 * @returns a failure as `send` gives it; transient where no token could be had
 */
export async function sendAuthorized(
  request: WireRequest,
  options: AuthorizedOptions,
): Promise<WireAnswer | WireFailure> {
  const { tokens } = options;
  if (tokens === undefined) return send(request, options);
  const first = await tokens.get(options.signal);
  if (!first.ok) return first;
  const answer = await send(bearing(request, first.token), options);
  if (!answer.ok || (answer.status !== 401 && answer.status !== 403)) return answer;
  tokens.refused(first.token);
  const second = await tokens.get(options.signal);
  if (!second.ok) return second;
  return second.token === first.token ? answer : send(bearing(request, second.token), options);
}

function bearing(request: WireRequest, token: string): WireRequest {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}
