/** What the strict token endpoint of the tests refuses, so that what it takes means something. */
import { type KeyObject, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signAssertion } from '../../src/wire/assertion.ts';
import { rsaKey } from '../servers/rsa-keys.ts';
import { startTokenServer, type TokenServer } from '../servers/token-server.ts';

const NOW_MS = Date.parse('2026-03-02T09:00:00Z');
const KEY = rsaKey('current');
let server: TokenServer;

beforeAll(async () => {
  server = await startTokenServer({ clock: () => NOW_MS, apiKey: 'app', keys: new Map([['prod-1', KEY]]) });
});
afterAll(() => server.close());

interface Parts {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly form?: Record<string, string>;
  readonly type?: string;
  readonly key?: KeyObject;
}

/** Signs by hand, whatever the parts say. @returns status and error of the answer */
async function ask({ header, claims, form, type, key = KEY }: Parts): Promise<[number, string | undefined]> {
  const seconds = NOW_MS / 1_000;
  const all = { iss: 'app', sub: 'app', aud: server.url, jti: randomUUID(), exp: seconds + 240, ...claims };
  const parts = [{ alg: 'RS512', typ: 'JWT', kid: 'prod-1', ...header }, all];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha512', Buffer.from(text), key).toString('base64url');
  return post(`${text}.${signature}`, form, type);
}

async function post(
  assertion: string,
  form: Record<string, string> = {},
  type = 'application/x-www-form-urlencoded',
): Promise<[number, string | undefined]> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...form,
  });
  const answer = await fetch(server.url, {
    method: 'POST',
    body: body.toString(),
    headers: { 'content-type': type },
  });
  const said = (await answer.json()) as { error_description?: string };
  return [answer.status, said.error_description];
}

test('takes what is right', async () => {
  expect(await ask({})).toEqual([200, undefined]);
  const apiKey = 'app';
  const claims = { apiKey, tokenUrl: server.url, jti: randomUUID(), expiresMs: NOW_MS + 300_999 };
  expect(await post(await signAssertion({ kid: 'prod-1', key: KEY }, claims))).toEqual([200, undefined]);
});

const REFUSED: readonly (readonly [string, Parts, number, RegExp])[] = [
  ['another algorithm', { header: { alg: 'RS256' } }, 400, /'alg'/],
  ['no kid', { header: { kid: undefined } }, 400, /Missing 'kid'/],
  ['a kid that nobody registered', { header: { kid: 'prod-9' } }, 401, /'kid'/],
  ['another type of token', { header: { typ: 'JOSE' } }, 400, /'typ'/],
  ['a subject that is not the issuer', { claims: { sub: 'other' } }, 400, /'iss'/],
  ['no issuer', { claims: { iss: undefined, sub: undefined } }, 400, /'iss'/],
  ['an application that is not known', { claims: { iss: 'other', sub: 'other' } }, 401, /'iss'/],
  ['another audience', { claims: { aud: 'https://api.service.nhs.uk/oauth2/token' } }, 401, /'aud'/],
  ['no jti', { claims: { jti: undefined } }, 400, /'jti'/],
  ['a time that is past', { claims: { exp: NOW_MS / 1_000 } }, 400, /expired/],
  ['a time too far ahead', { claims: { exp: NOW_MS / 1_000 + 311 } }, 400, /5 minutes/],
  ['a time that is no whole number', { claims: { exp: NOW_MS / 1_000 + 0.5 } }, 400, /'exp'/],
  ['a signature of another key', { key: rsaKey('next') }, 401, /signature/],
  ['another grant', { form: { grant_type: 'password' } }, 400, /grant_type/],
  ['another kind of assertion', { form: { client_assertion_type: 'saml' } }, 400, /client_assertion_type/],
  ['no assertion', { form: { client_assertion: '' } }, 400, /Malformed/],
  ['another content type', { type: 'application/json' }, 415, /content type/],
];

test.each(REFUSED)('refuses %s', async (_, parts, status, why) => {
  expect(await ask(parts)).toEqual([status, expect.stringMatching(why)]);
});

test('refuses an assertion that it has seen', async () => {
  const claims = { jti: 'once' };
  expect(await ask({ claims })).toEqual([200, undefined]);
  expect(await ask({ claims })).toEqual([400, expect.stringMatching(/Non-unique 'jti'/)]);
});
