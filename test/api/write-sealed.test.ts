/** Writes about people who are hidden from their client are answered as if nobody were there; what is kept of restricted people is no place. */
import type { Bundle, Patient, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { type Access, OPEN_ACCESS, setAccess } from '../../src/api/access.ts';
import { startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, flagOn, type Headers, send } from './write-client.ts';

const RESTRICTED = {
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
};
const PLACE = 'Hideaway Lane';
const HIDDEN: Patient = {
  ...ADA,
  meta: RESTRICTED,
  identifier: [{ system: 'urn:x:hospital', value: 'h7' }],
  address: [{ line: [PLACE], city: 'Leeds' }],
  telecom: [{ system: 'phone', value: '0113 496 0999' }],
};

/** Of one organisation all: one may see restricted people, one reads for a purpose that asks for consent. */
const KEEPER: Headers = { 'X-Test-Client': 'keeper' };
const PLAIN: Headers = { 'X-Test-Client': 'plain' };
const PURPOSE: Headers = { 'X-Test-Client': 'purpose' };

function accessFrom(client: string): Access {
  const viewer = { ...OPEN_ACCESS.viewer, organisations: ['A'], breaksGlass: false };
  return {
    ...OPEN_ACCESS,
    ...{ client, organisation: 'A' },
    viewer: {
      ...viewer,
      seesRestricted: client === 'keeper',
      purpose: client === 'purpose' ? 'refer' : undefined,
    },
  };
}

async function guarded(): Promise<TestAdapter> {
  return await startAdapter({
    app: {
      guard: (request, response, next) => {
        setAccess(response, accessFrom(request.get('x-test-client') ?? 'plain'));
        next();
      },
    },
  });
}

async function kept(adapter: TestAdapter, body: Resource): Promise<string> {
  const answer = await send(adapter, 'POST', `/${body.resourceType}`, body, KEEPER);
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

const PATCH = [{ op: 'add', path: '/gender', value: 'female' }];
const json = { 'Content-Type': 'application/json-patch+json' };

function bundle(method: string, url: string, resource?: object, fullUrl?: string): Bundle {
  const request = { method, url } as NonNullable<NonNullable<Bundle['entry']>[number]['request']>;
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { request, ...(resource ? { resource: resource as Resource } : {}), ...(fullUrl ? { fullUrl } : {}) },
    ],
  };
}

/** Every way to write about somebody, by their id or by their number. */
function ways(id: string, number: string): Readonly<Record<string, [string, string, unknown?, Headers?]>> {
  const by = `identifier=urn:x:hospital|${number}`;
  const flag = flagOn(`Patient/${id}`);
  return {
    patch: ['PATCH', `/Patient/${id}`, PATCH, json],
    'patch of a version': ['PATCH', `/Patient/${id}`, PATCH, { ...json, 'If-Match': 'W/"1"' }],
    'update of a version': ['PUT', `/Patient/${id}`, { ...ADA, id }, { 'If-Match': 'W/"1"' }],
    delete: ['DELETE', `/Patient/${id}`],
    'delete of a version': ['DELETE', `/Patient/${id}`, undefined, { 'If-Match': 'W/"1"' }],
    'conditional patch': ['PATCH', `/Patient?${by}`, PATCH, json],
    'conditional delete': ['DELETE', `/Patient?${by}`],
    'conditional delete by id': ['DELETE', `/Patient?_id=${id}`],
    'conditional update': ['PUT', `/Patient?${by}`, { ...ADA, id: undefined }, { 'If-Match': 'W/"1"' }],
    'reference to': ['POST', '/Flag', flag],
    'patch in a transaction': ['POST', '', bundle('DELETE', `Patient/${id}`)],
    'reference in a transaction': ['POST', '', bundle('POST', 'Flag', flag)],
    'search in a transaction': ['POST', '', bundle('POST', 'Flag', flagOn(`Patient?${by}`))],
    'read in a transaction': ['POST', '', bundle('GET', `Patient/${id}`)],
    provenance: ['POST', '/Organization', { resourceType: 'Organization', name: 'Elm' }, told(id)],
    'Provenance about': [
      'POST',
      '/Provenance',
      { ...provenance(id), target: [{ reference: `Patient/${id}` }] },
    ],
  };

  function told(about: string): Headers {
    return { 'X-Provenance': JSON.stringify(provenance(about)) };
  }
}

function provenance(id: string): object {
  const agent = [{ who: { reference: `Patient/${id}` } }];
  return { resourceType: 'Provenance', recorded: '2026-01-05T10:00:00Z', agent };
}

