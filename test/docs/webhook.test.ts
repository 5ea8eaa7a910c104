/** docs/webhook.md as a reader follows it: its configuration, its event, its receiver, its record. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { loadSource } from '../../src/source/load.ts';
import { eventOf } from '../../src/target/webhook/event.ts';
import { createWebhookTarget } from '../../src/target/webhook/webhook.ts';
import { signatureOf } from '../../src/wire/signature.ts';
import { delivery, patient } from '../target/deliveries.ts';
import { blocksOf, ROOT, roleOf } from './page.ts';

const SECRET = 'a secret of tests';
const blocks = blocksOf('webhook.md');
const shown = (role: string): string => blocks.find((block) => roleOf(block) === role)!.text;

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'webhook-page-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Runs the page's receiver. */
async function receiver(): Promise<{ url: string; line: () => Promise<string> }> {
  writeFileSync(join(folder, 'receiver.mjs'), shown('file=receiver.mjs'));
  const env = { ...process.env, CASE_SYSTEM_SECRET: SECRET, PORT: '0' };
  child = spawn(process.execPath, ['receiver.mjs'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  return { url: `http://127.0.0.1:${(await line()).split(' ')[1]}/`, line };
}

async function post(url: string, body: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'hedgerow-signature': signature };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

test('its configuration is one, with the defaults that the page names', () => {
  writeFileSync(join(folder, 'hedgerow.config.json'), shown('config'));
  const config = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const webhook = config.value.targets[1]!;
  expect(webhook).toMatchObject({ kind: 'webhook', purpose: 'refer', signatureHeader: 'Hedgerow-Signature' });
  expect(webhook.send).toMatchObject({ origin: 'ehr', codedOnly: false });
  const page = readFileSync(join(ROOT, 'docs/webhook.md'), 'utf8');
  const named = webhook.send!.types!.filter((type) => type !== 'Patient' && type !== 'Consent');
  expect(page).toContain(`| \`send.types\` | ${named.join(', ')} |`);
});

test('its event has the members that are sent, and the table tells of each', () => {
  const event = JSON.parse(shown('event')) as Record<string, unknown>;
  const sent = eventOf(delivery(patient('p1')), new Map([['Patient/p1', []]]));
  expect(Object.keys(event)).toEqual(Object.keys(sent));
  const page = readFileSync(join(ROOT, 'docs/webhook.md'), 'utf8');
  for (const name of Object.keys(event)) expect(page).toMatch(new RegExp(`^\\| .*\`${name}\``, 'm'));
});

test('its receiver takes what the adapter sends, once each, and nothing late', async () => {
  const { url, line } = await receiver();
  const options = { name: 'case-system', url, secret: SECRET, signatureHeader: 'Hedgerow-Signature' };
  const identifiersOf = async (): Promise<ReadonlyMap<`${string}/${string}`, []>> => new Map();
  const target = createWebhookTarget({ ...options, deadlineMs: 5_000, clock: Date.now, identifiersOf });
  const versions = [delivery(patient('p1')), delivery(patient('p1', { gender: 'female' }), { version: 2 })];
  const said: string[] = [];
  for (const one of [versions[0]!, versions[0]!, versions[1]!]) {
    const [answer] = await target.deliver([one], new AbortController().signal);
    expect(answer).toMatchObject({ ok: true });
    said.push((await line()).split(' ')[0]!);
  }
  const late = JSON.stringify({ ...eventOf(versions[0]!, new Map()), id: 'another' });
  expect(await post(url, late, signatureOf(SECRET, late, Date.now()))).toBe(204);
  said.push((await line()).split(' ')[0]!);
  expect(said).toEqual(['resource.created', 'again', 'resource.created', 'late']);
  await target.close();
});

test('its receiver refuses a body that was changed, another secret, an old time and no signature', async () => {
  const { url } = await receiver();
  const body = JSON.stringify(eventOf(delivery(patient('p1')), new Map()));
  const nowMs = Date.now();
  expect(await post(url, body.replace('p1', 'p2'), signatureOf(SECRET, body, nowMs))).toBe(401);
  expect(await post(url, body, signatureOf('another secret', body, nowMs))).toBe(401);
  expect(await post(url, body, signatureOf(SECRET, body, nowMs - 301_000))).toBe(401);
  expect(await post(url, body, signatureOf(SECRET, body, nowMs + 310_000))).toBe(401);
  expect(await post(url, body, '')).toBe(401);
  expect(await post(url, body, signatureOf(SECRET, body, nowMs))).toBe(204);
});

test('its record is one of the platform', () => {
  const source = loadSource(join(ROOT, 'mappings/platform'));
  if (!source.ok) throw new Error(JSON.stringify(source.outcome));
  expect(source.value.kinds.get('status')!.check(JSON.parse(shown('status')))).toEqual([]);
});
