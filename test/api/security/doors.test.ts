/** Every door of the table against whoever should not come in, each with its status and an outcome; and who should. */
import { expect, test } from 'vitest';
import { type Ask, DOORS } from '../../../src/api/security/doors.ts';
import { openWhole } from '../../cli/whole.ts';
import { AWAY, bearer, FHIR, openPlace, type Place } from './place.ts';
import { assertionOf, forged, resigned, signingKeyIn, tampered, tokenFor, vendorKey } from './vendor.ts';

type Headers = Readonly<Record<string, string>>;
type Intruder = (place: Place) => Headers | Promise<Headers>;

const now = (): number => Math.floor(Date.now() / 1_000);
const own =
  (claims: Readonly<Record<string, unknown>>, header: Readonly<Record<string, unknown>> = {}): Intruder =>
  async (place) =>
    bearer(await forged(await place.token('vendor'), signingKeyIn(place.whole.folder), { claims, header }));
const foreign =
  (claims: Readonly<Record<string, unknown>>): Intruder =>
  async (place) =>
    bearer(await place.foreignToken(claims));

/** Each says why it must not be let in. */
const INTRUDERS: Readonly<Record<string, Intruder>> = {
  'no token': () => ({}),
  'an expired token': own({ exp: now() - 1 }),
  'a token for another audience': own({ aud: 'https://elsewhere.example/fhir/R4' }),
  'a token of another issuer': own({ iss: 'https://elsewhere.example' }),
  'a token of an unknown or revoked client': own({ sub: 'gone', client_id: 'gone' }),
  'a JWT that is no access token': own({}, { typ: 'JWT' }),
  'a token of an unknown kid': own({}, { kid: 'no-such-key' }),
  'a token bound to a certificate': own({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
  'a token by another key under our kid': async (place) => {
    const { key } = await vendorKey('ES256');
    return bearer(await forged(await place.token('vendor'), key, {}));
  },
  'alg none': async (place) => bearer(resigned(await place.token('vendor'), 'none', '')),
  'HS256 with the public key': async (place) => {
    const keys = await (await place.get('/auth/jwks')).text();
    return bearer(resigned(await place.token('vendor'), 'HS256', keys));
  },
  'a tampered signature': async (place) => bearer(tampered(await place.token('vendor'), 2)),
  'a tampered payload': async (place) => bearer(tampered(await place.token('vendor'), 1)),
  'a client assertion in place of a token': async (place) => {
    return bearer(await assertionOf('vendor', place.vendor, `${place.url}${FHIR}`));
  },
  'an issuer’s expired token': foreign({ exp: now() - 60 }),
  'an issuer’s token for somebody else': foreign({ aud: 'another' }),
  'an issuer’s token for an unknown client': foreign({ client_id: 'nobody' }),
  'an issuer’s token by an algorithm that is not its own': async (place) =>
    bearer(await place.foreignToken({}, await vendorKey('ES384', 'f1'))),
  'an issuer’s token by a key that is not its own': async (place) =>
    bearer(await place.foreignToken({}, await vendorKey('ES256', 'f1'))),
  'a wrong API key': () => bearer(`hk_${'A'.repeat(43)}`),
  'a wrong X-API-Key': () => ({ 'X-API-Key': `hk_${'B'.repeat(43)}` }),
  'an API key in two places': ({ apiKey }) => ({ ...bearer(apiKey), 'X-API-Key': apiKey }),
  rubbish: () => bearer('not.a.token'),
};

/** An address behind each door that asks for something; those of the doors' own are tested with their routes. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  [FHIR]: [`POST ${FHIR}`, `GET ${FHIR}?_type=Patient`],
  [`${FHIR}/*`]: [
    `GET ${FHIR}/Patient`,
    `GET ${FHIR}/Patient/1`,
    `HEAD ${FHIR}/Patient/1`,
    `GET ${FHIR}/Patient/1/_history`,
    `GET ${FHIR}/Patient/1/_history/1`,
    `GET ${FHIR}/Patient/_history`,
    `GET ${FHIR}/_history`,
    `POST ${FHIR}/Patient/_search`,
    `GET ${FHIR}/Patient/1/Observation`,
    `GET ${FHIR}/Patient/1/$everything`,
    `POST ${FHIR}/Patient`,
    `PUT ${FHIR}/Patient/1`,
    `PATCH ${FHIR}/Patient/1`,
    `DELETE ${FHIR}/Patient/1`,
    `POST ${FHIR}/$validate`,
    `POST ${FHIR}/Patient/$validate`,
    `POST ${FHIR}/$graphql`,
    `GET ${FHIR}/Subscription`,
    `GET ${FHIR}/metadata/`,
    `GET ${FHIR}/.well-known/smart-configuration/`,
    `GET ${FHIR}/AuditEvent`,
    `GET /FHIR/r4/Patient/1`,
  ],
  '/intake/receipts/{id}': ['GET /intake/receipts/0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00'],
  '/intake/{source}/{kind}': ['POST /intake/platform/referral', 'POST /INTAKE/platform/referral/'],
  '/metrics': ['GET /metrics', 'GET /METRICS/'],
  '/': ['GET /'],
  '/coded-activity': ['GET /coded-activity'],
  '/work': ['GET /work'],
  '/work/{id}': ['GET /work/1'],
  '/coded-activity/*': ['GET /coded-activity/report', 'POST /coded-activity/receipts'],
  '/worklist': ['GET /worklist'],
  '/worklist/*': ['POST /worklist/1/resolve'],
  '/deliveries/*': ['GET /deliveries/withdrawals/1'],
  '/control/*': ['GET /control/status', 'POST /control/jobs/erase'],
};

const asksFor = (ask: Ask): boolean => ask !== 'nothing' && ask !== 'its own';

test('each door that asks for something has an address here', () => {
  const wanted = DOORS.filter(({ ask }) => asksFor(ask)).map(({ path }) => path);
  expect(wanted.filter((path) => !(path in ADDRESSES))).toEqual([]);
});

test('nobody comes in at any door who should not: 401, an outcome, and nothing of what was shown', async () => {
  const place = await openPlace();
  const wrong: string[] = [];
  let asked = 0;
  for (const [name, intruder] of Object.entries(INTRUDERS)) {
    const headers = await intruder(place);
    const knock = async (method: string, path: string): Promise<void> => {
      const answer = await place.get(path, { ...headers, ...AWAY }, method);
      const text = await answer.text();
      const shown = Object.values(headers).some((value) => text.includes(value.replace(/^Bearer /, '')));
      const isOutcome = method === 'HEAD' || text.includes('"OperationOutcome"');
      const challenge = answer.headers.get('www-authenticate');
      asked += 1;
      if (answer.status !== 401 || !isOutcome || shown || challenge === null)
        wrong.push(`${method} ${path} with ${name}: ${answer.status} ${text.slice(0, 120)}`);
    };
    const all = Object.values(ADDRESSES).flat();
    await Promise.all(all.map((one) => knock(one.split(' ')[0]!, one.split(' ')[1]!)));
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(900);
  expect(place.whole.lines.join('')).not.toMatch(/eyJ|hk_/);
});

test('what everybody may know is shown to everybody', async () => {
  const place = await openPlace();
  for (const path of [
    '/health',
    '/ready',
    '/auth/jwks',
    `${FHIR}/metadata`,
    `${FHIR}/.well-known/smart-configuration`,
    '/.well-known/oauth-authorization-server',
  ])
    expect([path, (await place.get(path, AWAY)).status]).toEqual([path, 200]);
});

test('what is in no table is not there, whoever asks', async () => {
  const place = await openPlace();
  const token = await place.token('vendor');
  for (const path of [
    '/nothing',
    '/fhir',
    '/fhir/R5/Patient',
    '//fhir/R4/Patient',
    '/intake/platform',
    '/auth',
  ])
    expect([path, (await place.get(path, bearer(token))).status]).toEqual([path, 404]);
});

test('a token, an API key and an issuer’s token let in, each as far as its scopes go', async () => {
  const place = await openPlace();
  const status = async (path: string, headers: Headers, method = 'GET'): Promise<number> =>
    (await place.get(path, { ...headers, ...AWAY }, method)).status;
  const [vendor, narrow] = [bearer(await place.token('vendor')), bearer(await place.token('narrow'))];
  const partner = bearer(await place.foreignToken());
  expect(await status(`${FHIR}/Organization`, vendor)).toBe(200);
  expect(await status(`${FHIR}/Organization`, bearer(place.apiKey))).toBe(200);
  expect(await status(`${FHIR}/Organization`, { 'X-API-Key': place.apiKey })).toBe(200);
  expect(await status(`${FHIR}/Organization`, partner)).toBe(200);
  expect(await status(`${FHIR}/Organization/none`, narrow)).toBe(404);
  for (const path of ['Organization', 'Patient', 'Patient/1', 'Organization/1/_history/1/x'].slice(0, 3))
    expect([path, await status(`${FHIR}/${path}`, narrow)]).toEqual([path, 403]);
  expect(await status(`${FHIR}/Patient`, partner)).toBe(403); // the client may, its token may not
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    expect([method, await status(`${FHIR}/Organization/1`, narrow, method)]).toEqual([method, 403]);
  expect(await status('/intake/platform/referral', narrow, 'POST')).toBe(403);
  expect(await status('/intake/platform/referral', bearer(place.apiKey), 'POST')).toBe(403);
  expect(await status('/intake/platform/referral', vendor, 'POST')).not.toBe(403);
});

test('a refusal for want of a scope names the scope', async () => {
  const place = await openPlace();
  const answer = await place.get(`${FHIR}/Patient/1`, bearer(await place.token('narrow')));
  expect(answer.headers.get('www-authenticate')).toBe(
    'Bearer realm="hedgerow", error="insufficient_scope", scope="system/Patient.r"',
  );
  expect(await answer.text()).toContain('api-scope');
});

test('pages and operators’ routes open to a client with the permission, pages by HTTP Basic too, and to no other', async () => {
  const place = await openPlace();
  const basic = (key: string): Headers => ({
    Authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}`,
  });
  for (const path of ['/', '/work?kind=safety', '/coded-activity', '/metrics'])
    for (const headers of [basic(place.apiKey), bearer(place.apiKey)])
      expect([path, (await place.get(path, { ...headers, ...AWAY })).status]).toEqual([path, 200]);
  expect((await place.get('/', AWAY)).headers.get('www-authenticate')).toContain('Basic realm');
  expect((await place.get('/', { ...basic('hk_none'), ...AWAY })).status).toBe(401);
  const vendor = bearer(await place.token('vendor'));
  expect((await place.get('/metrics', { ...vendor, ...AWAY })).status).toBe(403);
  expect((await place.get('/worklist', vendor)).status).toBe(403);
  expect((await place.get('/worklist', bearer(place.apiKey))).status).toBe(200);
  expect((await place.get('/control/status', bearer(place.apiKey))).status).toBe(401);
  expect((await place.get(`${FHIR}/Organization`, basic(place.apiKey))).status).toBe(401); // browsers send it by themselves
});

test('a client that is taken out of the configuration has no use of its tokens any more', async () => {
  const place = await openPlace();
  const token = await tokenFor(place.url, 'vendor', place.vendor, 'system/Organization.rs');
  const { folder } = place.whole;
  await place.whole.stop();
  const keys = await vendorKey();
  const clients = [
    { id: 'else', organisations: ['local'], scopes: ['system/*.rs'], jwks: { keys: [keys.jwk] } },
  ];
  const port = Number(new URL(place.url).port);
  const again = await openWhole({ port, access: { clients } }, { folder });
  const answer = await fetch(`${again.adapter.url}${FHIR}/Organization`, { headers: bearer(token) });
  expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('access-client')]);
});
