/** A whole adapter with a mailbox: a spreadsheet that comes by MESH is records, and what needs a person can be seen and settled. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { type Adapter, openAdapter } from '../../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import type { MeshServer } from '../../servers/mesh.ts';
import { Clock, meshServer, PASSWORD, SHARED_KEY, temporaryFolder } from './harness.ts';

const running: Adapter[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  vi.unstubAllEnvs();
});

class RealClock extends Clock {
  override readonly read = (): number => Date.now();
}

/** Loaded once. */
let parts: ReturnType<typeof loadParts> | undefined;

async function start(server: MeshServer): Promise<{ adapter: Adapter; folder: string }> {
  vi.stubEnv('TEST_MESH_PASSWORD', PASSWORD);
  vi.stubEnv('TEST_MESH_KEY', SHARED_KEY);
  const folder = temporaryFolder();
  const receive = [{ workflow: 'FILES', source: 'spreadsheet', kind: 'referral' }];
  const mailbox = {
    name: 'main',
    mailbox: 'OURS',
    passwordEnv: 'TEST_MESH_PASSWORD',
    ownerOrg: 'A1A1A',
    receive,
  };
  const mesh = { url: server.url, sharedKeyEnv: 'TEST_MESH_KEY', mailboxes: [mailbox] };
  const path = join(folder, 'hedgerow.config.json');
  writeFileSync(
    path,
    JSON.stringify({ port: 0, dataDir: join(folder, 'data'), access: { open: true }, nhs: { mesh } }),
  );
  const config = loadConfig({ cwd: folder, root: ROOT, path });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  parts ??= loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  const adapter = await openAdapter({
    config: config.value,
    parts: parts.value,
    clock: Date.now,
    log,
    token: 'test',
  });
  running.push(adapter);
  return { adapter, folder };
}

type Body = Readonly<Record<string, unknown>> & { readonly items: readonly { readonly id: string }[] };

const call = async (adapter: Adapter, path: string, body?: object) => {
  const response = await fetch(`${adapter.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as Body };
};

test('a spreadsheet that comes by MESH is records, and an unknown message waits for a person', async () => {
  const server = await meshServer(new RealClock());
  const csv = readFileSync(join(ROOT, 'mappings/spreadsheet/examples/referral/full/input.csv'));
  server.put('OURS', csv, { 'mex-workflowid': 'FILES', 'mex-filename': 'week 19.csv' });
  const unknown = server.put('OURS', Buffer.from('{"resourceType":"Bundle"}'), { 'mex-workflowid': 'NEWS' });
  const { adapter, folder } = await start(server);
  await vi.waitFor(
    async () => {
      const { work } = await adapter.store.counts();
      expect(work.find(({ kind }) => kind === 'incomplete')).toBeDefined();
    },
    { timeout: 10_000, interval: 50 },
  );
  const { sources } = await adapter.store.counts();
  expect(sources).toEqual([expect.objectContaining({ source: 'spreadsheet', kind: 'referral', records: 1 })]);
  expect(server.messages.map(({ status }) => status)).toEqual(['acknowledged', 'acknowledged']);

  const { body: list } = await call(adapter, '/worklist?rule=mesh-unknown-workflow');
  expect(list.items).toHaveLength(1);
  expect(list.items[0]).toMatchObject({ target: 'main', next: { actions: ['assign', 'resolve', 'retry'] } });
  expect(JSON.stringify(list)).not.toContain(unknown);
  expect((await call(adapter, `/worklist/${list.items[0]!.id}/retry`, {})).body).toMatchObject({
    result: { state: 'due' },
  });
  await vi.waitFor(async () => expect((await call(adapter, '/worklist')).body.items).toHaveLength(1), {
    timeout: 10_000,
  });

  const { body: status } = await call(adapter, '/control/mesh');
  expect(status).toMatchObject([{ name: 'main', mailbox: 'OURS', looked: expect.any(String) }]);
  const path = join(folder, 'news.json');
  expect(await call(adapter, '/control/mesh/save', { mailbox: 'main', id: unknown, path })).toMatchObject({
    status: 200,
  });
  expect(readFileSync(path, 'utf8')).toBe('{"resourceType":"Bundle"}');
});

test('a file is sent by hand, once, under the name that it has', async () => {
  const server = await meshServer(new RealClock());
  const { adapter, folder } = await start(server);
  const path = join(folder, 'summary.csv');
  writeFileSync(path, 'a,b\n');
  const words = {
    mailbox: 'main',
    path,
    to: 'THEIRS',
    workflow: 'FILES',
    localId: 'by-hand-1',
    contentType: 'text/csv',
  };
  const sent = await call(adapter, '/control/mesh/send', words);
  expect(sent.body).toMatchObject({ localId: 'by-hand-1', progress: 'sent' });
  await call(adapter, '/control/mesh/send', words);
  expect(server.messages).toHaveLength(1);
  expect(server.messages[0]!.headers).toMatchObject({ 'mex-filename': 'summary.csv', 'mex-to': 'THEIRS' });
  expect((await call(adapter, '/control/mesh/send', { ...words, mailbox: 'none' })).status).toBe(422);
});