/** Answers without what differs whoever is asked about. */
async function answersTo(adapter: TestAdapter, id: string, number: string, who: Headers): Promise<object> {
  const answers: Record<string, unknown> = {};
  for (const [way, [method, path, body, headers = {}]] of Object.entries(ways(id, number))) {
    const answer = await send(adapter, method, path, body, { ...headers, ...who });
    const text = (await answer.text()).replaceAll(id, 'ID').replaceAll(number, 'NUMBER');
    const shown = ['etag', 'location', 'last-modified'].map((name) => answer.headers.get(name));
    answers[way] = [answer.status, text, ...shown];
  }
  return answers;
}

test.each([
  ['restricted', PLAIN],
  ['restricted', PURPOSE],
] as const)('a person who is %s is told from nobody by no write', async (_what, who) => {
  const adapter = await guarded();
  const id = await kept(adapter, HIDDEN);
  const before = await (await adapter.get(`${BASE}/Patient/${id}`, KEEPER)).text();
  expect(await answersTo(adapter, id, 'h7', who)).toEqual(await answersTo(adapter, 'nobody', 'n0', who));
  expect(await (await adapter.get(`${BASE}/Patient/${id}`, KEEPER)).text()).toBe(before);
  const seen = await answersTo(adapter, id, 'h7', KEEPER);
  expect(seen).not.toEqual(await answersTo(adapter, 'nobody', 'n0', KEEPER)); // who sees them is told
});

test('a person who has not agreed is told from nobody by no write of a client that reads for a purpose', async () => {
  const adapter = await guarded();
  const { meta: _meta, ...open } = HIDDEN;
  const id = await kept(adapter, open);
  expect(await answersTo(adapter, id, 'h7', PURPOSE)).toEqual(
    await answersTo(adapter, 'nobody', 'n0', PURPOSE),
  );
  expect((await adapter.get(`${BASE}/Patient/${id}`, PLAIN)).status).toBe(200);
});

test('a condition makes a twin of whom its client does not see, as it would of nobody', async () => {
  const adapter = await guarded();
  await kept(adapter, HIDDEN);
  const { meta: _meta, ...twin } = HIDDEN;
  const once = { ...PLAIN, 'If-None-Exist': 'identifier=urn:x:hospital|h7' };
  expect((await send(adapter, 'POST', '/Patient', twin, once)).status).toBe(201);
  expect((await send(adapter, 'POST', '/Patient', twin, once)).status).toBe(200);
});

test('where a restricted person is stands in no answer, outcome or row of the audit', async () => {
  const adapter = await guarded();
  const seen: string[] = [];
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Headers = {},
  ): Promise<string> => {
    const answer = await send(adapter, method, path, body, { ...KEEPER, ...headers });
    const text = await answer.text();
    seen.push(text);
    expect([method, path, answer.status]).toEqual([method, path, expect.toBeOneOf([200, 201, 422])]);
    return text;
  };
  const { id } = JSON.parse(await ask('POST', '/Patient', HIDDEN)) as { id: string };
  await ask('PUT', `/Patient/${id}`, { ...HIDDEN, id, gender: 'female' });
  await ask('PATCH', `/Patient/${id}`, [{ op: 'add', path: '/address', value: HIDDEN.address }], json);
  await ask(
    'PUT',
    `/Patient/${id}`,
    { ...HIDDEN, id, gender: 'other' },
    { Prefer: 'return=OperationOutcome' },
  );
  await ask('PUT', `/Patient/${id}`, { ...HIDDEN, id, gender: PLACE });
  await ask('POST', '', bundle('PUT', `Patient/${id}`, { ...HIDDEN, id }), {
    Prefer: 'return=representation',
  });
  await ask('POST', '/Flag', flagOn(`Patient/${id}`), {
    'X-Provenance': JSON.stringify({
      ...provenance(id),
      contained: [{ resourceType: 'Patient', id: 'p', address: HIDDEN.address }],
      agent: [{ who: { reference: '#p' } }],
    }),
  });
  for (const path of [`/Patient/${id}/_history`, '/Patient', '/Provenance', `/Patient/${id}/$everything`])
    seen.push(await (await adapter.get(`${BASE}${path}`, KEEPER)).text());
  for (const chain of ['audit', 'access'] as const)
    seen.push(JSON.stringify(await adapter.store.audit(1_000, 0, chain)));
  seen.push(...adapter.log);
  for (const text of seen) expect(text).not.toMatch(/Hideaway|0113/);
});
