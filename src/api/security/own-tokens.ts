/** Turns a grant into a signed access token of ours, and a token back into what was granted: a JWT, good for minutes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, errors, type JWK, jwtVerify, SignJWT } from 'jose';
import { issuerOf } from './unverified.ts';

/** A private EC key that tokens are signed with. */
export interface TokenKey {
  /** thumbprint of the public part. @source RFC 7638 */
  readonly kid: string;
  readonly algorithm: 'ES256' | 'ES384';
  readonly key: KeyObject;
  /** public part, as others are shown it */
  readonly jwk: JWK;
}

/** What a token says. */
export interface TokenClaims {
  readonly client: string;
  /** scopes, with spaces between */
  readonly scope: string;
  /** SHA-256 of the client certificate that must be shown with it, base64url. @source RFC 8705, 3.1 */
  readonly thumbprint: string | undefined;
}

export interface OwnTokens {
  /** @returns the token, and how long it is good in seconds */
  issue(claims: TokenClaims): Promise<{ readonly token: string; readonly expiresInS: number }>;
  /** @returns what it says and until when; undefined where it is not one of ours @throws JOSEError where it is one and does not hold */
  read(token: string): Promise<(TokenClaims & { readonly untilMs: number }) | undefined>;
  /** public keys, for /auth/jwks */
  readonly keys: readonly JWK[];
}

export interface OwnTokensOptions {
  /** the first signs */
  readonly keys: readonly TokenKey[];
  /** our address, which is iss */
  readonly issuer: () => string;
  /** FHIR base, which is aud */
  readonly audience: () => string;
  readonly lifetimeS: number;
  readonly clock: () => number;
  readonly uuid: () => string;
}

const CURVES: Readonly<Record<string, TokenKey['algorithm']>> = { 'P-256': 'ES256', 'P-384': 'ES384' };

/** @returns the key with what is told of it; undefined where it is no EC key of P-256 or P-384 */
export async function tokenKeyOf(key: KeyObject): Promise<TokenKey | undefined> {
  if (key.asymmetricKeyType !== 'ec') return undefined;
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>;
  const algorithm = CURVES[crv ?? ''];
  if (algorithm === undefined) return undefined;
  const kid = await calculateJwkThumbprint({ kty: kty!, crv: crv!, x: x!, y: y! });
  return {
    kid,
    algorithm,
    key,
    jwk: { kty: kty!, crv: crv!, x: x!, y: y!, kid, alg: algorithm, use: 'sig' },
  };
}

export function ownTokens({ keys, issuer, audience, lifetimeS, clock, uuid }: OwnTokensOptions): OwnTokens {
  const [first] = keys;
  if (!first) throw new TypeError('No key to sign access tokens with');
  const known = createLocalJWKSet({ keys: keys.map(({ jwk }) => jwk) });
  const algorithms = [...new Set(keys.map(({ algorithm }) => algorithm))];
  return {
    keys: keys.map(({ jwk }) => jwk),
    async issue({ client, scope, thumbprint }) {
      const nowS = Math.floor(clock() / 1_000);
      const bound = thumbprint === undefined ? {} : { cnf: { 'x5t#S256': thumbprint } };
      const token = await new SignJWT({ client_id: client, scope, ...bound })
        .setProtectedHeader({ alg: first.algorithm, typ: 'at+jwt', kid: first.kid })
        .setIssuer(issuer())
        .setSubject(client)
        .setAudience(audience())
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + lifetimeS)
        .setJti(uuid())
        .sign(first.key);
      return { token, expiresInS: lifetimeS };
    },
    async read(token) {
      if (issuerOf(token) !== issuer()) return undefined;
      const { payload } = await jwtVerify(token, known, {
        ...{ algorithms, issuer: issuer(), audience: audience(), typ: 'at+jwt' },
        requiredClaims: ['exp', 'jti', 'client_id', 'scope'],
        currentDate: new Date(clock()),
      });
      const { client_id: client, scope, exp = 0, cnf } = payload;
      if (typeof client !== 'string' || typeof scope !== 'string')
        throw new errors.JWTInvalid('claims of another kind');
      const thumbprint = (cnf as Record<string, unknown> | undefined)?.['x5t#S256'];
      return {
        ...{ client, scope, untilMs: exp * 1_000 },
        thumbprint: typeof thumbprint === 'string' ? thumbprint : undefined,
      };
    },
  };
}
