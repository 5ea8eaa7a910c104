/** Create, update, patch and delete over HTTP, with their conditions: what is kept, what is answered, what is refused. */
import type { Bundle, OperationOutcome, Patient, Resource, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, idOf, NOW_MS, patient, recordOf } from '../store/samples.ts';
import { expectOutcome, startAdapter } from './adapter.ts';
import { ADA, BASE, created, flagOn, type Headers, send } from './write-client.ts';

test('creates under an id of its own, says where it is, and keeps it as it was sent', async () => {
  const adapter = await startAdapter();
  const answer = await send(adapter, 'POST', '/Patient', { ...ADA, id: 'mine' });
  const kept = (await answer.clone().json()) as Patient;
  expect([answer.status, kept.id === 'mine']).toEqual([201, false]);
  expect(answer.headers.get('location')).toBe(`${adapter.url}${BASE}/Patient/${kept.id}/_history/1`);
  expect(answer.headers.get('etag')).toBe('W/"1"');
  expect(answer.headers.get('last-modified')).toBe(new Date(NOW_MS).toUTCString());
  const read = (await (await adapter.get(`${BASE}/Patient/${kept.id}`)).json()) as Patient;
  expect(read).toEqual({
    ...ADA,
    id: kept.id,
    meta: { versionId: '1', lastUpdated: new Date(NOW_MS).toISOString() },
  });
  const [provenance] = (await adapter.store.search({ type: 'Provenance', clauses: [], count: 5 })).versions;
  expect(provenance?.resource).toMatchObject({
    target: [{ reference: `Patient/${kept.id}/_history/1` }],
    agent: [{ who: { identifier: { value: 'api:open' } } }, {}],
  });
  expect((await adapter.store.counts()).targets).toMatchObject([{ target: 'ehr', waiting: 2 }]); // and its Provenance
});

test('answers as the client prefers it', async () => {
  const adapter = await startAdapter();
  const minimal = await send(adapter, 'POST', '/Patient', ADA, { Prefer: 'return=minimal' });
  expect([minimal.status, await minimal.text()]).toEqual([201, '']);
  const outcome = await send(adapter, 'POST', '/Patient', ADA, { Prefer: 'return=OperationOutcome' });
  expect([outcome.status, ((await outcome.json()) as Resource).resourceType]).toEqual([
    201,
    'OperationOutcome',
  ]);
});

test('updates in a new version, and writes none where nothing changed', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const body = { ...ADA, id, gender: 'female' };
  const first = await send(adapter, 'PUT', `/Patient/${id}`, body);
  expect([first.status, first.headers.get('etag')]).toEqual([200, 'W/"2"']);
  const again = await send(adapter, 'PUT', `/Patient/${id}`, body);
  expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"2"']);
  const back = await send(adapter, 'PUT', `/Patient/${id}`, { ...ADA, id });
  expect([back.status, back.headers.get('etag')]).toEqual([200, 'W/"3"']);
  expect(await (await adapter.get(`${BASE}/Patient/${id}`)).json()).not.toHaveProperty('gender');
});

test('updates under If-Match in that version alone', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const body = { ...ADA, id, gender: 'female' };
  await expectOutcome(
    await send(adapter, 'PUT', `/Patient/${id}`, body, { 'If-Match': 'W/"2"' }),
    412,
    'api-version',
  );
  await expectOutcome(
    await send(adapter, 'PUT', '/Patient/nobody', { ...ADA, id: 'nobody' }, { 'If-Match': 'W/"1"' }),
    412,
    'api-version',
  );
  const done = await send(adapter, 'PUT', `/Patient/${id}`, body, { 'If-Match': 'W/"1"' });
  expect([done.status, done.headers.get('etag')]).toEqual([200, 'W/"2"']);
});

test('creates by an update under an id that is free', async () => {
  const adapter = await startAdapter();
  const answer = await send(adapter, 'PUT', '/Patient/ada-1', { ...ADA, id: 'ada-1' });
  expect([answer.status, answer.headers.get('location')]).toEqual([
    201,
    `${adapter.url}${BASE}/Patient/ada-1/_history/1`,
  ]);
});

