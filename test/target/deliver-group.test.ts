/** From the outbox of a real store to a real FHIR server: what is sent, what waits, what is held and what is parked. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { issueOf, outcomeOf, ruleOf } from '../../src/fhir/outcome.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import type { Identified, Settlement, Store } from '../../src/store/store.ts';
import { createDelivery, type DeliveryOptions, type Gate } from '../../src/target/fhir/deliver-group.ts';
import { createFhirServerTarget } from '../../src/target/fhir/fhir-server.ts';
import { Waits } from '../../src/target/fhir/waits.ts';
import type { Target } from '../../src/target/target.ts';
import { openGate, openTestStore, outboxOf, type TestStore } from '../outbox/adapter-parts.ts';
import { NOW_MS, patient, referral, startEhr, type TestEhr } from './deliveries.ts';

let nowMs = NOW_MS;
const clock = (): number => nowMs;
let parts: TestStore;
let store: Store;
let ehr: TestEhr;
let target: Target;
let faults: (Fault | undefined)[];

beforeEach(async () => {
  nowMs = NOW_MS;
  faults = [];
  parts = await openTestStore(clock);
  store = parts.store;
  ehr = await startEhr({
    integrity: true,
    faults: ({ method }) => (method === 'GET' ? undefined : faults.shift()),
  });
  target = createFhirServerTarget({ name: 'ehr', baseUrl: ehr.url, deadlineMs: 2_000, clock });
});
afterEach(async () => {
  await target.close();
  await ehr.close();
  await parts.close();
});

type Round = (options?: { maxEntries?: number }) => Promise<readonly Settlement[]>;

/** Claims, delivers and settles the next due group; none due: nothing. */
function rounds(options: Partial<DeliveryOptions> = {}): Round {
  const deliver = createDelivery({ store, target, gate: openGate, clock, random: () => 0.5, ...options });
  return async ({ maxEntries = 50 } = {}) => {
    const group = await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries });
    if (!group) return [];
    const settlements = await deliver(group, new AbortController().signal);
    // what the group needed and brought forward is settled with it
    const settled = new Set(settlements.map((one) => one.seq));
    expect(group.entries.filter((entry) => !settled.has(entry.seq))).toEqual([]);
    await store.settle('ehr', group.deliveryKey, settlements, nowMs);
    return settlements;
  };
}
const kinds = (settlements: readonly Settlement[]): string[] =>
  [...settlements].sort((a, b) => a.seq - b.seq).map((one) => one.kind);
const ruleOfFirst = (settlement: Settlement | undefined): string | undefined =>
  settlement && 'outcome' in settlement ? ruleOf(settlement.outcome.issue[0]!) : undefined;

test('delivers a person with what refers to it, and remembers where', async () => {
  await parts.put('1', referral('r1', 'p1'), patient('p1'));
  expect(kinds(await rounds()())).toEqual(['delivered', 'delivered']);
  const links = await store.links('ehr', ['Patient/p1', 'ServiceRequest/r1']);
  expect(links.map((link) => [link.remoteId, link.remoteVersion, link.version]).sort()).toEqual([
    ['p1', '1', 1],
    ['r1', '1', 1],
  ]);
  expect(await outboxOf(store)).toMatchObject({ waiting: 0, claimed: 0, delivered: 2 });
});

test('several versions in one group are sent once, as the newest', async () => {
  for (const gender of ['male', 'female', 'other']) await parts.put('1', patient('p1', { gender }));
  expect(kinds(await rounds()())).toEqual(['superseded', 'superseded', 'delivered']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'other', meta: { versionId: '1' } });
});

test('sends the version an entry names, not one committed since', async () => {
  await parts.put('1', patient('p1', { gender: 'male' }));
  await parts.put('1', patient('p1', { gender: 'female' }));
  const round = rounds();
  expect(kinds(await round({ maxEntries: 1 }))).toEqual(['delivered']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'male' });
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'female', meta: { versionId: '2' } });
});

