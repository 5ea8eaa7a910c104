/** A directory that is configured is taken in by the adapter, served as a menu, and asked by the command line's jobs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, HealthcareService } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { openAdapter } from '../../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { activityKey } from '../../../src/source/directory/review.ts';
import { startOpenReferral } from '../../servers/open-referral.ts';
import { refer, service } from '../../source/directory/directory.ts';

const TOKEN = 'token-of-the-test';
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function configOf(content: object): Config {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-directory-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'hedgerow.config.json'), JSON.stringify({ port: 0, ...content }));
  const config = loadConfig({ cwd: folder, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  return config.value;
}

async function open(config: Config): Promise<Awaited<ReturnType<typeof openAdapter>>> {
  const parts = loadParts(config, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log = pino({ level: 'silent' });
  return await openAdapter({ config, parts: parts.value, clock: Date.now, log, token: TOKEN });
}

async function job(url: string, name: string, asked: object): Promise<readonly { event: string }[]> {
  const answer = await fetch(`${url}/control/jobs/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  const text = await answer.text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('the menu is there by kind and by whether it is in operation; jobs look again and judge a referral', async () => {
  const term = { id: 'a', taxonomy_term: { id: 't', name: 'Exercise' } };
  const directory = await startOpenReferral([
    service(1, { attributes: [term] }),
    service(2, { attributes: [term], status: 'inactive' }),
    service(3),
  ]);
  undo.push(() => directory.close());
  const config = configOf({ directories: [{ name: 'city', url: directory.url, perSecond: 50 }] });
  const adapter = await open(config);
  undo.push(() => adapter.stop());
  const kind = 'https://hedgerow.example/fhir/CodeSystem/support-kind|exercise';
  const menu = async (): Promise<(string | undefined)[]> => {
    const url = `${adapter.url}/fhir/R4/HealthcareService?active=true&service-type=${encodeURIComponent(kind)}`;
    const { entry = [] } = (await (await fetch(url)).json()) as Bundle<HealthcareService>;
    return entry.map(({ resource }) => resource?.name);
  };
  await vi.waitFor(async () => expect(await menu()).toEqual(['Activity 1']), {
    timeout: 30_000,
    interval: 100,
  });

  const inoperative = activityKey('open-referral-uk', 'svc-2');
  await refer({ pipeline: adapter.pipeline, nowMs: Date.now() }, inoperative);
  expect(await job(adapter.url, 'directory-check', { request: 'onward-1' })).toEqual([
    expect.objectContaining({ event: 'misfit', rule: 'activity-closed' }),
    { event: 'judged', activities: 1, misfits: 1 },
  ]);
  const validated = await fetch(`${adapter.url}/fhir/R4/ServiceRequest/onward-1/$validate`);
  expect(await validated.text()).toContain('activity-closed');

  directory.services.delete('svc-3');
  // the adapter's own look may still be under way
  await vi.waitFor(
    async () =>
      expect(await job(adapter.url, 'directory-sync', { name: 'city', full: true })).toEqual([
        expect.objectContaining({ event: 'looked', isFull: true, gone: 1 }),
      ]),
    { timeout: 30_000, interval: 100 },
  );
  expect(await job(adapter.url, 'directory-sync', { name: 'town' })).toEqual([
    expect.objectContaining({ event: 'failed' }),
  ]);
});

test('two directories never fill one source: what one lacks would be closed for both', async () => {
  const url = 'http://127.0.0.1:1/o/v3';
  const config = configOf({
    directories: [
      { name: 'city', url },
      { name: 'county', url },
    ],
  });
  await expect(open(config)).rejects.toThrow(/directories\.county: another directory fills the source/);
});
