/** Receiving: onto the disk first, then acknowledged, then handed over, each once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { refuse } from '../../../src/fhir/outcome.ts';
import type { MessageHandler, Received } from '../../../src/nhs/mesh/channel.ts';
import { temporaryStore } from '../../store/temporary.ts';
import {
  Clock,
  DAY_MS,
  letter,
  live,
  MINUTE_MS,
  mailbox,
  meshServer,
  open,
  SIGNAL,
  temporaryFolder,
} from './harness.ts';

/** Keeps what it is handed. */
function collector(): { handler: MessageHandler; got: { message: Received; text: string }[] } {
  const got: { message: Received; text: string }[] = [];
  return {
    got,
    handler: async (message) => {
      got.push({ message, text: Buffer.from(await message.read()).toString() });
      return { ok: true, value: undefined };
    },
  };
}

test.each([1, 2] as const)(
  'a message is taken in, acknowledged and handed over once, in version %i',
  async (apiVersion) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const server = await meshServer(clock);
    server.put('OURS', Buffer.from('hello'), {
      'mex-workflowid': 'DOC',
      'mex-localid': 'x1',
      'mex-filename': 'a.txt',
    });
    const ours = mailbox({ server, store, clock, apiVersion });
    const { handler, got } = collector();
    ours.onMessage('DOC', handler);
    await live(clock, 30 * MINUTE_MS, ours);
    expect(got.map(({ text }) => text)).toEqual(['hello']);
    expect(got[0]!.message).toMatchObject({
      from: 'OTHER',
      workflowId: 'DOC',
      localId: 'x1',
      fileName: 'a.txt',
      bytes: 5,
    });
    expect(server.messages[0]!.status).toBe('acknowledged');
    const kept = await store.messages.get({ channel: 'ours', direction: 'in', id: server.messages[0]!.id });
    expect(kept).toMatchObject({ state: 'taken', conversation: 'x1', ownerOrg: 'A1A1A' });
    expect(kept?.body).toBeUndefined();
  },
);

test('the inbox is looked at every five minutes by both replicas together, and a handshake made once a day', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const replicas = [mailbox({ server, store, clock }), mailbox({ server, store, clock })];
  for (let minute = 0; minute < 26 * 60; minute += 2) {
    clock.pass(2 * MINUTE_MS);
    for (const one of replicas) await one.poll();
  }
  const looks = server.asked.filter(({ method, path }) => method === 'GET' && path.endsWith('/inbox')).length;
  expect(looks).toBe(260); // every third of the two minutes
  expect(server.tooSoon).toEqual([]);
  const shaken = server.asked.filter(({ method, path }) => method === 'POST' && path === 'OURS');
  expect(shaken).toHaveLength(2);
  expect(shaken[0]!.headers).toMatchObject({ 'mex-clientversion': 'hedgerow-0.1.0' });
});

test.each([1, 2] as const)(
  'after a full page the next is asked for at once, in version %i',
  async (apiVersion) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const server = await meshServer(clock);
    for (let at = 0; at < 25; at++) server.put('OURS', Buffer.from(`m${at}`), { 'mex-workflowid': 'DOC' });
    const ours = mailbox({ server, store, clock, apiVersion, settings: { pageSize: 10 } });
    await ours.poll();
    expect(server.messages.map(({ status }) => status)).toEqual(
      Array.from({ length: 25 }, () => 'acknowledged'),
    );
    expect(server.tooSoon).toEqual([]);
  },
);

test('chunks are put together, each decompressed by itself, and one that was cut off is fetched again', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const theirs = mailbox({ server, store, clock, mailbox: 'THEIRS', settings: { chunkBytes: 50_000 } });
  const content = Buffer.from(Array.from({ length: 170_000 }, (_, at) => (at * 7919) % 256));
  await theirs.send(letter('big', { to: 'OURS', content }), SIGNAL);
  let cut = 0;
  server.setFault(({ path }) => (path.endsWith('/2') && ++cut === 1 ? 'half' : undefined));
  const folder = temporaryFolder();
  const ours = mailbox({ server, store, clock, folder, inStoreBytes: 1_000 });
  let seen: Buffer | undefined;
  ours.onMessage('DOC', async (message) => {
    seen = readFileSync(await message.file());
    return { ok: true, value: undefined };
  });
  await ours.poll();
  expect(readdirSync(folder).filter((name) => name.startsWith('in-'))).toHaveLength(1); // too large for the store
  clock.pass(1);
  await ours.tend();
  expect(seen?.equals(content)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.startsWith('in-'))).toEqual([]);
  expect(cut).toBe(2);
});

test('a large message passes through little memory', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  const megabytes = 100;
  const folder = temporaryFolder();
  const zipped = gzipSync(Buffer.alloc(megabytes * 1_000_000, 'abcdefghij'));
  const headers = { 'mex-workflowid': 'DOC', 'content-encoding': 'gzip' };
  server.put('OURS', zipped, headers);
  const ours = mailbox({
    server,
    store: await temporaryStore(),
    clock,
    folder,
    settings: { maxBytes: 200_000_000 },
  });
  const before = process.memoryUsage();
  let most = 0;
  const watch = setInterval(() => {
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed);
  }, 5);
  await ours.poll();
  clearInterval(watch);
  expect(server.messages[0]!.status).toBe('acknowledged');
  expect(most).toBeLessThan(80_000_000);
}, 20_000);

