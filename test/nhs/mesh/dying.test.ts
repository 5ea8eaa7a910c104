/** Processes that die between any two steps: what they had begun is taken on by the next. */
import { expect, test } from 'vitest';
import type { MessageHandler } from '../../../src/nhs/mesh/channel.ts';
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
import { Mortal } from './mortal.ts';

test('a process that dies at any step of sending leaves a message that goes once, or that a person is asked of', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ends = new Set<string>();
  for (let steps = 0; steps < 24; steps++) {
    const localId = `l${steps}`;
    const content = Buffer.alloc(25, 'x');
    const mortal = new Mortal(steps);
    const settings = { chunkBytes: 10 };
    const first = mailbox({ server, store: mortal.store(store), clock, around: mortal.around, settings });
    const sent = await first.send(letter(localId, { content }), SIGNAL).catch(() => undefined);
    if (!sent && !(await store.messages.get({ channel: 'ours', direction: 'out', id: localId }))) continue; // its caller knows
    const next = mailbox({ server, store, clock, settings });
    await live(clock, 30 * MINUTE_MS, next);
    const there = server.messages.filter(({ headers }) => headers['mex-localid'] === localId);
    const isOpen = (await open(store)).some(({ item }) => item.recordKey === localId);
    expect(there.length).toBeLessThanOrEqual(1);
    expect(isOpen || there[0]?.status === 'accepted').toBe(true);
    ends.add(isOpen ? (there.length === 1 ? 'asked, and there' : 'asked, and not there') : 'there');
  }
  expect([...ends].sort()).toEqual(['asked, and not there', 'asked, and there', 'there']);
});
/** Steps that a process takes from its first look to the end of a message, and some more. */
const STEPS = Array.from({ length: 30 }, (_, at) => at);

test('a process that dies at any step loses nothing, acknowledges nothing before it is kept, and hands over again only what it has not written down', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const folder = temporaryFolder();
  const committed = new Map<string, number>();
  const handler: MessageHandler = async ({ messageId }) => {
    committed.set(messageId, (committed.get(messageId) ?? 0) + 1);
    return { ok: true, value: undefined };
  };
  let died = 0;
  let again = 0;
  for (const steps of STEPS) {
    const id = server.put('OURS', Buffer.from('doc'), { 'mex-workflowid': 'DOC' });
    const message = server.messages.at(-1)!;
    const mortal = new Mortal(steps);
    const first = mailbox({ server, store: mortal.store(store), clock, folder, around: mortal.around });
    first.onMessage('DOC', handler);
    await live(clock, 5 * MINUTE_MS, first).catch(() => {});
    if (mortal.isDead) died++;
    const isKept = (await store.messages.get({ channel: 'ours', direction: 'in', id })) !== undefined;
    if (message.status === 'acknowledged') expect(isKept).toBe(true);
    const next = mailbox({ server, store, clock, folder });
    next.onMessage('DOC', handler);
    await live(clock, 10 * MINUTE_MS, next);
    expect(message.status).toBe('acknowledged');
    expect(await store.messages.get({ channel: 'ours', direction: 'in', id })).toMatchObject({
      state: 'taken',
    });
    expect(committed.get(id)).toBeGreaterThanOrEqual(1);
    expect(committed.get(id)).toBeLessThanOrEqual(2);
    if (committed.get(id) === 2) again++;
  }
  expect(died).toBeGreaterThan(12);
  expect(again).toBeLessThan(6);
}, 60_000);

test('a stop waits for the first POST under way, and begins no other', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) => {
      reached.resolve();
      await released.promise;
      return await exchange(request, signal);
    };
  const ours = mailbox({ server, store, clock, around });
  const sent = ours.send(letter('l1'), SIGNAL);
  await reached.promise;
  const stopped = ours.stop();
  const late = await ours.send(letter('l2'), SIGNAL);
  released.resolve();
  await stopped;
  expect(await sent).toMatchObject({ ok: true, value: { progress: 'sent' } });
  expect(late).toMatchObject({ ok: true, value: { progress: 'waiting' } });
  const next = mailbox({ server, store, clock });
  await live(clock, 10 * MINUTE_MS, next);
  expect(await next.sent('l2')).toMatchObject({ progress: 'sent' });
});
