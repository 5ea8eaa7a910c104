/** An inbox with something wrong in it: one message holds no other up, and a look that failed is soon made again. */
import { expect, test } from 'vitest';
import { temporaryStore } from '../../store/temporary.ts';
import { Clock, DAY_MS, letter, live, MINUTE_MS, mailbox, meshServer, open, SIGNAL } from './harness.ts';

test.each([403, 500])(
  'a message that MESH does not give (%i) holds no other up, is shown, and is taken when it is given',
  async (status) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const server = await meshServer(clock);
    const bad = ['one', 'two'].map((text) =>
      server.put('OURS', Buffer.from(text), { 'mex-workflowid': 'DOC' }),
    );
    server.put('OURS', Buffer.from('good'), { 'mex-workflowid': 'DOC' });
    server.setFault(({ path }) => (bad.some((id) => path.endsWith(id)) ? { status } : undefined));
    const ours = mailbox({ server, store, clock, failures: 5, settings: { pollMs: DAY_MS } });
    const got: string[] = [];
    ours.onMessage('DOC', async ({ read }) => {
      got.push(Buffer.from(await read()).toString());
      return { ok: true, value: undefined };
    });
    await live(clock, 30 * MINUTE_MS, ours);
    expect(got).toEqual(['good']);
    expect((await open(store)).map(({ rule }) => rule)).toContain('mesh-not-given');
    expect(await store.incidents.openCauses()).toEqual([]);
    server.setFault(undefined);
    await live(clock, status === 403 ? DAY_MS : 30 * MINUTE_MS, ours);
    expect(got.toSorted()).toEqual(['good', 'one', 'two']);
    expect(await open(store)).toEqual([]);
  },
);

test('a look that failed is made again after five minutes, however rarely the inbox is looked at', async () => {
  const clock = new Clock();
  const server = await meshServer(clock, { fault: () => ({ status: 500 }) });
  const ours = mailbox({ server, store: await temporaryStore(), clock, settings: { pollMs: DAY_MS } });
  expect(await ours.poll()).toMatchObject({ looked: true, fault: { status: 500 } });
  expect((await ours.turns()).lookedMs).toBeUndefined();
  clock.pass(4 * MINUTE_MS);
  expect(await ours.poll()).toMatchObject({ looked: false });
  server.setFault(undefined);
  clock.pass(MINUTE_MS);
  expect(await ours.poll()).toEqual({ looked: true, fault: undefined });
  expect((await ours.turns()).lookedMs).toBe(clock.nowMs);
  clock.pass(10 * MINUTE_MS);
  expect(await ours.poll()).toMatchObject({ looked: false });
});

test('an id that is none is shown to a person, and the others are taken', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const id = server.put('OURS', Buffer.from('good'), { 'mex-workflowid': 'DOC' });
  server.setFault(({ path }) =>
    path === 'OURS/inbox' ? { status: 200, body: { messages: ['../../etc/passwd', 7, id] } } : undefined,
  );
  const ours = mailbox({ server, store, clock });
  await ours.poll();
  expect(server.messages[0]!.status).toBe('acknowledged');
  const items = await open(store);
  expect(items.map(({ rule }) => rule)).toEqual(['mesh-odd-id', 'mesh-odd-id']);
  expect(JSON.stringify(items)).not.toContain('passwd');
});

test('a report is kept as of the person whose message it is about', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock });
  await ours.send(letter('l1', { personId: 'p1', about: 'Task/t1' }), SIGNAL);
  const id = server.report({ id: server.messages[0]!.id, to: 'OURS' }, '14');
  await ours.poll();
  const kept = await store.messages.get({ channel: 'ours', direction: 'in', id });
  expect(kept).toMatchObject({ state: 'received', personId: 'p1', about: 'Task/t1' });
});

test('what a handler threw for an hour is taken at once when somebody says so', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const id = server.put('OURS', Buffer.from('doc'), { 'mex-workflowid': 'DOC' });
  const ours = mailbox({ server, store, clock });
  let isDown = true;
  ours.onMessage('DOC', async () => {
    if (isDown) throw new Error('the database is down');
    return { ok: true, value: undefined };
  });
  await live(clock, 90 * MINUTE_MS, ours);
  expect((await open(store)).map(({ rule }) => rule)).toEqual(['mesh-not-taken']);
  isDown = false;
  expect(await ours.retry('in', id)).toMatchObject({ ok: true });
  clock.pass(1);
  await ours.tend();
  expect(await open(store)).toEqual([]);
  expect(await store.messages.get({ channel: 'ours', direction: 'in', id })).toMatchObject({
    state: 'taken',
  });
});

test('a workflow is taken by one alone', async () => {
  const clock = new Clock();
  const ours = mailbox({ server: await meshServer(clock), store: await temporaryStore(), clock });
  const handler = async () => ({ ok: true, value: undefined }) as const;
  ours.onMessage('DOC', handler);
  expect(() => ours.onMessage('DOC', handler)).toThrow(/take the workflow DOC/);
});
