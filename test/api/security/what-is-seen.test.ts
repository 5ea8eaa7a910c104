/** What a client that was let in sees: its organisations, its scopes' conditions, glass that it breaks, and how often it may ask. */
import { expect, test } from 'vitest';
import { openWhole } from '../../cli/whole.ts';
import { bearer, FHIR, openPlace, referral } from './place.ts';
import { tokenFor, vendorKey } from './vendor.ts';

test('a resource of another organisation is not there, by whatever way it is asked for', async () => {
  const place = await openPlace();
  const vendor = await place.token('vendor');
  const id = await referral(place, vendor);
  const other = bearer(await place.token('other'));
  expect((await place.get(`${FHIR}/ServiceRequest/${id}`, bearer(vendor))).status).toBe(200);
  for (const path of [
    `ServiceRequest/${id}`,
    `ServiceRequest/${id}/_history/1`,
    `ServiceRequest/${id}/_history`,
  ])
    expect([path, (await place.get(`${FHIR}/${path}`, other)).status]).toEqual([path, 404]);
  for (const path of [
    'ServiceRequest',
    `ServiceRequest?_id=${id}`,
    'Patient',
    'Patient?gender=female,male,unknown,other',
  ])
    expect([path, (await (await place.get(`${FHIR}/${path}`, other)).json()) as object]).toEqual([
      path,
      expect.not.objectContaining({
        entry: expect.arrayContaining([expect.objectContaining({ search: { mode: 'match' } })]),
      }),
    ]);
});

test('a receipt is there for who may post to its source alone', async () => {
  const place = await openPlace();
  const vendor = bearer(await place.token('vendor'));
  const posted = await fetch(`${place.url}/intake/platform/referral`, {
    method: 'POST',
    headers: { ...vendor, 'Content-Type': 'application/x-ndjson' },
    body: '{}\n',
  });
  const where = posted.headers.get('location')!;
  expect((await place.get(where, vendor)).status).toBe(200);
  expect((await place.get(where, bearer(place.apiKey))).status).toBe(404); // it posts contacts
  expect((await place.get(where, bearer(await place.token('narrow')))).status).toBe(403);
});

test('conditions of a scope hold for every read', async () => {
  const key = await vendorKey();
  const client = (id: string, scopes: readonly string[]) => ({
    id,
    organisations: ['local'],
    scopes,
    jwks: { keys: [key.jwk] },
  });
  const clients = [
    { ...client('vendor', ['system/*.cruds']), sources: ['platform'] },
    client('drafts', ['system/ServiceRequest.rs?status=draft']),
    client('active', ['system/ServiceRequest.rs?status=active,completed,draft,revoked,on-hold']),
  ];
  const whole = await openWhole({ access: { clients } });
  const { url } = whole.adapter;
  const scope = 'system/ServiceRequest.cruds';
  const place = { url, whole } as Parameters<typeof referral>[0];
  const id = await referral(place, await tokenFor(url, 'vendor', key));
  const found = async (name: string): Promise<[number, number]> => {
    const headers = bearer(await tokenFor(url, name, key, scope));
    const read = await fetch(`${url}${FHIR}/ServiceRequest/${id}`, { headers });
    const page = (await (await fetch(`${url}${FHIR}/ServiceRequest`, { headers })).json()) as {
      entry?: unknown[];
    };
    return [read.status, page.entry?.length ?? 0];
  };
  expect(await found('active')).toEqual([200, 1]);
  expect(await found('drafts')).toEqual([404, 0]);
});

test('glass is broken by who may, with a reason; by others it is not', async () => {
  const place = await openPlace();
  const vendor = bearer(await place.token('vendor'));
  const get = async (headers: Record<string, string>): Promise<[number, boolean]> => {
    const answer = await place.get(`${FHIR}/Organization`, headers);
    return [answer.status, (await answer.text()).includes('access-break-glass')];
  };
  expect(await get({ ...vendor, 'X-Break-Glass': 'Unconscious in A&E, medication unknown' })).toEqual([
    200,
    false,
  ]);
  expect(await get({ ...vendor, 'X-Break-Glass': 'because' })).toEqual([400, true]);
  const other = bearer(await place.token('other'));
  expect(await get({ ...other, 'X-Break-Glass': 'Unconscious in A&E, medication unknown' })).toEqual([
    403,
    true,
  ]);
});

test('a client that asks more often than it may is told when to come again, and others are not held up', async () => {
  const key = await vendorKey();
  const client = (id: string) => ({
    id,
    organisations: ['local'],
    scopes: ['system/*.rs'],
    jwks: { keys: [key.jwk] },
    ratePerMinute: 3,
  });
  const { adapter } = await openWhole({ access: { clients: [client('one'), client('two')] } });
  const [one, two] = [await tokenFor(adapter.url, 'one', key), await tokenFor(adapter.url, 'two', key)];
  const get = async (token: string): Promise<Response> =>
    await fetch(`${adapter.url}${FHIR}/Organization`, { headers: bearer(token) });
  for (let at = 0; at < 3; at += 1) expect((await get(one)).status).toBe(200);
  const answer = await get(one);
  expect([answer.status, await answer.text()]).toEqual([429, expect.stringContaining('"OperationOutcome"')]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('ratelimit')).toMatch(/limit=3, remaining=0/);
  expect((await get(two)).status).toBe(200);
});

test('who shows what is no credential again and again is not looked at for a while; who is known goes on', async () => {
  const place = await openPlace({ failuresPerMinute: 5 });
  const token = await place.token('vendor');
  expect((await place.get(`${FHIR}/Organization`, bearer(token))).status).toBe(200);
  const wrong = async (): Promise<number> =>
    (await place.get(`${FHIR}/Organization`, bearer('a.b.c'))).status;
  const statuses = [];
  for (let at = 0; at < 6; at += 1) statuses.push(await wrong());
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  expect((await place.get(`${FHIR}/Organization`, bearer(token))).status).toBe(200);
});
