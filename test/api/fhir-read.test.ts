/** Read, vread and history over HTTP: versions, what is gone, and what is refused. */
import type { Bundle, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { commit, idOf, NOW_MS, patient, recordOf, referral } from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

/** One patient with two versions. */
async function twoVersions(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  await commit(adapter.store, recordOf([patient('p', { gender: 'female' })]));
  return adapter;
}

test('reads the current version with its ETag and the time of its commit', async () => {
  const adapter = await twoVersions();
  const answer = await adapter.get(`${BASE}/Patient/${idOf('p')}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  expect(answer.headers.get('etag')).toBe('W/"2"');
  expect(answer.headers.get('last-modified')).toBe(new Date(NOW_MS).toUTCString());
  expect(answer.headers.get('cache-control')).toBe('private, no-cache');
  expect(await answer.json()).toMatchObject({ id: idOf('p'), gender: 'female', meta: { versionId: '2' } });
});

test.each(['W/"2"', '"2"', '*', 'W/"7", W/"2"'])(
  'answers 304 without a body to a client that has the version: %s',
  async (known) => {
    const adapter = await twoVersions();
    const answer = await adapter.get(`${BASE}/Patient/${idOf('p')}`, { 'If-None-Match': known });
    expect([answer.status, await answer.text()]).toEqual([304, '']);
    expect(answer.headers.get('etag')).toBe('W/"2"');
  },
);

test('answers in full to a client that has another version', async () => {
  const adapter = await twoVersions();
  const path = `${BASE}/Patient/${idOf('p')}`;
  expect((await adapter.get(path, { 'If-None-Match': 'W/"1"' })).status).toBe(200);
});

test('reads each version by its number, and no other', async () => {
  const adapter = await twoVersions();
  const history = `${BASE}/Patient/${idOf('p')}/_history`;
  const first = await adapter.get(`${history}/1`);
  expect(first.headers.get('etag')).toBe('W/"1"');
  expect(await first.json()).not.toHaveProperty('gender');
  for (const version of ['3', '0', '01', 'x', '1e0', '99999999999'])
    await expectOutcome(await adapter.get(`${history}/${version}`), 404, 'api-not-found');
});

test('answers HEAD as GET, without a body', async () => {
  const adapter = await twoVersions();
  const answer = await fetch(`${adapter.url}${BASE}/Patient/${idOf('p')}`, { method: 'HEAD' });
  expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([200, 'W/"2"', '']);
  const missing = await fetch(`${adapter.url}${BASE}/Patient/nobody`, { method: 'HEAD' });
  expect([missing.status, await missing.text()]).toEqual([404, '']);
});

test('pages through a history, newest first', async () => {
  const adapter = await startAdapter();
  const genders = ['female', 'male', 'other', 'unknown', 'female'] as const;
  for (const gender of genders) await commit(adapter.store, recordOf([patient('p', { gender })]));
  const seen: (string | undefined)[] = [];
  let url: string | undefined = `${adapter.url}${BASE}/Patient/${idOf('p')}/_history?_count=2`;
  while (url) {
    const page: Bundle = await bundleOf(await fetch(url));
    expect(page.type).toBe('history');
    seen.push(...(page.entry ?? []).map((entry) => entry.response?.etag));
    url = linkOf(page, 'next');
  }
  expect(seen).toEqual(['W/"5"', 'W/"4"', 'W/"3"', 'W/"2"', 'W/"1"']);
});

test.each(['_count=0', '_count=x', '_since=ge2026', '_at=now', '_list=x', '_sort=_lastUpdated', 'code=x'])(
  'refuses %s of a history rather than answer with other versions',
  async (query) => {
    const adapter = await twoVersions();
    const answer = await adapter.get(`${BASE}/Patient/${idOf('p')}/_history?${query}`);
    await expectOutcome(answer, 400, 'api-history-parameter');
  },
);

test.each(['3', '0', '2-', '2-AAAAAAAAAAAAAAAA', "1' OR 1"])(
  'refuses the made-up cursor %s of a history',
  async (cursor) => {
    const adapter = await twoVersions();
    const path = `${BASE}/Patient/${idOf('p')}/_history?_cursor=${encodeURIComponent(cursor)}`;
    await expectOutcome(await adapter.get(path), 400, 'api-cursor');
  },
);

test('says that what was erased is gone, in every version', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')]));
  await adapter.store.erasePerson(idOf('p'), 'tester', NOW_MS);
  await expectOutcome(await adapter.get(`${BASE}/Patient/${idOf('p')}`), 410, 'api-gone');
  await expectOutcome(await adapter.get(`${BASE}/Patient/${idOf('p')}/_history/1`), 410, 'api-gone');
  await expectOutcome(await adapter.get(`${BASE}/ServiceRequest/${idOf('r')}`), 410, 'api-gone');
  const history = await adapter.get(`${BASE}/Patient/${idOf('p')}/_history`);
  expect(await history.text()).not.toContain('Example');
  expect((await bundleOf(await adapter.get(`${BASE}/Patient`))).total).toBe(0);
});

test('tells the version of what is gone', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  await adapter.store.erasePerson(idOf('p'), 'tester', NOW_MS);
  const answer = await adapter.get(`${BASE}/Patient/${idOf('p')}`);
  expect([answer.status, answer.headers.get('etag')]).toEqual([410, 'W/"2"']);
});

test.each([
  [new Date(NOW_MS).toUTCString(), undefined, 304],
  [new Date(NOW_MS - 1_000).toUTCString(), undefined, 200],
  [new Date(NOW_MS).toUTCString(), 'W/"1"', 200],
  [new Date(NOW_MS - 1_000).toUTCString(), 'W/"2"', 304],
  ['yesterday', undefined, 200],
])('answers If-Modified-Since %s with If-None-Match %s by %s', async (since, tag, status) => {
  const adapter = await twoVersions();
  const headers = { 'If-Modified-Since': since, ...(tag ? { 'If-None-Match': tag } : {}) };
  expect((await adapter.get(`${BASE}/Patient/${idOf('p')}`, headers)).status).toBe(status);
});

test('reads the part of a resource that is asked for, tagged as a part', async () => {
  const adapter = await twoVersions();
  const path = `${BASE}/Patient/${idOf('p')}`;
  const part = (await (await adapter.get(`${path}?_elements=gender`)).json()) as Patient;
  expect(part).toMatchObject({ id: idOf('p'), gender: 'female', meta: { versionId: '2' } });
  expect(part.meta?.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })]);
  expect(part.name).toBeUndefined();
  const summary = (await (await adapter.get(`${path}?_summary=true`)).json()) as Patient;
  expect(summary.name?.[0]?.family).toBe('Example');
  await expectOutcome(await adapter.get(`${path}?_elements=nonsense`), 400, 'api-search-value');
  await expectOutcome(await adapter.get(`${path}?_summary=count`), 400, 'api-search-value');
});

test('passes over what a read has no parameter for, and refuses it to a strict client', async () => {
  const adapter = await twoVersions();
  const path = `${BASE}/Patient/${idOf('p')}?name=x`;
  expect((await adapter.get(path)).status).toBe(200);
  await expectOutcome(await adapter.get(path, { Prefer: 'handling=strict' }), 400, 'api-read-parameter');
});

test.each(['Patient/nobody', 'Patient/nobody/_history', 'Patient/nobody/_history/1', 'Patient/a%00b'])(
  'does not know %s',
  async (path) => {
    const adapter = await startAdapter();
    await expectOutcome(await adapter.get(`${BASE}/${path}`), 404, 'api-not-found');
  },
);

test.each(['MedicationRequest', 'patient', 'Patients', 'constructor', '__proto__/1'])(
  'names the types that are served to a client that asks for %s',
  async (path) => {
    const adapter = await startAdapter();
    const outcome = await expectOutcome(await adapter.get(`${BASE}/${path}`), 404, 'api-unknown-type');
    expect(outcome.issue[0]?.diagnostics).toContain('ServiceRequest');
  },
);

test('knows no interaction below a version', async () => {
  const adapter = await startAdapter();
  await expectOutcome(await adapter.get(`${BASE}/Patient/1/_history/1/x`), 404, 'api-unknown-route');
});

test.each([
  ['POST', '/metadata'],
  ['PUT', '/Patient/_search'],
  ['DELETE', '/_history'],
])('refuses %s %s, which is read', async (method, path) => {
  const adapter = await startAdapter();
  const answer = await fetch(adapter.url + BASE + path, { method });
  expect(answer.headers.get('allow')).toMatch(/GET|POST/);
  await expectOutcome(answer, 405, 'api-method');
});

test.each(['text/turtle', 'application/json;q=0', 'application/fhir+json; fhirVersion=3.0'])(
  'does not answer a client that only takes %s',
  async (accept) => {
    const adapter = await twoVersions();
    await expectOutcome(await adapter.get(`${BASE}/Patient`, { Accept: accept }), 406, 'api-accept');
  },
);

test.each([
  'application/fhir+json; fhirVersion=4.0',
  'application/json',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'application/fhir+xml, application/fhir+json;q=0.5',
])('answers a client that takes %s', async (accept) => {
  const adapter = await twoVersions();
  expect((await adapter.get(`${BASE}/Patient`, { Accept: accept })).status).toBe(200);
});

test('lets _format win over Accept, on every interaction', async () => {
  const adapter = await twoVersions();
  const path = `${BASE}/Patient/${idOf('p')}`;
  for (const format of ['json', 'application/fhir%2Bjson', 'application/fhir+json']) {
    const answer = await adapter.get(`${path}?_format=${format}`, { Accept: 'application/fhir+xml' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('application/fhir+json');
  }
  await expectOutcome(await adapter.get(`${path}?_format=turtle`), 406, 'api-format');
  await expectOutcome(await adapter.get(`${BASE}/metadata?_format=turtle`), 406, 'api-format');
});

test.each(['?identifier=%ZZ', '?identifier=%E0%A4', '?_id=a%00b', '?%=1'])(
  'refuses the query %s, which cannot be decoded',
  async (query) => {
    const adapter = await startAdapter();
    await expectOutcome(await adapter.get(`${BASE}/Patient${query}`), 400, 'api-query-encoding');
  },
);

test('refuses a path that cannot be decoded', async () => {
  const adapter = await startAdapter();
  const outcome = await expectOutcome(await adapter.get(`${BASE}/Patient/%E0%A4`), 400, 'api-request');
  expect(outcome.issue.map(ruleOf)).toEqual(['api-request']);
});
