/** A target that drifted away is found out, and put right when asked: against the sandbox EHR, with drift made by hand over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { placesOf } from '../../src/cli/again/places.ts';
import { type ReconcileEvent, type ReconcileWish, reconcileTarget } from '../../src/cli/again/reconcile.ts';
import { targetOf } from '../../src/config.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { createFhirServerTarget } from '../../src/target/fhir/fhir-server.ts';
import type { TwinPolicy } from '../../src/target/place.ts';
import { deliveryOf } from '../outbox/adapter-parts.ts';
import { NOW_MS } from '../store/samples.ts';
import { openShop, partsOf, platformExample, type Shop } from './shop.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Wired {
  readonly shop: Shop;
  readonly ehr: Sandbox;
  /** delivers all that is due */
  deliver(): Promise<void>;
  reconcile(wish?: Partial<ReconcileWish>, signal?: AbortSignal): Promise<ReconcileEvent[]>;
  send(method: string, path: string, body?: Resource): Promise<Response>;
}

async function wired(ids: 'client' | 'server' = 'client', twins: TwinPolicy = 'report'): Promise<Wired> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-ehr-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const ehr = await startSandbox({ port: 0, file: join(folder, 'ehr.sqlite') });
  undo.push(() => ehr.close().catch(() => {})); // a test may have closed it
  const first = await openShop(partsOf());
  let nowMs = NOW_MS;
  const clock = (): number => nowMs;
  const target = targetOf({ name: 'ehr', url: ehr.url, ids, requiresVerifiedNhsNumber: false });
  const placeOf = placesOf([target], { store: first.store, definitions: partsOf().definitions, clock });
  const open = {
    ...placeOf('ehr')!,
    gate: async ({ resource }: { resource: never }) => ({ send: true as const, resource }),
  };
  const shop = await openShop(partsOf(), { store: first.store, placeOf: () => open as never });
  const about = { name: 'ehr', baseUrl: ehr.url, ids, twins };
  const sender = createFhirServerTarget({ ...about, deadlineMs: 5_000, clock });
  undo.push(() => sender.close());
  const deliver = deliveryOf(shop.store, sender, { clock });
  return {
    shop,
    ehr,
    deliver: async () => {
      // what waits for something of another group is due a while later
      for (let idle = 0; idle < 3; nowMs += 60_000) {
        const group = await shop.store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 50 });
        idle = group ? 0 : idle + 1;
        if (!group) continue;
        const settled = await deliver(group, AbortSignal.timeout(10_000));
        await shop.store.settle('ehr', group.deliveryKey, settled, nowMs);
      }
    },
    reconcile: (wish = {}, signal = AbortSignal.timeout(60_000)) =>
      Array.fromAsync(reconcileTarget(shop, { target: 'ehr', perSecond: 1_000, ...wish }, 'tester', signal)),
    send: (method, path, body) =>
      fetch(`${ehr.url}/${path}`, {
        method,
        headers: { 'content-type': 'application/fhir+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
}

/** Takes a referral, and delivers all that it makes. */
async function delivered(ids?: 'client' | 'server', twins?: TwinPolicy): Promise<Wired> {
  const all = await wired(ids, twins);
  await all.shop.take('referral', platformExample('referral', 'adult-referred-by-gp'));
  await all.deliver();
  return all;
}

async function listed({ send }: Wired, type: string): Promise<Resource[]> {
  const bundle = (await (await send('GET', type)).json()) as Bundle;
  return (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
}

const driftIn = (events: readonly ReconcileEvent[]): unknown[] =>
  events.filter(({ event }) => event === 'drift');
const NOTHING = { missing: 0, twin: 0, changed: 0, extra: 0 };

test('a target that is in step shows no drift', async () => {
  const { reconcile } = await delivered();
  const events = await reconcile();
  expect(events.at(-1)).toMatchObject({ event: 'reconciled', drift: NOTHING, healed: 0 });
  expect((events.at(-1) as { resources: number }).resources).toBeGreaterThan(5);
});

test('what was deleted there is missing, and is there once more after it was healed', async () => {
  const all = await delivered();
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  await all.send('DELETE', `ServiceRequest/${referral!.id}`);
  const events = await all.reconcile();
  expect(driftIn(events)).toEqual([
    { event: 'drift', key: `ServiceRequest/${referral!.id}`, kind: 'missing', detail: {} },
  ]);
  expect(await all.shop.store.drift('ehr', 9)).toMatchObject([
    { key: `ServiceRequest/${referral!.id}`, kind: 'missing' },
  ]);
  expect((await all.reconcile({ heal: ['missing'] })).at(-1)).toMatchObject({ healed: 1 });
  await all.deliver();
  expect(await listed(all, 'ServiceRequest')).toHaveLength(1);
  expect((await all.reconcile()).at(-1)).toMatchObject({ drift: NOTHING });
  expect(await all.shop.store.drift('ehr', 9)).toEqual([]);
});

test('what was changed there is told by element, and written over only on command', async () => {
  const all = await delivered();
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  const key = `ServiceRequest/${referral!.id}`;
  await all.send('PUT', key, { ...referral!, status: 'revoked' });
  const expected = { key, kind: 'changed', detail: { by: 'there', elements: ['status'] } };
  expect(driftIn(await all.reconcile())).toMatchObject([expected]);
  expect(driftIn(await all.reconcile({ heal: ['missing'] }))).toMatchObject([expected]);
  await all.deliver();
  expect((await listed(all, 'ServiceRequest'))[0]).toMatchObject({ status: 'revoked' });
  await all.reconcile({ heal: ['changed'] });
  await all.deliver();
  expect((await listed(all, 'ServiceRequest'))[0]).toMatchObject({ status: referral!.status });
  expect((await all.reconcile()).at(-1)).toMatchObject({ drift: NOTHING });
});

test('a change that is made there after the look is not written over', async () => {
  const all = await delivered();
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  const key = `ServiceRequest/${referral!.id}`;
  await all.send('PUT', key, { ...referral!, status: 'revoked' });
  await all.reconcile({ heal: ['changed'] });
  await all.send('PUT', key, { ...referral!, status: 'entered-in-error' });
  await all.deliver();
  expect((await listed(all, 'ServiceRequest'))[0]).toMatchObject({ status: 'entered-in-error' });
  expect(await all.shop.store.worklist({ open: true, count: 9, target: 'ehr' })).not.toEqual([]);
});

test('a copy that somebody made of what the server named is a twin', async () => {
  const all = await delivered('server');
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  const { id: _id, meta: _meta, ...copy } = referral!;
  await all.send('POST', 'ServiceRequest', copy as Resource);
  const twins = driftIn(await all.reconcile());
  expect(twins).toMatchObject([{ kind: 'twin', detail: { copies: [referral!.id, expect.any(String)] } }]);
});

/** Has somebody make a copy of the referral there. @returns the ids of both, ours first */
async function copied(all: Wired): Promise<[string, string]> {
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  const { id, ...copy } = referral!;
  const made = (await (await all.send('POST', 'ServiceRequest', copy as Resource)).json()) as Resource;
  return [id!, made.id!];
}

test('twins are healed by taking the younger back, where that is configured', async () => {
  const all = await delivered('server', 'delete');
  const [ours, twin] = await copied(all);
  expect((await all.reconcile({ heal: ['twin'] })).at(-1)).toMatchObject({ drift: { twin: 1 }, healed: 1 });
  await all.deliver();
  expect((await listed(all, 'ServiceRequest')).map(({ id }) => id)).toEqual([ours]);
  expect((await all.send('GET', `ServiceRequest/${twin}`)).status).toBe(410);
  expect((await all.reconcile()).at(-1)).toMatchObject({ drift: NOTHING });
  expect(await all.shop.store.worklist({ open: true, count: 9, target: 'ehr' })).toEqual([]);
});

test('twins that nobody may take back are put on the worklist, once, and are still twins', async () => {
  const all = await delivered('server');
  await copied(all);
  for (let run = 0; run < 2; run++) {
    await all.reconcile({ heal: ['twin'] });
    await all.deliver();
  }
  expect(await listed(all, 'ServiceRequest')).toHaveLength(2);
  const open = await all.shop.store.worklist({ open: true, count: 9, target: 'ehr' });
  expect(open.map(({ outcome }) => ruleOf(outcome.issue[0]!))).toEqual(['delivery-twins']);
  expect((await all.reconcile()).at(-1)).toMatchObject({ drift: { twin: 1 } });
});

test('a twin that was worked on there is kept, whatever is configured', async () => {
  const all = await delivered('server', 'delete');
  const [, twin] = await copied(all);
  const made = (await (await all.send('GET', `ServiceRequest/${twin}`)).json()) as ServiceRequest;
  await all.send('PUT', `ServiceRequest/${twin}`, { ...made, note: [{ text: 'seen in clinic' }] });
  await all.reconcile({ heal: ['twin'] });
  await all.deliver();
  expect(await listed(all, 'ServiceRequest')).toHaveLength(2);
});

test('what was erased here and is found there again is extra, and deleted when it is healed', async () => {
  const all = await delivered();
  const [referral] = (await listed(all, 'ServiceRequest')) as ServiceRequest[];
  const personId = (await all.shop.store.read('ServiceRequest', referral!.id!))!.personId!;
  await all.shop.store.erasePerson(personId, 'tester', NOW_MS);
  await all.deliver();
  expect(await listed(all, 'ServiceRequest')).toEqual([]);
  await all.send('PUT', `ServiceRequest/${referral!.id}`, referral!);
  expect(driftIn(await all.reconcile({ heal: ['extra'] }))).toMatchObject([
    { key: `ServiceRequest/${referral!.id}`, kind: 'extra' },
  ]);
  await all.deliver();
  expect(await listed(all, 'ServiceRequest')).toEqual([]);
});

test('ended early it goes on where it was; a target that is away is told, and asked again later', async () => {
  const all = await delivered();
  const stop = new AbortController();
  stop.abort();
  expect((await all.reconcile({}, stop.signal)).at(-1)).toMatchObject({ event: 'interrupted' });
  await all.ehr.close();
  const events = await all.reconcile();
  expect(events.at(-1)).toMatchObject({ event: 'unreachable', rule: 'wire-not-sent' });
  expect(await all.shop.store.job('reconcile ehr')).toContain('"after"');
});
