/** A transaction that claims success is checked: what was not written is written, and somebody is told. */
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Delivered } from '../../src/target/target.ts';
import { deliveryOf, openTestStore } from '../outbox/adapter-parts.ts';
import { type Lying, type LyingOptions, startLying } from '../servers/lying.ts';
import { delivery, linkOf, NOW_MS, patient, referral, removal } from './deliveries.ts';
import { ehr, go, retries, rules, targetAt } from './harness.ts';

const closing: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function lying(lies: readonly string[], more: Omit<LyingOptions, 'lies'> = {}): Promise<Lying> {
  const left = new Set(lies);
  const server = await startLying({ lies: (entry) => left.delete(entry), ...more });
  closing.push(server);
  return server;
}

const reports = (answers: readonly Delivered[]): (string | undefined)[] =>
  answers.map((one) => (one.ok && one.report ? ruleOf(one.report) : undefined));
const asked = ({ seen }: Lying): string[] =>
  seen.map(({ method, path, body }) => `${method} ${(body as { type?: string } | undefined)?.type ?? path}`);
const GROUP = ['p1', 'p2', 'p3'];
const group = () => GROUP.map((id) => delivery(patient(id)));
const TRUE = [undefined, undefined, undefined];

test('with reads, an entry that was claimed with a version and not written is sent alone, and told of', async () => {
  const server = await lying(['PUT Patient/p2']);
  const answers = await go(targetAt(server.url, { verify: 'reads' }), ...group());
  expect(retries(answers)).toEqual(['ok', 'ok', 'ok']);
  expect(reports(answers)).toEqual([undefined, 'delivery-claimed-in-vain', undefined]);
  expect([...server.held].map(([key, { version }]) => [key, version]).sort()).toEqual(
    GROUP.map((id) => [`Patient/${id}`, 1]),
  );
  expect(asked(server)).toEqual([
    'POST transaction',
    'POST batch',
    'GET /Patient/p2',
    'PUT /Patient/p2',
    'GET /Patient/p2',
  ]);
});

test('a server that wrote what it says is read once a transaction', async () => {
  const posts: string[] = [];
  const server = await ehr({ faults: ({ method }) => void posts.push(method) });
  const answers = await go(targetAt(server.url, { verify: 'reads' }), ...group());
  expect(retries(answers)).toEqual(['ok', 'ok', 'ok']);
  expect(reports(answers)).toEqual(TRUE);
  expect(posts).toEqual(['POST', 'POST']);
});

test('with answers, a version is believed without another request', async () => {
  const server = await lying([]);
  expect(retries(await go(targetAt(server.url), ...group()))).toEqual(['ok', 'ok', 'ok']);
  expect(asked(server)).toEqual(['POST transaction']);
});

test.each(['location', 'time'] as const)(
  'a success that names only its %s is read back, whatever is configured',
  async (names) => {
    const server = await lying(['PUT Patient/p3'], { names });
    const answers = await go(targetAt(server.url), ...group());
    expect(reports(answers)).toEqual([undefined, undefined, 'delivery-claimed-in-vain']);
    expect(server.held.size).toBe(3);
    expect(answers.map((one) => linkOf(one).remoteVersion)).toEqual(['1', '1', '1']);
  },
);

test('a new version that was claimed while the old one stands is written', async () => {
  const server = await lying([]);
  const target = targetAt(server.url, { verify: 'reads' });
  const first = await go(target, ...group());
  const again = GROUP.map((id, at) =>
    delivery(patient(id, { gender: 'other' }), { link: linkOf(first[at]), earlier: [patient(id)] }),
  );
  const liar = await startLying({ lies: (entry) => entry === 'PUT Patient/p1' });
  closing.push(liar);
  for (const [key, one] of server.held) liar.held.set(key, one);
  const answers = await go(targetAt(liar.url, { verify: 'reads' }), ...again);
  expect(reports(answers)).toEqual(['delivery-claimed-in-vain', undefined, undefined]);
  expect([...liar.held.values()].map(({ resource }) => resource)).toMatchObject(
    GROUP.map(() => ({ gender: 'other' })),
  );
  expect(answers.map((one) => linkOf(one).remoteVersion)).toEqual(['2', '2', '2']);
});

test('a delete that was claimed and not made is made', async () => {
  const server = await lying(['DELETE Patient/p2']);
  const target = targetAt(server.url, { verify: 'reads' });
  const links = (await go(target, ...group())).map(linkOf);
  const gone = GROUP.map((id, at) => removal('Patient', id, links[at]!));
  expect(reports(await go(target, ...gone))).toEqual([undefined, 'delivery-claimed-in-vain', undefined]);
  expect([...server.held.keys()]).toEqual([]);
});

test('a server without batches is read one by one, and not asked for a batch again', async () => {
  const server = await lying(['PUT Patient/p2'], { hasBatches: false });
  const target = targetAt(server.url, { verify: 'reads' });
  await go(target, ...group());
  expect(server.held.size).toBe(3);
  expect(reports(await go(target, ...group()))).toEqual(TRUE);
  expect(asked(server).filter((one) => one === 'POST batch')).toHaveLength(1);
});

test('where nobody may read, answers are believed; with reads they stay in doubt', async () => {
  const closed = { isReadable: false, names: 'location' } as const;
  expect(retries(await go(targetAt((await lying([], closed)).url), ...group()))).toEqual(['ok', 'ok', 'ok']);
  const strict = await go(targetAt((await lying([], closed)).url, { verify: 'reads' }), ...group());
  expect(strict.every((one) => !one.ok && (one.inDoubt || one.retry === 'waits'))).toBe(true);
});

test('who claims in vain alone too is not believed: it stays in doubt, and is looked up again', async () => {
  const server = await lying(['PUT Patient/p3'], { liesAlone: true });
  const answers = await go(targetAt(server.url, { verify: 'reads' }), ...group());
  expect(retries(answers)).toEqual(['ok', 'ok', 'ambiguous']);
  expect(rules(answers)).toEqual(['ok', 'ok', 'delivery-unproven']);
});

test('what was claimed in vain is at the target once, and on the worklist', async () => {
  const server = await lying(['PUT ServiceRequest/r1']);
  const parts = await openTestStore(() => NOW_MS);
  closing.push(parts);
  const { store } = parts;
  await parts.put('1', patient('p1'), referral('r1', 'p1'));
  const target = targetAt(server.url, { verify: 'reads' });
  const claimed = (await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 60_000, maxEntries: 9 }))!;
  const settled = await deliveryOf(store, target, { clock: () => NOW_MS })(
    claimed,
    AbortSignal.timeout(9_000),
  );
  await store.settle('ehr', claimed.deliveryKey, settled, NOW_MS);
  expect([...server.held.keys()].sort()).toEqual(['Patient/p1', 'ServiceRequest/r1']);
  const [item, ...others] = await store.worklist({ open: true, count: 9 });
  expect(others).toEqual([]);
  expect(item).toMatchObject({ target: 'ehr', resource: 'ServiceRequest/r1' });
  expect(ruleOf(item!.outcome.issue[0]!)).toBe('delivery-claimed-in-vain');
});
