/** Two whole adapters, one that refers by BaRS and one that receives: a referral goes there, and what becomes of it comes back. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type Adapter, openAdapter } from '../../../src/cli/adapter.ts';
import { ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import { parts } from '../../pipeline/shipped.ts';
import {
  around,
  consent,
  idOf,
  person,
  REFERRAL,
  request,
  SERVICE,
  task,
  USE_CASE,
} from '../../target/bars/world.ts';
import { say } from '../ehr/adapters.ts';
import { NAME, until } from './place.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(port: number, config: object): Promise<Adapter> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-bars-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, 'hedgerow.config.json'),
    JSON.stringify({ port, dataDir: 'data', access: { open: true }, ...config }),
  );
  const loaded = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
  const adapter = await openAdapter({
    ...{ config: loaded.value, parts, clock: Date.now, token: 'test' },
    log: pino({ level: process.env.TEST_LOG ?? 'silent' }),
  });
  undo.push(() => adapter.stop());
  return adapter;
}

const OWN = '2000099999';
const base = (port: number): string => `http://127.0.0.1:${port}/bars/FHIR/R4`;

async function openBoth(): Promise<{ referring: Adapter; receiving: Adapter }> {
  const [here, there] = [await freePort(), await freePort()];
  const nhs = (odsCode: string, dosServiceId: string, url: string): object => ({
    organisation: { odsCode, name: `Example ${odsCode}` },
    bars: { dosServiceId, receive: { url } },
  });
  const receiving = await start(there, {
    nhs: nhs(SERVICE.odsCode, SERVICE.dosServiceId, base(here)),
    targets: [],
  });
  const target = {
    ...{ kind: 'bars', name: 'link-workers', url: base(there), service: SERVICE, useCase: USE_CASE },
    ...{ requiresVerifiedNhsNumber: false, receipts: { by: 'task' } },
  };
  const referring = await start(here, { nhs: nhs('Y12345', OWN, base(there)), targets: [target] });
  return { referring, receiving };
}

const there = idOfSent(NAME, 'Y12345', 'ServiceRequest', REFERRAL);

async function standing({ store }: Adapter, requestId: string, taskId: string): Promise<string> {
  const found = await store.readMany([`ServiceRequest/${requestId}`, `Task/${taskId}`]);
  return found.map(({ resource }) => (resource as ServiceRequest | Task).status).join(' ');
}

async function tell({ url }: Adapter, state: string, minute: number): Promise<void> {
  const status = { request: there, task: taskIdOf(NAME, there), state };
  const answer = await fetch(`${url}/intake/platform/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ updatedAt: new Date(Date.now() + minute * 1_000).toISOString(), status }),
  });
  expect(answer.status).toBe(202);
}

test('a referral is received, accepted and completed there and stands alike at both ends; the next one is withdrawn', async () => {
  const { referring, receiving } = await openBoth();
  const referral = [...around(), person(), consent(), request(), task('requested')];
  expect((await say(referring, 'r', ...referral)).state).toBe('committed');
  const ours = () => standing(referring, REFERRAL, task('requested').id);
  const theirs = () => standing(receiving, there, taskIdOf(NAME, there));
  await until(async () => (await theirs()) === 'active requested');
  const steps = [
    ['ACCEPTED', 'active accepted'],
    ['OPEN', 'active in-progress'],
    ['CLOSED', 'completed completed'],
  ] as const;
  for (const [minute, [state, stands]] of steps.entries()) {
    await tell(receiving, state, minute);
    await until(async () => (await theirs()) === stands);
    await until(async () => (await ours()) === stands);
  }
  expect((await referring.store.filings.of(`ServiceRequest/${REFERRAL}`))[0]?.state).toBe('filed');
  for (const { store } of [referring, receiving]) {
    const work = await store.worklist({ open: true, count: 20 });
    expect(work.filter(({ kind }) => kind !== 'warning')).toEqual([]);
  }
  const messages = async () =>
    (await receiving.store.messages.about(`ServiceRequest/${there}`)).map(
      ({ direction, state }) => `${direction} ${state}`,
    );
  await until(async () => !(await messages()).includes('out prepared'));
  expect(await messages()).toEqual([...Array(3).fill('out acknowledged'), 'in taken']);
  const next = idOf('next referral');
  const thereNext = idOfSent(NAME, 'Y12345', 'ServiceRequest', next);
  const nextStands = () => standing(receiving, thereNext, taskIdOf(NAME, thereNext));
  await say(referring, 'n', request({ id: next }), task('requested', next));
  await until(async () => (await nextStands()) === 'active requested');
  const statusReason = {
    coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/referral-status', code: 'cancelled' }],
  };
  await say(referring, 'n', request({ id: next, status: 'revoked' }), {
    ...task('cancelled', next),
    statusReason,
  });
  await until(async () => (await nextStands()) === 'revoked cancelled');
}, 60_000);
