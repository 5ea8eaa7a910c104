/** docs/api-access.md holds: its configurations can be used, its example gets a token, and its table of doors is that of the code. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DOORS, doorTable } from '../../src/api/security/doors.ts';
import { configIn, openWhole, temporaryFolder } from '../cli/whole.ts';
import { blocksOf, ROOT } from './page.ts';

const blocks = blocksOf('api-access.md');
const configs = blocks.filter(({ words }) => words[1] === 'config');

test('the page shows configurations', () => {
  expect(configs).toHaveLength(3);
});

test.each(configs)('the configuration of line $line is taken as it is written', ({ text }) => {
  const folder = temporaryFolder();
  expect(() => configIn(folder, JSON.parse(text) as object)).not.toThrow();
});

test('the example gets a token for the client of the page, which lets it in', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const { access } = JSON.parse(configs[0]!.text) as { access: { clients: { jwks: { keys: object[] } }[] } };
  Object.assign(access.clients[0]!.jwks.keys[0]!, { x, y });
  const { adapter } = await openWhole({ access });
  const base = `${adapter.url}/fhir/R4`;
  const { tokenOf } = await exampleOf();
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const { access_token: token, scope } = await tokenOf(base, pem);
  expect(scope).toBe('system/ServiceRequest.rs');
  const get = (path: string): Promise<Response> =>
    fetch(`${base}/${path}`, { headers: { Authorization: `Bearer ${token}` } });
  expect((await get('ServiceRequest')).status).toBe(200);
  expect((await get('Patient')).status).toBe(403);
});

interface Example {
  tokenOf(base: string, pem: string): Promise<{ readonly access_token: string; readonly scope: string }>;
}

/** Where its imports are found. */
async function exampleOf(): Promise<Example> {
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'hedgerow-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'example.mjs');
  writeFileSync(file, blocks.find(({ words }) => words[1] === 'example')!.text);
  return (await import(file)) as Example;
}

test('the table of doors is that of the code', () => {
  expect(readFileSync(join(ROOT, 'docs/api-access.md'), 'utf8')).toContain(`\n${doorTable(DOORS)}\n`);
});
