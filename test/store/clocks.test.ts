/** Stores on one PostgreSQL whose clocks are days apart: what they agree on goes by the server's clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LONGEST_DELAY_MS } from '../../src/outbox/schedule.ts';
import type { Store } from '../../src/store/store.ts';
import { contact, delivered, patient, RULES, recordOf } from './samples.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from './temporary-postgres.ts';

const DAY_MS = 86_400_000;
const LEASE_MS = 60_000;

/** A replica, and the clock that it goes by. */
interface Replica {
  readonly store: Store;
  readonly clock: () => number;
}

async function replicas(): Promise<{ ahead: Replica; right: Replica; behind: Replica; url: string }> {
  const url = await temporaryDatabase();
  const of = async (byMs: number): Promise<Replica> => ({
    store: await temporaryPostgresStore({ url, time: 'server' }),
    clock: () => Date.now() + byMs,
  });
  return { ahead: await of(DAY_MS), right: await of(0), behind: await of(-DAY_MS), url };
}

const claim = ({ store, clock }: Replica, leaseMs = LEASE_MS) =>
  store.claim('ehr', { nowMs: clock(), leaseMs, maxEntries: 9 });

async function commitWith({ store, clock }: Replica, person: string): Promise<void> {
  const record = recordOf([patient(person), contact(`e-${person}`, person)], { key: person });
  await store.commit([record], RULES, clock());
}

test('what a replica commits whose clock is ahead is due now for all of them', async () => {
  const { ahead, right, behind } = await replicas();
  await commitWith(ahead, 'p');
  await commitWith(behind, 'q');
  for (const { store, clock } of [ahead, right, behind]) {
    const waitMs = (await store.nextDueMs('ehr', clock()))! - clock();
    expect(waitMs).toBeLessThanOrEqual(0);
    expect(waitMs).toBeGreaterThan(-DAY_MS / 2);
  }
  expect(await claim(behind)).toBeDefined();
  expect(await claim(right)).toBeDefined();
  expect(await claim(ahead)).toBeUndefined();
});

test('no clock takes a lease from another replica, and none makes it last longer', async () => {
  const { ahead, right, behind, url } = await replicas();
  await commitWith(right, 'p');
  const group = (await claim(behind))!;
  for (const { store, clock } of [ahead, right, behind]) {
    expect(await store.recoverClaims(clock(), false)).toBe(0);
    await store.rewind('ehr', { nowMs: clock(), leaseMs: LEASE_MS, aheadMs: LONGEST_DELAY_MS });
    expect(await claim({ store, clock })).toBeUndefined();
  }
  await behind.store.settle('ehr', group.deliveryKey, group.entries.map(delivered), behind.clock());
  await commitWith(right, 'q');
  await claim(ahead, 1_000);
  const client = await temporaryClient(url);
  const { rows } = await client.query<{ left_ms: number }>(
    'SELECT (lease_until_ms - extract(epoch FROM clock_timestamp()) * 1000)::int AS left_ms FROM outbox_key',
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]!.left_ms).toBeLessThanOrEqual(1_000);
  let recovered = 0;
  for (let tries = 0; recovered === 0 && tries < 100; tries++) {
    await sleep(50);
    recovered = await behind.store.recoverClaims(behind.clock(), false);
  }
  expect(recovered).toBe(2);
  expect((await claim(right))?.entries.every(({ ambiguous }) => ambiguous)).toBe(true);
});

test('a retry waits as long as it was told to, by whatever clock', async () => {
  const { ahead, right, behind } = await replicas();
  for (const one of [ahead, behind]) {
    await commitWith(right, `p${one.clock()}`);
    const group = (await claim(one))!;
    const outcome = { resourceType: 'OperationOutcome' as const, issue: [] };
    const dueMs = one.clock() + 600_000;
    const settlements = group.entries.map(
      ({ seq }) => ({ kind: 'retry', seq, dueMs, ambiguous: false, outcome }) as const,
    );
    await one.store.settle('ehr', group.deliveryKey, settlements, one.clock());
    const waitMs = (await right.store.nextDueMs('ehr', right.clock()))! - right.clock();
    expect(waitMs).toBeGreaterThan(500_000);
    expect(waitMs).toBeLessThanOrEqual(600_000);
    expect(await claim(ahead)).toBeUndefined();
  }
});

test('receipts are closed for a replica that died, and never for one whose clock is wrong', async () => {
  const { ahead, right, behind, url } = await replicas();
  const about = { source: 'demo', kind: 'referral', file: undefined };
  for (const [id, { store, clock }] of Object.entries({ ahead, right, behind })) {
    await store.heartbeat(clock());
    await store.openReceipt({ ...about, id, receivedMs: clock() });
  }
  for (const { store, clock } of [ahead, right, behind])
    expect(await store.interruptAbandoned(clock(), 60_000)).toBe(0);
  const client = await temporaryClient(url);
  await client.query(
    `UPDATE instance SET seen_ms = seen_ms - 60000 WHERE id = (SELECT instance FROM receipt WHERE id = 'right')`,
  );
  expect(await behind.store.interruptAbandoned(behind.clock(), 60_000)).toBe(1);
  expect((await ahead.store.receipt('right'))?.interruptedMs).toBeDefined();
  expect((await ahead.store.receipt('ahead'))?.interruptedMs).toBeUndefined();
});

test('a turn that is yet to come is begun by no replica, and today’s once', async () => {
  const { ahead, right, behind } = await replicas();
  const ran: string[] = [];
  const turn = (name: string, { store, clock }: Replica): Promise<boolean> => {
    const nowMs = clock();
    const dueMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    return store.runOnce('vacuum', { dueMs, nowMs }, async () => void ran.push(name));
  };
  expect(await turn('ahead', ahead)).toBe(false);
  expect(await turn('right', right)).toBe(true);
  expect(await turn('behind', behind)).toBe(false);
  expect(await turn('ahead', ahead)).toBe(false);
  expect(ran).toEqual(['right']);
});

test('a notice is taken by one replica, whatever their clocks say', async () => {
  const { ahead, right, behind } = await replicas();
  const down = { cause: 'target-down:ehr', target: 'ehr', detail: 'It does not answer.' };
  await ahead.store.incidents.open(down, ahead.clock());
  expect(await behind.store.incidents.takeNotices(behind.clock(), LEASE_MS)).toHaveLength(1);
  for (const { store, clock } of [ahead, right])
    expect(await store.incidents.takeNotices(clock(), LEASE_MS)).toEqual([]);
});
