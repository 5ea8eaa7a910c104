/** Turns the refusal of a signed assertion into its cause, and into a sentence that says what to change. */
import type { WireAnswer } from './http.ts';

/** Why an assertion was refused, as far as the answer tells. Nothing of the server's text is repeated: it may hold what was sent. */
export interface Refusal {
  /** key: the server does not know or believe the key, another may do. time: outside the server's clock. app: the API key. */
  readonly cause: 'key' | 'time' | 'app' | 'request';
  readonly status: number;
  /** `error` of the answer, where it is one of the known */
  readonly error: string;
  /** milliseconds to add to the time we went by, where the assertion was outside what the server allows by its Date header */
  readonly offMs: number | undefined;
}

/** @source RFC 6749, 5.2, and the errors that Apigee adds */
const KNOWN_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'public_key_error',
  'access_denied',
];
const LONGEST_AHEAD_MS = 300_000;
/** The Date header has whole seconds, and the answer was on its way. */
const LEAST_OFF_MS = 2_000;

/** @returns undefined where the answer refuses no assertion: the server is busy, or fails */
export function refusalOf(
  answer: WireAnswer,
  sent: { readonly nowMs: number; readonly expiresMs: number },
): Refusal | undefined {
  const { status } = answer;
  if (status !== 400 && status !== 401 && status !== 403) return undefined;
  const body = (answer.body ?? {}) as Record<string, unknown>;
  const said = KNOWN_ERRORS.find((known) => known === body.error);
  const text = typeof body.error_description === 'string' ? body.error_description : '';
  const offMs = offOf(answer.headers.date, sent);
  const cause = offMs === undefined ? causeOf(said, status, text) : 'time';
  return { cause, status, error: said ?? 'no known error', offMs };
}

/** @returns how far the time we went by is behind the server's, where that put the assertion outside of what it takes */
function offOf(
  date: string | undefined,
  { nowMs, expiresMs }: { nowMs: number; expiresMs: number },
): number | undefined {
  const serverMs = Date.parse(date ?? '');
  if (Number.isNaN(serverMs)) return undefined;
  const isOutside = expiresMs <= serverMs || expiresMs - serverMs > LONGEST_AHEAD_MS;
  const offMs = serverMs - nowMs;
  return isOutside && Math.abs(offMs) > LEAST_OFF_MS ? offMs : undefined;
}

function causeOf(error: string | undefined, status: number, text: string): Refusal['cause'] {
  if (/\bexp\b|expir/i.test(text)) return 'time';
  if (error === 'public_key_error' || /\bkid\b|public.?key|JWKS|signature/i.test(text)) return 'key';
  if (/\baud\b|\bjti\b|\balg\b/i.test(text)) return 'request';
  if (/\biss\b|\bsub\b|api.?key|client.?id/i.test(text)) return 'app';
  if (error === 'invalid_client' || error === 'unauthorized_client' || status !== 400) return 'key';
  return 'request';
}

export interface HintAbout {
  readonly host: string;
  readonly kids: readonly string[];
  readonly mostSkewMs: number;
}

export interface Hint {
  readonly rule: string;
  readonly diagnostics: string;
}

/** @returns the rule and the sentence; key ids are public, and named */
export function hintOf(refusal: Refusal | undefined, about: HintAbout): Hint {
  const { host } = about;
  if (refusal === undefined) {
    return {
      rule: 'token-no-key',
      diagnostics: `There is no key to ask ${host} for an access token with: configure one in nhs.access.keys.`,
    };
  }
  const { rule, words } = HINTS[refusal.cause];
  const said = `${host} gave no access token (${refusal.status}, ${refusal.error})`;
  return { rule, diagnostics: `${said}: ${words(refusal, about)}` };
}

const HINTS: Readonly<
  Record<
    Refusal['cause'],
    { readonly rule: string; readonly words: (refusal: Refusal, about: HintAbout) => string }
  >
> = {
  time: {
    rule: 'token-clock',
    words: (refusal, about) =>
      `the assertion was outside its time. Set the clock of this machine${offWords(refusal, about)}.`,
  },
  key: {
    rule: 'token-key-refused',
    words: (_, { kids }) =>
      `no key was accepted. Check that the public part of a key is registered for the application under one of the ids ${kids.join(', ')}, in this environment, or that the registered JWKS address can be read by the server (GET /.well-known/jwks.json shows what to register).`,
  },
  app: {
    rule: 'token-app-refused',
    words: () =>
      'the application was not accepted. Check that the environment variable of nhs.access.apiKeyEnv holds the API key of the application of this environment.',
  },
  request: {
    rule: 'token-request-refused',
    words: (_, { kids }) =>
      `the request was not accepted. Check that nhs.access.tokenUrl is the token endpoint of this environment, and that the key with the id ${kids.join(', ')} is registered there.`,
  },
};

function offWords({ offMs = 0 }: Refusal, { mostSkewMs }: HintAbout): string {
  const minutes = Math.round(Math.abs(offMs) / 60_000);
  if (minutes === 0) return '';
  return `, which is about ${minutes} min off the server's (${mostSkewMs / 60_000} min at most are made up for)`;
}
