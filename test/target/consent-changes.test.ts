/** Consent that changes while it is not known what arrived: our own earlier writing is known again, and a withdrawal says whose it is. */
import type { Consent } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { startWorker } from '../../src/outbox/worker.ts';
import type { Identified } from '../../src/store/store.ts';
import { createShareGate } from '../../src/target/share-gate.ts';
import { deliveryOf, openTestStore, outboxOf, type TestStore, until } from '../outbox/adapter-parts.ts';
import { consent as consentOf, withdrawn } from '../referral/sharing.ts';
import { NOW_MS, patient, referral } from './deliveries.ts';
import { ehr, targetAt } from './harness.ts';

const definitions = loadBaseDefinitions();
let parts: TestStore;
let nowMs = NOW_MS;
const clock = (): number => nowMs;
beforeEach(async () => {
  parts = await openTestStore(clock);
});
afterEach(() => parts.close());

const consent = (of: Consent): Identified => ({ ...of, id: 'c1', patient: { reference: 'Patient/p1' } });

async function deliver(url: string, ids: 'client' | 'server' = 'client'): Promise<void> {
  const { store } = parts;
  const about = {
    requiresVerifiedNhsNumber: false,
    allowRestricted: false,
    purpose: 'share-with-gp',
  } as const;
  const gate = createShareGate({ store, target: { name: 'ehr', ...about }, clock, definitions });
  const random = (): number => 0;
  const options = { store, target: 'ehr', clock, random, concurrency: 1, leaseMs: 60_000, maxEntries: 50 };
  const worker = startWorker({
    ...options,
    deliver: deliveryOf(store, targetAt(url, { ids }), { clock, random, gate }),
  });
  await until(async () => {
    nowMs += 1_000; // what waits is looked at again as time goes by
    worker.wake();
    const { waiting, claimed } = await outboxOf(store);
    return waiting + claimed === 0;
  });
  await worker.stop(1_000);
}

test('a withdrawal arrives although the consent before it was stored in full and its answer lost', async () => {
  let isLossy = false;
  const there = await ehr({
    faults: ({ method }) => (isLossy && method !== 'GET' ? { kind: 'applyThenCut' } : undefined),
  });
  const told = consentOf({ policyRule: { ...consentOf().policyRule, text: 'as told on the telephone' } });
  await parts.put('1', patient('p1'), consent(consentOf()), referral('r1', 'p1'));
  await deliver(there.url);
  await parts.put('2', consent(told));
  isLossy = true;
  const group = await parts.store.claim('ehr', { nowMs, leaseMs: 1, maxEntries: 50 });
  expect(group?.entries).toHaveLength(1);
  const gate = {
    gate: async ({ resource }: { resource: Identified }) => ({ send: true as const, resource }),
  };
  const lossy = deliveryOf(parts.store, targetAt(there.url), { clock, ...gate });
  const settlements = await lossy(group!, new AbortController().signal);
  expect(settlements).toMatchObject([{ kind: 'retry', ambiguous: true }]);
  await parts.store.settle('ehr', group!.deliveryKey, settlements, nowMs);
  isLossy = false;
  nowMs += 60_000;
  await parts.put('3', patient('p1', { gender: 'other' }), consent(withdrawn));
  await deliver(there.url);
  expect(await there.read('Consent/c1')).toMatchObject({
    status: 'inactive',
    patient: { reference: 'Patient/p1' },
  });
  expect(await outboxOf(parts.store)).toMatchObject({ parked: 0, held: 1 });
});

test.each(['client', 'server'] as const)(
  'a withdrawal reaches whoever took the person, although the answer was lost (ids: %s)',
  async (ids) => {
    let isLossy = true;
    const there = await ehr({
      faults: ({ method, path }) =>
        isLossy && method !== 'GET' && !path.endsWith('_search') ? { kind: 'applyThenCut' } : undefined,
    });
    await parts.put('1', patient('p1'), consent(consentOf()));
    const group = await parts.store.claim('ehr', { nowMs, leaseMs: 1, maxEntries: 50 });
    const gate = {
      gate: async ({ resource }: { resource: Identified }) => ({ send: true as const, resource }),
    };
    const lossy = deliveryOf(parts.store, targetAt(there.url, { ids }), { clock, ...gate });
    await parts.store.settle(
      'ehr',
      group!.deliveryKey,
      await lossy(group!, new AbortController().signal),
      nowMs,
    );
    expect((await there.search('Patient')).length).toBe(1);
    isLossy = false;
    nowMs += 60_000;
    await parts.put('2', consent(withdrawn));
    await deliver(there.url, ids);
    expect(await there.search('Consent')).toMatchObject([{ status: 'inactive' }]);
    expect(await there.search('Patient')).toHaveLength(1);
  },
);

test('a withdrawal goes to nobody who, when asked, holds no copy of the person', async () => {
  const there = await ehr({ faults: ({ method }) => (method === 'PUT' ? { kind: 'cut' } : undefined) });
  await parts.put('1', patient('p1'), consent(consentOf()));
  const group = await parts.store.claim('ehr', { nowMs, leaseMs: 1, maxEntries: 50 });
  await parts.store.recoverClaims(nowMs, true);
  expect(group?.entries).toHaveLength(2);
  await parts.put('2', consent(withdrawn));
  await deliver(there.url);
  expect([await there.search('Patient'), await there.search('Consent')]).toEqual([[], []]);
  expect(await outboxOf(parts.store)).toMatchObject({ parked: 0, held: 3 });
});