test('what stands in line behind a full group is brought forward when the group refers to it', async () => {
  const requests = Array.from({ length: 6 }, (_, index) => referral(`r${index}`, 'p1'));
  await parts.put('1', ...requests.slice(0, 3));
  await parts.put('2', ...requests.slice(3));
  await parts.put('3', patient('p1'));
  const round = rounds();
  expect(kinds(await round({ maxEntries: 2 }))).toEqual(['delivered', 'delivered', 'delivered']);
  expect(await ehr.read('Patient/p1')).toBeDefined();
  expect(await outboxOf(store)).toMatchObject({ waiting: 4, claimed: 0, delivered: 3 });
  while ((await round({ maxEntries: 2 })).length > 0);
  expect(await outboxOf(store)).toMatchObject({ waiting: 0, claimed: 0, delivered: 7 });
});

test('what may go does not name what consent holds back, and an older version never overwrites a newer one', async () => {
  const gate: Gate = async ({ resource }) =>
    resource.resourceType === 'Goal' && !resource.target
      ? { send: false, outcome: outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'Not sent: words only.' })) }
      : { send: true, resource };
  const goal = {
    resourceType: 'Goal',
    id: 'g1',
    lifecycleStatus: 'active',
    description: { text: 'words' },
    subject: { reference: 'Patient/p1' },
  } as const;
  const plan: Identified = {
    resourceType: 'CarePlan',
    id: 'c1',
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/p1' },
    goal: [{ reference: 'Goal/g1' }],
  };
  await parts.put('1', patient('p1'), goal, plan);
  const round = rounds({ gate });
  expect(kinds(await round())).toEqual(['delivered', 'hold', 'delivered']);
  expect(await ehr.read('CarePlan/c1')).not.toHaveProperty('goal');
  await parts.put('2', { ...plan, id: 'c2' });
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.read('CarePlan/c2')).not.toHaveProperty('goal');
  await parts.put('1', { ...goal, target: [{ dueDate: '2026-07-01' }] });
  expect(kinds(await round())).toEqual(['delivered']);
  await store.replayDeliveries({ state: 'held' }, nowMs);
  expect(kinds(await round())).toEqual(['superseded']);
  expect(await ehr.read('Goal/g1')).toMatchObject({
    target: [{ dueDate: '2026-07-01' }],
    meta: { versionId: '1' },
  });
});

test('a reference to what another key must bring waits until it is there', async () => {
  const performer = [{ reference: 'Organization/o1' }];
  await parts.put('1', patient('p1'), referral('r1', 'p1', { performer }));
  const round = rounds();
  const first = await round();
  expect(kinds(first)).toEqual(['delivered', 'wait']);
  await parts.put('2', { resourceType: 'Organization', id: 'o1', name: 'A service' });
  expect(kinds(await round())).toEqual(['delivered']);
  nowMs += 1_000;
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.read('ServiceRequest/r1')).toBeDefined();
});

test('waits for a missing reference grow, and end with a person being asked', async () => {
  await parts.put('1', referral('r1', 'p9'));
  const round = rounds({ maxWaits: 3 });
  const waits: number[] = [];
  for (let i = 0; i < 3; i++) {
    const [settled] = await round();
    if (settled?.kind !== 'wait') throw new Error(`unexpected ${settled?.kind}`);
    waits.push(settled.dueMs - nowMs);
    nowMs = settled.dueMs;
  }
  expect(waits).toEqual([250, 500, 1_000]);
  expect(ruleOfFirst((await round())[0])).toBe('delivery-reference-missing');
  expect(await store.worklist({ kind: 'parked', open: true, count: 5 })).toHaveLength(1);
});

