/** A vendor's side of the API's door: keys, assertions, requests for tokens, and tokens that nobody should believe. */
import { createHmac, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface VendorKey {
  readonly kid: string;
  readonly alg: string;
  readonly key: CryptoKey;
  /** public part */
  readonly jwk: JWK;
}

export async function vendorKey(alg = 'ES384', kid = 'k1'): Promise<VendorKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface AssertionParts {
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** @returns a client assertion; what is given wins over what is right, undefined leaves it out */
export async function assertionOf(
  id: string,
  { kid, alg, key }: VendorKey,
  audience: string,
  { claims = {}, header = {} }: AssertionParts = {},
): Promise<string> {
  const expires = Math.floor(Date.now() / 1_000) + 240;
  const right = { iss: id, sub: id, aud: audience, jti: crypto.randomUUID(), exp: expires };
  return await new SignJWT(definedOnly({ ...right, ...claims }))
    .setProtectedHeader(definedOnly({ alg, kid, typ: 'JWT', ...header }) as { alg: string })
    .sign(key);
}

function definedOnly(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly error?: string;
  readonly error_description?: string;
}

/** @param form what is given wins over what is right, undefined leaves it out */
export async function askToken(
  url: string,
  assertion: string,
  form: Readonly<Record<string, string | undefined>> = {},
): Promise<{ readonly status: number; readonly body: TokenAnswer; readonly headers: Headers }> {
  const right = {
    grant_type: 'client_credentials',
    scope: 'system/*.cruds',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: assertion,
  };
  const answer = await fetch(`${url}/auth/token`, {
    method: 'POST',
    body: new URLSearchParams(definedOnly({ ...right, ...form }) as Record<string, string>),
  });
  return { status: answer.status, body: (await answer.json()) as TokenAnswer, headers: answer.headers };
}

/** @returns an access token of a client with this key */
export async function tokenFor(
  url: string,
  id: string,
  key: VendorKey,
  scope = 'system/*.cruds',
): Promise<string> {
  const { status, body } = await askToken(url, await assertionOf(id, key, `${url}/auth/token`), { scope });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body.access_token;
}

/** @returns the key that an adapter signs its tokens with, as only who reads its data folder has it */
export function signingKeyIn(folder: string): KeyObject {
  return createPrivateKey(readFileSync(join(folder, 'data/access-token-key.pem')));
}

/** @returns a token with other claims or another header, by whatever key */
export async function forged(
  token: string,
  key: KeyObject | CryptoKey,
  { claims = {}, header = {} }: AssertionParts,
): Promise<string> {
  const [head, payload] = partsOf(token);
  return await new SignJWT(definedOnly({ ...payload, ...claims }))
    .setProtectedHeader(definedOnly({ ...head, ...header }) as { alg: string })
    .sign(key);
}

/** @returns the token with another header, signed by HMAC with what everybody can read, or by nothing */
export function resigned(token: string, alg: 'none' | 'HS256', secret: string): string {
  const [head, payload] = partsOf(token);
  const text = [{ ...head, alg }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = alg === 'none' ? '' : createHmac('sha256', secret).update(text).digest('base64url');
  return `${text}.${signature}`;
}

/** @returns the token with one of its parts changed, its signature left as it was */
export function tampered(token: string, part: 1 | 2): string {
  const parts = token.split('.');
  if (part === 1) {
    const payload = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as object;
    parts[1] = Buffer.from(JSON.stringify({ ...payload, scope: 'system/*.cruds', extra: 1 })).toString(
      'base64url',
    );
  } else {
    const signature = Buffer.from(parts[2]!, 'base64url');
    signature[0]! ^= 1;
    parts[2] = signature.toString('base64url');
  }
  return parts.join('.');
}

function partsOf(token: string): readonly [Record<string, unknown>, Record<string, unknown>] {
  const [head = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  return [JSON.parse(head) as Record<string, unknown>, JSON.parse(payload) as Record<string, unknown>];
}
