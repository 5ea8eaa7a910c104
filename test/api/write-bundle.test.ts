/** Batch and transaction over HTTP: each for itself, and all or none. */
import type { Bundle, BundleEntry, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, flagOn, send } from './write-client.ts';

const MOTHER = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a';

async function posted(
  adapter: TestAdapter,
  type: 'batch' | 'transaction',
  entry: readonly BundleEntry[],
  prefer = 'return=representation',
): Promise<Response> {
  return await send(adapter, 'POST', '', { resourceType: 'Bundle', type, entry }, { Prefer: prefer });
}

async function answered(answer: Response): Promise<readonly BundleEntry[]> {
  const bundle = (await answer.json()) as Bundle;
  expect([answer.status, bundle]).toMatchObject([200, { resourceType: 'Bundle' }]);
  return bundle.entry ?? [];
}

function post(resource: object, more: Partial<BundleEntry> = {}, asked: object = {}): BundleEntry {
  const { resourceType } = resource as Resource;
  return {
    ...more,
    resource: resource as Resource,
    request: { method: 'POST', url: resourceType, ...asked },
  };
}

const statuses = (entries: readonly BundleEntry[]): (string | undefined)[] =>
  entries.map(({ response }) => response?.status);

test('answers the entries of a batch in their order, each for itself', async () => {
  const adapter = await startAdapter();
  const ada = await created(adapter, ADA);
  const entries = await answered(
    await posted(adapter, 'batch', [
      post(ADA),
      { request: { method: 'GET', url: `Patient/${ada.id}` } },
      post({ ...ADA, colour: 'red' }),
      { request: { method: 'GET', url: 'Patient?family=Nobody' } },
      { request: { method: 'DELETE', url: 'Patient/nobody' } },
      { request: { method: 'GET', url: 'Patient/nobody' } },
      {
        request: { method: 'POST', url: 'Medication' },
        resource: { resourceType: 'Medication' } as Resource,
      },
      { resource: ADA },
      post(flagOn(MOTHER)),
      { request: { method: 'GET', url: `Patient/${ada.id}`, ifNoneMatch: 'W/"1"' } },
      { request: { method: 'PUT', url: `Patient/${ada.id}`, ifMatch: 'W/"9"' }, resource: ada },
    ]),
  );
  expect(statuses(entries)).toEqual([
    '201 Created',
    '200 OK',
    '422 Unprocessable Entity',
    '200 OK',
    '204 No Content',
    '404 Not Found',
    '404 Not Found',
    '400 Bad Request',
    '422 Unprocessable Entity',
    '304 Not Modified',
    '412 Precondition Failed',
  ]);
  expect(entries[0]).toMatchObject({
    resource: ADA,
    response: { etag: 'W/"1"', location: expect.stringContaining('/Patient/') },
  });
  expect(entries[1]).toMatchObject({ resource: { id: ada.id }, response: { etag: 'W/"1"' } });
  expect(entries[3]?.resource).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
  expect(entries[7]?.response?.outcome).toMatchObject({
    issue: [{ expression: ['Bundle.entry[7].request'] }],
  });
});

test('leads links of a transaction to what its entries became: references, addresses and the narrative', async () => {
  const adapter = await startAdapter();
  const elsewhere = 'https://elsewhere.example/fhir/Patient/7';
  const flag = {
    ...flagOn(MOTHER),
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${MOTHER}">her</a></div>`,
    },
    extension: [
      { url: 'https://x.example/of', valueUri: MOTHER },
      { url: 'https://x.example/said', valueString: MOTHER },
    ],
    identifier: [{ system: 'urn:ietf:rfc:3986', value: MOTHER }],
  };
  const entries = await answered(
    await posted(adapter, 'transaction', [
      post(flag, { fullUrl: 'https://elsewhere.example/fhir/Flag/1' }),
      post(ADA, { fullUrl: MOTHER }),
      post(flagOn('Patient/7'), { fullUrl: 'https://elsewhere.example/fhir/Flag/2' }),
      post(ADA, { fullUrl: elsewhere }),
    ]),
  );
  expect(statuses(entries)).toEqual(Array.from({ length: 4 }, () => '201 Created'));
  const [first, mother, second, other] = entries.map(({ resource }) => resource!);
  expect(first).toMatchObject({
    subject: { reference: `Patient/${mother!.id}` },
    extension: [{ valueUri: `Patient/${mother!.id}` }, { valueString: MOTHER }],
    identifier: [{ value: MOTHER }],
    text: { div: expect.stringContaining(`href="Patient/${mother!.id}"`) },
  });
  expect(second).toMatchObject({ subject: { reference: `Patient/${other!.id}` } });
  const written = (await adapter.store.search({ type: 'Provenance', clauses: [], count: 5 })).versions;
  expect(written).toHaveLength(1); // one commit
});

