/** Access tokens from a strict token endpoint over real HTTP, under a clock that the test holds. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { SigningKey } from '../../src/wire/assertion.ts';
import { createExchange } from '../../src/wire/exchange.ts';
import type { WireFailure } from '../../src/wire/http.ts';
import { type AccessTokenOptions, type AccessTokens, createAccessTokens } from '../../src/wire/token.ts';
import { pemOf, rsaKey } from '../servers/rsa-keys.ts';
import { closedUrl, startScripted } from '../servers/scripted.ts';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../servers/token-server.ts';

const API_KEY = 'api-key-that-nobody-must-see';
const CURRENT: SigningKey = { kid: 'prod-1', key: rsaKey('current') };
const NEXT: SigningKey = { kid: 'prod-2', key: rsaKey('next') };
const START_MS = Date.parse('2026-03-02T09:00:00Z');
const never = new AbortController().signal;
const closing: (() => unknown)[] = [];
let nowMs = START_MS;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  nowMs = START_MS;
});

async function serve(options: Partial<TokenServerOptions> = {}): Promise<TokenServer> {
  const keys = new Map([CURRENT, NEXT].map(({ kid, key }) => [kid, key]));
  const server = await startTokenServer({ clock: () => nowMs, apiKey: API_KEY, keys, ...options });
  closing.push(server.close);
  return server;
}

function tokensOf(tokenUrl: string, options: Partial<AccessTokenOptions> = {}): AccessTokens {
  const { exchange, close } = createExchange();
  closing.push(close);
  const clock = () => nowMs;
  const parts = { apiKey: API_KEY, keys: () => [CURRENT], clock, exchange, uuid: randomUUID };
  return createAccessTokens({ tokenUrl, deadlineMs: 5_000, ...parts, ...options });
}

async function token(tokens: AccessTokens): Promise<string> {
  const got = await tokens.get(never);
  if (!got.ok) throw new Error(JSON.stringify(got.outcome));
  return got.token;
}

/** Holds that no token is had, and that the reason holds no secret. @returns the rule and the sentence */
async function refusal(tokens: AccessTokens, secrets: readonly string[] = []): Promise<[string?, string?]> {
  const got = (await tokens.get(never)) as WireFailure;
  expect(got).toMatchObject({ ok: false, retry: 'transient' });
  const text = JSON.stringify(got);
  for (const secret of [API_KEY, ...secrets]) expect(text).not.toContain(secret);
  expect(text).not.toMatch(/eyJ|PRIVATE KEY/);
  const [issue] = got.outcome.issue;
  return [ruleOf(issue!), issue?.diagnostics];
}

test('keeps a token until a minute before its end, which the server gives as text', async () => {
  const server = await serve({ expiresIn: '599' });
  const tokens = tokensOf(server.url);
  const first = await token(tokens);
  nowMs += 538_000;
  expect(await token(tokens)).toBe(first);
  nowMs += 1_000;
  expect(await token(tokens)).not.toBe(first);
  expect(server.answers).toEqual(['token', 'token']);
});

test.each([
  [120, 59_000, 1],
  [120, 60_000, 2],
  ['soon', 239_000, 1],
  ['soon', 240_000, 2],
])(
  'of a lifetime given as %s the token is asked for anew in time (%i ms: %i)',
  async (expiresIn, afterMs, asked) => {
    const server = await serve({ expiresIn });
    const tokens = tokensOf(server.url);
    await token(tokens);
    nowMs += afterMs;
    await token(tokens);
    expect(server.tokens).toHaveLength(asked);
  },
);

test('asks once, however many wait', async () => {
  const server = await serve();
  const tokens = tokensOf(server.url);
  const got = await Promise.all(Array.from({ length: 50 }, () => token(tokens)));
  expect(new Set(got)).toEqual(new Set(server.tokens));
  expect(server.answers).toEqual(['token']);
});

test('one who stops waiting does not end the request of the others', async () => {
  const gate = Promise.withResolvers<undefined>();
  const server = await serve({ before: () => gate.promise });
  const tokens = tokensOf(server.url);
  const leaving = new AbortController();
  const left = tokens.get(leaving.signal);
  const stayed = token(tokens);
  leaving.abort();
  expect(await left).toMatchObject({ ok: false, retry: 'transient' });
  gate.resolve(undefined);
  expect(await stayed).toBe(server.tokens[0]);
  expect(await tokens.get(leaving.signal)).toMatchObject({ ok: true });
});

