/** The `nhs.access` section at work: keys and certificate from files, tokens, the key set that is served, and nothing secret in the log. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { jwksRoutes } from '../../../src/api/jwks-routes.ts';
import { ROOT } from '../../../src/cli/load.ts';
import { type NhsAccess, openNhsAccess } from '../../../src/cli/nhs/access.ts';
import type { NhsConfig } from '../../../src/config/nhs.ts';
import { loadConfig } from '../../../src/config.ts';
import { expectOutcome, startAdapter } from '../../api/adapter.ts';
import { pemOf, rsaKey } from '../../servers/rsa-keys.ts';
import { startTokenServer, type TokenServer } from '../../servers/token-server.ts';

const NOW_MS = Date.parse('2026-03-02T09:00:00Z');
const API_KEY = 'the-application-itself';
const never = new AbortController().signal;
const closing: (() => unknown)[] = [];
let nowMs = NOW_MS;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
  nowMs = NOW_MS;
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hedgerow-access-'));
  closing.push(() => rmSync(made, { recursive: true, force: true }));
  mkdirSync(join(made, 'keys'));
  return made;
}

/** Reads a configuration as the command line does. */
function nhsOf(cwd: string, nhs: object): NhsConfig {
  writeFileSync(join(cwd, 'hedgerow.config.json'), JSON.stringify({ nhs }));
  const config = loadConfig({ cwd, root: ROOT });
  if (!config.ok || !config.value.nhs) throw new Error(JSON.stringify(config));
  return config.value.nhs;
}

function open(config: NhsConfig): { access: NhsAccess; lines: string[] } {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const access = openNhsAccess(config, { clock: () => nowMs, log });
  closing.push(access.close);
  return { access, lines };
}

async function serve(
  kid: string,
  name: string,
): Promise<TokenServer & { keys: Map<string, ReturnType<typeof rsaKey>> }> {
  const keys = new Map([[kid, rsaKey(name)]]);
  const server = await startTokenServer({ clock: () => nowMs, apiKey: API_KEY, keys });
  closing.push(server.close);
  return { ...server, keys };
}

test('the sandbox needs no token, and each environment has its addresses', () => {
  const sandbox = open(nhsOf(folder(), {})).access;
  expect(sandbox.tokens).toBeUndefined();
  expect(sandbox.baseUrl('pds')).toBe('https://sandbox.api.service.nhs.uk/personal-demographics/FHIR/R4');
  const int = open(nhsOf(folder(), { environment: 'int' })).access;
  expect(int.baseUrl('bars')).toBe('https://int.api.service.nhs.uk/booking-and-referral/FHIR/R4');
  const prod = open(nhsOf(folder(), { environment: 'prod' })).access;
  expect(prod.baseUrl('sds')).toBe('https://api.service.nhs.uk/spine-directory/FHIR/R4');
});

test('gives tokens by keys of a file and a variable, and takes up a changed file without a restart or a secret in the log', async () => {
  const cwd = folder();
  const file = join(cwd, 'keys', 'current.pem');
  writeFileSync(file, pemOf(rsaKey('first')));
  vi.stubEnv('NHS_API_KEY', API_KEY);
  vi.stubEnv('NHS_NEXT_KEY', pemOf(rsaKey('second')));
  const server = await serve('prod-1', 'first');
  const keys = [
    { kid: 'prod-1', file: 'keys/current.pem' },
    { kid: 'prod-2', env: 'NHS_NEXT_KEY' },
  ];
  const { access, lines } = open(
    nhsOf(cwd, { environment: 'int', access: { apiKeyEnv: 'NHS_API_KEY', keys, tokenUrl: server.url } }),
  );
  expect(await access.tokens?.get(never)).toEqual({ ok: true, token: server.tokens[0] });

  writeFileSync(file, pemOf(rsaKey('third')).slice(0, 300));
  nowMs += 600_000;
  expect(await access.tokens?.get(never)).toMatchObject({ ok: true });
  writeFileSync(file, pemOf(rsaKey('third')));
  server.keys.set('prod-1', rsaKey('third'));
  nowMs += 600_000;
  expect(await access.tokens?.get(never)).toMatchObject({ ok: true });

  server.keys.clear();
  nowMs += 600_000;
  const refused = await access.tokens?.get(never);
  expect(refused).toMatchObject({ ok: false });
  expect(server.answers.map((answer) => answer.slice(0, 15))).toEqual([
    'token',
    'token',
    'token',
    'invalid_request',
    'invalid_request',
  ]);

  expect(lines).toEqual([
    expect.stringContaining('"kid":"prod-1"'),
    expect.stringMatching(/"rule":"token-key-refused".*no access token could be had/),
  ]);
  const said = `${lines.join('')}${JSON.stringify(refused)}`;
  const pems = ['first', 'second', 'third'].flatMap((name) => pemOf(rsaKey(name)).split('\n').slice(1, -2));
  for (const secret of [API_KEY, ...pems, ...server.tokens, ...server.assertions])
    expect(said).not.toContain(secret);
});

