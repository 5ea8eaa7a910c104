/** Turns a private key into a signed JWT that says who asks for an access token: RS512, used once, good for minutes. */
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';

/** A key that assertions are signed with; the server knows its public part by `kid`. */
export interface SigningKey {
  readonly kid: string;
  /** private RSA key of 2048 bits or more */
  readonly key: KeyObject;
}

export interface AssertionClaims {
  /** key of the application with the server: both issuer and subject */
  readonly apiKey: string;
  /** audience */
  readonly tokenUrl: string;
  /** never used before */
  readonly jti: string;
  readonly expiresMs: number;
}

/** @returns the compact form @source RFC 7523, 3; NHS England, application-restricted signed JWT */
export function signAssertion({ kid, key }: SigningKey, claims: AssertionClaims): Promise<string> {
  return new SignJWT({ jti: claims.jti })
    .setProtectedHeader({ alg: 'RS512', typ: 'JWT', kid })
    .setIssuer(claims.apiKey)
    .setSubject(claims.apiKey)
    .setAudience(claims.tokenUrl)
    .setExpirationTime(Math.floor(claims.expiresMs / 1_000))
    .sign(key);
}
