/** Every access has a row in the audit before its answer goes; what cannot be audited is not answered. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import type { AuditEvent, Bundle } from '@medplum/fhirtypes';
import express, { type RequestHandler } from 'express';
import { afterEach, expect, test } from 'vitest';
import { type Access, OPEN_ACCESS, setAccess, touch } from '../../src/api/access.ts';
import { auditAccesses } from '../../src/api/audit.ts';
import { holdAnswer } from '../../src/api/held-answer.ts';
import { BREAK_GLASS, setBreakGlass } from '../../src/api/security/break-glass.ts';
import type { AccessDetail, ResourceKey, Store } from '../../src/store/store.ts';
import { commit, idOf, NHS_NUMBER, recordOf, referral, withNhsNumber } from '../store/samples.ts';
import { temporaryFile } from '../store/temporary.ts';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const REFERRAL = `ServiceRequest/${idOf('r')}` as const;

/** Lets in a client by its name in a header; `nobody` is refused. */
const guard: RequestHandler = (request, response, next) => {
  const client = request.get('x-client') ?? 'vendor';
  if (client === 'nobody') return void response.status(401).json({ resourceType: 'OperationOutcome' });
  const [organisation = 'X26', rights = 'all'] = (request.get('x-may') ?? '').split(' ').filter(Boolean);
  const viewer = {
    ...OPEN_ACCESS.viewer,
    organisations: organisation === 'all' ? undefined : [organisation],
    breaksGlass: false,
  };
  const reason = request.get(BREAK_GLASS);
  if (reason) setBreakGlass(response, reason);
  const access: Access = {
    ...OPEN_ACCESS,
    client,
    organisation,
    viewer: { ...viewer, breaksGlass: reason !== undefined },
    may: (type) => rights === 'all' || rights === type,
  };
  setAccess(response, access);
  next();
};

async function filled(more: Parameters<typeof startAdapter>[0] = {}): Promise<TestAdapter> {
  const adapter = await startAdapter({ ...more, app: { guard, ...more.app } });
  await commit(adapter.store, recordOf([withNhsNumber('p', NHS_NUMBER), referral('r', 'p')]));
  return adapter;
}

async function rowsOf(
  store: Store,
): Promise<{ actor: string; ownerOrg: string; action: string; detail: AccessDetail }[]> {
  const rows = await store.audit(200, 0, 'access');
  return rows.map(({ actor, ownerOrg, action, detail }) => ({
    actor,
    ownerOrg,
    action,
    detail: JSON.parse(detail),
  }));
}

test('each access has one row by the time that its answer is read: reads, searches, misses, refusals, unknown routes', async () => {
  const { get, post, store } = await filled();
  const asked: [number, Response][] = [
    [200, await get(`/fhir/R4/${REFERRAL}`)],
    [200, await get('/fhir/R4/ServiceRequest?status=active')],
    [404, await get('/fhir/R4/Patient/9990000018')],
    [401, await get('/fhir/R4/Patient', { 'x-client': 'nobody' })],
    [404, await get('/nowhere')],
    [200, await get('/fhir/R4/metadata')],
  ];
  const invalid = await post('/fhir/R4/$validate', '{"resourceType":"Patient"}');
  expect(asked.map(([, answer]) => answer.status)).toEqual(asked.map(([status]) => status));
  const rows = await rowsOf(store);
  expect(rows.map(({ detail }) => detail.status)).toEqual([
    ...asked.map(([status]) => status),
    invalid.status,
  ]);
  expect(rows.map(({ action }) => action)).toEqual([
    'access',
    'access',
    'refused',
    'refused',
    'refused',
    'access',
    'access',
  ]);
  expect(rows[0]).toMatchObject({
    actor: 'vendor',
    ownerOrg: 'X26',
    detail: { keys: [REFERRAL], persons: [idOf('p')] },
  });
  expect(rows[1]?.detail.keys).toEqual([REFERRAL]);
  expect(rows[3]).toMatchObject({ actor: '', ownerOrg: '' });
  expect(asked[0]![1].headers.get('x-request-id')).toBe(rows[0]?.detail.request);
});

test('whether the process lives is no access to anybody', async () => {
  const { get, store } = await filled();
  for (const path of ['/health', '/ready', '/metrics', '/', '/assets/nhsuk-frontend.css']) await get(path);
  expect(await rowsOf(store)).toEqual([]);
});

