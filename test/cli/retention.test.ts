/** What has passed its time goes; what is unsettled stays; the audit lies in files, and its chain goes on. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { prune, type RetentionEvent } from '../../src/cli/again/retention.ts';
import type { Retention } from '../../src/cli/again/workshop.ts';
import type { PlannedEntry } from '../../src/referral/coded/entry.ts';
import { brokenAt, type ChainedRow } from '../../src/store/audit-chain.ts';
import { startAdapter } from '../api/adapter.ts';
import { commit, NOW_MS, patient, recordOf } from '../store/samples.ts';
import { openShop, partsOf, platformExample, type Shop } from './shop.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-archive-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function later(shop: Shop, days: number): Shop {
  return { ...shop, clock: () => NOW_MS + days * DAY_MS };
}

function pruned(shop: Shop, retention: Retention): Promise<RetentionEvent[]> {
  return Array.fromAsync(prune(shop, retention, folder, 'tester'));
}

function removed(events: readonly RetentionEvent[], what: string): number | undefined {
  const found = events.find((one) => one.event === 'pruned' && one.what === what);
  return found?.event === 'pruned' ? found.removed : undefined;
}

const CONTACT = JSON.parse(platformExample('contact', 'telephone-attended')) as {
  updatedAt: string;
  contact: Record<string, unknown>;
};
const version = (minutes: number): string =>
  JSON.stringify({
    ...CONTACT,
    updatedAt: `2026-03-${10 + minutes}T10:00:00Z`,
    contact: { ...CONTACT.contact, minutes },
  });

async function settleAll({ store }: Shop): Promise<void> {
  for (;;) {
    const group = await store.claim('ehr', { nowMs: NOW_MS, leaseMs: 1000, maxEntries: 50 });
    if (!group) return;
    const settled = group.entries.map(({ seq }) => ({ kind: 'superseded' as const, seq }));
    await store.settle('ehr', group.deliveryKey, settled, NOW_MS);
  }
}

test('payloads of what is read without a map go as others do; those of a map that is no more stay', async () => {
  const shop = await openShop(partsOf());
  for (const mapDigest of ['fhir', 'pds', 'a map of before'])
    await commit(shop.store, { ...recordOf([patient(mapDigest)], { key: mapDigest }), mapDigest });
  expect(removed(await pruned(later(shop, 3_650), { payloadDays: 10 }), 'payloads')).toBe(2);
});

test('payloads go when their time has passed, but for those with something open; the record stays known', async () => {
  const shop = await openShop(partsOf());
  await shop.take('contact', version(1));
  expect(await shop.store.worklist({ open: true, source: 'platform', count: 9 })).not.toEqual([]);
  expect(removed(await pruned(later(shop, 11), { payloadDays: 10 }), 'payloads')).toBe(0);
  for (const item of await shop.store.worklist({ open: true, count: 99 }))
    await shop.store.resolveWork(item.id, NOW_MS, 'tester');
  expect(removed(await pruned(later(shop, 9), { payloadDays: 10 }), 'payloads')).toBe(0);
  expect(removed(await pruned(later(shop, 11), { payloadDays: 10 }), 'payloads')).toBe(1);
  const [kept] = await shop.store.latestRecords(1);
  expect(kept).toMatchObject({ payload: undefined });
  expect((await shop.take('contact', version(1))).receipt).toMatchObject({ unchanged: 1, committed: 0 });
});

test('what an older version of the maps has mapped keeps its payload, since it is still to be mapped anew', async () => {
  const shop = await openShop(partsOf());
  await shop.take('contact', version(1));
  for (const item of await shop.store.worklist({ open: true, count: 99 }))
    await shop.store.resolveWork(item.id, NOW_MS, 'tester');
  const upgraded = {
    ...later(shop, 11),
    maps: new Map([...shop.maps].map(([name, set]) => [name, { ...set, digest: 'newer' }])),
  };
  expect(removed(await pruned(upgraded, { payloadDays: 10 }), 'payloads')).toBe(0);
});

test.each([
  ['messages', 'messageDays'],
  ['entries', 'codedEntryDays'],
  ['answers', 'answerDays'],
])('%s go after days of their own, else when payloads do, else never', async (what, setting) => {
  const shop = await openShop(partsOf());
  const fresh = async (id: string): Promise<void> => {
    const { messages, answers, codedEntries } = shop.store;
    const to = { channel: 'mesh', direction: 'out', conversation: id, ownerOrg: 'X26' } as const;
    await messages.keep({ ...to, id, state: 'answered', body: 'x' }, NOW_MS);
    await answers.keep('ods', id, { answer: 'x', untilMs: NOW_MS }, NOW_MS);
    const entry = { ...ENTRY, fact: id, id };
    await codedEntries.change('p', [{ kind: 'put', entry, from: 'none' }], NOW_MS);
    await codedEntries.list('Y01234', '2026-03-08', NOW_MS);
    const said = { outcome: 'filed', atMs: NOW_MS, by: 'A clerk' } as const;
    await codedEntries.receive([{ ...said, id, action: 'add' }], NOW_MS);
  };
  const removedAt = async (day: number, retention: Retention): Promise<number | undefined> =>
    removed(await pruned(later(shop, day), retention), what);
  await fresh('one');
  expect(await removedAt(9_999, {})).toBe(undefined);
  expect(await removedAt(9, { payloadDays: 5, [setting]: 10 })).toBe(0);
  expect(await removedAt(11, { payloadDays: 99, [setting]: 10 })).toBe(1);
  await fresh('two');
  expect(await removedAt(4, { payloadDays: 5 })).toBe(0);
  expect(await removedAt(6, { payloadDays: 5 })).toBe(1);
});

const ENTRY: Omit<PlannedEntry, 'fact' | 'id'> = {
  ...{ action: 'add', state: 'due', blocked: undefined, practice: 'Y01234' },
  content: {
    ...{ rule: 'referral', as: 'Procedure', code: { code: '871731000000106', display: 'Referral' } },
    ...{ date: '2026-03-08', day: '2026-03-08', subject: 'Patient/p', ownerOrg: 'X26' },
    source: { type: 'ServiceRequest', id: 'r', version: 1 },
    person: { nhsNumber: '9990000018', family: 'Example', given: 'Robin', birthDate: '1948-05-17' },
    author: { name: 'Dr Sam Example' },
  },
};

test('superseded versions go, but for the newest ones, and for all of a resource with an open delivery', async () => {
  const shop = await openShop(partsOf());
  for (const minutes of [1, 2, 3, 4]) await shop.take('contact', version(minutes));
  const [encounter] = (await shop.store.search({ type: 'Encounter', clauses: [], count: 1 })).versions;
  const versions = async (): Promise<number[]> =>
    (await shop.store.history('Encounter', encounter!.id, 9)).map((one) => one.version);
  const before = await versions();
  expect(before.length).toBeGreaterThan(2);
  await pruned(later(shop, 400), { historyDays: 30 });
  expect(await versions()).toEqual(before);
  await settleAll(shop);
  await pruned(later(shop, 400), { historyDays: 30 });
  expect(await versions()).toEqual(before.slice(0, 2));
});

test('receipts go when they are done, but for those of records that wait to be amended', async () => {
  const shop = await openShop(partsOf());
  const done = await shop.take('contact', version(1));
  const waits = await shop.take('contact', platformExample('contact', 'bad-wrong-type'));
  expect(removed(await pruned(later(shop, 31), { receiptDays: 30 }), 'receipts')).toBe(1);
  expect(await shop.store.receipt(done.receipt.id)).toBeUndefined();
  expect(await shop.store.receipt(waits.receipt.id)).toBeDefined();
});

test('resolved work goes, open work stays', async () => {
  const shop = await openShop(partsOf());
  await shop.take('contact', platformExample('contact', 'bad-wrong-type'));
  await shop.take('contact', platformExample('contact', 'bad-missing-person'));
  const [first] = await shop.store.worklist({ kind: 'rejected', open: true, count: 9 });
  await shop.store.resolveWork(first!.id, NOW_MS, 'tester');
  expect(removed(await pruned(later(shop, 31), { resolvedWorkDays: 30 }), 'work')).toBe(1);
  expect(await shop.store.workItem(first!.id)).toBeUndefined();
  expect(await shop.store.worklist({ kind: 'rejected', open: true, count: 9 })).toHaveLength(1);
});

test('the audit moves to a file with its chain head, and the chain goes on from there', async () => {
  const shop = await openShop(partsOf());
  for (const minutes of [1, 2, 3]) await shop.take('contact', version(minutes));
  const all = await shop.store.audit(99);
  const events = await pruned(shop, { auditRows: 1 });
  expect(events.filter(({ event }) => event === 'archived')).toMatchObject([{ rows: all.length - 1 }]);
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const lines = readFileSync(join(folder, name!), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const rows = lines.slice(0, -1) as ChainedRow[];
  expect(rows).toEqual(all.slice(0, -1));
  expect(brokenAt(rows)).toBeUndefined();
  expect(lines.at(-1)).toEqual({ chainHead: { seq: rows.at(-1)!.seq, hash: rows.at(-1)!.hash } });
  expect(statSync(join(folder, name!)).mode & 0o077).toBe(0);
  expect(await shop.store.verifyAudit()).toBeUndefined();
  await pruned(later(shop, 9), { auditDays: 1 });
  await shop.take('contact', version(5));
  const left = await shop.store.audit(99);
  expect(left[0]!.seq).toBeGreaterThan(all.length);
  expect(await shop.store.verifyAudit()).toBeUndefined();
});

test('a full disk refuses with 507 and loses nothing; once there is room again the same records are taken', async () => {
  const adapter = await startAdapter({ store: { maxBytes: 2_000_000 } });
  const shop = { ...(await openShop(partsOf(), { store: adapter.store })), maps: partsOf().maps };
  const send = (id: number): Promise<Response> =>
    adapter.post(
      '/intake/platform/contact',
      JSON.stringify({
        ...CONTACT,
        contact: { ...CONTACT.contact, id: `K-${id}`, remarks: 'word '.repeat(2_000) },
      }),
    );
  let taken = 0;
  let answer = await send(0);
  for (; answer.status === 202 && taken < 300; answer = await send(taken)) taken += 1;
  expect(answer.status).toBe(507);
  expect((await adapter.store.counts()).sources).toMatchObject([{ records: taken }]);
  // room: the audit of what was taken, and payloads that are not needed, leave the store
  for (const item of await adapter.store.worklist({ open: true, count: 999 }))
    await adapter.store.resolveWork(item.id, NOW_MS, 'tester').catch(() => {});
  await Array.fromAsync(prune(later(shop, 40), { payloadDays: 30 }, folder, 'tester'));
  expect((await send(taken)).status).toBe(202);
  expect((await adapter.store.counts()).sources).toMatchObject([{ records: taken + 1 }]);
  expect((await adapter.get('/ready')).status).toBe(200);
});
