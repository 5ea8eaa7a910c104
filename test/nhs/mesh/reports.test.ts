/** Reports of MESH: each finds its message, tells what to do, and is told to whoever sent it. */
import { expect, test } from 'vitest';
import type { Report } from '../../../src/nhs/mesh/channel.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { Clock, DAY_MS, letter, live, MINUTE_MS, mailbox, meshServer, open, SIGNAL } from './harness.ts';

const lostOnce = () => {
  let count = 0;
  return ({ path }: { path: string }) =>
    path.endsWith('/outbox') && ++count === 1 ? ('lost' as const) : undefined;
};

test('a report tells what became of a message in doubt', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock, { fault: lostOnce() });
  const ours = mailbox({ server, store, clock });
  await ours.send(letter('l1', { workflowId: 'UNREGISTERED' }), SIGNAL);
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'failed', messageId: server.messages[0]!.id });
  expect((await open(store)).map(({ text }) => text)).toEqual([
    expect.stringMatching(/code 17\. .*not registered for this workflow/),
  ]);
});

test.each(['EPL-150', 'EPL-151', 'EPL-152', 'EPL-153', 'EPL-154'])(
  'a practice that is not found (%s) is reported late, linked, and told with its code',
  async (code) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const to = 'GPPROVIDER_9990000018_01011980_Ash';
    const server = await meshServer(clock, { practices: { [to]: { code } }, reportMs: 20 * MINUTE_MS });
    const ours = mailbox({ server, store, clock });
    const reports: Report[] = [];
    ours.onReport(async (report) => void reports.push(report));
    expect(await ours.send(letter('l1', { to, mexLocalId: 'A1A1A' }), SIGNAL)).toMatchObject({
      value: { progress: 'sent' },
    });
    await live(clock, 30 * MINUTE_MS, ours);
    expect(reports.at(-1)).toMatchObject({ progress: 'failed', code, localId: 'l1' });
    const [item] = await open(store);
    expect(item!.text).toContain(code);
    expect(item!.text).not.toContain('9990000018');
    expect(await ours.replace('l1')).toBe(true);
    expect(await ours.sent('l1')).toMatchObject({ progress: 'replaced' });
    expect(await open(store)).toEqual([]);
  },
);

test('what nobody collects within five days comes back, and may be sent again', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock, settings: { pollMs: DAY_MS, trackMs: DAY_MS } });
  await ours.send(letter('l1'), SIGNAL);
  for (let day = 0; day < 7; day++) {
    clock.pass(DAY_MS);
    await ours.poll();
    await ours.tend();
  }
  expect(await ours.sent('l1')).toMatchObject({ progress: 'failed' });
  expect((await open(store)).length).toBe(1);
  expect(await ours.retry('out', 'l1')).toMatchObject({ ok: true });
  clock.pass(MINUTE_MS);
  await ours.tend();
  expect(server.messages.filter(({ report, status }) => !report && status === 'accepted')).toHaveLength(1);
});

test('a report of the copy before says nothing of the one that was sent again', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock });
  await ours.send(letter('l1'), SIGNAL);
  const { id } = server.messages[0]!;
  server.report({ id, to: 'OURS' }, '14');
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.retry('out', 'l1')).toMatchObject({ ok: true });
  server.report({ id, localId: 'l1', to: 'OURS' }, '14');
  await live(clock, 20 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' });
  expect(await open(store)).toEqual([]);
});

test('a report of a message that is not ours is put on the worklist', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock });
  server.report({ id: 'ELSEWHERE', to: 'OURS' }, '14');
  await ours.poll();
  await ours.tend();
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-report-unlinked']);
  expect(server.messages[0]!.status).toBe('acknowledged');
});

test('what a handler of reports throws is told again', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock });
  const told: string[] = [];
  ours.onReport(async ({ progress }) => {
    told.push(progress);
    if (told.length === 1) throw new Error('the disk is full');
  });
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ ok: true });
  await live(clock, 10 * MINUTE_MS, ours);
  expect(told).toEqual(['sent', 'sent']);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' });
  expect(server.messages).toHaveLength(1);
});

test('what nobody collects, and nobody reports, is asked of a person when its days are over, once', async () => {
  const [clock, store] = [new Clock(), await temporaryStore()];
  const server = await meshServer(clock);
  const ours = mailbox({
    server,
    store,
    clock,
    settings: { uncollectedMs: 2 * DAY_MS, trackMs: 2 * DAY_MS },
  });
  const told: unknown[] = [];
  ours.onReport(async ({ progress }) => void told.push(progress));
  await ours.send(letter('l1'), SIGNAL);
  clock.pass(2 * DAY_MS - 6 * MINUTE_MS);
  await live(clock, 5 * MINUTE_MS, ours);
  expect([await open(store), told]).toEqual([[], ['sent']]);
  await live(clock, 10 * MINUTE_MS, ours);
  clock.pass(2 * DAY_MS);
  await live(clock, 10 * MINUTE_MS, ours);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-not-collected']);
  expect(told).toEqual(['sent', 'failed']);
  expect(await ours.replace('l1')).toBe(false); // it lies there, and may be collected after all
});
