/** Turns public keys, written down or had from an address, into the key that a signature is checked by. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';

/** Keys of one party. */
export interface KeySet {
  /** where they are had; undefined where they are written down */
  readonly url: string | undefined;
  readonly find: JWTVerifyGetKey;
}

/** An unknown kid is asked for once in this time, whoever makes it up. */
const COOLDOWN_MS = 30_000;
const FRESH_MS = 600_000;
const LONGEST_WAIT_MS = 5_000;
const MOST_BYTES = 256_000;

/** Its keys could not be had: nothing is known of the signature. */
export class KeysUnreachable extends Error {
  constructor(cause: unknown) {
    super('The keys could not be had', { cause });
    this.name = 'KeysUnreachable';
  }
}

export function writtenKeys(keys: JSONWebKeySet): KeySet {
  return { url: undefined, find: createLocalJWKSet(keys) };
}

/** @param url as configured: no token names another @throws KeysUnreachable of `find`, when there is no answer */
export function keysAt(url: string, exchange: typeof fetch = fetch): KeySet {
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: LONGEST_WAIT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: FRESH_MS,
    [customFetch]: async (address, options) => await bounded(await exchange(address, options)),
  });
  return {
    url,
    find: async (header, token) => {
      try {
        return await remote(header, token);
      } catch (error) {
        throw isOfTheToken(error) ? error : new KeysUnreachable(error);
      }
    },
  };
}

function isOfTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** Reads no more than a set of keys has. */
async function bounded(answer: Response): Promise<Response> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new TypeError('too long for a set of keys');
    parts.push(part);
  }
  return new Response(Buffer.concat(parts), { status: answer.status });
}

/**
 * Keys of an issuer whose address is in its OpenID configuration, which is asked for at the first token.
 * @throws KeysUnreachable of `find`
 */
export function discoveredKeys(issuer: string, exchange: typeof fetch = fetch): KeySet {
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  let found: Promise<KeySet> | undefined;
  let askedMs = Number.NEGATIVE_INFINITY;
  const discover = async (): Promise<KeySet> => {
    const options = { redirect: 'manual', signal: AbortSignal.timeout(LONGEST_WAIT_MS) } as const;
    const answer = await bounded(await exchange(address, options));
    if (answer.status !== 200) throw new TypeError(`the OpenID configuration was answered ${answer.status}`);
    const { issuer: named, jwks_uri: url } = (await answer.json()) as Record<string, unknown>;
    if (named !== issuer) throw new TypeError('the OpenID configuration is of another issuer');
    if (typeof url !== 'string' || !isSafe(url, issuer))
      throw new TypeError('the OpenID configuration names no safe address');
    return keysAt(url, exchange);
  };
  return {
    url: undefined,
    find: async (header, token) => {
      try {
        if (found === undefined) {
          if (performance.now() - askedMs < COOLDOWN_MS) throw new TypeError('asked a moment ago');
          askedMs = performance.now();
          found = discover();
        }
        await found;
      } catch (error) {
        found = undefined;
        throw new KeysUnreachable(error);
      }
      return await (await found).find(header, token);
    },
  };
}

/** By https, or at the very host of the issuer. */
function isSafe(url: string, issuer: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && host === new URL(issuer).host);
}
