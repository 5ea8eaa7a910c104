/** What each way an exchange can end means for sending again. */
import { afterEach, expect, test } from 'vitest';
import { createExchange } from '../../src/wire/exchange.ts';
import { send } from '../../src/wire/http.ts';
import { type Answer, closedUrl, type Scripted, startScripted } from '../servers/scripted.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(answer: Answer): Promise<Scripted> {
  const server = await startScripted(() => answer);
  closing.push(server.close);
  return server;
}

async function put(
  url: string,
  options: {
    deadlineMs?: number;
    signal?: AbortSignal;
    maxResponseBytes?: number;
    reads?: 'json' | 'status';
  } = {},
) {
  const limit = options.maxResponseBytes;
  const { exchange, close } = createExchange(limit === undefined ? {} : { maxResponseBytes: limit });
  closing.push(close);
  return send(
    { method: 'PUT', url: `${url}/Patient/secret-name`, headers: {}, body: '{}' },
    {
      deadlineMs: options.deadlineMs ?? 5_000,
      signal: options.signal ?? new AbortController().signal,
      exchange,
      ...(options.reads === undefined ? {} : { reads: options.reads }),
    },
  );
}

test('an answer in plain text proves nothing of a record, and is as good as any where only the status counts', async () => {
  const { url } = await serve({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' });
  expect(await put(url)).toMatchObject({ ok: false, retry: 'ambiguous' });
  expect(await put(url, { reads: 'status' })).toMatchObject({ ok: true, status: 200, body: undefined });
});

test('gives status, headers and JSON of an answer', async () => {
  const server = await serve({ status: 201, headers: { etag: 'W/"7"' }, body: { resourceType: 'Patient' } });
  expect(await put(server.url)).toMatchObject({
    ok: true,
    status: 201,
    headers: { etag: 'W/"7"' },
    body: { resourceType: 'Patient' },
  });
});

test('a refused connection is transient, since nothing was sent', async () => {
  expect(await put(await closedUrl())).toMatchObject({ ok: false, retry: 'transient' });
});

test('a host that does not exist is transient, since nothing was sent', async () => {
  expect(await put('http://no-such-host.invalid')).toMatchObject({ ok: false, retry: 'transient' });
});

test('a connection cut before the answer is ambiguous', async () => {
  const server = await serve({ cut: 'before' });
  expect(await put(server.url)).toMatchObject({ ok: false, retry: 'ambiguous' });
});

test('a connection cut within the answer is ambiguous', async () => {
  const server = await serve({ cut: 'mid-body' });
  expect(await put(server.url)).toMatchObject({ ok: false, retry: 'ambiguous' });
});

test('no answer within the deadline is ambiguous, and says that the deadline passed', async () => {
  const server = await serve({ silent: true });
  const result = await put(server.url, { deadlineMs: 100 });
  expect(result).toMatchObject({ ok: false, retry: 'ambiguous', isLate: true });
  expect(JSON.stringify(result)).toContain('the deadline passed');
});

test('an answer that stalls half way ends at the deadline: ambiguous', async () => {
  const server = await serve({ stall: 'mid-body' });
  const result = await put(server.url, { deadlineMs: 100 });
  expect(result).toMatchObject({ ok: false, retry: 'ambiguous', isLate: true });
});

test('a header that cannot be sent is transient, since nothing was', async () => {
  const server = await serve({ status: 200 });
  const { exchange, close } = createExchange();
  closing.push(close);
  const request = { method: 'GET', url: server.url, headers: { authorization: 'Bearer a\nb' } };
  const options = { deadlineMs: 1_000, signal: new AbortController().signal, exchange };
  expect(await send(request, options)).toMatchObject({ ok: false, retry: 'transient' });
  expect(server.seen).toHaveLength(0);
});

test('a stop while the answer is awaited is ambiguous, a stop before sending transient', async () => {
  const server = await serve({ silent: true });
  const controller = new AbortController();
  const waiting = put(server.url, { signal: controller.signal });
  while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  controller.abort();
  expect(await waiting).toMatchObject({ ok: false, retry: 'ambiguous' });
  expect(await put(server.url, { signal: controller.signal })).toMatchObject({
    ok: false,
    retry: 'transient',
  });
  expect(server.seen).toHaveLength(1);
});

test('a success that is no JSON proves nothing: ambiguous', async () => {
  const server = await serve({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<html>Sign in</html>',
  });
  expect(await put(server.url)).toMatchObject({ ok: false, retry: 'ambiguous' });
});

test('an error page that is no JSON keeps its status', async () => {
  const server = await serve({
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html>Bad</html>',
  });
  expect(await put(server.url)).toMatchObject({ ok: true, status: 502, body: undefined });
});

test('an answer larger than the limit is cut off', async () => {
  const server = await serve({ status: 200, body: { text: 'x'.repeat(10_000) } });
  expect(await put(server.url, { maxResponseBytes: 1_000 })).toMatchObject({ ok: false, retry: 'ambiguous' });
});

test('a redirect is not followed', async () => {
  const elsewhere = await serve({ status: 200, body: {} });
  const server = await serve({ status: 307, headers: { location: `${elsewhere.url}/Patient/1` } });
  expect(await put(server.url)).toMatchObject({ ok: true, status: 307 });
  expect(elsewhere.seen).toHaveLength(0);
});

test('a failure names the method and the host, never the path', async () => {
  const server = await serve({ cut: 'before' });
  const text = JSON.stringify(await put(server.url));
  expect(text).toContain(`PUT to ${new URL(server.url).host}`);
  expect(text).not.toContain('secret-name');
});

test('connections are kept and used again', async () => {
  const server = await serve({ status: 200, body: {} });
  const { exchange, close } = createExchange();
  closing.push(close);
  const signal = new AbortController().signal;
  const get = { method: 'GET', url: server.url, headers: {} };
  for (let i = 0; i < 3; i++)
    expect(await send(get, { deadlineMs: 5_000, signal, exchange })).toMatchObject({ status: 200 });
  expect([server.seen.length, server.connections()]).toEqual([3, 1]);
});