test('does a transaction in the order of the specification, and reads after it', async () => {
  const adapter = await startAdapter();
  const numbered = { ...ADA, identifier: [{ system: 'urn:x:hospital', value: '7' }] };
  const old = await created(adapter, numbered);
  const kept = await created(adapter, ADA);
  const entries = await answered(
    await posted(adapter, 'transaction', [
      { request: { method: 'GET', url: 'Patient?identifier=urn:x:hospital|7' } },
      {
        request: { method: 'PUT', url: `Patient/${kept.id}` },
        resource: { ...kept, gender: 'female' } as Resource,
      },
      post(numbered, {}, { ifNoneExist: 'identifier=urn:x:hospital|7' }),
      { request: { method: 'DELETE', url: `Patient/${old.id}` } },
    ]),
  );
  expect(statuses(entries)).toEqual(['200 OK', '200 OK', '201 Created', '204 No Content']);
  const found = entries[0]?.resource as Bundle;
  expect(found.entry?.map(({ resource }) => resource?.id)).toEqual([entries[2]?.resource?.id]);
});

test('finds what references with conditions mean, and takes what is there already for the one to refer to', async () => {
  const adapter = await startAdapter();
  const numbered = { ...ADA, identifier: [{ system: 'urn:x:hospital', value: '7' }] };
  const ada = await created(adapter, numbered);
  const condition = 'identifier=urn:x:hospital|7';
  const entries = await answered(
    await posted(adapter, 'transaction', [
      post(flagOn(`Patient?${condition}`)),
      post(numbered, { fullUrl: MOTHER }, { ifNoneExist: condition }),
      post(flagOn(MOTHER)),
    ]),
  );
  expect(statuses(entries)).toEqual(['201 Created', '200 OK', '201 Created']);
  for (const at of [0, 2])
    expect(entries[at]?.resource).toMatchObject({ subject: { reference: `Patient/${ada.id}` } });
  const nobody = await posted(adapter, 'transaction', [post(flagOn('Patient?identifier=urn:x:hospital|8'))]);
  await expectOutcome(nobody, 412, 'api-reference-search');
});

test('patches in a transaction', async () => {
  const adapter = await startAdapter();
  const ada = await created(adapter, ADA);
  const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/gender', value: 'female' }])).toString(
    'base64',
  );
  const resource = { resourceType: 'Binary', contentType: 'application/json-patch+json', data } as Resource;
  const entries = await answered(
    await posted(adapter, 'transaction', [
      { request: { method: 'PATCH', url: `Patient/${ada.id}` }, resource },
    ]),
  );
  expect(entries).toMatchObject([
    { resource: { gender: 'female' }, response: { status: '200 OK', etag: 'W/"2"' } },
  ]);
});

