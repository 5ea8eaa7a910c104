/** The proxy that makes faults is itself held to what it says: what the target saw, and what the caller was told. */
import https from 'node:https';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loopbackCertificate } from '../servers/certificate.ts';
import { type Scripted, startScripted } from '../servers/scripted.ts';
import { type CuttingProxy, startProxy, type Trouble } from './proxy.ts';

let target: Scripted;
let proxy: CuttingProxy;
beforeEach(async () => {
  target = await startScripted((seen) => ({
    status: 201,
    headers: { etag: 'W/"1"' },
    body: { got: seen.body },
  }));
  proxy = await startProxy(`${target.url}/fhir`);
});
afterEach(async () => {
  await proxy.close();
  await target.close();
});

const BODY = JSON.stringify({ text: 'x'.repeat(1_000) });

async function put(): Promise<number | 'no answer'> {
  try {
    const response = await fetch(`${proxy.url}/Patient/1`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: BODY,
    });
    await response.text();
    return response.status;
  } catch {
    return 'no answer';
  }
}

test('passes on what it is not told to trouble, both ways, headers included', async () => {
  const response = await fetch(`${proxy.url}/Patient/1?a=b`, { method: 'PUT', body: 'plain' });
  expect([response.status, response.headers.get('etag')]).toEqual([201, 'W/"1"']);
  expect(await response.json()).toEqual({ got: 'plain' });
  expect(target.seen).toMatchObject([{ method: 'PUT', path: '/fhir/Patient/1?a=b' }]);
});

test.each<[string, Trouble, number | 'no answer', number]>([
  ['nobody listens', { kind: 'refuse' }, 'no answer', 0],
  ['the request is cut', { kind: 'cut-request' }, 'no answer', 0],
  ['the answer is cut', { kind: 'cut-answer' }, 'no answer', 1],
  ['the answer is lost', { kind: 'lose-answer' }, 'no answer', 1],
  ['the target applies it and a gateway answers 502', { kind: 'apply-then-answer', status: 502 }, 502, 1],
  ['it is throttled', { kind: 'answer', status: 429, retryAfterS: 7 }, 429, 0],
  ['it is slow', { kind: 'slow', ms: 30 }, 201, 1],
])('%s; then it is as before', async (_name, trouble, told, applied) => {
  await proxy.trouble(trouble);
  expect(await put()).toBe(told);
  expect(target.seen).toHaveLength(applied);
  await proxy.trouble(undefined);
  expect(await put()).toBe(201);
  expect(target.seen).toHaveLength(applied + 1);
});

test('a slow request is applied although the caller has given up', async () => {
  await proxy.trouble({ kind: 'slow', ms: 200 });
  const signal = AbortSignal.timeout(50);
  await expect(fetch(`${proxy.url}/Patient/1`, { signal })).rejects.toThrow();
  await expect.poll(() => target.seen.length).toBe(1);
});

test('a function chooses whom it troubles, and another target can be aimed at', async () => {
  const other = await startScripted(() => ({ status: 204 }));
  await proxy.trouble(({ method }) => (method === 'PUT' ? { kind: 'lose-answer' } : undefined));
  proxy.aim(other.url);
  expect(await put()).toBe('no answer');
  expect((await fetch(`${proxy.url}/Patient/1`)).status).toBe(204);
  expect([target.seen.length, other.seen.length, proxy.seen, proxy.troubled]).toEqual([0, 2, 2, 1]);
  await other.close();
});

test('serves TLS under a certificate of its own, and refuses it when told to', async () => {
  const certificate = loopbackCertificate();
  const secure = await startProxy(target.url, certificate);
  const get = (): Promise<number | string> =>
    new Promise((resolve) => {
      const request = https.get(
        `${secure.url}/Patient/1`,
        { ca: certificate.cert, agent: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    });
  expect(await get()).toBe(201);
  await secure.trouble({ kind: 'refuse-tls' });
  expect(await get()).toBe('ECONNRESET');
  expect(target.seen).toHaveLength(1);
  await secure.trouble(undefined);
  expect(await get()).toBe(201);
  await secure.close();
});