test('does not start without what the configuration names', () => {
  const cwd = folder();
  vi.stubEnv('NHS_API_KEY', API_KEY);
  const withKeys = (keys: object[], more: object = {}) =>
    nhsOf(cwd, { environment: 'int', access: { apiKeyEnv: 'NHS_API_KEY', keys, ...more } });
  expect(() => open(withKeys([{ kid: 'a', file: 'keys/none.pem' }]))).toThrow(
    /none\.pem \(key a\) cannot be read/,
  );
  expect(() => open(withKeys([{ kid: 'a', env: 'NHS_NO_KEY' }]))).toThrow(/NHS_NO_KEY is empty/);
  writeFileSync(join(cwd, 'keys', 'a.pem'), pemOf(rsaKey('first')));
  const tls = { certFile: 'keys/none.crt', keyFile: 'keys/a.pem' };
  expect(() => open(withKeys([{ kid: 'a', file: 'keys/a.pem' }], { tls }))).toThrow(
    /none\.crt cannot be read/,
  );
  vi.stubEnv('NHS_API_KEY', '');
  expect(() => open(withKeys([{ kid: 'a', file: 'keys/a.pem' }]))).toThrow(/NHS_API_KEY is empty/);
});

test.each([
  ['a key that is nowhere', [{ kid: 'a' }], /either a file or an env/],
  ['a key in two places', [{ kid: 'a', file: 'x', env: 'Y' }], /either a file or an env/],
  [
    'two keys of one id',
    [
      { kid: 'a', file: 'x' },
      { kid: 'a', env: 'Y' },
    ],
    /same kid/,
  ],
  ['no key', [], /keys/],
])('refuses a configuration with %s', (_, keys, why) => {
  const cwd = folder();
  writeFileSync(
    join(cwd, 'hedgerow.config.json'),
    JSON.stringify({ nhs: { access: { apiKeyEnv: 'X', keys } } }),
  );
  const config = loadConfig({ cwd, root: ROOT });
  expect(config.ok ? 'taken' : config.outcome.issue[0]?.diagnostics).toMatch(why);
});

test('refuses an address that tokens would go to in the clear', () => {
  const access = { apiKeyEnv: 'K', keys: [{ kid: 'a', env: 'E' }], tokenUrl: 'http://tokens.example/oauth2' };
  expect(() => nhsOf(folder(), { access })).toThrow(/write https/);
  expect(() => nhsOf(folder(), { ers: { services: [{ id: '1' }], url: 'ftp://ers.example' } })).toThrow();
  expect(nhsOf(folder(), { ods: { url: 'http://127.0.0.1:8080' } }).ods?.url).toBe('http://127.0.0.1:8080');
});

test('serves the public parts of the keys as they are now, to be kept for minutes', async () => {
  let held = [{ kid: 'prod-1', key: rsaKey('first') }];
  const adapter = await startAdapter({ app: { pages: [jwksRoutes(() => held)] } });
  const answer = await adapter.get('/.well-known/jwks.json');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'application/jwk-set+json; charset=utf-8',
  ]);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  const set = (await answer.json()) as { keys: Record<string, string>[] };
  expect(set.keys.map(({ kid, d, p, q }) => [kid, d, p, q])).toEqual([
    ['prod-1', undefined, undefined, undefined],
  ]);
  const tag = answer.headers.get('etag') ?? '';
  const again = () => adapter.get('/.well-known/jwks.json', { 'if-none-match': tag });
  expect((await again()).status).toBe(304);
  held = [...held, { kid: 'prod-2', key: rsaKey('second') }];
  const changed = await again();
  expect([changed.status, ((await changed.json()) as typeof set).keys.length]).toEqual([200, 2]);
  await expectOutcome(await adapter.post('/.well-known/jwks.json', '{}'), 405, 'api-method');
});

test('says that there are no keys where no access is configured', async () => {
  const adapter = await startAdapter({ app: { pages: [jwksRoutes(() => [])] } });
  await expectOutcome(await adapter.get('/.well-known/jwks.json'), 404, 'nhs-no-keys');
});
