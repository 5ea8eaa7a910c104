/** Sending: what is kept, what is posted once, and what becomes of it. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Report } from '../../../src/nhs/mesh/channel.ts';
import type { Exchange } from '../../../src/wire/exchange.ts';
import { loopbackCertificate } from '../../servers/certificate.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { Clock, letter, live, MINUTE_MS, mailbox, meshServer, open, SIGNAL } from './harness.ts';

const posts = (server: Awaited<ReturnType<typeof meshServer>>): number =>
  server.asked.filter(({ method, path }) => method === 'POST' && path.endsWith('/outbox')).length;

test('a message is sent, its collection is noticed, and its sender is told of both', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store, clock });
  const reports: Report[] = [];
  ours.onReport(async (report) => void reports.push(report));
  const sent = await ours.send(
    letter('l1', { subject: 'Letter for Zoë Wałęsa', about: 'ServiceRequest/s1' }),
    SIGNAL,
  );
  expect(sent).toMatchObject({ ok: true, value: { progress: 'sent', messageId: server.messages[0]!.id } });
  expect(server.contentOf(server.messages[0]!).toString()).toBe('letter l1');
  expect(server.messages[0]!.headers).toMatchObject({
    'mex-localid': 'l1',
    'mex-subject': 'Letter for Zoe Walesa',
  });
  server.messages[0]!.status = 'acknowledged';
  await live(clock, 90 * MINUTE_MS, ours);
  expect(reports.map(({ progress, about }) => [progress, about])).toEqual([
    ['sent', 'ServiceRequest/s1'],
    ['collected', 'ServiceRequest/s1'],
  ]);
  expect((await store.messages.get({ channel: 'ours', direction: 'out', id: 'l1' }))?.body).toBeUndefined();
});

test('the same local id again is the same message', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store: await temporaryStore(), clock });
  await ours.send(letter('l1'), SIGNAL);
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ ok: true, value: { progress: 'sent' } });
  expect(server.messages).toHaveLength(1);
});

test('who asks for a message that is on its way just then is told how that ended', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  const store = await temporaryStore();
  const two = [mailbox({ server, store, clock }), mailbox({ server, store, clock })];
  const told = await Promise.all(two.map((one) => one.send(letter('l1'), SIGNAL)));
  for (const one of told) expect(one).toMatchObject({ ok: true, value: { progress: 'sent' } });
  expect(server.messages).toHaveLength(1);
});

test.each([
  ['a line break', { workflowId: 'DOC\r\nX-Evil: 1' }, 'Mex-WorkflowID: it holds control characters'],
  ['a web address as workflow', { workflowId: 'https://example.org' }, 'Mex-WorkflowID: it begins as a web'],
  ['a web address as receiver', { to: 'http://example.org' }, 'Mex-To: it begins as a web'],
  ['a receiver that is too long', { to: 'X'.repeat(101) }, 'Mex-To: it has 101 characters, and 100'],
  ['a subject that is too long', { subject: 'Ada LOVELACE'.repeat(50) }, 'Mex-Subject: it has 600'],
  ['an empty content', { content: new Uint8Array() }, 'The content is empty'],
  ['a local id of none', { localId: ' ' }, 'Mex-LocalID: it is empty'],
])('%s is refused before anything is kept, and the refusal repeats no value', async (_, more, why) => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  const refused = await mailbox({ server, store, clock }).send(letter('l1', more), SIGNAL);
  expect(refused.ok ? undefined : refused.outcome.issue[0]!.diagnostics).toContain(why);
  expect(JSON.stringify(refused)).not.toMatch(/LOVELACE|Evil|example\.org/);
  expect(await store.messages.get({ channel: 'ours', direction: 'out', id: 'l1' })).toBeUndefined();
  expect(server.asked).toHaveLength(0);
});

test('large content is cut first, each chunk compressed by itself, and a chunk that failed is sent again', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  const failing = new Set(['/2', '/3']);
  server.setFault(({ path }) => (failing.delete(path.slice(-2)) ? 'lost' : undefined));
  const content = Buffer.from(Array.from({ length: 3_500 }, (_, at) => at % 251));
  const ours = mailbox({
    server,
    store: await temporaryStore(),
    clock,
    settings: { chunkBytes: 1_000 },
    inStoreBytes: 100,
  });
  expect(await ours.send(letter('big', { content }), SIGNAL)).toMatchObject({
    value: { progress: 'uploading' },
  });
  await live(clock, 30 * MINUTE_MS, ours);
  expect(await ours.sent('big')).toMatchObject({ progress: 'sent' });
  const [message] = server.messages;
  expect(message!.chunks.map((chunk) => gunzipSync(chunk!).length)).toEqual([1_000, 1_000, 1_000, 500]);
  expect(server.contentOf(message!)).toEqual(content);
  expect(posts(server)).toBe(1);
});

test('a last chunk that was taken, and whose answer was lost, is finalised: the message is sent', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  let lost = 0;
  server.setFault(({ path }) => (path.endsWith('/2') && ++lost === 1 ? 'lost' : undefined));
  const ours = mailbox({ server, store: await temporaryStore(), clock, settings: { chunkBytes: 10 } });
  await ours.send(letter('two', { content: Buffer.alloc(20, 'x') }), SIGNAL);
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.sent('two')).toMatchObject({ progress: 'sent' });
  expect(server.messages).toHaveLength(1);
});

const lostOnce = () => {
  let count = 0;
  return ({ path }: { path: string }) =>
    path.endsWith('/outbox') && ++count === 1 ? ('lost' as const) : undefined;
};

test('a first POST whose answer is lost is never repeated: a person is asked, and finds it', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock, { fault: lostOnce() });
  const ours = mailbox({ server, store, clock });
  const reports: Report[] = [];
  ours.onReport(async (report) => void reports.push(report));
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ value: { progress: 'unsure' } });
  await live(clock, 15 * MINUTE_MS, ours);
  expect(await open(store)).toEqual([]);
  await live(clock, 10 * MINUTE_MS, ours);
  const [asked] = await open(store);
  expect(asked).toMatchObject({
    rule: 'mesh-unsure',
    item: { kind: 'parked', recordKey: 'l1', target: 'ours' },
  });
  await store.resolveWork(asked!.item.id, clock.nowMs, 'Sam');
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toEqual({ localId: 'l1', progress: 'sent' });
  expect(reports.map(({ progress }) => progress)).toEqual(['unsure', 'sent']);
  expect(posts(server)).toBe(1);
});

test('a first POST that never arrived is sent again when a person says so', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  let cut = 0;
  server.setFault(({ path }) => (path.endsWith('/outbox') && ++cut === 1 ? 'cut' : undefined));
  const ours = mailbox({ server, store, clock });
  await ours.send(letter('l1'), SIGNAL);
  await live(clock, 30 * MINUTE_MS, ours);
  expect(await open(store)).toHaveLength(1);
  expect(await ours.retry('out', 'l1')).toEqual({ ok: true, value: undefined });
  expect(await ours.retry('out', 'l1')).toMatchObject({ ok: false });
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' });
  expect(server.messages).toHaveLength(1);
  expect(await open(store)).toEqual([]);
});

test('where MESH tracks local ids, a first POST whose answer was lost is found, and nobody is asked', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock, { fault: lostOnce() });
  const ours = mailbox({ server, store, clock, settings: { trackByLocalId: true } });
  await ours.send(letter('l1'), SIGNAL);
  await live(clock, 30 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent', messageId: server.messages[0]!.id });
  expect(server.messages).toHaveLength(1);
  expect(await open(store)).toEqual([]);
});

test('a first POST that MESH does not find by its local id is a question, and no second POST', async () => {
  const clock = new Clock();
  const store = await temporaryStore();
  const server = await meshServer(clock);
  let count = 0;
  server.setFault(({ path }) => {
    if (path.includes('/outbox/tracking/')) return { status: 404 }; // as a server without the request answers
    return path.endsWith('/outbox') && ++count === 1 ? 'lost' : undefined;
  });
  const ours = mailbox({ server, store, clock, settings: { trackByLocalId: true } });
  await ours.send(letter('l1'), SIGNAL);
  await live(clock, 60 * MINUTE_MS, ours);
  expect((await open(store)).map(({ text }) => text)).toEqual([expect.stringContaining('does not find it')]);
  expect(posts(server)).toBe(1);
});

test('what certainly never left waits, and goes when MESH can be reached', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  let isDown = true;
  const around =
    (exchange: Exchange): Exchange =>
    async (request, signal) =>
      isDown ? { ok: false, sent: false, reason: 'ECONNREFUSED' } : await exchange(request, signal);
  const ours = mailbox({ server, store: await temporaryStore(), clock, around });
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ value: { progress: 'waiting' } });
  isDown = false;
  await live(clock, 10 * MINUTE_MS, ours);
  expect(await ours.sent('l1')).toMatchObject({ progress: 'sent' });
  expect(server.messages).toHaveLength(1);
});

test.each([
  [429, 'waiting', { 'retry-after': '600' }],
  [425, 'waiting', {}],
  [403, 'waiting', {}],
  [503, 'unsure', {}],
  [504, 'unsure', {}],
  [400, 'failed', {}],
])('an answer of %i to the first POST leaves the message %s', async (status, progress, headers) => {
  const clock = new Clock();
  const server = await meshServer(clock, { fault: () => ({ status, headers }) });
  const ours = mailbox({ server, store: await temporaryStore(), clock });
  expect(await ours.send(letter('l1'), SIGNAL)).toMatchObject({ value: { progress } });
  clock.pass(MINUTE_MS);
  await ours.tend();
  expect(posts(server)).toBe(status === 425 ? 2 : 1); // others wait for longer, or for a person
});

test.each([1, 2] as const)(
  'a receiver that nobody knows is a failure with advice, in version %i',
  async (apiVersion) => {
    const clock = new Clock();
    const store = await temporaryStore();
    const server = await meshServer(clock);
    const ours = mailbox({ server, store, clock, apiVersion });
    const sent = await ours.send(letter('l1', { to: 'NOBODY' }), SIGNAL);
    expect(sent).toMatchObject({ value: { progress: 'failed' } });
    const [item] = await open(store);
    expect(item).toMatchObject({ rule: 'mesh-receiver' });
    expect(item!.text).toMatch(/417 \(12\).*not registered: ask the receiver/);
    expect(item!.text).not.toContain('LOVELACE');
  },
);

test('mailboxes that take a workflow are found, by organisation and at all', async () => {
  const clock = new Clock();
  const server = await meshServer(clock);
  const ours = mailbox({ server, store: await temporaryStore(), clock });
  const theirs = { mailbox: 'THEIRS', name: 'Mailbox THEIRS' };
  expect(await ours.lookUp('B2B2B', 'DOC', SIGNAL)).toEqual({ ok: true, value: [theirs] });
  expect(await ours.search('DOC_ACK', SIGNAL)).toMatchObject({
    ok: true,
    value: [{ mailbox: 'OURS' }, theirs],
  });
  server.setFault(() => ({ status: 403 }));
  const refused = await ours.search('DOC', SIGNAL);
  expect(refused.ok ? undefined : ruleOf(refused.outcome.issue[0]!)).toBe('mesh-credentials');
});

test('MESH is shown our certificate, and lets nobody in without one', async () => {
  const clock = new Clock();
  const certificate = loopbackCertificate();
  const server = await meshServer(clock, { tls: certificate });
  const store = await temporaryStore();
  const without = mailbox({ server, store, clock, tls: { ca: certificate.cert } });
  await without.send(letter('l1'), SIGNAL);
  expect(server.asked).toHaveLength(0);
  const ours = mailbox({ server, store, clock, tls: { ...certificate, ca: certificate.cert } });
  expect(await ours.send(letter('l2'), SIGNAL)).toMatchObject({ value: { progress: 'sent' } });
});

test('after several failures in a row nothing is sent for a while, and messages wait', async () => {
  const clock = new Clock();
  const server = await meshServer(clock, { fault: () => ({ status: 429 }) });
  const ours = mailbox({ server, store: await temporaryStore(), clock, failures: 3 });
  for (let at = 0; at < 8; at++) await ours.send(letter(`l${at}`), SIGNAL);
  expect(posts(server)).toBe(3);
  server.setFault(undefined);
  await live(clock, 30 * MINUTE_MS, ours);
  expect(server.messages).toHaveLength(8);
});
