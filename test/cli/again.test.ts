/** What was taken once can be done again: by the maps of then or of today, shown before it is done, and never twice. */
import { expect, test } from 'vitest';
import { retryRefused } from '../../src/cli/again/refused.ts';
import { type RemapEvent, remapAll } from '../../src/cli/again/remap.ts';
import { type ReplayWish, replayAll } from '../../src/cli/again/replay.ts';
import { openShop, partsOf, platformExample, type Shop } from './shop.ts';

const OLDER = [
  ['src.remarks -> contact.note;', "src.remarks as text -> contact.note = append('Note: ', text);"],
] as const;
const NEVER = new AbortController().signal;
const events = (all: AsyncGenerator<RemapEvent>): Promise<RemapEvent[]> => Array.fromAsync(all);
const replayed = (shop: Shop, wish: ReplayWish): Promise<RemapEvent[]> =>
  events(replayAll(shop, wish, 'tester'));
const kindOf = (all: readonly RemapEvent[], event: string): RemapEvent[] =>
  all.filter((one) => one.event === event);

const CONTACT = platformExample('contact', 'telephone-attended');

async function upgraded(): Promise<{ before: Shop; today: Shop }> {
  const before = await openShop(partsOf(OLDER));
  expect((await before.take('contact', withRemarks(CONTACT))).receipt.committed).toBe(1);
  return { before, today: await openShop(partsOf(), { store: before.store }) };
}

function withRemarks(text: string): string {
  const record = JSON.parse(text) as { contact: Record<string, unknown> };
  return JSON.stringify({ ...record, contact: { ...record.contact, remarks: 'Spoke of gardening.' } });
}

/** @returns whom the one contact is with */
async function personIn({ store }: Shop): Promise<string> {
  return (await store.search({ type: 'Encounter', clauses: [], count: 1 })).versions[0]!.personId!;
}

async function settleAll({ store }: Shop): Promise<number> {
  let count = 0;
  for (;;) {
    const group = await store.claim('ehr', { nowMs: 4e12, leaseMs: 1000, maxEntries: 50 });
    if (!group) return count;
    count += group.entries.length;
    const settled = group.entries.map(({ seq }) => ({ kind: 'superseded' as const, seq }));
    await store.settle('ehr', group.deliveryKey, settled, 4e12);
  }
}

test('a preview of a remap counts what an older version mapped, shows each element that would change, and changes nothing', async () => {
  const { today } = await upgraded();
  const before = await today.store.counts();
  const told = await events(remapAll(today, { preview: true }, NEVER));
  expect(kindOf(told, 'outdated')).toEqual([
    { event: 'outdated', source: 'platform', kind: 'contact', records: 1 },
  ]);
  const [record, ...others] = kindOf(told, 'record');
  expect(others).toEqual([]);
  expect(record).toMatchObject({ state: 'committed', kind: 'contact' });
  const { changes } = record as Extract<RemapEvent, { event: 'record' }>;
  expect(changes.map(({ resource, isNew }) => [resource.split('/')[0], isNew])).toEqual([
    ['Observation', false],
  ]);
  const texts = JSON.stringify(changes[0]!.elements);
  expect(texts).toContain('Note: Spoke of gardening.');
  expect(changes[0]!.elements.every((one) => JSON.stringify(one.new) !== JSON.stringify(one.old))).toBe(true);
  expect(told.at(-1)).toMatchObject({ event: 'previewed', records: 1, changed: 1, refused: 0 });
  expect(await today.store.counts()).toEqual(before);
});

test('a remap stores and sends only what differs, and once', async () => {
  const { today } = await upgraded();
  await settleAll(today);
  const done = (await events(remapAll(today, {}, NEVER))).at(-1);
  // the Encounter, and the Provenance that tells of it
  expect(done).toEqual({ event: 'done', mapped: 1, deliveries: 2, accepted: 0, refused: 0 });
  expect(today.woken()).toBe(1);
  expect(await settleAll(today)).toBe(2);
  const again = await events(remapAll(today, {}, NEVER));
  expect(again).toEqual([{ event: 'done', mapped: 0, deliveries: 0, accepted: 0, refused: 0 }]);
  const { versions } = await today.store.search({ type: 'Observation', clauses: [], count: 9 });
  expect(versions.map(({ version }) => version)).toEqual([2]);
  expect(JSON.stringify(versions[0]!.resource)).toContain('Spoke of gardening.');
  expect(JSON.stringify(versions[0]!.resource)).not.toContain('Note: ');
});

