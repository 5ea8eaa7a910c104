/** The token endpoint: what it grants, and each way of asking that it refuses, as RFC 6749 words it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { closing, openWhole } from '../../cli/whole.ts';
import { FHIR, openPlace, type Place } from './place.ts';
import { type AssertionParts, askToken, assertionOf, resigned, tampered, vendorKey } from './vendor.ts';

const now = (): number => Math.floor(Date.now() / 1_000);
const made = async ({ url, vendor }: Place, parts: AssertionParts = {}): Promise<string> =>
  await assertionOf('vendor', vendor, `${url}/auth/token`, parts);

test('a signed assertion gets a token for what was asked for and may be had, that nobody keeps', async () => {
  const place = await openPlace();
  const { status, body, headers } = await askToken(place.url, await made(place), {
    scope: 'system/Patient.rs system/Task.read launch',
  });
  expect([status, headers.get('cache-control'), headers.get('pragma')]).toEqual([
    200,
    'no-store',
    'no-cache',
  ]);
  expect(body).toMatchObject({
    token_type: 'bearer',
    expires_in: 300,
    scope: 'system/Patient.rs system/Task.rs',
  });
  const claims = decodeJwt(body.access_token);
  expect(claims).toMatchObject({
    iss: place.url,
    aud: `${place.url}${FHIR}`,
    sub: 'vendor',
    client_id: 'vendor',
  });
  expect(claims.exp! - claims.iat!).toBe(300);
  expect(decodeProtectedHeader(body.access_token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
  expect(place.whole.lines.join('')).not.toContain(body.access_token.slice(0, 20));
});

test.each(['RS384', 'ES384', 'RS512'])('%s is taken', async (alg) => {
  const key = await vendorKey(alg);
  const client = { id: 'one', organisations: ['local'], scopes: ['system/*.rs'], jwks: { keys: [key.jwk] } };
  const { adapter } = await openWhole({ access: { clients: [client] } });
  const assertion = await assertionOf('one', key, `${adapter.url}/auth/token`);
  expect((await askToken(adapter.url, assertion)).body.scope).toBe('system/*.rs');
});

test('an assertion that does not hold in one thing is refused as invalid_client, and says which', async () => {
  const place = await openPlace();
  const rs256 = await vendorKey('RS256');
  const token = `${place.url}/auth/token`;
  const cases: Readonly<Record<string, readonly [string | Promise<string>, RegExp]>> = {
    'alg none': [resigned(await made(place), 'none', ''), /algorithm/],
    'HS256 with the public key': [
      resigned(await made(place), 'HS256', JSON.stringify(place.vendor.jwk)),
      /algorithm/,
    ],
    RS256: [assertionOf('vendor', { ...rs256, kid: place.vendor.kid }, token), /algorithm/],
    'another key': [assertionOf('vendor', await vendorKey('ES384'), token), /signature/],
    'an unknown kid': [assertionOf('vendor', await vendorKey('ES384', 'k9'), token), /kid/],
    'no kid': [made(place, { header: { kid: undefined } }), /kid/],
    'a jku that is not registered': [made(place, { header: { jku: 'https://evil.example/keys' } }), /jku/],
    'another audience': [made(place, { claims: { aud: 'https://elsewhere.example/token' } }), /aud/],
    'two audiences': [made(place, { claims: { aud: [token, 'https://elsewhere.example'] } }), /aud/],
    'no audience': [made(place, { claims: { aud: undefined } }), /aud/],
    'an unknown client': [assertionOf('nobody', place.vendor, token), /client/],
    'the name of another client': [assertionOf('narrow', place.vendor, token), /kid/],
    'iss that is not sub': [made(place, { claims: { sub: 'narrow' } }), /iss and sub/],
    'run out': [made(place, { claims: { exp: now() - 60 } }), /run out/],
    'an hour ahead': [made(place, { claims: { exp: now() + 3_600 } }), /five minutes/],
    'no exp': [made(place, { claims: { exp: undefined } }), /exp/],
    'not good yet': [made(place, { claims: { nbf: now() + 120 } }), /nbf/],
    'no jti': [made(place, { claims: { jti: undefined } }), /jti/],
    'an endless jti': [made(place, { claims: { jti: 'x'.repeat(300) } }), /jti/],
    'a jti that is a number': [made(place, { claims: { jti: 5 as never } }), /jti/],
    'a jti that is an object': [made(place, { claims: { jti: { length: 1 } as never } }), /jti/],
    'an exp that is text': [made(place, { claims: { exp: String(now() + 60) as never } }), /exp/],
    'a kid that is a path': [made(place, { header: { kid: '../../etc/passwd' } }), /kid/],
    'made in the future': [made(place, { claims: { iat: now() + 120 } }), /iat/],
    'a tampered payload': [tampered(await made(place), 1), /signature/],
    'a tampered signature': [tampered(await made(place), 2), /signature/],
    'no JWT': ['rubbish', /no signed JWT/],
  };
  for (const [name, [assertion, why]] of Object.entries(cases)) {
    const { status, body } = await askToken(place.url, await assertion);
    expect([name, status, body.error, body.error_description]).toEqual([
      name,
      401,
      'invalid_client',
      expect.stringMatching(why),
    ]);
  }
});

test('a request that is no such request is refused, each by its error', async () => {
  const place = await openPlace();
  const cases: readonly (readonly [Record<string, string | undefined>, number, string])[] = [
    [{ grant_type: undefined }, 400, 'invalid_request'],
    [{ grant_type: 'authorization_code' }, 400, 'unsupported_grant_type'],
    [{ scope: undefined }, 400, 'invalid_scope'],
    [{ scope: 'launch patient/*.rs' }, 400, 'invalid_scope'],
    [{ scope: 'system/Patient.rs?nonsense=1' }, 400, 'invalid_scope'],
    [{ client_assertion_type: 'urn:other' }, 400, 'invalid_request'],
    [{ client_assertion: undefined }, 401, 'invalid_client'],
    [{ client_secret: 'secret' }, 401, 'invalid_client'],
    [{ client_id: 'narrow' }, 401, 'invalid_client'],
  ];
  for (const [form, status, error] of cases) {
    const answer = await askToken(place.url, await made(place), form);
    expect([form, answer.status, answer.body.error]).toEqual([form, status, error]);
  }
  const twice = await fetch(`${place.url}/auth/token`, {
    method: 'POST',
    body: new URLSearchParams('grant_type=a&grant_type=b'),
  });
  expect([twice.status, await twice.json()]).toEqual([
    400,
    expect.objectContaining({ error: 'invalid_request' }),
  ]);
  const json = await fetch(`${place.url}/auth/token`, {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'application/json' },
  });
  expect([json.status, await json.json()]).toEqual([
    400,
    expect.objectContaining({ error: 'invalid_request' }),
  ]);
  const endless = await fetch(`${place.url}/auth/token`, {
    method: 'POST',
    body: gzipSync(Buffer.alloc(10_000_000, 'a')),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Encoding': 'gzip' },
  });
  expect([endless.status, await endless.json()]).toEqual([
    413,
    expect.objectContaining({ error: 'invalid_request' }),
  ]);
  expect((await fetch(`${place.url}/auth/token`)).status).toBe(405);
});

test('an assertion is good once, of many at a time too, and after a start anew', async () => {
  const place = await openPlace();
  const assertion = await made(place);
  const all = await Promise.all(Array.from({ length: 8 }, () => askToken(place.url, assertion)));
  expect(all.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401, 401, 401]);
  expect(all.find(({ status }) => status === 401)?.body.error_description).toContain('jti');
  const { folder } = place.whole;
  const port = Number(new URL(place.url).port);
  await place.whole.stop();
  const client = {
    id: 'vendor',
    organisations: ['local'],
    scopes: ['system/*.rs'],
    jwks: { keys: [place.vendor.jwk] },
  };
  const again = await openWhole({ port, access: { clients: [client] } }, { folder });
  expect((await askToken(again.adapter.url, assertion)).body.error_description).toContain('jti');
});

test('the Host of a request decides nothing: an assertion for the address that it names is refused', async () => {
  const key = await vendorKey();
  const client = { id: 'one', organisations: ['local'], scopes: ['system/*.rs'], jwks: { keys: [key.jwk] } };
  const publicUrl = 'https://api.example';
  const { adapter } = await openWhole({ access: { clients: [client], publicUrl } });
  const forHere = await assertionOf('one', key, `${adapter.url}/auth/token`);
  expect((await askToken(adapter.url, forHere)).body.error_description).toContain('aud');
  const { body } = await askToken(adapter.url, await assertionOf('one', key, `${publicUrl}/auth/token`));
  expect(decodeJwt(body.access_token)).toMatchObject({ iss: publicUrl, aud: `${publicUrl}${FHIR}` });
});

test('keys by URL are had once, again for a key that is new, and not for each that is made up', async () => {
  const [first, second] = [await vendorKey('ES384', 'k1'), await vendorKey('ES384', 'k2')];
  let asked = 0;
  const keys = [first.jwk];
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing(server, () => server.close());
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const client = { id: 'one', organisations: ['local'], scopes: ['system/*.rs'], jwksUrl };
  const { adapter } = await openWhole({ access: { clients: [client] } });
  const ask = async (key: typeof first): Promise<number> =>
    (await askToken(adapter.url, await assertionOf('one', key, `${adapter.url}/auth/token`))).status;
  expect([await ask(first), await ask(first), asked]).toEqual([200, 200, 1]);
  for (let at = 0; at < 5; at += 1) expect(await ask(await vendorKey('ES384', `made-up-${at}`))).toBe(401);
  expect(asked).toBeLessThanOrEqual(2);
  keys.push(second.jwk); // within the time of rest: it is asked for later
  expect(await ask(second)).toBe(401);
});

test('keys that cannot be had are a reason to ask again, not to change anything', async () => {
  const key = await vendorKey();
  const client = {
    id: 'one',
    organisations: ['local'],
    scopes: ['system/*.rs'],
    jwksUrl: 'http://127.0.0.1:9/jwks',
  };
  const { adapter } = await openWhole({ access: { clients: [client] } });
  const { status, headers } = await askToken(
    adapter.url,
    await assertionOf('one', key, `${adapter.url}/auth/token`),
  );
  expect([status, headers.get('retry-after')]).toEqual([503, '30']);
});

test('one address may not ask for tokens without end', async () => {
  const place = await openPlace({ tokenRequestsPerMinute: 3 });
  const statuses: number[] = [];
  for (let at = 0; at < 4; at += 1) statuses.push((await askToken(place.url, 'rubbish')).status);
  expect(statuses).toEqual([401, 401, 401, 429]);
});

test('what a client finds its way by is true', async () => {
  const place = await openPlace();
  const found = (await (await place.get(`${FHIR}/.well-known/smart-configuration`)).json()) as Record<
    string,
    unknown
  >;
  expect(found).toMatchObject({
    issuer: place.url,
    token_endpoint: `${place.url}/auth/token`,
    jwks_uri: `${place.url}/auth/jwks`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384', 'RS512'],
    capabilities: expect.arrayContaining(['client-confidential-asymmetric', 'permission-v2']),
  });
  const keys = await (await place.get('/auth/jwks')).text();
  expect(keys).not.toContain('"d"');
  expect(JSON.parse(keys)).toMatchObject({ keys: [{ kty: 'EC', crv: 'P-256', use: 'sig' }] });
});