test('no byte of the audit is a name or a number of a person, whatever was asked for', async () => {
  const file = temporaryFile();
  const { get, store } = await filled({ store: { file } });
  const headers = { 'X-Request-Id': NHS_NUMBER };
  await get(`/fhir/R4/Patient?identifier=${NHS_NUMBER}`, headers);
  await get('/fhir/R4/Patient?name=Robin');
  await get(`/fhir/R4/Patient/${NHS_NUMBER}`);
  await get(`/fhir/R4/Patient?${NHS_NUMBER}=Robin`);
  await get(`/fhir/R4/AuditEvent?${NHS_NUMBER}=Robin&agent=Robin`);
  await get(`/${NHS_NUMBER}/Robin`);
  expect((await rowsOf(store)).length).toBe(6);
  const db = new DatabaseSync(file, { readOnly: true });
  for (const table of ['access', 'access_entity', 'access_reason', 'audit'])
    expect(JSON.stringify(db.prepare(`SELECT * FROM ${table}`).all())).not.toMatch(
      /Robin|Example|9990000018/,
    );
  db.close();
});

test('what cannot be audited is not answered: 503, and nothing of the content goes out', async () => {
  const { get, store, log } = await filled();
  const { accesses } = store as { accesses: { record: Store['accesses']['record'] } };
  const { record } = accesses;
  accesses.record = () => Promise.reject(new Error('no room'));
  const answer = await get(`/fhir/R4/${REFERRAL}`);
  expect(answer.headers.get('etag')).toBeNull();
  expect(answer.headers.get('x-request-id')).not.toBeNull();
  const outcome = await expectOutcome(answer, 503, 'api-audit-not-kept');
  expect(JSON.stringify(outcome)).not.toContain(idOf('p'));
  expect(log.join('')).toContain('could not be audited');
  accesses.record = record;
  expect((await get(`/fhir/R4/${REFERRAL}`)).status).toBe(200);
});

test('an answer in parts waits too, and what it went on to touch has a row of its own', async () => {
  const { store } = await filled();
  const keys: ResourceKey[][] = [[REFERRAL], [`Patient/${idOf('p')}`]];
  const part: RequestHandler = async (_request, response) => {
    touch(response, { interaction: '$export', keys: keys[0]! });
    response.write('one\n');
    expect(response.headersSent).toBe(true);
    await new Promise((resolve) => response.once('drain', resolve));
    expect(await rowsOf(store)).toHaveLength(1); // no byte went before it
    touch(response, { interaction: '$export', keys: keys[1]! });
    response.end('two\n');
  };
  const app = express()
    .use(auditAccesses({ store, clock: () => 1 }))
    .use(part);
  const url = await listening(createServer(app));
  expect(await (await fetch(`${url}export`)).text()).toBe('one\ntwo\n');
  expect((await rowsOf(store)).map(({ detail }) => detail.keys)).toEqual(keys);
});

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('an answer that is written head first, flushed or ended twice comes once and whole', async () => {
  const ways: Record<string, (response: ServerResponse) => void> = {
    head: (response) => void response.writeHead(201, { 'X-Of': 'head' }).end('body'),
    flushed: (response) => {
      response.flushHeaders();
      response.end('body');
    },
    twice: (response) => void response.end('body').end('more'),
    empty: (response) => void response.writeHead(204).end(),
  };
  for (const [name, way] of Object.entries(ways)) {
    let opened = 0;
    const url = await listening(
      createServer((_request, response) => {
        const before = async (): Promise<void> => {
          await new Promise((resolve) => setImmediate(resolve));
          opened += 1;
        };
        holdAnswer(response, { before, beforeEnd: () => undefined, refuse: () => {} }, new Set());
        way(response);
      }),
    );
    const answer = await fetch(url);
    expect([name, answer.status, await answer.text(), opened]).toEqual([
      name,
      { head: 201, empty: 204 }[name] ?? 200,
      name === 'empty' ? '' : 'body',
      1,
    ]);
  }
});

const searched = async (answer: Response): Promise<AuditEvent[]> => {
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Bundle<AuditEvent>).entry?.map(({ resource }) => resource!) ?? [];
};