test.each<[string, string, string, unknown, Headers, number, string]>([
  ['another type', 'POST', '/Patient', { resourceType: 'Location' }, {}, 400, 'api-type'],
  ['another id', 'PUT', '/Patient/a', { ...ADA, id: 'b' }, {}, 400, 'api-id'],
  ['no id', 'PUT', '/Patient/a', ADA, {}, 400, 'api-id'],
  ['an id that is none', 'PUT', '/Patient/a_b', { ...ADA, id: 'a_b' }, {}, 400, 'api-id'],
  ['no JSON', 'POST', '/Patient', '{"resourceType":', {}, 400, 'read-json-syntax'],
  [
    'a name twice',
    'POST',
    '/Patient',
    '{"resourceType":"Patient","id":"a","id":"b"}',
    {},
    400,
    'read-json-duplicate',
  ],
  [
    'names of prototypes',
    'POST',
    '/Patient',
    '{"resourceType":"Patient","__proto__":{}}',
    {},
    400,
    'read-json-key',
  ],
  ['no resource', 'POST', '/Patient', '[]', {}, 400, 'api-no-resource'],
  ['CSV', 'POST', '/Patient', 'a,b', { 'Content-Type': 'text/csv' }, 415, 'api-media-type'],
  [
    'another FHIR',
    'POST',
    '/Patient',
    ADA,
    { 'Content-Type': 'application/fhir+json; fhirVersion=3.0' },
    415,
    'api-media-type',
  ],
  ['an unknown type', 'POST', '/Medication', { resourceType: 'Medication' }, {}, 404, 'api-unknown-type'],
  ['an element that is none', 'POST', '/Patient', { ...ADA, colour: 'red' }, {}, 422, 'fhir-unknown-element'],
  ['nobody to refer to', 'POST', '/Flag', flagOn('Patient/nobody'), {}, 422, 'api-reference'],
  ['no reference', 'POST', '/Flag', flagOn('nobody'), {}, 422, 'api-reference-form'],
  ['no entry to refer to', 'POST', '/Flag', flagOn('urn:uuid:a'), {}, 422, 'api-reference-entry'],
  ['no criteria', 'PUT', '/Patient', ADA, {}, 412, 'api-no-criteria'],
  ['criteria that are none', 'PUT', '/Patient?colour=red', ADA, {}, 400, 'api-search-parameter'],
])('refuses %s, and keeps nothing of it', async (_what, method, path, body, headers, status, rule) => {
  const adapter = await startAdapter();
  await expectOutcome(await send(adapter, method, path, body, headers), status, rule);
  expect(await adapter.store.worklist({ open: true, count: 10 })).toEqual([]);
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('takes what refers to contained resources, to addresses elsewhere, and to its own base', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const flag = await created(adapter, flagOn(`${adapter.url}${BASE}/Patient/${id}`) as Resource);
  expect(flag).toMatchObject({ subject: { reference: `Patient/${id}` } });
  await created(adapter, flagOn('https://elsewhere.example/fhir/Patient/7') as Resource);
});

test('patches by JSON Patch and by FHIRPath Patch, and validates what comes of it', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const json = { 'Content-Type': 'application/json-patch+json' };
  const add = [{ op: 'add', path: '/gender', value: 'female' }];
  const first = await send(adapter, 'PATCH', `/Patient/${id}`, add, json);
  expect([first.status, await first.json()]).toMatchObject([
    200,
    { gender: 'female', meta: { versionId: '2' } },
  ]);
  const parameter = [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Patient.gender' },
        { name: 'value', valueCode: 'other' },
      ],
    },
  ];
  const second = await send(adapter, 'PATCH', `/Patient/${id}`, { resourceType: 'Parameters', parameter });
  expect([second.status, await second.json()]).toMatchObject([
    200,
    { gender: 'other', meta: { versionId: '3' } },
  ]);
  const wrong = [{ op: 'replace', path: '/gender', value: 'green' }];
  const refused = await send(adapter, 'PATCH', `/Patient/${id}`, wrong, json);
  expect(refused.status).toBe(422);
  await expectOutcome(await send(adapter, 'PATCH', '/Patient/nobody', add, json), 404, 'api-not-found');
  await expectOutcome(
    await send(adapter, 'PATCH', `/Patient/${id}`, add, { ...json, 'If-Match': 'W/"1"' }),
    412,
    'api-version',
  );
  const named = await send(adapter, 'PATCH', `/Patient?_id=${id}`, add, json);
  expect([named.status, named.headers.get('etag')]).toEqual([200, 'W/"4"']);
});

test('deletes for everybody, keeps the history, and lets it be written again', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const gone = await send(adapter, 'DELETE', `/Patient/${id}`);
  expect([gone.status, gone.headers.get('etag'), await gone.text()]).toEqual([204, 'W/"2"', '']);
  await expectOutcome(await adapter.get(`${BASE}/Patient/${id}`), 410, 'api-gone');
  expect((await adapter.get(`${BASE}/Patient/${id}/_history/1`)).status).toBe(200);
  expect((await (await adapter.get(`${BASE}/Patient?family=Abara`)).json()) as Bundle).toMatchObject({
    total: 0,
  });
  expect((await send(adapter, 'DELETE', `/Patient/${id}`)).status).toBe(204);
  expect((await send(adapter, 'DELETE', '/Patient/nobody')).status).toBe(204);
  const told = await send(adapter, 'DELETE', `/Patient/${id}`, undefined, {
    Prefer: 'return=OperationOutcome',
  });
  expect([told.status, await told.json()]).toMatchObject([
    200,
    { resourceType: 'OperationOutcome', issue: [{ diagnostics: `Patient/${id} is deleted, in version 2.` }] },
  ]);
  const back = await send(adapter, 'PUT', `/Patient/${id}`, { ...ADA, id });
  expect([back.status, back.headers.get('etag')]).toEqual([201, 'W/"3"']);
});

