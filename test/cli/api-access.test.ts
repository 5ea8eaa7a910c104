/** Who enters, as the configuration says it: faults are told at the start, with the place and what to change. */
import { generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { apiKeyText, newApiKey } from '../../src/cli/api-key.ts';
import { openTokenKeys } from '../../src/cli/api-keys.ts';
import { loadConfig } from '../../src/config.ts';
import { vendorKey } from '../api/security/vendor.ts';
import { rsaKey } from '../servers/rsa-keys.ts';
import { openWhole } from './whole.ts';

const sha = 'a'.repeat(64);
const client = { id: 'one', organisations: ['Z99901'], scopes: ['system/*.rs'], apiKeySha256: sha };

/** @returns what is told of the configuration */
function told(access: object, more: object = {}): string {
  const cwd = mkdtempSync(join(tmpdir(), 'api-access-'));
  writeFileSync(join(cwd, 'hedgerow.config.json'), JSON.stringify({ access, ...more }));
  const config = loadConfig({ cwd, root: '/opt/hedgerow' });
  return config.ok ? 'ok' : config.outcome.issue.map(({ diagnostics }) => diagnostics).join('\n');
}

test.each([
  [{ open: true }, {}, 'ok'],
  [{ clients: [client] }, { host: '0.0.0.0' }, 'ok'],
  [{ open: true }, { host: '0.0.0.0' }, /access\.open: the adapter listens beyond this machine/],
  [{ open: true, clients: [client] }, {}, /who has clients is not open/],
  [{ clients: [{ ...client, apiKeySha256: undefined }] }, {}, /cannot be known/],
  [{ clients: [client, { ...client }] }, {}, /another client has this id/],
  [{ clients: [client, { ...client, id: 'two' }] }, {}, /another client has this key/],
  [{ clients: [{ ...client, apiKeySha256: 'hk_secret' }] }, {}, /hedgerow api-key/],
  [{ clients: [{ ...client, scopes: [] }] }, {}, /may do nothing/],
  [
    { clients: [{ ...client, jwks: { keys: [{ kid: 'k', kty: 'oct', k: 'c2VjcmV0' }] } }] },
    {},
    /private or a shared key/,
  ],
  [{ clients: [{ ...client, jwksUrl: 'http://keys.example' }] }, {}, /https/],
  [{ clients: [{ ...client, jwksUrl: 'https://keys.example' }] }, { host: '0.0.0.0' }, /access\.publicUrl/],
  [{ clients: [{ ...client, certificate: { subject: 'CN=a' } }] }, {}, /set "tls"/],
  [{ clients: [{ ...client, secret: 'x' }] }, {}, /secret/],
  [
    {
      clients: [client],
      issuers: [{ issuer: 'https://i.example', audience: 'a', algorithms: ['HS256'], clients: { x: 'one' } }],
    },
    {},
    /algorithms/,
  ],
  [
    {
      clients: [client],
      issuers: [{ issuer: 'https://i.example', audience: 'a', algorithms: ['RS256'], clients: { x: 'two' } }],
    },
    {},
    /no client of this id/,
  ],
])('%j with %j: %s', (access, more, wanted) => {
  expect(told(access, more)).toMatch(wanted);
  expect(told(access, more)).not.toContain('c2VjcmV0');
});

test.each([
  [
    { scopes: ['patient/*.rs'] },
    /Client one of "access": The scope patient\/\*\.rs is for people who sign in/,
  ],
  [{ scopes: ['system/Patient.rs?nonsense=1'] }, /Patient cannot be searched by/],
  [{ sources: ['nowhere'] }, /There is no source nowhere: known are/],
  [{ sources: ['platform/nothing'] }, /has no kind nothing/],
  [{ sources: ['platform'] }, /owned by local, which is not among the organisations/],
])('a client with %j is refused at the start: %s', async (more, wanted) => {
  await expect(openWhole({ access: { clients: [{ ...client, ...more }] } })).rejects.toThrow(wanted);
});

test('an API key cannot be guessed, and what is written down does not lead to it', () => {
  const { key, sha256 } = newApiKey(randomBytes);
  expect(key).toMatch(/^hk_[\w-]{43}$/);
  expect(sha256).toBe(hash('sha256', key));
  const text = apiKeyText(() => Buffer.alloc(32));
  expect(text).toContain(`"apiKeySha256": "${hash('sha256', `hk_${'A'.repeat(43)}`)}"`);
});

test('the key of tokens is made once, for its owner alone; processes that share a database are told to share one', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'api-keys-'));
  const [first] = await openTokenKeys({ dataDir, access: undefined });
  const [again] = await openTokenKeys({ dataDir, access: undefined });
  expect(again!.kid).toBe(first!.kid);
  expect(statSync(join(dataDir, 'access-token-key.pem')).mode & 0o777).toBe(0o600);
  vi.stubEnv('DATABASE_URL', 'postgres://localhost/hedgerow');
  await expect(openTokenKeys({ dataDir, access: undefined })).rejects.toThrow(/signingKeyEnvs/);
  vi.unstubAllEnvs();
});

test('adapters with one key believe each other’s tokens, and a key that is none is told by its variable', async () => {
  const access = (names: string[]) => ({ signingKeyEnvs: names }) as never;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  vi.stubEnv('TOKEN_KEY', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  vi.stubEnv('RSA_KEY', rsaKey('token').export({ type: 'pkcs8', format: 'pem' }) as string);
  const one = await openTokenKeys({ dataDir: '/nowhere', access: access(['TOKEN_KEY']) });
  const two = await openTokenKeys({ dataDir: '/elsewhere', access: access(['TOKEN_KEY']) });
  expect([one[0]!.kid, one[0]!.algorithm]).toEqual([two[0]!.kid, 'ES384']);
  await expect(openTokenKeys({ dataDir: '/nowhere', access: access(['RSA_KEY']) })).rejects.toThrow(
    /RSA_KEY holds no private EC key/,
  );
  vi.unstubAllEnvs();
});

test('a key set with a private part is refused, however well it would do', async () => {
  const { jwk } = await vendorKey();
  expect(told({ clients: [{ ...client, jwks: { keys: [{ ...jwk, d: 'c2VjcmV0' }] } }] })).toContain(
    'make a new pair',
  );
});