test('a remap that is stopped goes on where it was', async () => {
  const { before, today } = await upgraded();
  for (const name of ['home-visit-known-by-date', 'missed-at-surgery', 'cancelled-consent-withdrawn'])
    await before.take('contact', platformExample('contact', name));
  const stop = new AbortController();
  stop.abort();
  expect((await events(remapAll(today, {}, stop.signal))).at(-1)).toEqual({
    event: 'interrupted',
    mapped: 0,
  });
  expect((await events(remapAll(today, {}, NEVER))).at(-1)).toMatchObject({ event: 'done', mapped: 4 });
});

test('pinned to the version that ran, the text of the older map is compiled from the store, and nothing would change', async () => {
  const { today } = await upgraded();
  const patient = await personIn(today);
  const pinned = await replayed(today, { patient: patient, preview: true });
  expect(pinned).toEqual([
    { event: 'previewed', records: 1, changed: 0, refused: 0, code: expect.any(String) },
  ]);
  const todays = await replayed(today, { patient: patient, preview: true, withTodaysMap: true });
  expect(todays.at(-1)).toMatchObject({ event: 'previewed', records: 1, changed: 1 });
});

test("with today's maps nothing is done before the preview of the same wish was confirmed", async () => {
  const { today } = await upgraded();
  await settleAll(today);
  const [note] = (await today.store.search({ type: 'Observation', clauses: [], count: 9 })).versions;
  const wish = { resource: `Observation/${note!.id}`, withTodaysMap: true } as const;
  const refused = await replayed(today, wish);
  const shown = (await replayed(today, { ...wish, preview: true })).at(-1) as { code: string };
  expect(refused).toEqual([{ event: 'unconfirmed', code: shown.code }]);
  expect(await settleAll(today)).toBe(0);
  const done = await replayed(today, { ...wish, confirm: shown.code });
  expect(done).toMatchObject([{ event: 'done', mapped: 1, deliveries: 2, refused: 0 }]);
  expect(await settleAll(today)).toBe(2);
});

test('what was delivered is put in line once more, to be looked up first, and not while it waits already', async () => {
  const shop = await openShop(partsOf());
  await shop.take('contact', CONTACT);
  const sent = await settleAll(shop);
  const patient = await personIn(shop);
  const wish = { patient: patient, state: 'delivered', target: 'ehr' } as const;
  expect(await replayed(shop, wish)).toMatchObject([{ event: 'done', deliveries: sent }]);
  expect(await replayed(shop, wish)).toMatchObject([{ event: 'done', deliveries: 0 }]);
  const group = await shop.store.claim('ehr', { nowMs: 4e12, leaseMs: 1000, maxEntries: 50 });
  expect(group!.entries.every((entry) => entry.ambiguous)).toBe(true);
  expect(await shop.store.verifyAudit()).toBeUndefined();
});

test('refused records are read again by the rule that refused them; amended ones are accepted, and their item closes', async () => {
  const shop = await openShop(partsOf());
  const { refusals } = await shop.take('contact', platformExample('contact', 'bad-wrong-type'));
  expect(refusals).toHaveLength(1);
  const [item] = await shop.store.worklist({ kind: 'rejected', open: true, count: 9 });
  expect(item!.rule).toMatch(/^read-/);
  expect(await replayed(shop, { rule: 'another-rule' })).toMatchObject([{ accepted: 0, refused: 0 }]);
  expect(await replayed(shop, { rule: item!.rule })).toMatchObject([{ accepted: 0, refused: 1 }]);
  const [still] = await shop.store.worklist({ kind: 'rejected', open: true, count: 9 });
  expect(still!.id).toBe(item!.id);
  const { payload } = (await shop.store.refusedRecord(item!.id))!;
  const amended = structuredClone(payload) as { contact: { minutes: unknown } };
  amended.contact.minutes = 30;
  const retried = await retryRefused(shop, item!.id, 'tester', amended);
  expect(retried).toMatchObject({ ok: true, value: { state: 'accepted' } });
  expect(await shop.store.worklist({ kind: 'rejected', open: true, count: 9 })).toEqual([]);
  expect(await retryRefused(shop, item!.id, 'tester')).toMatchObject({ ok: false });
  expect(await shop.store.verifyAudit()).toBeUndefined();
});
