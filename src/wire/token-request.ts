/** Turns signed assertions into one access token: key after key, with the server's clock where ours is wrong, or says what to change. */
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import { type SigningKey, signAssertion } from './assertion.ts';
import type { Exchange } from './exchange.ts';
import { send, type WireAnswer, type WireFailure } from './http.ts';
import { retryAfterMs } from './retry-class.ts';
import { hintOf, type Refusal, refusalOf } from './token-refusal.ts';

export interface TokenAsk {
  readonly tokenUrl: string;
  readonly apiKey: string;
  readonly keys: () => readonly SigningKey[];
  readonly clock: () => number;
  readonly exchange: Exchange;
  readonly uuid: () => string;
  readonly deadlineMs: number;
  readonly assertionMs: number;
  readonly mostSkewMs: number;
  /** the key that was accepted last: it is tried first */
  readonly kid: string | undefined;
  /** the server's clock is so many milliseconds ahead of ours */
  readonly skewMs: number;
}

/** What came of it, and what was learnt for the next time. */
export type Asked = Pick<TokenAsk, 'kid' | 'skewMs'> &
  (
    | { readonly ok: true; readonly token: string; readonly lifetimeMs: number }
    | { readonly ok: false; readonly failure: WireFailure; readonly retryAfterMs: number | undefined }
  );

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** For a server that does not say for how long its token is good. */
const DEFAULT_LIFETIME_MS = 300_000;

/** Asks once for each key until one is accepted, and once more where the assertion was refused for its time. */
export async function askForToken(ask: TokenAsk): Promise<Asked> {
  const keys = inOrder(ask.keys(), ask.kid);
  let skewMs = ask.skewMs;
  let refusal: Refusal | undefined;
  for (const key of keys) {
    let tried = await tryKey(ask, key, skewMs);
    const offMs = tried.refusal?.offMs;
    if (offMs !== undefined && Math.abs(skewMs + offMs) <= ask.mostSkewMs) {
      skewMs += offMs;
      tried = await tryKey(ask, key, skewMs);
    }
    if (tried.done) return { ...tried.done, kid: tried.done.ok ? key.kid : ask.kid, skewMs };
    refusal ??= tried.refusal;
    if (tried.refusal.cause !== 'key') break;
  }
  return { ok: false, kid: undefined, skewMs: ask.skewMs, ...refusedOf(ask, keys, refusal) };
}

/** The accepted key first; a key that is gone is forgotten. */
function inOrder(keys: readonly SigningKey[], kid: string | undefined): readonly SigningKey[] {
  return [...keys].sort((a, b) => Number(b.kid === kid) - Number(a.kid === kid));
}

type Done =
  | { readonly ok: true; readonly token: string; readonly lifetimeMs: number }
  | { readonly ok: false; readonly failure: WireFailure; readonly retryAfterMs: number | undefined };
type Tried =
  | { readonly done: Done; readonly refusal?: undefined }
  | { readonly done?: undefined; readonly refusal: Refusal };

async function tryKey(ask: TokenAsk, key: SigningKey, skewMs: number): Promise<Tried> {
  const expiresMs = ask.clock() + skewMs + ask.assertionMs;
  const { apiKey, tokenUrl } = ask;
  const assertion = await signAssertion(key, { apiKey, tokenUrl, jti: ask.uuid(), expiresMs });
  const answer = await send(
    {
      method: 'POST',
      url: tokenUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: assertion,
      }).toString(),
    },
    { deadlineMs: ask.deadlineMs, exchange: ask.exchange, signal: new AbortController().signal },
  );
  if (!answer.ok) return { done: failed(unreachable(answer)) };
  if (answer.status >= 200 && answer.status < 300) return { done: tokenOf(answer, ask) };
  const refusal = refusalOf(answer, {
    nowMs: ask.clock() + skewMs,
    expiresMs: Math.floor(expiresMs / 1_000) * 1_000,
  });
  if (refusal) return { refusal };
  return { done: unready(answer, ask) };
}

/** @source RFC 6749, 5.1; the NHS server gives `expires_in` as text */
function tokenOf({ body }: WireAnswer, { tokenUrl }: TokenAsk): Done {
  const { access_token: token, expires_in: seconds } = (body ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    return failed(
      failure(
        'token-answer',
        `${new URL(tokenUrl).host} answered without an access token: check that the token URL is that of the token endpoint.`,
      ),
    );
  }
  const lifetimeMs = Number(seconds ?? Number.NaN) * 1_000;
  return { ok: true, token, lifetimeMs: lifetimeMs > 0 ? lifetimeMs : DEFAULT_LIFETIME_MS };
}

/** A server that is busy or out of order says nothing about the assertion. */
function unready({ status, headers }: WireAnswer, { tokenUrl, clock }: TokenAsk): Done {
  const waitMs = retryAfterMs(headers['retry-after'], clock());
  const diagnostics = `${new URL(tokenUrl).host} answered ${status} where an access token was asked for: it is asked again after a pause.`;
  return failed(failure('token-not-given', diagnostics), waitMs);
}

function refusedOf(
  ask: TokenAsk,
  keys: readonly SigningKey[],
  refusal: Refusal | undefined,
): Omit<Extract<Done, { ok: false }>, 'ok'> {
  const { rule, diagnostics } = hintOf(refusal, {
    host: new URL(ask.tokenUrl).host,
    kids: keys.map(({ kid }) => kid),
    mostSkewMs: ask.mostSkewMs,
  });
  return { failure: failure(rule, diagnostics), retryAfterMs: undefined };
}

function unreachable({ outcome }: WireFailure): WireFailure {
  // Nothing that needs the token was sent, whatever became of the request for it.
  return { ok: false, retry: 'transient', outcome };
}

function failed(failure: WireFailure, retryAfterMs?: number): Extract<Done, { ok: false }> {
  return { ok: false, failure, retryAfterMs };
}

function failure(rule: string, diagnostics: string): WireFailure {
  return {
    ok: false,
    retry: 'transient',
    outcome: outcomeOf(issueOf({ code: 'security', rule, diagnostics })),
  };
}
