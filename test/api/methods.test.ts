/** OPTIONS, 405 and pages of other origins: which methods an address has, and whose scripts may call. */
import { expect, test } from 'vitest';
import { commit, idOf, patient, recordOf } from '../store/samples.ts';
import { expectOutcome, startAdapter } from './adapter.ts';

const BASE = '/fhir/R4';

test.each([
  ['', /^GET, HEAD, POST, OPTIONS$/],
  ['/metadata', /^GET, HEAD, OPTIONS$/],
  ['/Patient', /^GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS$/],
  ['/Patient/x', /^GET, HEAD, PUT, PATCH, DELETE, OPTIONS$/],
  ['/Patient/x/_history', /^GET, HEAD, OPTIONS$/],
  ['/Patient/x/_history/1', /^GET, HEAD, OPTIONS$/],
  ['/Patient/_search', /^POST, OPTIONS$/],
  ['/Patient/$validate', /^POST, OPTIONS$/],
  ['/$validate', /^POST, OPTIONS$/],
])('answers OPTIONS of "%s" with what it has', async (path, allowed) => {
  const adapter = await startAdapter();
  const answer = await fetch(adapter.url + BASE + path, { method: 'OPTIONS' });
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect(answer.headers.get('allow')).toMatch(allowed);
});

test('names the formats of patches to who asks with OPTIONS', async () => {
  const adapter = await startAdapter();
  const answer = await fetch(`${adapter.url}${BASE}/Patient/x`, { method: 'OPTIONS' });
  expect(answer.headers.get('accept-patch')).toContain('application/json-patch+json');
});

test.each([
  ['DELETE', '/metadata', 'GET, HEAD'],
  ['POST', '/Patient/x', 'GET, HEAD, PUT, PATCH, DELETE'],
  ['PUT', '/Patient/x/_history/1', 'GET, HEAD'],
  ['PUT', '/Patient/_search', 'POST'],
  ['GET', '/Patient/_search', 'POST'],
  ['GET', '/Patient/$validate', 'POST'],
  ['HEAD', '/$validate', 'POST'],
  ['PURGE', '/Patient/x', 'GET, HEAD, PUT, PATCH, DELETE'],
])('refuses %s %s and says what there is: %s', async (method, path, allowed) => {
  const adapter = await startAdapter();
  const answer = await fetch(adapter.url + BASE + path, { method });
  expect(answer.headers.get('allow')).toBe(`${allowed}, OPTIONS`);
  if (method === 'HEAD') expect(answer.status).toBe(405);
  else await expectOutcome(answer, 405, 'api-method');
});

test.each([
  ['OPTIONS', '/Nonsense'],
  ['PUT', '/Nonsense/1'],
  ['OPTIONS', '/Patient/x/y/z/a'],
  ['DELETE', '/nowhere/at/all/here'],
])('leaves %s %s, which is no address, to the 404', async (method, path) => {
  const adapter = await startAdapter();
  expect((await fetch(adapter.url + BASE + path, { method })).status).toBe(404);
});

const ORIGIN = 'https://app.example.org';
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: {
    Origin: origin,
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Headers': 'authorization, if-match',
  },
});

test('lets scripts of a configured origin call, before any token is asked for, and shows them what they need', async () => {
  const refuseAll = { guard: () => expect.fail('a preflight carries no token') };
  const closed = await startAdapter({ app: { origins: [ORIGIN], ...refuseAll } });
  const asked = await fetch(`${closed.url}${BASE}/Patient/x`, preflight(ORIGIN));
  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(asked.headers.get('access-control-allow-methods')).toContain('PUT');
  expect(asked.headers.get('access-control-allow-headers')).toMatch(/Authorization.*If-Match/);
  expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
  const adapter = await startAdapter({ app: { origins: [ORIGIN] } });
  await commit(adapter.store, recordOf([patient('p')]));
  const answer = await adapter.get(`${BASE}/Patient/${idOf('p')}`, { Origin: ORIGIN });
  expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(answer.headers.get('access-control-expose-headers')).toMatch(
    /Content-Location.*ETag.*Location.*X-Request-Id/,
  );
  expect(answer.headers.get('vary')).toContain('Origin');
  const missing = await adapter.get(`${BASE}/Patient/nobody`, { Origin: ORIGIN });
  expect([missing.status, missing.headers.get('access-control-allow-origin')]).toEqual([404, ORIGIN]);
});

test.each([
  'https://other.example.org',
  'null',
  'https://app.example.org.evil.example',
  'http://app.example.org',
])('does not let scripts of %s call', async (origin) => {
  for (const origins of [[], [ORIGIN]]) {
    const adapter = await startAdapter({ app: { origins } });
    for (const answer of [
      await fetch(`${adapter.url}${BASE}/Patient/x`, preflight(origin)),
      await adapter.get(`${BASE}/metadata`, { Origin: origin }),
    ])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
});

test.each([
  ['GET', '/$export'],
  ['POST', '/$nothing'],
  ['GET', '/Patient/$nothing'],
  ['POST', '/Patient/x/$nothing'],
])('says of %s %s that there is no such operation', async (method, path) => {
  const adapter = await startAdapter();
  await expectOutcome(await fetch(adapter.url + BASE + path, { method }), 404, 'api-unknown-operation');
});
