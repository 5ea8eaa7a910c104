/** What is known of a delivery after it left: filed, rejected or never filed, and where a withdrawal of consent arrived. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryRoutes } from '../../src/api/delivery-routes.ts';
import { raiseUnfiled } from '../../src/cli/unfiled.ts';
import { type TargetConfig, targetOf } from '../../src/config.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { filingOf } from '../../src/referral/filing.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import type { Identified } from '../../src/store/store.ts';
import { createDelivery } from '../../src/target/fhir/deliver-group.ts';
import { createShareGate } from '../../src/target/share-gate.ts';
import { startAdapter } from '../api/adapter.ts';
import { openTestStore, type TestStore } from '../outbox/adapter-parts.ts';
import { consent as consentOf, withdrawn } from '../referral/sharing.ts';
import { NOW_MS, patient, referral, type TestEhr } from './deliveries.ts';
import { ehr, targetAt } from './harness.ts';

const definitions = loadBaseDefinitions();
const HOUR_MS = 3_600_000;
const TOKEN = 'a-token-of-this-test';
let parts: TestStore;
let server: TestEhr;
let nowMs: number;
let faults: (Fault | undefined)[];

beforeEach(async () => {
  nowMs = NOW_MS;
  faults = [];
  parts = await openTestStore(() => nowMs);
  server = await ehr({ faults: ({ method }) => (method === 'GET' ? undefined : faults.shift()) });
});
afterEach(() => parts.close());

const target = (settings: Partial<Parameters<typeof targetOf>[0]> = {}): TargetConfig =>
  targetOf({ name: 'ehr', url: 'http://127.0.0.1/fhir', requiresVerifiedNhsNumber: false, ...settings });

const consent = (of = consentOf()): Identified =>
  ({ ...of, id: 'c1', patient: { reference: 'Patient/p1' } }) as Identified;

/** Delivers once what is due. */
async function round(config: TargetConfig): Promise<void> {
  const { store } = parts;
  const clock = (): number => nowMs;
  const deliver = createDelivery({
    store,
    target: targetAt(server.url, { maxTransaction: 1 }),
    gate: createShareGate({ store, target: config, definitions, clock }),
    clock,
    random: () => 0.5,
    receipts: config.receipts,
  });
  const group = await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 50 });
  if (!group) return;
  await store.settle('ehr', group.deliveryKey, await deliver(group, new AbortController().signal), nowMs);
}

async function shown(
  config: TargetConfig,
  path: string,
  token = TOKEN,
): Promise<{ status: number; items: object[] }> {
  const { store } = parts;
  const adapter = await startAdapter({
    app: { store, pages: [deliveryRoutes({ store, targets: [config], token: TOKEN })] },
  });
  const answer = await adapter.get(`/deliveries/${path}`, { Authorization: `Bearer ${token}` });
  return { status: answer.status, items: ((await answer.json()) as { items: object[] }).items };
}

const open = async (): Promise<(string | undefined)[]> =>
  (await parts.store.worklist({ open: true, count: 9 })).map((item) => ruleOf(item.outcome.issue[0]!));

test('where the answer is the receipt, a referral is filed or rejected with it, and filed once it was amended', async () => {
  const config = target({ receipts: { by: 'http' } });
  await parts.put('1', patient('p1'), consent(), referral('r1', 'p1'));
  faults = [undefined, undefined, { kind: 'refuse', status: 422 }];
  await round(config);
  expect((await shown(config, 'filings/ServiceRequest/r1')).items).toMatchObject([
    { target: 'ehr', state: 'rejected', by: 'http', version: 1 },
  ]);
  expect((await shown(config, 'filings/Patient/p1')).items).toEqual([]); // no receipt is expected of it
  await parts.store.replayDeliveries({ state: 'parked' }, nowMs);
  await round(config);
  expect((await shown(config, 'filings/ServiceRequest/r1')).items).toMatchObject([{ state: 'filed' }]);
});