const twice = { ifNoneExist: 'identifier=urn:x:hospital|9' };
test.each<[string, readonly BundleEntry[], number, string, string]>([
  [
    'an entry that is not valid',
    [post(ADA), post({ ...ADA, colour: 'red' })],
    422,
    'fhir-unknown-element',
    'Bundle.entry[1].resource.colour',
  ],
  [
    'a reference that leads nowhere',
    [post(ADA), post(flagOn('Patient/nobody'))],
    422,
    'api-reference',
    'Bundle.entry[1].resource.subject.reference',
  ],
  [
    'a type that is not served',
    [post(ADA), post({ resourceType: 'Medication' })],
    404,
    'api-unknown-type',
    'Bundle.entry[1]',
  ],
  ['two entries about one resource', [put('a'), put('a')], 400, 'api-overlap', 'Bundle.entry[1]'],
  [
    'two creates on one condition',
    [post(ADA, {}, twice), post(ADA, {}, twice)],
    400,
    'api-overlap',
    'Bundle.entry[1]',
  ],
  [
    'two resources of one name',
    [post(ADA, { fullUrl: MOTHER }), post(ADA, { fullUrl: MOTHER })],
    400,
    'api-full-url',
    'Bundle.entry[1]',
  ],
  ['a version that is none', [post(ADA), put('b', 'W/"1"')], 412, 'api-version', 'Bundle.entry[1]'],
  [
    'an operation',
    [post(ADA), { request: { method: 'POST', url: 'Patient/$validate' }, resource: ADA }],
    400,
    'api-bundle-url',
    'Bundle.entry[1].request.url',
  ],
])('refuses a whole transaction for %s, and names the entry', async (_what, entries, status, rule, place) => {
  const adapter = await startAdapter();
  const outcome: OperationOutcome = await expectOutcome(
    await posted(adapter, 'transaction', entries),
    status,
    rule,
  );
  expect(outcome.issue.flatMap(({ expression }) => expression)).toContain(place);
  expect((await adapter.store.counts()).resources).toEqual([]);
  expect(await adapter.store.worklist({ open: true, count: 5 })).toEqual([]);
  expect(await adapter.store.audit(10)).toEqual([]);
});

function put(id: string, ifMatch?: string): BundleEntry {
  const request = {
    method: 'PUT',
    url: `Patient/${id}`,
    ...(ifMatch === undefined ? {} : { ifMatch }),
  } as const;
  return { request, resource: { ...ADA, id } };
}

test('refuses what is no batch and no transaction', async () => {
  const adapter = await startAdapter();
  await expectOutcome(
    await send(adapter, 'POST', '', { resourceType: 'Bundle', type: 'collection' }),
    400,
    'api-bundle-type',
  );
  await expectOutcome(await send(adapter, 'POST', '', ADA), 400, 'api-bundle-type');
  const none = await send(adapter, 'POST', '', { resourceType: 'Bundle', type: 'transaction' });
  expect([none.status, await none.json()]).toEqual([
    200,
    { resourceType: 'Bundle', type: 'transaction-response' },
  ]);
});

test('deletes in one transaction what refers to each other', async () => {
  const adapter = await startAdapter();
  const ada = await created(adapter, ADA);
  const flag = await created(adapter, flagOn(`Patient/${ada.id}`));
  const gone = [`Patient/${ada.id}`, `Flag/${flag.id}`].map(
    (url): BundleEntry => ({ request: { method: 'DELETE', url } }),
  );
  expect(statuses(await answered(await posted(adapter, 'transaction', gone)))).toEqual([
    '204 No Content',
    '204 No Content',
  ]);
  expect((await adapter.get(`${BASE}/Flag/${flag.id}`)).status).toBe(410);
});

test('refuses a URN that no entry of the transaction has as its fullUrl, and writes nothing', async () => {
  const adapter = await startAdapter();
  const lost = flagOn('urn:uuid:0f7f1f0e-4c51-4c0c-9d61-5a8e0f6b1a02');
  await expectOutcome(
    await posted(adapter, 'transaction', [post(ADA, { fullUrl: MOTHER }), post(lost)]),
    422,
    'api-reference-entry',
  );
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('says a warning in the answer of the entry that it is about, and in no other', async () => {
  const adapter = await startAdapter();
  const referral = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { reference: MOTHER },
  };
  const [patient, request] = await answered(
    await posted(adapter, 'transaction', [post(ADA, { fullUrl: MOTHER }), post(referral)]),
  );
  expect(patient?.response?.outcome).toBeUndefined();
  const outcome = request?.response?.outcome as OperationOutcome | undefined;
  expect(outcome?.issue.map(({ expression }) => expression?.[0])).toContain(
    'Bundle.entry[1].resource.performer',
  );
});