test('deletes under If-Match in that version alone, and nothing that others refer to', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const flag = await created(adapter, flagOn(`Patient/${id}`) as Resource);
  await expectOutcome(await send(adapter, 'DELETE', `/Patient/${id}`), 409, 'store-referred-to');
  await expectOutcome(
    await send(adapter, 'DELETE', `/Flag/${flag.id}`, undefined, { 'If-Match': 'W/"7"' }),
    412,
    'api-version',
  );
  expect((await send(adapter, 'DELETE', `/Flag/${flag.id}`, undefined, { 'If-Match': 'W/"1"' })).status).toBe(
    204,
  );
  expect((await send(adapter, 'DELETE', `/Patient/${id}`)).status).toBe(204);
});

test('creates, updates and deletes on conditions', async () => {
  const adapter = await startAdapter();
  const numbered = (value: string): Patient => ({
    ...ADA,
    identifier: [{ system: 'urn:x:hospital', value }],
  });
  const once = { 'If-None-Exist': 'identifier=urn:x:hospital|7' };
  const first = await send(adapter, 'POST', '/Patient', numbered('7'), once);
  const { id } = (await first.json()) as Patient;
  const second = await send(adapter, 'POST', '/Patient', numbered('7'), once);
  expect([first.status, second.status, ((await second.json()) as Patient).id]).toEqual([201, 200, id]);
  const path = '/Patient?identifier=urn:x:hospital|';
  const updated = await send(adapter, 'PUT', `${path}7`, { ...numbered('7'), gender: 'female' });
  expect([updated.status, updated.headers.get('etag')]).toEqual([200, 'W/"2"']);
  await expectOutcome(
    await send(adapter, 'PUT', `${path}7`, { ...numbered('7'), id: 'other' }),
    400,
    'api-id',
  );
  expect((await send(adapter, 'PUT', `${path}8`, numbered('8'))).status).toBe(201);
  expect(
    (await send(adapter, 'PUT', `${path}9`, { ...numbered('9'), id: 'nine' })).headers.get('location'),
  ).toContain('/Patient/nine/');
  const several = '/Patient?family=Abara';
  await expectOutcome(await send(adapter, 'PUT', several, ADA), 412, 'api-several');
  await expectOutcome(await send(adapter, 'DELETE', several), 412, 'api-several');
  await expectOutcome(
    await send(adapter, 'POST', '/Patient', ADA, { 'If-None-Exist': 'family=Abara' }),
    412,
    'api-several',
  );
  expect((await send(adapter, 'DELETE', `${path}8`)).status).toBe(204);
  expect((await send(adapter, 'DELETE', `${path}8`)).status).toBe(204);
});

test('holds a referral to its states, and says which step may follow', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const request = await created(adapter, {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { reference: `Patient/${id}` },
  } as Resource);
  const task = await created(adapter, {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: `ServiceRequest/${request.id}` },
    for: { reference: `Patient/${id}` },
  } as Task);
  const to = (status: string) => send(adapter, 'PUT', `/Task/${task.id}`, { ...task, status });
  const outcome: OperationOutcome = await expectOutcome(await to('completed'), 422, 'referral-transition');
  expect(outcome.issue[0]?.expression).toEqual(['Task.status']);
  expect((await to('accepted')).status).toBe(200);
  await expectOutcome(await to('cancelled'), 422, 'referral-reason');
  expect(await adapter.store.worklist({ open: true, count: 10 })).toEqual([]);
});

test('merges what a source says later into what a client wrote', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  const id = idOf('p');
  const known = (await (await adapter.get(`${BASE}/Patient/${id}`)).json()) as Patient;
  const answer = await send(adapter, 'PUT', `/Patient/${id}`, {
    ...known,
    maritalStatus: { text: 'married' },
  });
  expect(answer.status).toBe(200);
  await commit(
    adapter.store,
    recordOf([patient('p', { gender: 'female' })], { digest: 'second', sourceTimeMs: NOW_MS + 1 }),
  );
  expect(await (await adapter.get(`${BASE}/Patient/${id}`)).json()).toMatchObject({
    gender: 'female',
    maritalStatus: { text: 'married' },
  });
});
