/** A whole adapter that refers to a service which does not take its use case: somebody is told what to change, nothing is lost, and it goes on by itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type Adapter, openAdapter } from '../../../src/cli/adapter.ts';
import { ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { parts } from '../../pipeline/shipped.ts';
import { startBarsReceiver } from '../../servers/bars-receiver.ts';
import { until } from '../../source/bars/place.ts';
import { say } from '../../source/ehr/adapters.ts';
import { around, consent, person, REFERRAL, request, SERVICE, TARGET, task, USE_CASE } from './world.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function startWith(url: string, clock: () => number): Promise<Adapter> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-bars-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const target = {
    ...{ kind: 'bars', name: TARGET, url, service: SERVICE, useCase: USE_CASE },
    requiresVerifiedNhsNumber: false,
  };
  const nhs = {
    organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
    bars: { dosServiceId: '2000099999' },
  };
  const config = JSON.stringify({ port: 0, dataDir: 'data', access: { open: true }, nhs, targets: [target] });
  writeFileSync(join(folder, 'hedgerow.config.json'), config);
  const loaded = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const adapter = await openAdapter({ config: loaded.value, parts, clock, token: 'test', log });
  undo.push(() => adapter.stop());
  return adapter;
}

test('a use case that the service does not take is on the worklist, with what to change; then the referral goes', async () => {
  const service = await startBarsReceiver({ service: SERVICE.dosServiceId, useCase: USE_CASE.code });
  undo.push(() => service.close());
  service.takes = false;
  let laterMs = 0;
  const adapter = await startWith(service.url, () => Date.now() + laterMs);
  const items = async () =>
    (await adapter.store.worklist({ open: true, count: 20 })).filter(({ target }) => target === TARGET);
  const referral = [...around(), person(), consent(), request(), task('requested')];
  expect((await say(adapter, 'r', ...referral)).state).toBe('committed');
  await until(async () => (await items()).length > 0);
  const [item] = await items();
  const { details, diagnostics } = item!.outcome.issue[0]!;
  expect(details?.coding?.[0]?.code).toBe('bars-not-taken');
  expect(diagnostics).toContain(`target ${TARGET}`);
  expect(diagnostics).toContain(`the use case ${USE_CASE.code}`);
  expect(diagnostics).toContain('check "useCase" of the target');
  expect(diagnostics).not.toContain(REFERRAL);
  expect(service.taken).toEqual([]);
  expect(await adapter.store.replayDeliveries({ state: 'parked' }, Date.now())).toBe(0);
  service.takes = true;
  laterMs = 3_600_000; // a no is asked again
  await say(adapter, 'p', person({ name: [{ family: 'Another' }] }));
  await until(() => service.taken.length > 0);
  expect(service.taken[0]!.bundle.entry![1]!.resource!.id).toBe(REFERRAL);
  await until(async () => (await items()).length === 0);
}, 60_000);
