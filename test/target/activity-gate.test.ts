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