test('an assertion says who asks, where, until when, and is never used twice', async () => {
  const server = await serve();
  const tokens = tokensOf(server.url, { settings: { assertionMs: 3_600_000 } });
  tokens.refused(await token(tokens));
  await token(tokens);
  const parts = server.assertions.map((text) =>
    text
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())),
  );
  const claims = { iss: API_KEY, sub: API_KEY, aud: server.url, exp: START_MS / 1_000 + 300 };
  expect(parts).toMatchObject([
    [{ alg: 'RS512', typ: 'JWT', kid: 'prod-1' }, claims],
    [{ alg: 'RS512', typ: 'JWT', kid: 'prod-1' }, claims],
  ]);
  expect(new Set(parts.map(([, { jti }]) => jti)).size).toBe(2);
});

test('a token that cannot be renewed early is used to its end', async () => {
  const server = await serve({ before: (asked) => (asked > 1 ? { status: 503 } : undefined) });
  const tokens = tokensOf(server.url);
  const first = await token(tokens);
  nowMs += 560_000;
  expect(await token(tokens)).toBe(first);
  nowMs += 39_000;
  expect(await refusal(tokens)).toEqual(['token-not-given', expect.stringContaining('answered 503')]);
});

test('a token that was had before the clock went back is not trusted', async () => {
  const server = await serve();
  const tokens = tokensOf(server.url);
  const first = await token(tokens);
  nowMs -= 3_600_000;
  expect(await token(tokens)).not.toBe(first);
});

test('a failed attempt is repeated after a pause that grows, not at each request', async () => {
  const server = await serve({ before: () => ({ status: 500 }) });
  const tokens = tokensOf(server.url);
  const asked: number[] = [];
  for (let second = 0; second < 16; second++) {
    for (let many = 0; many < 5; many++) await refusal(tokens);
    asked.push(server.answers.length);
    nowMs += 1_000;
  }
  expect(asked).toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]);
});

test('waits as long as the server says, and asks again then', async () => {
  const busy = { status: 429, headers: { 'retry-after': '30' } };
  const server = await serve({ before: (asked) => (asked === 1 ? busy : undefined) });
  const tokens = tokensOf(server.url);
  await refusal(tokens);
  nowMs += 29_000;
  await refusal(tokens);
  expect(server.assertions).toHaveLength(1);
  nowMs += 1_000;
  expect(await token(tokens)).toBe(server.tokens[0]);
});

test('a server that asks for a day is asked again within the quarter of an hour', async () => {
  const busy = { status: 429, headers: { 'retry-after': '86400' } };
  const server = await serve({ before: (asked) => (asked === 1 ? busy : undefined) });
  const tokens = tokensOf(server.url);
  await refusal(tokens);
  nowMs += 900_000;
  expect(await token(tokens)).toBe(server.tokens[0]);
});

test('uses the first key that is accepted, and goes on with it', async () => {
  const keys = new Map([[NEXT.kid, NEXT.key]]);
  const server = await serve({ keys });
  const tokens = tokensOf(server.url, { keys: () => [CURRENT, NEXT] });
  tokens.refused(await token(tokens));
  await token(tokens);
  expect(server.answers).toEqual([expect.stringContaining("Invalid 'kid'"), 'token', 'token']);
  keys.set(CURRENT.kid, CURRENT.key);
  keys.delete(NEXT.kid);
  nowMs += 600_000;
  await token(tokens);
  expect(server.answers.slice(3)).toEqual([expect.stringContaining("Invalid 'kid'"), 'token']);
});

test('takes up a key that is put in place of another', async () => {
  const keys = new Map([[CURRENT.kid, CURRENT.key]]);
  const server = await serve({ keys });
  let held: readonly SigningKey[] = [CURRENT];
  const tokens = tokensOf(server.url, { keys: () => held });
  await token(tokens);
  held = [NEXT];
  keys.clear();
  keys.set(NEXT.kid, NEXT.key);
  nowMs += 600_000;
  await token(tokens);
  expect(server.answers).toEqual(['token', 'token']);
});

test('says which keys to register where none is accepted, each having been tried once', async () => {
  const server = await serve({ keys: new Map() });
  const tokens = tokensOf(server.url, { keys: () => [CURRENT, NEXT] });
  expect(await refusal(tokens)).toEqual([
    'token-key-refused',
    expect.stringMatching(/registered for the application under one of the ids prod-1, prod-2/),
  ]);
  expect(server.answers).toHaveLength(2);
});