test('other work of the person does not use up the patience of what waits', async () => {
  const performer = [{ reference: 'Organization/o1' }];
  await parts.put('1', patient('p1'), referral('r1', 'p1', { performer }));
  const deliver = createDelivery({ store, target, gate: openGate, clock, random: () => 0.5, maxWaits: 1 });
  const round = async (claimMs: number): Promise<string[]> => {
    const group = await store.claim('ehr', { nowMs: claimMs, leaseMs: 60_000, maxEntries: 50 });
    const settled = await deliver(group!, new AbortController().signal);
    await store.settle('ehr', group!.deliveryKey, settled, nowMs);
    return kinds(settled);
  };
  expect(await round(nowMs)).toEqual(['delivered', 'wait']);
  for (const gender of ['male', 'female', 'other']) {
    await parts.put('2', patient('p1', { gender }));
    // Claimed as if due, while the wait of a quarter second is not over by the clock.
    expect(await round(nowMs + 250)).toEqual(['wait', 'delivered']);
  }
  nowMs += 250;
  expect(await round(nowMs)).toEqual(['park']);
});

test('the count of waits is forgotten however an entry ends, and bounded while entries wait', async () => {
  const waits = new Waits(2);
  const maxWaits = 1;
  let isOpen = true;
  const outcome = outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'Not sent: no consent.' }));
  const gate: Gate = async (input) =>
    isOpen ? { send: true, resource: input.resource } : { send: false, outcome };
  const round = rounds({ waits, maxWaits, gate });
  for (const name of ['1', '2', '3']) await parts.put(name, referral(`r${name}`, `p${name}`));
  for (let i = 0; i < 3; i++) expect(kinds(await round())).toEqual(['wait']);
  expect(waits.size).toBe(2);
  nowMs += 1_000;
  await parts.put('2', referral('r2', 'p2', { status: 'completed' }), patient('p2'));
  isOpen = false;
  const ends = (await Promise.all([round(), round(), round()])).map(kinds);
  expect(ends.flat()).not.toContain('wait');
  expect(waits.size).toBe(0);
});

test('a refused resource is parked and holds back what touches or refers to it, nothing else', async () => {
  await parts.put('0', patient('p1'));
  const round = rounds();
  await round();
  faults = [
    { kind: 'refuse', status: 422 },
    { kind: 'refuse', status: 422 },
  ];
  await parts.put('1', referral('bad', 'p1'));
  faults = [{ kind: 'refuse', status: 422 }];
  expect(kinds(await round())).toEqual(['park']);
  await parts.put('1', referral('bad', 'p1', { priority: 'urgent' }));
  await parts.put('2', referral('child', 'p1', { basedOn: [{ reference: 'ServiceRequest/bad' }] }));
  await parts.put('3', referral('other', 'p1'));
  expect(kinds(await round())).toEqual(['wait', 'wait', 'delivered']);
  expect(await store.replayDeliveries({ target: 'ehr' }, nowMs)).toBe(1);
  nowMs += 60_000;
  expect(kinds(await round())).toEqual(['superseded', 'delivered', 'delivered']);
  expect(await ehr.read('ServiceRequest/bad')).toMatchObject({ priority: 'urgent' });
});

test('an ambiguous delivery that was applied makes exactly one version at the EHR', async () => {
  faults = [{ kind: 'applyThenCut' }];
  await parts.put('1', patient('p1'), referral('r1', 'p1'));
  const round = rounds();
  const first = await round();
  expect(first.map((one) => one.kind === 'retry' && one.ambiguous)).toEqual([true, true]);
  nowMs += 3_600_000;
  expect(kinds(await round())).toEqual(['delivered', 'delivered']);
  expect([await ehr.versions('Patient/p1'), await ehr.versions('ServiceRequest/r1')]).toEqual([1, 1]);
});

test('an amendment after an ambiguous delivery goes over our own earlier version', async () => {
  faults = [{ kind: 'applyThenRefuse', status: 504 }];
  await parts.put('1', patient('p1', { gender: 'male' }));
  const round = rounds();
  expect(kinds(await round())).toEqual(['retry']);
  await parts.put('1', patient('p1', { gender: 'female' }));
  nowMs += 3_600_000;
  expect(kinds(await round())).toEqual(['superseded', 'delivered']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'female', meta: { versionId: '2' } });
});