test('a message above the limit is left at MESH and put on the worklist, and holds no other up', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  server.put('OURS', Buffer.alloc(5_000, 'x'), { 'mex-workflowid': 'DOC' });
  server.put('OURS', Buffer.from('small'), { 'mex-workflowid': 'DOC' });
  const ours = mailbox({ server, store, clock, settings: { maxBytes: 1_000 } });
  const { handler, got } = collector();
  ours.onMessage('DOC', handler);
  await live(clock, 10 * MINUTE_MS, ours);
  expect(server.messages.map(({ status }) => status)).toEqual(['accepted', 'acknowledged']);
  expect(got.map(({ text }) => text)).toEqual(['small']);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-too-large']);
  const [large] = server.messages;
  expect(
    server.asked.filter(({ method, path }) => method === 'GET' && path.endsWith(large!.id)),
  ).toHaveLength(1);
  const roomy = mailbox({ server, store, clock });
  roomy.onMessage('DOC', handler);
  await live(clock, 10 * MINUTE_MS, roomy);
  expect(got).toHaveLength(2);
  expect(await open(store)).toEqual([]);
});

test.each([404, 410])('a message that is gone (%i) holds no other up', async (status) => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const gone = server.put('OURS', Buffer.from('gone'), { 'mex-workflowid': 'DOC' });
  server.put('OURS', Buffer.from('there'), { 'mex-workflowid': 'DOC' });
  server.setFault(({ path }) => (path.endsWith(gone) ? { status } : undefined));
  const ours = mailbox({ server, store, clock });
  const { handler, got } = collector();
  ours.onMessage('DOC', handler);
  await live(clock, 5 * MINUTE_MS, ours);
  expect(got.map(({ text }) => text)).toEqual(['there']);
});

test('a message of an unknown workflow is kept with its content until somebody has seen to it', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const id = server.put('OURS', Buffer.from('{"resourceType":"Bundle"}'), {
    'mex-workflowid': 'NEWS',
    'mex-content-type': 'application/fhir+json',
  });
  const ours = mailbox({ server, store, clock });
  await live(clock, 30 * MINUTE_MS, ours);
  const [item] = await open(store);
  expect(item).toMatchObject({ rule: 'mesh-unknown-workflow', item: { kind: 'incomplete', recordKey: id } });
  expect(Buffer.from(await (await ours.kept(id))!.read()).toString()).toContain('Bundle');
  const later = mailbox({ server, store, clock });
  const { handler, got } = collector();
  later.onMessage('NEWS', handler); // configured by now
  await live(clock, 10 * MINUTE_MS, later);
  expect(got).toHaveLength(1);
  expect(await open(store)).toEqual([]);
});

test('resolving the item of an unknown message drops its content, and nothing else does', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const id = server.put('OURS', Buffer.from('news'), { 'mex-workflowid': 'NEWS' });
  const ours = mailbox({ server, store, clock });
  await live(clock, DAY_MS / 4, ours);
  expect(Buffer.from(await (await ours.kept(id))!.read()).toString()).toBe('news');
  await store.resolveWork((await open(store))[0]!.item.id, clock.nowMs, 'Sam');
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.kept(id)).toBeUndefined();
});

test('what a handler refuses is on the worklist with its reason, and tried again when somebody says so', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const id = server.put('OURS', Buffer.from('doc'), { 'mex-workflowid': 'DOC' });
  const ours = mailbox({ server, store, clock });
  let isRight = false;
  ours.onMessage('DOC', async () =>
    isRight ? { ok: true, value: 1 } : refuse({ rule: 'doc-unreadable', diagnostics: 'No such document.' }),
  );
  await live(clock, 10 * MINUTE_MS, ours);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['doc-unreadable']);
  isRight = true;
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await open(store)).toHaveLength(1);
  expect(await ours.retry('in', id)).toMatchObject({ ok: true });
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await open(store)).toEqual([]);
});

test('what a handler throws is tried again, shown after an hour, and settles itself', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  server.put('OURS', Buffer.from('doc'), { 'mex-workflowid': 'DOC' });
  const ours = mailbox({ server, store, clock });
  let tries = 0;
  let isDown = true;
  ours.onMessage('DOC', async () => {
    tries++;
    if (isDown) throw new Error('the database is down');
    return { ok: true, value: undefined };
  });
  await live(clock, 30 * MINUTE_MS, ours);
  expect(tries).toBeGreaterThan(2);
  expect(await open(store)).toEqual([]);
  await live(clock, 90 * MINUTE_MS, ours);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-not-taken']);
  isDown = false;
  await live(clock, 30 * MINUTE_MS, ours);
  expect(await open(store)).toEqual([]);
});

test('refused credentials are an incident, which closes when they are right', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  let sharedKey = 'wrong';
  const ours = mailbox({ server, store, clock, sharedKey: () => sharedKey });
  await ours.poll();
  const [incident] = await store.incidents.openCauses();
  expect(incident).toMatchObject({ cause: 'mesh-credentials:ours', detail: expect.stringContaining('403') });
  sharedKey = 'BackBone';
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await store.incidents.openCauses()).toEqual([]);
});

test('a file name that would lead elsewhere does not', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  server.put('OURS', Buffer.from('doc'), {
    'mex-workflowid': 'DOC',
    'mex-filename': '../../etc/cron.d/x.csv',
  });
  const folder = temporaryFolder();
  const ours = mailbox({ server, store, clock, folder });
  let path = '';
  ours.onMessage('DOC', async (message) => {
    path = await message.file();
    return { ok: true, value: readFileSync(path, 'utf8') };
  });
  await live(clock, 5 * MINUTE_MS, ours);
  expect(path.startsWith(join(folder, 'handing-over'))).toBe(true);
  expect(basename(path)).toBe('x.csv');
  expect(existsSync(path)).toBe(false);
});
