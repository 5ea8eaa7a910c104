/** What a client may not see it cannot write, and what it may not write is told from nothing that it may not see. */
import type { Organization, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { type Access, type Right, setAccess } from '../../src/api/access.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { NOW_MS } from '../store/samples.ts';
import { temporaryStore } from '../store/temporary.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, flagOn, type Headers, send } from './write-client.ts';

/** A client of an organisation, named by the header; its rights are those that the header lists. */
function accessFrom(client: string, organisation: string, rights: readonly string[] | undefined): Access {
  return {
    client,
    organisation,
    viewer: {
      organisations: [organisation],
      types: undefined,
      purpose: undefined,
      breaksGlass: false,
      seesRestricted: true,
    },
    may: (type, right: Right) => rights === undefined || rights.includes(`${type}.${right}`),
    maySend: () => false,
  };
}

async function guarded(): Promise<TestAdapter> {
  const { maps, validator, claims } = parts();
  const store = await temporaryStore();
  const pipeline = createPipeline({
    ...{ maps, validator, claims, store },
    ownerOrg: () => 'X26',
    route: (_resource, _origin, source) => (source === 'api:own' ? ['ehr'] : ['ehr', 'own']),
    ownTargets: (source) => (source === 'api:own' ? ['own'] : []),
    clock: () => NOW_MS,
  });
  const adapter = await startAdapter({
    app: {
      store,
      pipeline,
      guard: (request, response, next) => {
        const [client = 'a', organisation = 'A'] = (request.get('x-test-client') ?? '').split('/');
        setAccess(response, accessFrom(client, organisation, request.get('x-test-rights')?.split(' ')));
        next();
      },
    },
  });
  return { ...adapter, store };
}

const A: Headers = { 'X-Test-Client': 'a/A' };
const B: Headers = { 'X-Test-Client': 'b/B' };

async function createdBy<T extends Patient | Organization>(
  adapter: TestAdapter,
  body: T,
  who: Headers,
): Promise<T & { id: string }> {
  const answer = await send(adapter, 'POST', `/${body.resourceType}`, body, who);
  expect(answer.status).toBe(201);
  return (await answer.json()) as T & { id: string };
}

test('what another organisation has is not there to write, to delete or to refer to', async () => {
  const adapter = await guarded();
  const ada = await createdBy(adapter, ADA, A);
  const path = `/Patient/${ada.id}`;
  await expectOutcome(
    await send(adapter, 'PUT', path, { ...ada, gender: 'female' }, B),
    403,
    'api-not-yours',
  );
  await expectOutcome(
    await send(adapter, 'PUT', path, { ...ada }, { ...B, 'If-Match': 'W/"1"' }),
    412,
    'api-version',
  );
  const patch = [{ op: 'add', path: '/gender', value: 'female' }];
  const json = { ...B, 'Content-Type': 'application/json-patch+json' };
  await expectOutcome(await send(adapter, 'PATCH', path, patch, json), 404, 'api-not-found');
  expect((await send(adapter, 'DELETE', path, undefined, B)).status).toBe(204);
  const missing = await expectOutcome(
    await send(adapter, 'POST', '/Flag', flagOn('Patient/nobody'), B),
    422,
    'api-reference',
  );
  const hidden = await expectOutcome(
    await send(adapter, 'POST', '/Flag', flagOn(`Patient/${ada.id}`), B),
    422,
    'api-reference',
  );
  expect(hidden).toEqual(missing);
  const read = await adapter.get(`${BASE}${path}`, A);
  expect(await read.json()).toEqual(ada);
});

test('a condition finds what its client sees, and no twin of another organisation', async () => {
  const adapter = await guarded();
  const numbered: Patient = { ...ADA, identifier: [{ system: 'urn:x:hospital', value: '7' }] };
  const once = { 'If-None-Exist': 'identifier=urn:x:hospital|7' };
  const post = (who: Headers): Promise<Response> =>
    send(adapter, 'POST', '/Patient', numbered, { ...who, ...once });
  expect([
    (await post(A)).status,
    (await post(B)).status,
    (await post(A)).status,
    (await post(B)).status,
  ]).toEqual([201, 201, 200, 200]);
});

test('a directory is written by the organisation whose it is', async () => {
  const adapter = await guarded();
  const practice = await createdBy(adapter, { resourceType: 'Organization', name: 'Elm Surgery' }, A);
  const path = `/Organization/${practice.id}`;
  await expectOutcome(
    await send(adapter, 'PUT', path, { ...practice, name: 'Oak Surgery' }, B),
    403,
    'api-not-own',
  );
  await expectOutcome(await send(adapter, 'DELETE', path, undefined, B), 403, 'api-not-own');
  expect((await send(adapter, 'PUT', path, { ...practice, name: 'Oak Surgery' }, A)).status).toBe(200);
});

test('each write needs its right, in a Bundle too, and what may not be read does not come back', async () => {
  const adapter = await guarded();
  const ada = await createdBy(adapter, ADA, A);
  const only = (rights: string): Headers => ({ ...A, 'X-Test-Rights': rights });
  const path = `/Patient/${ada.id}`;
  await expectOutcome(await send(adapter, 'PUT', path, ada, only('Patient.read')), 403, 'api-right');
  await expectOutcome(
    await send(adapter, 'DELETE', path, undefined, only('Patient.update')),
    403,
    'api-right',
  );
  await expectOutcome(await send(adapter, 'POST', '/Patient', ADA, only('Patient.update')), 403, 'api-right');
  const bundle = (type: string): unknown => ({
    resourceType: 'Bundle',
    type,
    entry: [
      { resource: ADA, request: { method: 'POST', url: 'Patient' } },
      { request: { method: 'GET', url: `Patient/${ada.id}` } },
    ],
  });
  await expectOutcome(
    await send(adapter, 'POST', '', bundle('transaction'), only('Patient.read')),
    403,
    'api-right',
  );
  const batch = await send(adapter, 'POST', '', bundle('batch'), only('Patient.create'));
  expect(await batch.json()).toMatchObject({
    entry: [{ response: { status: '201 Created' } }, { response: { status: '403 Forbidden' } }],
  });
  const blind = await send(adapter, 'PUT', path, { ...ada, gender: 'female' }, only('Patient.update'));
  expect([blind.status, await blind.text()]).toEqual([200, '']);
});

test('targets are sent what is written and deleted, but not the one that wrote it', async () => {
  const adapter = await guarded();
  const own = { 'X-Test-Client': 'own/A' };
  const waiting = async (): Promise<unknown> =>
    (await adapter.store.counts()).targets.map(({ target, waiting: count }) => [target, count]);
  const ada = await createdBy(adapter, ADA, own);
  expect(await waiting()).toEqual([
    ['ehr', 2],
    ['own', 0], // it holds what it said
  ]);
  const { digest, version, type, id } = (await adapter.store.read('Patient', ada.id))!;
  const link = {
    type,
    id,
    version,
    digest,
    target: 'ehr',
    remoteId: 'r1',
    remoteVersion: '1',
    deliveredMs: NOW_MS,
  };
  await adapter.store.keepLink(link, id, NOW_MS);
  expect((await send(adapter, 'DELETE', `/Patient/${id}`, undefined, own)).status).toBe(204);
  const claimed = await adapter.store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 10 });
  const told = claimed?.entries.map((one) => [one.action, one.type, one.version]);
  expect(told).toContainEqual(['delete', 'Patient', 2]);
  expect(told).not.toContainEqual(['put', 'Patient', 1]);
  const ownLine = await adapter.store.claim('own', { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 10 });
  expect(ownLine).toBeUndefined();
  expect(await adapter.store.links('own', [`Patient/${id}`])).toEqual([]); // it deleted its own
});

test('who writes over what another source supplied does not become its owner', async () => {
  const adapter = await guarded();
  const ada = await createdBy(adapter, ADA, A);
  const both = { 'X-Test-Client': 'a2/A' };
  expect((await send(adapter, 'PUT', `/Patient/${ada.id}`, { ...ada, gender: 'female' }, both)).status).toBe(
    200,
  );
  expect((await adapter.store.read('Patient', ada.id))?.ownerOrg).toBe('A');
});
