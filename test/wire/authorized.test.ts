/** Requests under a token: what becomes of a refusal, and what is sent the second time. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { sendAuthorized } from '../../src/wire/authorized.ts';
import { createExchange } from '../../src/wire/exchange.ts';
import { type AccessTokens, createAccessTokens } from '../../src/wire/token.ts';
import { rsaKey } from '../servers/rsa-keys.ts';
import { type Answer, type Scripted, type Seen, startScripted } from '../servers/scripted.ts';
import { type Given, startTokenServer, type TokenServer } from '../servers/token-server.ts';

const KEY = { kid: 'prod-1', key: rsaKey('current') };
const closing: (() => unknown)[] = [];
const { exchange, close } = createExchange();
let nowMs = 0;

afterEach(async () => {
  for (const end of closing.splice(0).reverse()) await end();
  close();
  nowMs = 0;
});

interface Both {
  readonly service: Scripted;
  readonly server: TokenServer;
  readonly tokens: AccessTokens;
  /** sends a message with its ids */
  send(tokens?: AccessTokens | undefined): ReturnType<typeof sendAuthorized>;
}

/** @param script is given the number of the token that was borne, from 1 */
async function start(
  script: (token: number, seen: Seen) => Answer,
  before?: (asked: number) => Given | undefined,
): Promise<Both> {
  const clock = () => nowMs;
  const keys = new Map([[KEY.kid, KEY.key]]);
  const server = await startTokenServer({ clock, apiKey: 'app', keys, ...(before ? { before } : {}) });
  const service = await startScripted((seen) => {
    const token = String(seen.headers.authorization).replace('Bearer ', '');
    return script(server.tokens.indexOf(token) + 1, seen);
  });
  closing.push(service.close, server.close);
  const tokens = createAccessTokens({
    tokenUrl: server.url,
    apiKey: 'app',
    keys: () => [KEY],
    clock,
    exchange,
    uuid: randomUUID,
    deadlineMs: 5_000,
  });
  const headers = {
    'x-request-id': 'c1ab3fba-6bae-4ba4-b257-5a87c44d4a91',
    'content-type': 'application/json',
  };
  const request = { method: 'POST', url: `${service.url}/$process-message`, headers, body: '{"a":1}' };
  const options = { deadlineMs: 5_000, signal: new AbortController().signal, exchange };
  return {
    service,
    server,
    tokens,
    send: (bearing) => sendAuthorized(request, { ...options, tokens: bearing }),
  };
}

test.each([401, 403])(
  'renews a token that is refused with %i, and sends the same once more',
  async (status) => {
    const { service, server, tokens, send } = await start((token) => ({
      status: token === 1 ? status : 200,
      body: {},
    }));
    expect(await send(tokens)).toMatchObject({ ok: true, status: 200 });
    const sent = service.seen.map(({ headers, body }) => ({ id: headers['x-request-id'], body }));
    expect(sent).toEqual([sent[0], sent[0]]);
    expect(sent[0]).toEqual({ id: 'c1ab3fba-6bae-4ba4-b257-5a87c44d4a91', body: { a: 1 } });
    expect(server.tokens).toHaveLength(2);
    expect(await send(tokens)).toMatchObject({ status: 200 });
    expect(server.tokens).toHaveLength(2);
  },
);

test('a second refusal is the answer', async () => {
  const { service, tokens, send } = await start(() => ({ status: 403, body: { said: 'no' } }));
  expect(await send(tokens)).toMatchObject({ ok: true, status: 403, body: { said: 'no' } });
  expect(service.seen).toHaveLength(2);
});

test('a service that refuses every token does not have one asked for at each request', async () => {
  const { service, server, tokens, send } = await start(() => ({ status: 401 }));
  for (let many = 0; many < 10; many++) expect(await send(tokens)).toMatchObject({ status: 401 });
  expect([server.tokens.length, service.seen.length]).toEqual([2, 11]);
  nowMs += 10_000;
  await send(tokens);
  expect([server.tokens.length, service.seen.length]).toEqual([3, 13]);
});

test('twenty requests that are refused at once renew the token once', async () => {
  const { server, tokens, send } = await start((token) => ({ status: token === 1 ? 401 : 200 }));
  const all = await Promise.all(Array.from({ length: 20 }, () => send(tokens)));
  expect(all.map((answer) => answer.ok && answer.status)).toEqual(Array(20).fill(200));
  expect(server.tokens).toHaveLength(2);
});

test('is transient where no token is to be had: nothing was applied', async () => {
  const { service, tokens, send } = await start(
    () => ({ status: 401 }),
    (asked) => (asked > 1 ? { status: 503 } : undefined),
  );
  expect(await send(tokens)).toMatchObject({ ok: false, retry: 'transient' });
  expect(await send(tokens)).toMatchObject({ ok: false, retry: 'transient' });
  expect(service.seen).toHaveLength(1);
});

test('answers that are no refusal of the token are answers', async () => {
  const { service, server, tokens, send } = await start(() => ({ status: 409, body: {} }));
  expect(await send(tokens)).toMatchObject({ status: 409 });
  expect([server.tokens.length, service.seen.length]).toEqual([1, 1]);
});

test('sends as it is where no token is asked for', async () => {
  const { service, server, send } = await start(() => ({ status: 401 }));
  expect(await send()).toMatchObject({ status: 401 });
  expect(service.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  expect(server.tokens).toEqual([]);
});
