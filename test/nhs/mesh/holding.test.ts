/** What takes long, or is always too busy, holds nothing else up: neither the other way of a mailbox nor other messages. */
import { afterEach, expect, test, vi } from 'vitest';
import type { Answered } from '../../../src/nhs/mesh/client.ts';
import { download } from '../../../src/nhs/mesh/download.ts';
import type { MeshFault } from '../../../src/nhs/mesh/faults.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';
import type { WireAnswer } from '../../../src/wire/http.ts';
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

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

test('while a download hangs, what waits is sent', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const bad = server.put('OURS', Buffer.from('slow'), { 'mex-workflowid': 'DOC' });
  let isDown = true;
  const hangs = Promise.withResolvers<void>();
  ended.push(hangs.resolve); // before the mailbox is stopped
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) => {
      if (isDown) return { ok: false, sent: false, reason: 'ECONNREFUSED' };
      if (request.url.endsWith(bad)) await hangs.promise;
      return await exchange(request, signal);
    };
  const ours = mailbox({ server, store, clock, around, parts: { tendMs: 20 } });
  await ours.send(letter('l1'), SIGNAL);
  isDown = false;
  clock.pass(MINUTE_MS);
  ours.start();
  await vi.waitFor(async () => expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' }), {
    timeout: 20_000,
    interval: 20,
  });
  const inbox = await store.messages.get({ channel: 'ours', direction: 'in', id: bad });
  expect(inbox).toBeUndefined(); // it hangs to this moment
});

test.each([
  ['whose answer never came', { isLate: true }, 1],
  ['that was cut off', {}, 3],
])('a chunk %s is asked for %o in one look', async (_what, more, times) => {
  let asked = 0;
  const outcome = { resourceType: 'OperationOutcome' as const, issue: [] };
  const fault: MeshFault = { ok: false, retry: 'ambiguous', outcome, ...more };
  const client = {
    download: async (): Promise<Answered<WireAnswer>> => {
      asked += 1;
      return fault;
    },
  };
  const path = `${temporaryFolder()}/m`;
  expect(await download({ client, messageId: 'm', path, mostBytes: 10 }, SIGNAL)).toEqual(fault);
  expect(asked).toBe(times);
});

test.each([429, 503])(
  'a message that MESH is always too busy for (%i) ends no look, and is shown before it expires',
  async (status) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const server = await meshServer(clock);
    const bad = server.put('OURS', Buffer.from('busy'), { 'mex-workflowid': 'DOC' });
    const good = server.put('OURS', Buffer.from('good'), { 'mex-workflowid': 'DOC' });
    const headers = { 'retry-after': '60' };
    server.setFault(({ path }) => (path.endsWith(bad) ? { status, headers } : undefined));
    const ours = mailbox({ server, store, clock, failures: 5, settings: { pollMs: DAY_MS } });
    await ours.poll();
    const taken = await store.messages.get({ channel: 'ours', direction: 'in', id: good });
    expect([taken?.state, (await ours.turns()).lookedMs]).toEqual(['received', clock.nowMs]);
    await live(clock, 10 * MINUTE_MS, ours);
    expect((await open(store)).map(({ rule }) => rule)).toContain('mesh-not-given');
    server.setFault(undefined);
    await live(clock, 10 * MINUTE_MS, ours);
    expect((await open(store)).map(({ rule }) => rule)).not.toContain('mesh-not-given');
  },
);

test('a list that MESH is too busy for ends the look', async () => {
  const clock = new Clock();
  const server = await meshServer(clock, { fault: () => ({ status: 429 }) });
  const ours = mailbox({ server, store: await temporaryStore(), clock });
  expect(await ours.poll()).toMatchObject({ looked: true, fault: { status: 429 } });
  expect((await ours.turns()).lookedMs).toBeUndefined();
});

test('a message that MESH would have sent again at once waits all the same', async () => {
  const clock = new Clock();
  const headers = { 'retry-after': '0' };
  const server = await meshServer(clock, {
    fault: ({ path }) => (path.endsWith('/outbox') ? { status: 429, headers } : undefined),
  });
  const ours = mailbox({ server, store: await temporaryStore(), clock });
  await ours.send(letter('l1'), SIGNAL);
  expect(await ours.tend()).toBe(0);
  clock.pass(5_000);
  expect(await ours.tend()).toBe(1);
  expect(server.asked.filter(({ path }) => path.endsWith('/outbox'))).toHaveLength(2);
});
