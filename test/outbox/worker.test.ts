/** The worker on a real store: order, concurrency, failures of every kind, draining. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { issueOf, outcomeOf, ruleOf } from '../../src/fhir/outcome.ts';
import { markedClock } from '../../src/outbox/clock-watch.ts';
import { replay } from '../../src/outbox/replay.ts';
import {
  type Deliver,
  type OutboxWorker,
  openWorker,
  startWorker,
  type WorkerOptions,
} from '../../src/outbox/worker.ts';
import type { ClaimedGroup, OutboxEntry, Settlement, Store } from '../../src/store/store.ts';
import { patient, referral } from '../target/deliveries.ts';
import { openTestStore, outboxOf, type TestStore, until } from './adapter-parts.ts';

let parts: TestStore;
let store: Store;
let nowMs: number;
let workers: OutboxWorker[];
const clock = (): number => nowMs;

beforeEach(async () => {
  nowMs = Date.parse('2026-03-02T09:00:00Z');
  workers = [];
  parts = await openTestStore(clock);
  store = parts.store;
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop(0)));
  await parts.close();
});

function start(deliver: Deliver, options: Partial<WorkerOptions> = {}): OutboxWorker {
  const worker = startWorker({
    store,
    target: 'ehr',
    deliver,
    clock,
    concurrency: 4,
    leaseMs: 60_000,
    maxEntries: 50,
    ...options,
  });
  workers.push(worker);
  return worker;
}

const delivered = (entry: OutboxEntry): Settlement => ({
  kind: 'delivered',
  seq: entry.seq,
  link: { ...entry, remoteId: entry.id, remoteVersion: '1', digest: 'd', deliveredMs: nowMs },
});
const allDelivered = (group: ClaimedGroup): Settlement[] => group.entries.map(delivered);
const retried =
  (code: 'transient' | 'lock-error', dueMs: number) =>
  (entry: OutboxEntry): Settlement => ({
    kind: 'retry',
    seq: entry.seq,
    dueMs,
    ambiguous: false,
    outcome: outcomeOf(issueOf({ code, rule: 'test', diagnostics: 'test' })),
  });
const isEmpty = async (): Promise<boolean> => {
  const { waiting, claimed } = await outboxOf(store);
  return waiting + claimed === 0;
};

test('a worker that is opened takes nothing, however it is woken, before it is started', async () => {
  await parts.put('a', patient('p'));
  const claimed: string[] = [];
  const watched = {
    ...store,
    claim: (...asked: Parameters<Store['claim']>) => {
      claimed.push('claim');
      return store.claim(...asked);
    },
  };
  const options = { store: watched, target: 'ehr', clock, concurrency: 1, leaseMs: 60_000, maxEntries: 50 };
  const worker = openWorker({ ...options, deliver: async (group) => allDelivered(group) });
  workers.push(worker);
  worker.wake();
  await store.counts();
  expect(claimed).toEqual([]);
  worker.start();
  await until(isEmpty);
});

test('keeps the order of each person while several persons are under way', async () => {
  const people = Array.from({ length: 12 }, (_, index) => `p${index}`);
  for (const person of people)
    for (let i = 0; i < 5; i++)
      await parts.put(`${person}-${i}`, i === 0 ? patient(person) : referral(`${person}-r${i}`, person));
  const sent = new Map<string, number[]>();
  const under = new Set<string>();
  let most = 0;
  start(
    async (group) => {
      expect(under.has(group.deliveryKey)).toBe(false);
      under.add(group.deliveryKey);
      most = Math.max(most, under.size);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const seqs = group.entries.map((entry) => entry.seq);
      sent.set(group.deliveryKey, [...(sent.get(group.deliveryKey) ?? []), ...seqs]);
      under.delete(group.deliveryKey);
      return allDelivered(group);
    },
    { maxEntries: 2 },
  );
  await until(isEmpty);
  expect([...sent.keys()].sort()).toEqual(people.toSorted());
  for (const seqs of sent.values()) {
    expect(seqs).toHaveLength(5);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  }
  expect(most).toBe(4);
});

test('sleeps until woken, and takes what came', async () => {
  const groups: ClaimedGroup[] = [];
  const worker = start(async (group) => {
    groups.push(group);
    return allDelivered(group);
  });
  await parts.put('1', patient('p1'));
  worker.wake();
  await until(isEmpty);
  await parts.put('2', patient('p2'));
  worker.wake();
  await until(() => groups.length === 2);
});

test('an exception in delivery makes its entries ambiguous, keeps them, and is reported', async () => {
  await parts.put('1', patient('p1'));
  const errors: unknown[] = [];
  let calls = 0;
  const settled: Settlement[] = [];
  start(
    async (group) => {
      calls += 1;
      if (calls === 1) throw new Error('a bug');
      expect(group.entries[0]).toMatchObject({ ambiguous: true, attempt: 1 });
      return allDelivered(group);
    },
    {
      onError: (error) => errors.push(error),
      onSettled: (_group, all) => settled.push(...all),
      random: () => 0,
    },
  );
  await until(isEmpty);
  expect(errors).toHaveLength(1);
  const [first] = settled;
  expect(first?.kind === 'retry' && ruleOf(first.outcome.issue[0]!)).toBe('delivery-crashed');
});

test('entries that delivery forgot are tried again', async () => {
  await parts.put('1', patient('p1'), referral('r1', 'p1'));
  let calls = 0;
  start(
    async (group) => {
      calls += 1;
      return calls === 1 ? allDelivered(group).slice(1) : allDelivered(group);
    },
    { random: () => 0 },
  );
  await until(isEmpty);
  expect(calls).toBe(2);
});

test('after failures in a row nothing is claimed until the pause is over; then one probe goes first', async () => {
  for (let i = 0; i < 6; i++) await parts.put(`${i}`, patient(`p${i}`));
  let isDown = true;
  let calls = 0;
  const worker = start(
    async (group) => {
      calls += 1;
      return isDown ? group.entries.map(retried('transient', nowMs)) : allDelivered(group);
    },
    { concurrency: 1, circuit: { failures: 3, firstPauseMs: 1_000 } },
  );
  await until(() => worker.circuit === 'open');
  expect(calls).toBe(3);
  worker.wake();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(calls).toBe(3);
  isDown = false;
  nowMs += 1_000;
  worker.wake();
  await until(isEmpty);
  expect([worker.circuit, calls]).toEqual(['closed', 9]);
});

test('a store that cannot claim does not keep the target from being probed again', async () => {
  await parts.put('1', patient('p1'));
  let isFull = false;
  let isDown = true;
  const failing = {
    nextDueMs: store.nextDueMs.bind(store),
    recoverClaims: store.recoverClaims.bind(store),
    rewind: store.rewind.bind(store),
    settle: store.settle.bind(store),
    claim: async (...args: Parameters<Store['claim']>) => {
      if (isFull) throw new Error('the disk is full');
      return await store.claim(...args);
    },
  };
  const errors: unknown[] = [];
  const worker = start(
    async (group) => (isDown ? group.entries.map(retried('transient', nowMs)) : allDelivered(group)),
    {
      store: failing,
      concurrency: 1,
      circuit: { failures: 1, firstPauseMs: 1_000 },
      onError: (error) => errors.push(error),
    },
  );
  await until(() => worker.circuit === 'open');
  [isDown, isFull] = [false, true];
  nowMs += 1_000;
  worker.wake();
  await until(() => errors.length > 0);
  isFull = false;
  worker.wake();
  await until(isEmpty);
  expect(worker.circuit).toBe('closed');
});

test('a locked record is no outage', async () => {
  for (let i = 0; i < 5; i++) await parts.put(`${i}`, patient(`p${i}`));
  let calls = 0;
  const worker = start(
    async (group) => {
      calls += 1;
      return group.entries.map(retried('lock-error', nowMs + 300_000));
    },
    { circuit: { failures: 2 } },
  );
  await until(() => calls === 5);
  expect(worker.circuit).toBe('closed');
});

test('stopping finishes what is in flight and claims no more', async () => {
  for (let i = 0; i < 5; i++) await parts.put(`${i}`, patient(`p${i}`));
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const worker = start(
    async (group) => {
      await gate;
      return allDelivered(group);
    },
    { concurrency: 2 },
  );
  await until(() => worker.inFlight === 2);
  const stopped = worker.stop(60_000);
  open();
  await stopped;
  expect(await outboxOf(store)).toMatchObject({ waiting: 3, claimed: 0, delivered: 2 });
});

test('what does not finish before the deadline is stopped, and settled as it ended', async () => {
  await parts.put('1', patient('p1'));
  const worker = start(
    (group, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(group.entries.map(retried('transient', nowMs))));
      }),
  );
  await until(() => worker.inFlight === 1);
  await worker.stop(20);
  expect(await outboxOf(store)).toMatchObject({ waiting: 1, claimed: 0 });
});

test('a delivery is stopped before its lease runs out', async () => {
  await parts.put('1', patient('p1'));
  let calls = 0;
  start(
    (group, signal) => {
      calls += 1;
      if (calls > 1) return Promise.resolve(allDelivered(group));
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(group.entries.map(retried('transient', nowMs))));
      });
    },
    { leaseMs: 100 },
  );
  await until(isEmpty);
  expect(calls).toBe(2);
});

test('a machine that stood still for longer than its lease sends nothing more under it', async () => {
  await parts.put('1', patient('p1'));
  const stopped: boolean[] = [];
  start((group, signal) => {
    if (stopped.length === 0) nowMs += 120_000; // and no timer has run yet
    stopped.push(signal.aborted);
    return Promise.resolve(group.entries.map(signal.aborted ? retried('transient', nowMs) : delivered));
  });
  await until(isEmpty);
  expect(stopped).toEqual([true, false]);
});

test('claims of a process that died are looked up again when their lease is over', async () => {
  await parts.put('1', patient('p1'));
  await store.claim('ehr', { nowMs, leaseMs: 1_000, maxEntries: 50 });
  nowMs += 1_000;
  const seen: OutboxEntry[] = [];
  start(async (group) => {
    seen.push(...group.entries);
    return allDelivered(group);
  });
  await until(isEmpty);
  expect(seen).toMatchObject([{ id: 'p1', ambiguous: true }]);
});

test('a clock that was a day ahead and is set right holds nothing up', async () => {
  const dayMs = 86_400_000;
  nowMs += dayMs;
  await parts.put('1', patient('p1'));
  await parts.put('2', patient('p2'));
  await store.claim('ehr', { nowMs, leaseMs: 60_000, maxEntries: 50 });
  let calls = 0;
  const worker = start(async (group) => {
    calls += 1;
    return calls > 1 ? allDelivered(group) : group.entries.map(retried('transient', nowMs + 2_000));
  });
  await until(() => calls === 1 && worker.inFlight === 0);
  nowMs -= dayMs;
  worker.wake();
  await until(() => calls === 2);
  nowMs += 60_000; // the lease of the one that died
  worker.wake();
  await until(isEmpty);
});

test('what is stored with the time of a clock that was ahead, after it was set right, is sent all the same', async () => {
  const dayMs = 86_400_000;
  const marked = markedClock(clock);
  const sent: string[] = [];
  const worker = start(
    async (group) => {
      sent.push(...group.entries.map((entry) => entry.id));
      return allDelivered(group);
    },
    { clock: marked },
  );
  await parts.put('1', patient('p1'));
  worker.wake();
  await until(() => sent.length === 1);
  nowMs += dayMs;
  expect(marked()).toBe(nowMs); // whoever commits reads it; the worker sleeps
  nowMs -= dayMs;
  worker.wake();
  nowMs += dayMs;
  const late = parts.put('2', patient('p2'));
  nowMs -= dayMs;
  await late;
  await parts.put('3', patient('p3'));
  worker.wake();
  await until(isEmpty);
  expect(sent.toSorted()).toEqual(['p1', 'p2', 'p3']);
});

test('a store that cannot settle is reported; the claim is left to its lease', async () => {
  await parts.put('1', patient('p1'));
  const errors: unknown[] = [];
  const failing = {
    claim: store.claim.bind(store),
    nextDueMs: store.nextDueMs.bind(store),
    recoverClaims: store.recoverClaims.bind(store),
    rewind: store.rewind.bind(store),
    settle: async () => {
      throw new Error('the disk is full');
    },
  };
  start(async (group) => allDelivered(group), { store: failing, onError: (error) => errors.push(error) });
  await until(() => errors.length === 1);
  expect(await outboxOf(store)).toMatchObject({ claimed: 1 });
});

test('a full group that waits is not claimed again and again, though more waits behind it', async () => {
  await parts.put('1', ...['p1', 'r1', 'r2'].map((id) => (id === 'p1' ? patient(id) : referral(id, 'p1'))));
  let claims = 0;
  const worker = start(
    async (group) => {
      claims += 1;
      return group.entries.map(({ seq }) => ({ kind: 'wait', seq, dueMs: nowMs + 30_000 }));
    },
    { maxEntries: 2 },
  );
  await until(() => claims === 1 && worker.inFlight === 0);
  await parts.put('2', patient('p2'));
  worker.wake();
  await until(() => claims === 2);
  await worker.stop(1_000);
  expect(await outboxOf(store)).toMatchObject({ waiting: 4, claimed: 0 });
  expect(claims).toBe(2);
});

test('a replay wakes the worker', async () => {
  await parts.put('1', patient('p1'));
  const outcome = outcomeOf(issueOf({ rule: 'test', diagnostics: 'test' }));
  let calls = 0;
  const worker = start(async (group) => {
    calls += 1;
    return calls > 1 ? allDelivered(group) : group.entries.map(({ seq }) => ({ kind: 'park', seq, outcome }));
  });
  await until(async () => (await outboxOf(store)).parked === 1);
  expect(await replay(store, { target: 'ehr' }, nowMs, () => worker.wake())).toBe(1);
  await until(isEmpty);
  expect(calls).toBe(2);
});
