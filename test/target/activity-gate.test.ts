/** A referral is held against its activity once more as it is sent: it goes and is on the worklist, or it waits. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { activityKey } from '../../src/source/directory/review.ts';
import { createActivityGate } from '../../src/target/activity-gate.ts';
import type { Gate } from '../../src/target/gate.ts';
import { type Bench, NO_RULES, openBench, refer, service } from '../source/directory/directory.ts';

const open: Gate = async ({ resource }) => ({ send: true, resource });

async function sent(bench: Bench, atSending: 'warn' | 'hold') {
  const { store } = bench;
  const gate = createActivityGate(open, { store, rules: NO_RULES, atSending, clock: () => bench.nowMs });
  const resource = (await store.read('ServiceRequest', 'onward-1'))!.resource!;
  return await gate({ personId: 'person-1', resource: resource as never, target: 'ehr' });
}

/** Commits the Task of the referral, as the EHR tells of it. */
async function take(
  { store, pipeline, nowMs }: Bench,
  { status }: { readonly status: 'accepted' | 'requested' },
) {
  const resource = {
    ...{ resourceType: 'Task' as const, id: 'task-1', status, intent: 'order' as const },
    focus: { reference: 'ServiceRequest/onward-1' },
    for: { reference: 'Patient/person-1' },
  };
  const about = {
    source: 'ehr',
    kind: 'Task',
    key: 'task-1',
    digest: status,
    mapDigest: 'fhir',
    payload: {},
  };
  const when = { ownerOrg: 'X26', sourceTimeMs: nowMs, timeOf: 'reading' as const, receiptId: 'r' };
  await store.commit(
    [{ ...about, ...when, resources: [{ resource, partial: false }], warnings: [] }],
    pipeline.rules,
    nowMs,
  );
  return resource;
}

test('a referral whose activity filled after it was made goes, and somebody is told', async () => {
  const bench = await openBench([service(1)]);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  expect(await sent(bench, 'hold')).toMatchObject({ send: true });
  expect(await bench.work('activity-full')).toEqual([]);
  const full = { capacities: [{ id: 'cap-1', available: 0 }], last_modified: '2026-06-30T11:59:00Z' };
  bench.directory.services.set('svc-1', service(1, full));
  await bench.look();
  expect(await bench.work('activity-full')).toHaveLength(1);
  const before = (await bench.store.worklist({ open: true, count: 9 })).length;
  expect(await sent(bench, 'warn')).toMatchObject({ send: true });
  expect(await bench.store.worklist({ open: true, count: 9 })).toHaveLength(before);
  const held = await sent(bench, 'hold');
  expect(held.send ? [] : held.outcome.issue.map(ruleOf)).toEqual(['activity-full']);
});

test('a person who was taken on is not kept from their service by an activity that has filled', async () => {
  const bench = await openBench([service(1, { capacities: [{ id: 'cap-1', available: 0 }] })]);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  const held = await sent(bench, 'hold');
  expect(held).toMatchObject({ send: false, basis: expect.stringContaining('Patient/') });
  await take(bench, { status: 'accepted' });
  expect(await sent(bench, 'hold')).toMatchObject({ send: true });
});

test('a Task that makes a message of its own is held with its referral', async () => {
  const bench = await openBench([service(1, { status: 'temporarily closed' })]);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  const resource = await take(bench, { status: 'requested' });
  const { store } = bench;
  const common = { store, rules: NO_RULES, atSending: 'hold' as const, clock: () => bench.nowMs };
  const asked = { personId: 'person-1', resource: resource as never, target: 'ehr' };
  expect(await createActivityGate(open, { ...common, isAskedOfTasks: true })(asked)).toMatchObject({
    send: false,
  });
  expect(await createActivityGate(open, common)(asked)).toMatchObject({ send: true });
});

test('a referral to a closed activity is said at its commit, and stored all the same', async () => {
  const bench = await openBench([service(1, { status: 'temporarily closed' })]);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  expect(await bench.work('activity-closed')).toHaveLength(1);
  expect(await bench.store.read('ServiceRequest', 'onward-1')).toBeDefined();
});

test('checks are a kind of the source: one that has expired is said, by whoever it was made', async () => {
  const bench = await openBench([service(1)]);
  await bench.look();
  const rows = (until: string) => [
    { id: 'chk-1', organization_id: 'org-1', check: 'insurance', state: 'in place', expires_on: until },
  ];
  await bench.check(rows('2026-06-01'));
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  expect(await bench.work('activity-check-expired')).toEqual([
    expect.stringContaining('was checked for insurance until 2026-06-01, which has passed'),
  ]);
  await bench.check(rows('2027-06-01'));
  expect(await sent(bench, 'hold')).toMatchObject({ send: true });
});