test('serves rows as AuditEvents: by date, agent, entity, patient, outcome, page by page, within the organisation', async () => {
  const { get } = await filled();
  await get(`/fhir/R4/${REFERRAL}`);
  await get(`/fhir/R4/${REFERRAL}`, { 'x-client': 'other', 'x-may': 'B1' });
  await get('/fhir/R4/Patient/none', { 'x-client': 'late' });
  const all = { 'x-may': 'all' };
  const found = async (query: string): Promise<(string | undefined)[]> =>
    (await searched(await get(`/fhir/R4/AuditEvent?${query}`, all))).map(({ id }) => id);
  expect(await found('_count=3')).toEqual(['access-3', 'access-2', 'access-1']);
  expect(await found('agent=late')).toEqual(['access-3']);
  expect(await found(`patient=${idOf('p')}`)).toEqual(['access-1']); // B1 sees nothing of it, and touched nothing
  expect(await found(`entity=${REFERRAL}&date=ge2025`)).toEqual(['access-1']);
  expect(await found('outcome=4')).toEqual(['access-3', 'access-2']);
  expect(await found('type=rest&outcome=8')).toEqual([]);
  expect(await found('date=lt2020')).toEqual([]);
  const own = await searched(
    await get('/fhir/R4/AuditEvent?_count=500', { 'x-may': 'B1', 'x-client': 'other' }),
  );
  expect(own.map(({ id }) => id)).toEqual(['access-2']);
  const first = (await (await get('/fhir/R4/AuditEvent?_count=2&agent=vendor', all)).json()) as Bundle;
  const next = first.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  expect(await found(next.slice(next.indexOf('?') + 1))).not.toContain(first.entry?.[0]?.resource?.id);
  expect(await (await get('/fhir/R4/AuditEvent/access-1', all)).json()).toMatchObject({
    resourceType: 'AuditEvent',
    type: { code: 'rest' },
    subtype: [{ code: 'read' }],
    action: 'R',
    outcome: '0',
    agent: [{ requestor: true, name: 'vendor' }, { who: { identifier: { value: 'X26' } } }],
    entity: expect.arrayContaining([expect.objectContaining({ what: { reference: REFERRAL } })]),
  });
});

test('finds AuditEvents by what was done, and by POST', async () => {
  const { get, url } = await filled();
  await get(`/fhir/R4/${REFERRAL}`);
  await get('/fhir/R4/ServiceRequest?status=active');
  const found = async (query: string): Promise<(string | undefined)[]> =>
    (await searched(await get(`/fhir/R4/AuditEvent?${query}`))).map(({ id }) => id);
  expect(await found('subtype=read')).toEqual(['access-1']);
  expect(await found('subtype=http://hl7.org/fhir/restful-interaction|read&_count=1')).toEqual(['access-1']);
  expect(await found('subtype=read,search-type&date=ge2025&entity=ServiceRequest/nobody')).toEqual([]);
  expect(await found('subtype=urn:other|read')).toEqual([]);
  const posted = await fetch(`${url}/fhir/R4/AuditEvent/_search`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `subtype=read&entity=${encodeURIComponent(REFERRAL)}`,
  });
  expect((await searched(posted)).map(({ id }) => id)).toEqual(['access-1']);
  const narrow = await fetch(`${url}/fhir/R4/AuditEvent/_search`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'x-may': 'X26 Patient' },
    body: 'subtype=read',
  });
  await expectOutcome(narrow, 403, 'api-scope');
  expect((await get('/fhir/R4/AuditEvent/_search?subtype=read')).status).toBe(405);
});

test('refuses AuditEvents to who lacks the scope, or asks for what cannot be read', async () => {
  const { get, post } = await filled();
  const small = { 'x-may': 'X26 Patient' };
  await expectOutcome(await get('/fhir/R4/AuditEvent', small), 403, 'api-scope');
  await expectOutcome(await get('/fhir/R4/AuditEvent/access-1', small), 403, 'api-scope');
  await expectOutcome(await get('/fhir/R4/AuditEvent/access-99'), 404, 'api-unknown-id');
  await expectOutcome(await get('/fhir/R4/AuditEvent?date=soon'), 400, 'api-audit-search');
  const strict = await get('/fhir/R4/AuditEvent?nonsense=1', { Prefer: 'handling=strict' });
  await expectOutcome(strict, 400, 'api-audit-parameter');
  expect((await post('/fhir/R4/AuditEvent', '{}', 'application/fhir+json')).status).toBe(405);
});

test('a broken glass is in the audit with its reason, and on the worklist of the organisation', async () => {
  const { get, store } = await filled();
  await get(`/fhir/R4/${REFERRAL}`, { [BREAK_GLASS]: 'Found unconscious at home' });
  const [event] = await searched(await get(`/fhir/R4/AuditEvent?entity=${REFERRAL}`));
  expect(event?.purposeOfEvent).toEqual([
    { coding: [expect.objectContaining({ code: 'BTG' })], text: 'Found unconscious at home' },
  ]);
  const [item] = await store.worklist({ open: true, count: 5, rule: 'api-break-glass' });
  expect(item).toMatchObject({ ownerOrg: 'X26', resource: `Patient/${idOf('p')}` });
  expect(await (await get('/work?kind=warning')).text()).toContain('looked through confidentiality labels');
  expect(await (await get(`/work/${item!.id}`)).text()).toContain('the reason that it gave');
  expect(await store.resolveWork(item!.id, Date.now(), 'A. Lead')).toBe(true);
  expect(await store.worklist({ open: true, count: 5, rule: 'api-break-glass' })).toEqual([]);
  expect(await store.verifyAudit()).toBeUndefined();
});
