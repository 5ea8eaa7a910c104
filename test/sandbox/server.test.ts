/** The sandbox EHR answers as a FHIR R4 server does, over HTTP, from its SQLite file. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.ts';

let folder: string;
let sandbox: Sandbox;

const start = (options: Partial<SandboxOptions> = {}): Promise<Sandbox> =>
  startSandbox({ port: 0, file: join(folder, 'sandbox.sqlite'), ...options });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  sandbox = await start();
});
afterEach(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The members that these tests read, of whatever resource came back. */
interface Body {
  resourceType: string;
  id: string;
  type: string;
  gender: string;
  total: number;
  fhirVersion: string;
  meta: { versionId: string };
  link: { relation: string; url: string }[];
  entry: { resource: { id: string }; request: { method: string }; response: object }[];
  rest: { resource: { type: string }[] }[];
}
interface Got {
  status: number;
  headers: Headers;
  body: Body;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Got> {
  const response = await fetch(path === '' ? sandbox.url : `${sandbox.url}/${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as Body,
  };
}

const patient = (id: string, extra: object = {}): object => ({ resourceType: 'Patient', id, ...extra });
const referral = (id: string, person: string): object => ({
  resourceType: 'ServiceRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: `Patient/${person}` },
  code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
});
const put = (resource: object): object => {
  const { resourceType, id } = resource as { resourceType: string; id: string };
  return { resource, request: { method: 'PUT', url: `${resourceType}/${id}` } };
};
const transaction = (...entry: object[]): object => ({ resourceType: 'Bundle', type: 'transaction', entry });

test('a PUT of a new id creates, of a known one updates; unchanged content makes a version too', async () => {
  const created = await call('PUT', 'Patient/p1', patient('p1', { gender: 'female' }));
  expect(created.status).toBe(201);
  expect(created.headers.get('etag')).toBe('W/"1"');
  expect(created.headers.get('location')).toBe(`${sandbox.url}/Patient/p1/_history/1`);
  expect(Date.parse(created.headers.get('last-modified')!)).not.toBeNaN();
  const again = await call('PUT', 'Patient/p1', patient('p1', { gender: 'female' }));
  expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"2"']);
  expect((await call('GET', 'Patient/p1')).body).toMatchObject({
    gender: 'female',
    meta: { versionId: '2' },
  });
});

test('Prefer: return=minimal answers without a body, the version being in the headers', async () => {
  const minimal = await call('PUT', 'Patient/p1', patient('p1'), { prefer: 'return=minimal' });
  expect([minimal.status, minimal.body, minimal.headers.get('etag')]).toEqual([201, undefined, 'W/"1"']);
});

test('If-Match of another version is refused with 412 and changes nothing', async () => {
  await call('PUT', 'Patient/p1', patient('p1'));
  await call('PUT', 'Patient/p1', patient('p1', { gender: 'male' }), { 'if-match': 'W/"1"' });
  const refused = await call('PUT', 'Patient/p1', patient('p1', { gender: 'female' }), {
    'if-match': 'W/"1"',
  });
  expect([refused.status, refused.body.resourceType]).toEqual([412, 'OperationOutcome']);
  expect((await call('GET', 'Patient/p1')).body.gender).toBe('male');
  expect((await call('PUT', 'Patient/none', patient('none'), { 'if-match': 'W/"1"' })).status).toBe(412);
});

test('If-None-Exist creates once', async () => {
  const body = { resourceType: 'Patient', identifier: [{ system: 'urn:a', value: '1' }] };
  const first = await call('POST', 'Patient', body, { 'if-none-exist': 'identifier=urn:a|1' });
  const second = await call('POST', 'Patient', body, { 'if-none-exist': 'identifier=urn:a|1' });
  expect([first.status, second.status]).toEqual([201, 200]);
  expect(second.body.id).toBe(first.body.id);
  await call('POST', 'Patient', body);
  expect((await call('POST', 'Patient', body, { 'if-none-exist': 'identifier=urn:a|1' })).status).toBe(412);
});

test('a deleted resource is gone, keeps its history, and can come back', async () => {
  await call('PUT', 'Patient/p1', patient('p1', { identifier: [{ system: 'urn:a', value: '1' }] }));
  expect((await call('DELETE', 'Patient/p1')).status).toBe(200);
  expect((await call('GET', 'Patient/p1')).status).toBe(410);
  expect((await call('GET', 'Patient?identifier=urn:a|1')).body.total).toBe(0);
  expect((await call('PUT', 'Patient/p1', patient('p1'))).status).toBe(201);
  const history = await call('GET', 'Patient/p1/_history');
  expect(history.body.total).toBe(3);
  expect(history.body.entry.map((entry) => entry.request.method)).toEqual(['PUT', 'DELETE', 'PUT']);
  expect((await call('GET', 'Patient/p1/_history/1')).body.meta.versionId).toBe('1');
  expect((await call('GET', 'Patient/p1/_history/2')).status).toBe(410);
  expect((await call('GET', 'Patient/p1/_history/9')).status).toBe(404);
});

test('a transaction is applied whole, each entry saying its version', async () => {
  await call('PUT', 'Patient/p1', patient('p1'));
  const done = await call('POST', '', transaction(put(patient('p1')), put(referral('r1', 'p1'))));
  expect(done.status).toBe(200);
  expect(done.body.type).toBe('transaction-response');
  expect(done.body.entry.map((entry) => entry.response)).toMatchObject([
    { status: '200 OK', etag: 'W/"2"', location: 'Patient/p1/_history/2' },
    { status: '201 Created', etag: 'W/"1"', location: 'ServiceRequest/r1/_history/1' },
  ]);
});

test('a batch of reads holds what each found, with its version, and what it did not', async () => {
  await call('PUT', 'Patient/p1', patient('p1'));
  const entry = ['p1', 'none'].map((id) => ({ request: { method: 'GET', url: `Patient/${id}` } }));
  const { body } = await call('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
  expect(body).toMatchObject({
    type: 'batch-response',
    entry: [
      { resource: { id: 'p1' }, response: { status: '200 OK', etag: 'W/"1"' } },
      { response: { status: expect.stringMatching(/^404/) } },
    ],
  });
});

test('a transaction with one bad entry leaves nothing behind', async () => {
  const stale = {
    ...put(referral('r1', 'p1')),
    request: { method: 'PUT', url: 'ServiceRequest/r1', ifMatch: 'W/"4"' },
  };
  const refused = await call('POST', '', transaction(put(patient('p1')), stale));
  expect(refused.status).toBe(412);
  expect((await call('GET', 'Patient/p1')).status).toBe(404);
});

test('requests beside a transaction see all of it or nothing', async () => {
  const entries = Array.from({ length: 40 }, (_, index) => put(patient(`p${index}`)));
  const [, ...totals] = await Promise.all([
    call('POST', '', transaction(...entries)),
    ...Array.from({ length: 10 }, () => call('GET', 'Patient?_count=1')),
  ]);
  for (const total of totals) expect([0, 40]).toContain(total.body.total);
  expect((await call('GET', 'Patient?_count=1')).body.total).toBe(40);
});

test.each([
  ['identifier=urn:a%7C1', ['p1']],
  ['identifier=1', ['p1', 'p2']],
  ['identifier=%7C1', ['p2']],
  ['identifier=urn:a%7C', ['p1']],
  ['_id=p1,p3', ['p1', 'p3']],
  ['_lastUpdated=ge2026-01-05', ['p2', 'p3']],
  ['_lastUpdated=2026-01-05', ['p2']],
  ['_lastUpdated=lt2026-01-05T00:00:00Z', ['p1']],
  ['_sort=-_lastUpdated&_count=1', ['p3']],
])('searches by %s', async (query, ids) => {
  await sandbox.close();
  const days = ['2026-01-04', '2026-01-05', '2026-01-06'];
  let made = 0;
  sandbox = await start({ clock: () => Date.parse(`${days[Math.min(made, 2)]}T12:00:00Z`) });
  const identifiers = [
    [{ system: 'urn:a', value: '1' }],
    [{ value: '1' }],
    [{ system: 'urn:b', value: '2' }],
  ];
  for (; made < 3; made++)
    await call('PUT', `Patient/p${made + 1}`, patient(`p${made + 1}`, { identifier: identifiers[made] }));
  const found = await call('GET', `Patient?${query}`);
  expect(found.body.entry?.map((entry) => entry.resource.id)).toEqual(ids);
});

test('searches by patient, subject and code, over GET and POST, and pages', async () => {
  for (const id of ['r1', 'r2', 'r3']) await call('PUT', `ServiceRequest/${id}`, referral(id, 'p1'));
  await call('PUT', 'ServiceRequest/r4', referral('r4', 'p2'));
  expect((await call('GET', 'ServiceRequest?patient=p1')).body.total).toBe(3);
  expect((await call('GET', 'ServiceRequest?subject=Patient/p2')).body.total).toBe(1);
  expect((await call('GET', 'ServiceRequest?code=http://snomed.info/sct|871731000000106')).body.total).toBe(
    4,
  );
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await call('POST', 'ServiceRequest/_search', 'patient=p1', form)).body.total).toBe(3);
  const first = await call('GET', 'ServiceRequest?patient=p1&_count=2');
  const next = first.body.link.find((link) => link.relation === 'next')!.url;
  const second = await call('GET', next.slice(sandbox.url.length + 1));
  expect(second.body.entry.map((entry) => entry.resource.id)).toEqual(['r3']);
});

test('a changed identifier is found by its new value only', async () => {
  await call('PUT', 'Patient/p1', patient('p1', { identifier: [{ system: 'urn:a', value: '1' }] }));
  await call('PUT', 'Patient/p1', patient('p1', { identifier: [{ system: 'urn:a', value: '2' }] }));
  expect((await call('GET', 'Patient?identifier=urn:a|1')).body.total).toBe(0);
  expect((await call('GET', 'Patient?identifier=urn:a|2')).body.total).toBe(1);
});

test.each([
  ['GET', 'Nonsense', undefined, 404],
  ['GET', 'Nonsense/1', undefined, 404],
  ['GET', 'Patient/none', undefined, 404],
  ['GET', '$export', undefined, 404],
  ['POST', '$graphql2', {}, 404],
  ['GET', 'Patient?nonsense=1', undefined, 400],
  ['GET', 'Patient?identifier:exact=1', undefined, 400],
  ['PUT', 'Patient/p1', '{"resourceType":', 400],
  ['PUT', 'Patient/p1', patient('p2'), 400],
  ['PUT', 'Patient/p_1', patient('p_1'), 400],
  ['PUT', 'Patient/p1', { resourceType: 'Task', id: 'p1' }, 400],
  ['PUT', 'Nonsense/1', { resourceType: 'Nonsense', id: '1' }, 404],
])('%s %s is refused with an OperationOutcome', async (method, path, body, status) => {
  const refused = await call(method, path, body);
  expect([refused.status, refused.body.resourceType]).toEqual([status, 'OperationOutcome']);
});

test('metadata says what is there', async () => {
  const { status, body } = await call('GET', 'metadata');
  expect([status, body.resourceType, body.fhirVersion]).toEqual([200, 'CapabilityStatement', '4.0.1']);
  expect(body.rest[0]!.resource.map((resource) => resource.type)).toContain('ServiceRequest');
});

test('keeps everything across a restart', async () => {
  await call('PUT', 'Patient/p1', patient('p1'));
  await sandbox.close();
  sandbox = await start();
  expect((await call('PUT', 'Patient/p1', patient('p1'))).headers.get('etag')).toBe('W/"2"');
});

test('with integrity on, a reference to nothing is refused, and one to a later entry of the same transaction is not', async () => {
  await sandbox.close();
  sandbox = await start({ integrity: true });
  expect((await call('PUT', 'ServiceRequest/r1', referral('r1', 'p1'))).status).toBe(409);
  expect((await call('POST', '', transaction(put(referral('r1', 'p1'))))).status).toBe(409);
  expect((await call('POST', '', transaction(put(referral('r1', 'p1')), put(patient('p1'))))).status).toBe(
    200,
  );
});

test('a patch changes one element and makes a version', async () => {
  await call('PUT', 'Patient/p1', patient('p1', { gender: 'male' }));
  const patch = [{ op: 'replace', path: '/gender', value: 'female' }];
  const patched = await call('PATCH', 'Patient/p1', patch, { 'content-type': 'application/json-patch+json' });
  expect([patched.status, patched.body.gender, patched.headers.get('etag')]).toEqual([
    200,
    'female',
    'W/"2"',
  ]);
});

test('keeps its files for its own user alone', async () => {
  await call('POST', 'Patient', { resourceType: 'Patient' });
  const files = readdirSync(folder);
  expect(files).toContain('sandbox.sqlite-wal');
  for (const file of files) expect([file, statSync(join(folder, file)).mode & 0o777]).toEqual([file, 0o600]);
});

test('makes the faults it is told to: refused and cut leave nothing, applied ones do', async () => {
  await sandbox.close();
  const faults = [
    { kind: 'refuse', status: 503, retryAfterS: 3 },
    { kind: 'cut' },
    { kind: 'applyThenRefuse', status: 502 },
    { kind: 'applyThenCut' },
  ] as const;
  let at = 0;
  sandbox = await start({ faults: ({ method }) => (method === 'PUT' ? faults[at++] : undefined) });
  const refused = await call('PUT', 'Patient/p1', patient('p1'));
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '3']);
  await expect(call('PUT', 'Patient/p1', patient('p1'))).rejects.toThrow();
  expect((await call('GET', 'Patient/p1')).status).toBe(404);
  expect((await call('PUT', 'Patient/p1', patient('p1'))).status).toBe(502);
  await expect(call('PUT', 'Patient/p1', patient('p1'))).rejects.toThrow();
  expect((await call('GET', 'Patient/p1')).body.meta.versionId).toBe('2');
});
