/** Many senders, the same identities, and a server whose conditional creates race: one resource each at the end. */
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Target } from '../../src/target/target.ts';
import { createExchange } from '../../src/wire/exchange.ts';
import { type Racy, startRacy } from '../servers/racy.ts';
import { delivery, linkOf, patient, referral } from './deliveries.ts';
import { one, targetAt } from './harness.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function racy(options: Parameters<typeof startRacy>[0] = {}): Promise<Racy> {
  const server = await startRacy(options);
  closing.push(() => server.close());
  return server;
}

function senders(count: number, server: Racy, options: Parameters<typeof targetAt>[1]): Target[] {
  const { exchange, close } = createExchange({ maxSockets: count });
  closing.push(close);
  return Array.from({ length: count }, () =>
    targetAt(server.url, { exchange, deadlineMs: 60_000, ...options }),
  );
}

const identities = (count: number): string[] => Array.from({ length: count }, (_, at) => `p${at}`);

/** Our id of each resource that the server holds. */
const heldIds = (server: Racy): string[] =>
  [...server.held.values()].map((held) => held.identifier?.[0]?.value ?? held.id).sort();

test('64 senders of the same 500 identities leave 500 resources at a racy server', async () => {
  const server = await racy();
  const ids = identities(500);
  const targets = senders(64, server, { ids: 'server', twins: 'delete' });
  const links = await Promise.all(
    targets.map(async (target, at) => {
      const own = new Map();
      // Four at a time want the same; the others are elsewhere in the list.
      const start = Math.floor(at / 4) * 31;
      for (const id of [...ids.slice(start), ...ids.slice(0, start)])
        own.set(id, linkOf(await one(target, delivery(patient(id)))));
      return own;
    }),
  );
  expect(server.created()).toBeGreaterThan(500); // it did race
  expect(heldIds(server)).toEqual(ids.toSorted());
  // Whoever settled on a copy that is gone finds the one that is left, and an update makes no new one.
  await Promise.all(
    [0, 31, 63].map(async (at) => {
      for (const id of ids) {
        const link = links[at]!.get(id);
        const update = delivery(patient(id, { active: true }), { link, version: 2, earlier: [patient(id)] });
        const settled = linkOf(await one(targets[at]!, update));
        expect(server.held.get(settled.remoteId)).toMatchObject({ active: true });
      }
    }),
  );
  expect(heldIds(server)).toEqual(ids.toSorted());
}, 300_000);

test('with ids of ours there is nothing to race for', async () => {
  const server = await racy();
  const ids = identities(50);
  const targets = senders(16, server, { ids: 'client' });
  await Promise.all(
    targets.map(async (target) => {
      for (const id of ids) await one(target, delivery(patient(id)));
    }),
  );
  expect([...server.held.keys()].sort()).toEqual(ids.toSorted());
});

test('a server whose search lags behind its creates is asked again until it shows the twin', async () => {
  const server = await racy({ gapMs: 20, lagMs: 60 });
  const targets = senders(8, server, { ids: 'server', twins: 'delete' });
  await Promise.all(targets.map((target) => one(target, delivery(patient('p1')))));
  // Some may have looked while nothing but their own was shown; who comes next sees all that is left.
  await new Promise((resolve) => setTimeout(resolve, 80));
  await one(targets[0]!, delivery(patient('p1'), { ambiguous: true }));
  expect(heldIds(server)).toEqual(['p1']);
});

test('by default the younger copies stay, and are reported by whoever made them', async () => {
  const server = await racy({ gapMs: 20 });
  const targets = senders(8, server, { ids: 'server' });
  const answers = await Promise.all(targets.map((target) => one(target, delivery(patient('p1')))));
  expect(server.held.size).toBe(server.created());
  const reports = answers.flatMap((answer) => (answer.ok && answer.report ? [answer.report] : []));
  expect(reports.length).toBeGreaterThanOrEqual(server.created() - 1);
  expect(new Set(reports.map(ruleOf))).toEqual(new Set(['delivery-twins']));
});

test('where a younger copy may only be marked, it is entered in error, and counts no more', async () => {
  const server = await racy({ gapMs: 20 });
  const targets = senders(8, server, { ids: 'server', twins: 'entered-in-error' });
  await Promise.all(targets.map((target) => one(target, delivery(referral('r1', 'p1')))));
  const status = [...server.held.values()].map((held) => (held as { status?: string }).status).sort();
  expect(status).toEqual(['active', ...Array(server.created() - 1).fill('entered-in-error')]);
  const again = await one(targets[0]!, delivery(referral('r1', 'p1'), { ambiguous: true }));
  expect(again.ok && again.report).toBe(undefined);
});

test('a younger copy that somebody changed there is never taken back', async () => {
  const server = await racy();
  const [target] = senders(1, server, { ids: 'server', twins: 'delete' });
  const { remoteId } = linkOf(await one(target!, delivery(patient('p1'))));
  const meta = { versionId: '4', lastUpdated: '2027-01-01T00:00:00Z' };
  server.add({
    ...patient('twin', { gender: 'other', identifier: server.held.get(remoteId)!.identifier }),
    meta,
  });
  const answer = await one(target!, delivery(patient('p1'), { ambiguous: true }));
  expect(linkOf(answer).remoteId).toBe(remoteId);
  expect(answer.ok && answer.report?.diagnostics).toContain('twin');
  expect(server.held.size).toBe(2);
});