test('a version that arrived unheard is known again although a full group holds only the one before it', async () => {
  await parts.put('1', patient('p1', { gender: 'male' }));
  await parts.put('1', patient('p1', { gender: 'female' }));
  const both = await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 50 });
  const deliver = createDelivery({ store, target, gate: openGate, clock, random: () => 0.5 });
  await deliver(both!, new AbortController().signal);
  await store.recoverClaims(nowMs, true); // whoever sent it died before it could say so
  expect(kinds(await rounds()({ maxEntries: 1 }))).toEqual(['superseded', 'delivered']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'female', meta: { versionId: '1' } });
});

test('many amendments after an ambiguous delivery go over our own earlier version all the same', async () => {
  faults = [{ kind: 'applyThenRefuse', status: 504 }];
  await parts.put('1', patient('p1', { multipleBirthInteger: 1 }));
  const round = rounds();
  expect(kinds(await round())).toEqual(['retry']);
  for (let order = 2; order <= 12; order++)
    await parts.put('1', patient('p1', { multipleBirthInteger: order }));
  nowMs += 3_600_000;
  expect(kinds(await round())).toContain('delivered');
  expect(await ehr.read('Patient/p1')).toMatchObject({ multipleBirthInteger: 12, meta: { versionId: '2' } });
});

test('doubt outlives a try that sent nothing', async () => {
  faults = [{ kind: 'applyThenCut' }, { kind: 'refuse', status: 503 }];
  await parts.put('1', patient('p1', { gender: 'male' }));
  const round = rounds();
  await round();
  await parts.put('1', patient('p1', { gender: 'female' }));
  nowMs += 3_600_000;
  const settled = await round();
  expect(kinds(settled)).toEqual(['superseded', 'retry']);
  expect(settled.find((one) => one.kind === 'retry')).toMatchObject({ ambiguous: true });
  nowMs += 3_600_000;
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.versions('Patient/p1')).toBe(2);
});

test('the gate holds what consent does not cover; what refers to it goes without naming it', async () => {
  const gate: Gate = async ({ resource }) =>
    resource.id === 'secret'
      ? { send: false, outcome: outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'no consent' })) }
      : { send: true, resource };
  const basedOn = [{ reference: 'ServiceRequest/secret' }];
  await parts.put('1', patient('p1'), referral('child', 'p1', { basedOn }), referral('secret', 'p1'));
  const round = rounds({ gate });
  expect((await round()).map((one) => one.kind).sort()).toEqual(['delivered', 'delivered', 'hold']);
  expect(await ehr.search('ServiceRequest')).toMatchObject([{ id: 'child' }]);
  expect(await ehr.read('ServiceRequest/child')).not.toHaveProperty('basedOn');
});

test('the gate may reduce what is sent; unchanged content there is then still ours', async () => {
  const gate: Gate = async ({ resource }) => {
    const { note: _note, ...coded } = resource as typeof resource & { note?: unknown };
    return { send: true, resource: coded as typeof resource };
  };
  faults = [{ kind: 'applyThenCut' }];
  await parts.put('1', patient('p1', { note: [{ text: 'narrative' }] }));
  const round = rounds({ gate });
  await round();
  nowMs += 3_600_000;
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.read('Patient/p1')).not.toHaveProperty('note');
  expect(await ehr.versions('Patient/p1')).toBe(1);
});

test('a change made at the target parks ours and says what to do', async () => {
  await parts.put('1', patient('p1', { gender: 'male' }));
  const round = rounds();
  await round();
  await ehr.put(patient('p1', { gender: 'other' }));
  await parts.put('1', patient('p1', { gender: 'female' }));
  const [parked] = await round();
  expect([parked?.kind, ruleOfFirst(parked)]).toEqual(['park', 'delivery-conflict']);
  expect(await ehr.read('Patient/p1')).toMatchObject({ gender: 'other' });
});

