/** Turns a key pair into access tokens of an OAuth 2.0 server by a signed JWT, each asked for once however many wait for it. */
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { SigningKey } from './assertion.ts';
import type { Exchange } from './exchange.ts';
import type { WireFailure } from './http.ts';
import { type Asked, askForToken, type TokenAsk } from './token-request.ts';

export interface AccessTokens {
  /** @returns a token that is good for a while yet, or why none could be had */
  get(signal: AbortSignal): Promise<{ readonly ok: true; readonly token: string } | WireFailure>;
  /** Says that a token was refused: the next `get` asks for another, unless one was had meanwhile. */
  refused(token: string): void;
}

/** Times in milliseconds. */
export interface TokenSettings {
  /** how long before its end a token is renewed; default 60 s */
  readonly renewBeforeMs: number;
  /** for how long an assertion holds, at most 5 min; default 240 s, so that a clock may be a minute ahead */
  readonly assertionMs: number;
  /** the largest difference between the server's clock and ours that is believed; default 15 min */
  readonly mostSkewMs: number;
  /** first pause after a failed attempt; doubles up to a minute; default 1 s */
  readonly firstPauseMs: number;
  /** tokens that are refused are replaced once in this time; default 10 s */
  readonly refusedEveryMs: number;
}

export interface AccessTokenOptions {
  readonly tokenUrl: string;
  /** key of the application, which the server knows it by */
  readonly apiKey: string;
  /** asked before each assertion, so that keys may change; in the order in which they are tried */
  readonly keys: () => readonly SigningKey[];
  readonly clock: () => number;
  readonly exchange: Exchange;
  /** a new one each time */
  readonly uuid: () => string;
  /** milliseconds for one request to the server */
  readonly deadlineMs: number;
  readonly settings?: Partial<TokenSettings>;
  /** told of each answer of the server: why no token could be had, or undefined where one was */
  readonly onAsked?: (failure: WireFailure | undefined) => void;
}

const DEFAULTS: TokenSettings = {
  renewBeforeMs: 60_000,
  assertionMs: 240_000,
  mostSkewMs: 900_000,
  firstPauseMs: 1_000,
  refusedEveryMs: 10_000,
};
const LONGEST_ASSERTION_MS = 300_000;
const LONGEST_PAUSE_MS = 60_000;
/** A server may ask to be let alone for a day; everything that needs a token would stand still so long. */
const LONGEST_ASKED_PAUSE_MS = 900_000;
/** A token that ends sooner is not sent any more. */
const LEAST_LEFT_MS = 5_000;

type Got = { readonly ok: true; readonly token: string } | WireFailure;

/**
 * Keeps one application's token with one server. However many ask, one request is under way; a failed one is not
 * repeated before a pause is over (Retry-After, where the server says one), and until then its reason is the answer.
 * @returns tokens; every failure is transient: nothing that needed the token was sent
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  return new TokenKeeper(options);
}

class TokenKeeper implements AccessTokens {
  readonly #options: AccessTokenOptions;
  readonly #settings: TokenSettings;
  #kept: { readonly token: string; readonly hadMs: number; readonly untilMs: number } | undefined;
  #asking: Promise<Got> | undefined;
  #failed: { readonly failure: WireFailure; readonly atMs: number; readonly pauseMs: number } | undefined;
  #failures = 0;
  #replacedMs: number | undefined;
  /** what the last requests taught: the key that is accepted, and how far the server's clock is from ours */
  #learnt: Pick<TokenAsk, 'kid' | 'skewMs'> = { kid: undefined, skewMs: 0 };

  constructor(options: AccessTokenOptions) {
    this.#options = options;
    const settings = { ...DEFAULTS, ...options.settings };
    this.#settings = { ...settings, assertionMs: Math.min(settings.assertionMs, LONGEST_ASSERTION_MS) };
  }

  async get(signal: AbortSignal): Promise<Got> {
    const nowMs = this.#options.clock();
    const kept = this.#kept;
    if (kept && this.#leftMs(nowMs) > this.#renewBeforeMs(kept)) return { ok: true, token: kept.token };
    const got = this.#pausing(nowMs) ?? (await waitFor(this.#ask(), signal));
    // An early renewal that failed does no harm while the token still holds.
    if (!got.ok && this.#kept && this.#leftMs(this.#options.clock()) > LEAST_LEFT_MS)
      return { ok: true, token: this.#kept.token };
    return got;
  }

  refused(token: string): void {
    if (this.#kept?.token !== token) return;
    const nowMs = this.#options.clock();
    // A server that refuses every token is not asked for one at every request.
    const agoMs = this.#replacedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - this.#replacedMs;
    if (agoMs >= 0 && agoMs < this.#settings.refusedEveryMs) return;
    this.#replacedMs = nowMs;
    this.#kept = undefined;
  }

  /** @returns milliseconds that the token is good for; 0 where the clock went back behind its beginning */
  #leftMs(nowMs: number): number {
    const kept = this.#kept;
    return kept === undefined || nowMs < kept.hadMs ? 0 : kept.untilMs - nowMs;
  }

  #renewBeforeMs({ hadMs, untilMs }: { hadMs: number; untilMs: number }): number {
    return Math.min(this.#settings.renewBeforeMs, (untilMs - hadMs) / 2);
  }

  #pausing(nowMs: number): WireFailure | undefined {
    if (this.#asking || this.#failed === undefined) return undefined;
    const sinceMs = nowMs - this.#failed.atMs;
    return sinceMs >= 0 && sinceMs < this.#failed.pauseMs ? this.#failed.failure : undefined;
  }

  #ask(): Promise<Got> {
    this.#asking ??= askForToken({ ...this.#options, ...this.#settings, ...this.#learnt })
      .then((asked) => this.#settle(asked))
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  #settle(asked: Asked): Got {
    const nowMs = this.#options.clock();
    this.#learnt = { kid: asked.kid, skewMs: asked.skewMs };
    this.#options.onAsked?.(asked.ok ? undefined : asked.failure);
    if (asked.ok) {
      this.#kept = { token: asked.token, hadMs: nowMs, untilMs: nowMs + asked.lifetimeMs };
      this.#failed = undefined;
      this.#failures = 0;
      return { ok: true, token: asked.token };
    }
    const doubledMs = Math.min(LONGEST_PAUSE_MS, this.#settings.firstPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    const pauseMs = Math.min(asked.retryAfterMs ?? doubledMs, LONGEST_ASKED_PAUSE_MS);
    this.#failed = { failure: asked.failure, atMs: nowMs, pauseMs };
    return asked.failure;
  }
}

/** One who stops waiting does not end the request of the others. */
async function waitFor(asking: Promise<Got>, signal: AbortSignal): Promise<Got> {
  if (signal.aborted) return stopped();
  let stop = (): void => {};
  const left = new Promise<Got>((resolve) => {
    stop = () => resolve(stopped());
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([asking, left]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function stopped(): WireFailure {
  const diagnostics = 'Nothing was sent: the wait for an access token was ended.';
  return {
    ok: false,
    retry: 'transient',
    outcome: outcomeOf(issueOf({ code: 'transient', rule: 'token-stopped', diagnostics })),
  };
}
