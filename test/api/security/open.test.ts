/** An adapter that is open, or closed: who is on its machine, who only seems to be, and what it says of itself. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { openWhole } from '../../cli/whole.ts';
import { FHIR } from './place.ts';

/** With a Host of the test's own, which fetch does not send. */
async function get(url: string, headers: Readonly<Record<string, string>>): Promise<[number, string]> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
    });
    sent.on('error', reject).end();
  });
}

test('open means this machine: a proxy, a name of somebody else’s and a page of somebody else’s are not let in', async () => {
  const { adapter } = await openWhole({ access: { open: true } });
  const path = `${adapter.url}${FHIR}/Patient`;
  const answer = await fetch(path);
  expect([answer.status, answer.headers.get('x-hedgerow-open')]).toEqual([200, 'this machine']);
  expect(await get(path, { Origin: 'http://localhost:3000' })).toEqual([200, expect.anything()]);
  const away: readonly Readonly<Record<string, string>>[] = [
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'X-Forwarded-For': '198.51.100.7' },
    { Forwarded: 'for=127.0.0.1' },
    { 'X-Real-IP': '127.0.0.1' },
    { Via: '1.1 proxy' },
    { Host: 'hedgerow.example' },
    { Host: '127.0.0.1.evil.example' },
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
  ];
  for (const headers of away)
    for (const where of [
      path,
      `${adapter.url}/intake/platform/referral`,
      `${adapter.url}/metrics`,
      `${adapter.url}/`,
    ])
      expect([headers, where, ...(await get(where, headers))]).toEqual([
        headers,
        where,
        401,
        expect.stringContaining('access-not-local'),
      ]);
  expect((await get(`${adapter.url}/health`, { Host: 'hedgerow.example' }))[0]).toBe(200);
});

test('an open adapter says so where people and clients look', async () => {
  const { adapter, get: text } = await openWhole({ access: { open: true } });
  expect(await text('/')).toContain('The API is open, without credentials');
  expect(await (await fetch(`${adapter.url}${FHIR}/metadata`)).text()).toContain('Open, without credentials');
});

test('with a configuration that names nobody the API is closed, and says what to do; pages stay open here', async () => {
  const { adapter } = await openWhole({ access: {} });
  for (const path of [`${FHIR}/Patient`, `${FHIR}/Patient/1`, '/intake/receipts/1']) {
    const answer = await fetch(`${adapter.url}${path}`);
    expect([path, answer.status, await answer.text()]).toEqual([
      path,
      401,
      expect.stringContaining('access-closed'),
    ]);
  }
  for (const path of ['/', '/metrics', '/health', `${FHIR}/metadata`])
    expect([path, (await fetch(`${adapter.url}${path}`)).status]).toEqual([path, 200]);
  expect((await fetch(`${adapter.url}/`, { headers: { 'X-Forwarded-For': '::1' } })).status).toBe(401);
});