test('a locked record is tried again ever later, burns no attempt, and is put on the worklist until it is delivered', async () => {
  const round = rounds({ lockedReportAfter: 3 });
  faults = Array.from({ length: 4 }, () => ({ kind: 'refuse', status: 423 }));
  await parts.put('1', patient('p1'));
  const delays: number[] = [];
  const open: number[] = [];
  for (let i = 0; i < 4; i++) {
    const [settled] = await round();
    if (settled?.kind !== 'retry') throw new Error(`settled as ${settled?.kind}`);
    delays.push(settled.dueMs - nowMs);
    open.push((await store.worklist({ open: true, count: 9 })).length);
    nowMs = settled.dueMs;
  }
  expect(delays).toEqual([45_000, 90_000, 180_000, 360_000]); // three quarters: half of the jitter
  expect(open).toEqual([0, 0, 1, 1]);
  const [item] = await store.worklist({ open: true, count: 9 });
  expect([item?.kind, item?.resource, ruleOf(item!.outcome.issue[0]!)]).toEqual([
    'warning',
    'Patient/p1',
    'delivery-still-locked',
  ]);
  const group = await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 9 });
  expect(group?.entries).toMatchObject([{ attempt: 0 }]);
  await store.recoverClaims(nowMs, true);
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
});

test('what surely was not applied is tried without end, at the time the target asks for', async () => {
  const round = rounds({ maxAttempts: 3 });
  faults = Array.from({ length: 6 }, () => ({ kind: 'refuse', status: 503, retryAfterS: 77 }));
  await parts.put('1', patient('p1'));
  for (let i = 0; i < 6; i++) {
    expect(await round()).toMatchObject([{ kind: 'retry', ambiguous: false, dueMs: nowMs + 77_000 }]);
    nowMs += 77_000;
  }
  expect(kinds(await round())).toEqual(['delivered']);
});

test('a delivery that stays in doubt is parked after its last try, never dropped', async () => {
  const round = rounds({ maxAttempts: 3 });
  faults = Array.from({ length: 3 }, () => ({ kind: 'refuse', status: 500 }));
  await parts.put('1', patient('p1'));
  for (let i = 0; i < 2; i++) {
    expect(await round()).toMatchObject([{ kind: 'retry', ambiguous: true }]);
    nowMs += 3_600_000;
  }
  expect(ruleOfFirst((await round())[0])).toBe('delivery-gave-up');
  expect(await store.replayDeliveries({ state: 'parked' }, nowMs)).toBe(1);
  expect(kinds(await round())).toEqual(['delivered']);
});

test('erasure deletes the copies, whatever was parked before', async () => {
  await parts.put('1', patient('p1'));
  const round = rounds();
  await round();
  faults = [{ kind: 'refuse', status: 422 }];
  await parts.put('1', patient('p1', { gender: 'male' }));
  expect(kinds(await round())).toEqual(['park']);
  await store.erasePerson(await store.personOf('p1'), 'operator', nowMs);
  nowMs += 60_000;
  for (let settled = await round(); settled.length > 0; settled = await round()) nowMs += 60_000;
  expect(await ehr.read('Patient/p1')).toBeUndefined();
});

test('resources that refer to each other in a circle travel in one transaction', async () => {
  const replaces = [{ reference: 'ServiceRequest/r1' }];
  const basedOn = [{ reference: 'ServiceRequest/r2' }];
  await parts.put('1', patient('p1'), referral('r1', 'p1', { basedOn }), referral('r2', 'p1', { replaces }));
  expect(kinds(await rounds()())).toEqual(['delivered', 'delivered', 'delivered']);
});

test('an EHR that names resources is referred to by its own ids, in later groups too', async () => {
  const naming = createFhirServerTarget({
    name: 'ehr',
    baseUrl: ehr.url,
    deadlineMs: 2_000,
    clock,
    ids: 'server',
  });
  const round = rounds({ target: naming });
  await parts.put('1', patient('p1'));
  await round();
  await parts.put('2', referral('r1', 'p1'));
  expect(kinds(await round())).toEqual(['delivered']);
  const [person] = await ehr.search('Patient');
  expect(await ehr.search('ServiceRequest')).toMatchObject([
    { subject: { reference: `Patient/${person!.id}` } },
  ]);
  await parts.put('2', referral('r1', 'p1', { priority: 'urgent' }));
  expect(kinds(await round())).toEqual(['delivered']);
  expect(await ehr.search('ServiceRequest')).toMatchObject([
    { priority: 'urgent', meta: { versionId: '2' } },
  ]);
  await naming.close();
});