test('what was sent and never filed is raised once, and settled when the receipt comes', async () => {
  const config = target({ receipts: { by: 'task', raiseAfterHours: 48 } });
  await parts.put('1', patient('p1'), consent(), referral('r1', 'p1'));
  await round(config);
  expect((await shown(config, 'filings/ServiceRequest/r1')).items).toMatchObject([{ state: 'sent' }]);
  nowMs += 48 * HOUR_MS - 1;
  expect(await raiseUnfiled([config], parts.store, nowMs)).toBe(0);
  nowMs += 1;
  const replicas = [1, 2, 3].map(() => raiseUnfiled([config], parts.store, nowMs));
  expect((await Promise.all(replicas)).toSorted()).toEqual([0, 0, 1]);
  expect(await open()).toEqual(['delivery-unfiled']);
  const receipt = { target: 'ehr', resource: 'ServiceRequest/r1', state: 'amended' } as const;
  expect(await parts.store.filings.note(receipt, nowMs)).toBe(true);
  expect(await open()).toEqual([]);
  expect((await shown(config, 'filings/ServiceRequest/r1')).items).toMatchObject([
    { state: 'amended', by: 'task' },
  ]);
  expect(await parts.store.filings.note({ ...receipt, target: 'other' }, nowMs)).toBe(false);
});

const about = { resourceType: 'Task', intent: 'order', focus: { reference: 'ServiceRequest/r1' } } as const;

test.each([
  ['requested', undefined],
  ['received', undefined],
  ['accepted', 'filed'],
  ['completed', 'filed'],
  ['rejected', 'rejected'],
  ['failed', 'rejected'],
] as const)('a Task that comes back as %s says: %s', (status, state) => {
  expect(filingOf({ ...about, status })?.state).toBe(state);
});

test('a Task that comes back as amended says so, and of what', () => {
  const businessStatus = { coding: [{ code: 'amended' }] };
  expect(filingOf({ ...about, status: 'completed', businessStatus })).toEqual({
    state: 'amended',
    about: ['ServiceRequest/r1'],
  });
});

test('a withdrawal stops what waits, is sent to the holder, and is shown as waiting, failed and confirmed', async () => {
  const config = target({ send: { types: ['ServiceRequest'] } });
  await parts.put('1', patient('p1'), consent(), referral('r1', 'p1'));
  await round(config);
  expect((await shown(config, 'withdrawals/p1')).items).toEqual([]);
  nowMs += 1_000;
  await parts.put('2', referral('r2', 'p1'));
  await parts.put('3', consent(withdrawn));
  const expected = { consent: 'Consent/c1', target: 'ehr' };
  expect((await shown(config, 'withdrawals/p1')).items).toEqual([{ ...expected, state: 'waiting' }]);
  faults = [{ kind: 'refuse', status: 422 }];
  await round(config);
  expect((await shown(config, 'withdrawals/p1')).items).toEqual([{ ...expected, state: 'failed' }]);
  await parts.store.replayDeliveries({ state: 'parked' }, nowMs);
  await round(config);
  expect((await shown(config, 'withdrawals/p1')).items).toEqual([
    { ...expected, state: 'confirmed', confirmed: new Date(NOW_MS).toISOString() },
  ]);
  expect((await server.search('ServiceRequest')).map(({ id }) => id)).toEqual(['r1']);
  expect(await server.read('Consent/c1')).toMatchObject({ status: 'inactive' });
});

test('who holds nothing is not told of a withdrawal, and nobody asks without the token', async () => {
  const config = target();
  await parts.put('1', patient('p1'), consent(withdrawn), referral('r1', 'p1'));
  await round(config);
  expect(await server.search('Consent')).toEqual([]);
  expect((await shown(config, 'withdrawals/p1')).items).toEqual([]);
  expect((await shown(config, 'withdrawals/p1', 'other')).status).toBe(401);
  expect((await shown(config, 'filings/ServiceRequest/x%20y')).status).toBe(404);
});
