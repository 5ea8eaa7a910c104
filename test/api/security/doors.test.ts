/** Every door of the table against whoever should not come in, each with its status and an outcome; and who should. */
import { expect, test } from 'vitest';
import { type Ask, DOORS } from '../../../src/api/security/doors.ts';
import { openWhole } from '../../cli/whole.ts';
import { INTRUDERS } from './intruders.ts';
import { AWAY, bearer, FHIR, openPlace } from './place.ts';
import { tokenFor, vendorKey } from './vendor.ts';

type Headers = Readonly<Record<string, string>>;
/** An address behind each door that asks for something; . */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  [FHIR]: [`POST ${FHIR}`, `GET ${FHIR}?_type=Patient`],
  [`${FHIR}/$export-status/{id}`]: [
    `GET ${FHIR}/$export-status/0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00`,
    `DELETE ${FHIR}/$export-status/0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00`,
  ],
  [`${FHIR}/$export-file/{id}/{file}`]: [
    `GET ${FHIR}/$export-file/0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00/Patient.1.ndjson`,
  ],
  [`${FHIR}/*`]: [
    `GET ${FHIR}/$export`,
    `POST ${FHIR}/Patient/$export`,
    `GET ${FHIR}/Group/1/$export`,
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
    `POST ${FHIR}/Patient/1/$everything`,
    `POST ${FHIR}/Patient/$everything`,
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
    `GET ${FHIR}/ViewDefinition`,
    `POST ${FHIR}/$viewdefinition-run`,
    `POST ${FHIR}/ViewDefinition/$viewdefinition-run`,
    `GET ${FHIR}/ViewDefinition/patients/$viewdefinition-run`,
    `POST ${FHIR}/AuditEvent/_search`,
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