test('says so where the key under the id is another one', async () => {
  const server = await serve({ keys: new Map([[CURRENT.kid, NEXT.key]]) });
  expect(await refusal(tokensOf(server.url))).toEqual([
    'token-key-refused',
    expect.stringContaining('prod-1'),
  ]);
});

test.each([
  ['four minutes ahead', 240_000],
  ['ten minutes behind', -600_000],
])('learns the clock of the server where ours is %s, and asks right the next time', async (_, offMs) => {
  const server = await serve({ clock: () => nowMs - offMs });
  const tokens = tokensOf(server.url);
  await token(tokens);
  expect(server.answers).toEqual([expect.stringContaining("Invalid 'exp'"), 'token']);
  nowMs += 600_000;
  await token(tokens);
  expect(server.answers.slice(2)).toEqual(['token']);
});

test('unlearns it when our clock is put right', async () => {
  let offMs = 600_000;
  const server = await serve({ clock: () => nowMs - offMs });
  const tokens = tokensOf(server.url);
  await token(tokens);
  offMs = 0;
  nowMs += 600_000;
  await token(tokens);
  nowMs += 600_000;
  await token(tokens);
  expect(server.answers.slice(2)).toEqual([expect.stringContaining("Invalid 'exp'"), 'token', 'token']);
});

test('a clock that is further off than can be believed must be set by a person', async () => {
  const server = await serve({ clock: () => nowMs - 3_600_000 });
  expect(await refusal(tokensOf(server.url))).toEqual([
    'token-clock',
    expect.stringMatching(/Set the clock of this machine, which is about 60 min off/),
  ]);
  expect(server.answers).toHaveLength(1);
});

test('a clock that is a minute off needs nothing', async () => {
  for (const offMs of [55_000, -230_000]) {
    const server = await serve({ clock: () => nowMs - offMs });
    await token(tokensOf(server.url));
    expect(server.answers).toEqual(['token']);
  }
});

test('says that the API key is not that of the environment', async () => {
  const server = await serve({ apiKey: 'another' });
  expect(await refusal(tokensOf(server.url))).toEqual([
    'token-app-refused',
    expect.stringContaining('apiKeyEnv'),
  ]);
});

test('an assertion that was seen before is refused by the server, and never made by us twice', async () => {
  const server = await serve();
  const tokens = tokensOf(server.url, { uuid: () => '00000000-0000-4000-8000-000000000000' });
  await token(tokens);
  nowMs += 600_000;
  expect(await refusal(tokens)).toEqual([
    'token-request-refused',
    expect.stringContaining('nhs.access.tokenUrl'),
  ]);
});

test('says that there is no key', async () => {
  const server = await serve();
  expect(await refusal(tokensOf(server.url, { keys: () => [] }))).toEqual([
    'token-no-key',
    expect.stringContaining('nhs.access.keys'),
  ]);
});

test('an answer that holds no token is none', async () => {
  for (const body of [
    {},
    { access_token: '' },
    { access_token: 'two\nlines' },
    { access_token: 7 },
    undefined,
  ]) {
    const server = await startScripted(() => ({ status: 200, body }));
    closing.push(server.close);
    expect(await refusal(tokensOf(`${server.url}/oauth2/token`))).toEqual([
      'token-answer',
      expect.any(String),
    ]);
  }
});

test('a server that cannot be reached, or goes silent, is asked again later', async () => {
  expect(await refusal(tokensOf(await closedUrl()))).toEqual(['wire-not-sent', expect.any(String)]);
  const silent = await startScripted(() => ({ silent: true }));
  closing.push(silent.close);
  expect(await refusal(tokensOf(silent.url, { deadlineMs: 50 }))).toEqual([
    'wire-no-answer',
    expect.any(String),
  ]);
});

test('nothing of what was sent comes back in a reason, even where the server repeats it', async () => {
  for (const status of [400, 401, 403, 500]) {
    const server = await startScripted(({ body }) => ({
      status,
      body: { error: String(body), error_description: `${body} ${API_KEY} ${pemOf(CURRENT.key)}` },
    }));
    closing.push(server.close);
    const [rule] = await refusal(tokensOf(server.url));
    expect(rule).toMatch(/^token-/);
    expect(server.seen[0]?.body).toContain('client_assertion=eyJ');
  }
});
