/** Messages that wait: whether they may still leave, whether they can be called back, and who is told. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Exchange } from '../../../src/wire/exchange.ts';
import { temporaryStore } from '../../store/temporary.ts';
import {
  Clock,
  letter,
  live,
  MINUTE_MS,
  mailbox,
  meshServer,
  open,
  SIGNAL,
  temporaryFolder,
} from './harness.ts';

/** A MESH that can be reached or not. */
async function world(more: Partial<Parameters<typeof mailbox>[0]> = {}) {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const net = { isDown: true };
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) =>
      net.isDown ? { ok: false, sent: false, reason: 'ECONNREFUSED' } : await exchange(request, signal);
  const folder = temporaryFolder();
  const make = () => mailbox({ server, store, clock, around, folder, ...more });
  return { clock, store, server, net, folder, make, ours: make() };
}

test('what waited and may not go any more does not leave, and its content is gone', async () => {
  const { ours, net, server, clock, folder } = await world({ inStoreBytes: 1 });
  let agreed = true;
  ours.onLeaving(async ({ localId }) => (localId === 'l1' ? agreed : undefined));
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ value: { progress: 'waiting' } });
  await ours.send(letter('l2'), SIGNAL);
  expect(readdirSync(folder).filter((name) => name.startsWith('out-'))).toHaveLength(2);
  agreed = false;
  net.isDown = false;
  await live(clock, 30 * MINUTE_MS, ours);
  expect(server.messages.map(({ headers }) => headers['mex-localid'])).toEqual(['l2']);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'replaced' });
  expect(readdirSync(folder).filter((name) => name.startsWith('out-'))).toHaveLength(1);
});

test('while nobody can say whether a message may leave, it waits', async () => {
  const { ours, net, server, clock } = await world();
  net.isDown = false;
  let isKnown = false;
  ours.onLeaving(async () => {
    if (!isKnown) throw new Error('the store is down');
    return true;
  });
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ value: { progress: 'waiting' } });
  expect(server.messages).toEqual([]);
  isKnown = true;
  await live(clock, 10 * MINUTE_MS, ours);
  expect(server.messages).toHaveLength(1);
});

test('a message is surely called back only when nothing of it has left', async () => {
  const { ours, net, server, clock } = await world();
  await ours.send(letter('waits'), SIGNAL);
  expect([await ours.replace('waits'), await ours.replace('waits'), await ours.replace('none')]).toEqual([
    true,
    true,
    false,
  ]);
  net.isDown = false;
  await ours.send(letter('left'), SIGNAL);
  expect([await ours.replace('left'), await ours.replace('left')]).toEqual([false, false]);
  server.setFault(({ path }) => (path.endsWith('/outbox') ? 'lost' : undefined));
  await ours.send(letter('unsure'), SIGNAL);
  await live(clock, 30 * MINUTE_MS, ours);
  expect([await ours.replace('unsure'), await ours.replace('unsure')]).toEqual([false, false]);
  expect(server.messages.map(({ headers }) => headers['mex-localid'])).toEqual(['left', 'unsure']);
});

test('what cannot be sent for an hour is shown, goes at once when somebody says so, and settles itself', async () => {
  const { ours, net, server, store, clock } = await world();
  net.isDown = false;
  server.setFault(({ path }) => (path.endsWith('/outbox') ? { status: 403 } : undefined));
  await ours.send(letter('l1'), SIGNAL);
  await live(clock, 30 * MINUTE_MS, ours);
  expect(await open(store)).toEqual([]);
  await live(clock, 60 * MINUTE_MS, ours);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-waits']);
  server.setFault(undefined);
  expect(await ours.retry('out', 'l1')).toMatchObject({ ok: true });
  clock.pass(1);
  await ours.tend();
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' });
  expect(await open(store)).toEqual([]);
});

test('a message whose file is gone waits for an hour, then a person is told', async () => {
  const { ours, net, server, store, clock, make } = await world({ inStoreBytes: 1 });
  await ours.send(letter('l1'), SIGNAL);
  net.isDown = false;
  const elsewhere = mailbox({ server, store, clock, inStoreBytes: 1 }); // with a folder of its own
  await live(clock, 30 * MINUTE_MS, elsewhere);
  expect([await open(store), server.messages.length]).toEqual([[], 0]);
  await live(clock, 60 * MINUTE_MS, elsewhere);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-no-content']);
  expect(await make().retry('out', 'l1')).toMatchObject({ ok: true });
  clock.pass(1);
  await make().tend();
  expect(server.messages).toHaveLength(1); // where its file is
});

test('an id that comes when the message is in doubt already is kept, and nobody need look', async () => {
  const { net, server, store, clock } = await world();
  net.isDown = false;
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) => {
      const answer = await exchange(request, signal);
      if (request.url.endsWith('/outbox')) {
        reached.resolve();
        await released.promise;
      }
      return answer;
    };
  const slow = mailbox({ server, store, clock, around });
  const sending = slow.send(letter('l1'), SIGNAL);
  await reached.promise;
  await live(clock, 40 * MINUTE_MS, mailbox({ server, store, clock }));
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-unsure']);
  released.resolve();
  expect(await sending).toMatchObject({
    value: { progress: 'sent', messageId: server.messages[0]!.id },
  });
  expect([await open(store), server.messages.length]).toEqual([[], 1]);
});

test('messages with long ids that begin alike each keep their own content', async () => {
  const { ours, net, server, clock } = await world({ inStoreBytes: 1 });
  const ids = ['a', 'b'].map((end) => `${'x'.repeat(290)}${end}`);
  for (const id of ids) await ours.send(letter(id, { content: Buffer.from(id.slice(-1)) }), SIGNAL);
  net.isDown = false;
  await live(clock, 30 * MINUTE_MS, ours);
  const sent = server.messages.map((one) => [one.headers['mex-localid'], server.contentOf(one).toString()]);
  expect(sent.toSorted()).toEqual([
    [ids[0], 'a'],
    [ids[1], 'b'],
  ]);
});

test('a message that was given up stays so when what tells of it fails', async () => {
  const { ours, net, server, store, clock } = await world();
  net.isDown = false;
  ours.onReport(async ({ localId }) => {
    await ours.replace(localId);
    throw new Error('the disk is full');
  });
  await ours.send(letter('l1'), SIGNAL);
  server.messages[0]!.status = 'acknowledged';
  await live(clock, 90 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'replaced' });
  const kept = await store.messages.get({ channel: 'ours', direction: 'out', id: 'l1' });
  expect(kept?.dueMs).toBeUndefined();
});
