/** Configuration: demo mode without a file, every fault named with its path. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configJsonSchema, loadConfig } from '../../src/config.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'config-'));
function written(value: unknown): string {
  const cwd = folder();
  writeFileSync(join(cwd, 'hedgerow.config.json'), typeof value === 'string' ? value : JSON.stringify(value));
  return cwd;
}

test('without a file it is demo mode, with the sandbox EHR as the only target', () => {
  const config = loadConfig({ cwd: folder(), root: '/opt/hedgerow' });
  expect(config).toMatchObject({
    ok: true,
    value: { demo: true, targets: [], sandbox: { port: 8081 }, host: '127.0.0.1' },
  });
});

test('a file is no demo: no sandbox unless it asks for one', () => {
  const config = loadConfig({
    cwd: written({ targets: [{ name: 'ehr', url: 'https://ehr.example/fhir' }] }),
    root: '/opt/hedgerow',
  });
  expect(config).toMatchObject({
    ok: true,
    value: {
      demo: false,
      targets: [{ name: 'ehr', requiresVerifiedNhsNumber: true, purpose: 'share-with-gp' }],
    },
  });
  expect(config.ok && config.value.sandbox).toBeUndefined();
});

test('the command line wins over the file', () => {
  const config = loadConfig({ cwd: written({ port: 9000 }), root: '/', overrides: { port: 9001 } });
  expect(config).toMatchObject({ ok: true, value: { port: 9001 } });
});

test.each([
  ['{"port": ', 'config-json'],
  [{ prot: 1 }, 'config-value'],
  [{ targets: [{ name: 'EHR', url: 'https://ehr.example' }] }, 'config-value'],
  [{ targets: [{ name: 'ehr', url: 'not a url' }] }, 'config-value'],
])('a wrong file %j is refused by rule %s', (value, rule) => {
  const config = loadConfig({ cwd: written(value), root: '/' });
  expect(config.ok).toBe(false);
  expect(!config.ok && config.outcome.issue[0]?.details?.coding?.[0]?.code).toBe(rule);
});

test('a file that is named but not there is refused', () => {
  expect(loadConfig({ cwd: folder(), root: '/', path: 'mine.json' }).ok).toBe(false);
});

test('the JSON Schema for editors is that of the code', () => {
  const written = readFileSync(join(import.meta.dirname, '../../hedgerow.config.schema.json'), 'utf8');
  expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test.each([
  [{ retention: { schedule: '30 25 * * *' } }, 'retention.schedule', 'hour "25"'],
  [{ retention: { schedule: 'nightly' } }, 'retention.schedule', 'has 1 parts, not 5'],
  [{ reconcile: [{ target: 'ehr', schedule: '*/5 * * * * *' }] }, 'reconcile.0.schedule', 'has 6 parts'],
  [{ retention: { timeZone: 'Europe/Londn' } }, 'retention.timeZone', 'Europe/London or UTC'],
])('a schedule that is none is refused, with what to write: %j', (file, expression, words) => {
  const config = loadConfig({ cwd: written(file), root: '/opt/hedgerow' });
  const [issue] = config.ok ? [] : config.outcome.issue;
  expect(issue?.expression).toEqual([expression]);
  expect(issue?.diagnostics).toContain(words);
});

test('names each origin of other pages as browsers send it, and has none by default', () => {
  const originsOf = (cors: unknown) => loadConfig({ cwd: written({ cors }), root: '/' });
  expect(originsOf({})).toMatchObject({ ok: true, value: { cors: { origins: [] } } });
  expect(originsOf({ origins: ['https://app.example.org'] })).toMatchObject({ ok: true });
  for (const origin of [
    '*',
    'null',
    'app.example.org',
    'https://app.example.org/',
    'https://App.example.org',
    'file://x',
  ])
    expect([origin, originsOf({ origins: [origin] }).ok]).toEqual([origin, false]);
});
