/** A whole adapter with NHS access: its keys are served, and it does not start without what it is told to use. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { openAdapter } from '../../../src/cli/adapter.ts';
import { type LoadedParts, loadParts, ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { expectOutcome } from '../../api/adapter.ts';
import { pemOf, rsaKey } from '../../servers/rsa-keys.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  vi.unstubAllEnvs();
});

let loaded: LoadedParts | undefined;
const sources = [{ folder: 'mappings/platform' }];

async function start(nhs?: object) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-nhs-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'hedgerow.config.json');
  writeFileSync(join(folder, 'current.pem'), pemOf(rsaKey('first')));
  writeFileSync(path, JSON.stringify({ port: 0, dataDir: join(folder, 'data'), sources, nhs }));
  const config = loadConfig({ cwd: folder, root: ROOT, path });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loaded ? ({ ok: true, value: loaded } as const) : loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  loaded = parts.value;
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const about = { config: config.value, parts: parts.value, clock: Date.now, log, token: 'test' };
  const adapter = await openAdapter(about);
  closing.push(() => adapter.stop());
  return { url: `${adapter.url}/.well-known/jwks.json`, lines };
}

const access = { apiKeyEnv: 'TEST_NHS_API_KEY', keys: [{ kid: 'int-1', file: 'current.pem' }] };

test('serves its public keys from files beside the configuration, and logs none of the private ones', async () => {
  vi.stubEnv('TEST_NHS_API_KEY', 'the-application-itself');
  const { url, lines } = await start({ environment: 'int', access });
  const { keys } = (await (await fetch(url)).json()) as { keys: unknown[] };
  expect(keys).toMatchObject([{ kid: 'int-1', alg: 'RS512', use: 'sig' }]);
  const secrets = ['the-application-itself', ...pemOf(rsaKey('first')).split('\n').slice(1, -2)];
  for (const secret of secrets) expect(lines.join('')).not.toContain(secret);
});

test('serves no keys where there is no access, and says what an environment with keys will refuse', async () => {
  const plain = await start();
  await expectOutcome(await fetch(plain.url), 404, 'nhs-no-keys');
  expect(plain.lines.join('')).not.toContain('nhs.access');
  const { url, lines } = await start({ environment: 'int', pds: {} });
  await expectOutcome(await fetch(url), 404, 'nhs-no-keys');
  expect(lines.join('')).toContain('nhs.access is not');
});

test('does not start without the API key that it is told to use', async () => {
  await expect(start({ environment: 'int', access })).rejects.toThrow(/TEST_NHS_API_KEY is empty/);
});
