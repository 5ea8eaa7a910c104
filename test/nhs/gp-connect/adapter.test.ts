/** A whole adapter that writes to a GP practice: a referral that is closed becomes one document at the practice's mailbox, and no more. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { type Adapter, openAdapter } from '../../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import { loadConfig } from '../../../src/config.ts';
import { textAt, treeOf } from '../../../src/nhs/gp-connect/xml-tree.ts';
import type { MeshServer } from '../../servers/mesh.ts';
import { Clock, meshServer, PASSWORD, SHARED_KEY, temporaryFolder } from '../mesh/harness.ts';

const PRACTICE = 'GPPROVIDER_9990000018_17051948_Testperson';
const WORKFLOW = 'GPCONNECT_SEND_DOCUMENT';
const running: Adapter[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  vi.unstubAllEnvs();
});

class RealClock extends Clock {
  override readonly read = (): number => Date.now();
}

async function practice(
  practices: Record<string, { mailbox: string } | { code: string }>,
): Promise<MeshServer> {
  const mailboxes = {
    OURS: { password: PASSWORD, ods: 'A1A1A', workflows: [`${WORKFLOW}_ACK`] },
    PRACTICE: { password: 'other', ods: 'Y99001', workflows: [WORKFLOW] },
  };
  return await meshServer(new RealClock(), { mailboxes, practices });
}

async function start(server: MeshServer, folder: string): Promise<Adapter> {
  vi.stubEnv('TEST_MESH_PASSWORD', PASSWORD);
  vi.stubEnv('TEST_MESH_KEY', SHARED_KEY);
  const mailboxes = [{ name: 'main', mailbox: 'OURS', passwordEnv: 'TEST_MESH_PASSWORD' }];
  const nhs = {
    organisation: { odsCode: 'A1A1A', name: 'Example Link Workers' },
    mesh: { url: server.url, sharedKeyEnv: 'TEST_MESH_KEY', mailboxes },
    gpConnect: { names: { localExtension: 'SendDocument-Test' } },
  };
  const ways = [{ kind: 'mesh', mailbox: 'main' }, { kind: 'folder' }];
  const targets = [{ kind: 'document', name: 'gp-letters', document: { ways } }];
  const path = join(folder, 'hedgerow.config.json');
  writeFileSync(
    path,
    JSON.stringify({ port: 0, dataDir: join(folder, 'data'), access: { open: true }, nhs, targets }),
  );
  const config = loadConfig({ cwd: folder, root: ROOT, path });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log = pino({ level: 'silent' });
  const adapter = await openAdapter({
    config: config.value,
    parts: parts.value,
    clock: Date.now,
    log,
    token: 'test',
  });
  running.push(adapter);
  return adapter;
}

async function take(adapter: Adapter, kind: string, example: string): Promise<void> {
  const body = readFileSync(join(ROOT, 'mappings/platform/examples', kind, example, 'input.json'), 'utf8');
  const response = await fetch(`${adapter.url}/intake/platform/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect([kind, response.status, await response.text()]).toEqual([
    kind,
    expect.toBeOneOf([200, 201, 202]),
    expect.any(String),
  ]);
}

const soon = { timeout: 20_000, interval: 50 };

async function close(adapter: Adapter): Promise<void> {
  await take(adapter, 'referral', 'adult-referred-by-gp');
  await take(adapter, 'contact', 'telephone-attended');
  await take(adapter, 'support', 'plan-with-goals');
  await take(adapter, 'outcome', 'completed-with-outcomes');
}

test('a referral that ends is told to the practice once, with what it is asked to do', async () => {
  const server = await practice({ [PRACTICE]: { mailbox: 'PRACTICE' } });
  const folder = temporaryFolder();
  const adapter = await start(server, folder);
  await close(adapter);
  await vi.waitFor(
    () => expect(server.messages.filter(({ workflow }) => workflow === WORKFLOW)).toHaveLength(1),
    soon,
  );
  await vi.waitFor(async () => {
    const { targets } = await adapter.store.counts();
    expect(targets.find(({ target }) => target === 'gp-letters')).toMatchObject({
      waiting: 0,
      claimed: 0,
      parked: 0,
      held: 0,
    });
  }, soon);
  // the same again is nothing new
  await take(adapter, 'outcome', 'completed-with-outcomes');
  const [sent, ...more] = server.messages.filter(({ workflow }) => workflow === WORKFLOW);
  expect(more).toEqual([]);
  expect(sent!.headers['mex-localid']).toBe('A1A1A');
  expect(sent!.headers['mex-subject']).toContain('NHS Number: 9990000018');
  const tree = treeOf(server.contentOf(sent!).toString('utf8'));
  expect(server.contentOf(sent!).toString('utf8')).toContain(
    'Please review hearing: she misses words on the phone.',
  );
  expect(tree.ok && textAt(tree.value, 'Bundle', 'entry', 'resource', 'MessageHeader', 'event', 'code')).toBe(
    'ITK007C',
  );
  const [filing] = await adapter.store.filings.of(await closedTask(adapter));
  expect(filing).toMatchObject({ target: 'gp-letters', state: 'sent' });
});

/** Key of the Task that was completed. */
async function closedTask(adapter: Adapter): Promise<`Task/${string}`> {
  const response = await fetch(`${adapter.url}/fhir/r4/Task?status=completed`);
  const bundle = (await response.json()) as { entry: { resource: { id: string } }[] };
  return `Task/${bundle.entry[0]!.resource.id}`;
}
