/** From a real store to a real FHIR server that fails in every way: nothing lost, nothing twice, the newest content at the end. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OutboxWorker, startWorker } from '../../src/outbox/worker.ts';
import { randomFaults, seededRandom } from '../../src/sandbox/faults.ts';
import type { Store } from '../../src/store/store.ts';
import { createFhirServerTarget } from '../../src/target/fhir/fhir-server.ts';
import { saysTheSame } from '../../src/target/fhir/outgoing.ts';
import type { Target } from '../../src/target/target.ts';
import { patient, referral, startEhr } from '../target/deliveries.ts';
import { deliveryOf, openTestStore, outboxOf, type TestStore, until } from './adapter-parts.ts';

let parts: TestStore;
let store: Store;
let nowMs: number;
const clock = (): number => nowMs;

beforeEach(async () => {
  nowMs = Date.parse('2026-03-02T09:00:00Z');
  parts = await openTestStore(clock);
  store = parts.store;
});
afterEach(() => parts.close());

/** Retries at once, and never opens the circuit: the faults are what is tested. */
function start(target: Target, maxEntries: number): OutboxWorker {
  const random = (): number => 0;
  const deliver = deliveryOf(store, target, { clock, random });
  const circuit = { failures: 1_000 };
  return startWorker({
    store,
    target: 'ehr',
    deliver,
    clock,
    random,
    concurrency: 4,
    leaseMs: 60_000,
    maxEntries,
    circuit,
  });
}

const isEmpty = async (): Promise<boolean> => {
  const { waiting, claimed } = await outboxOf(store);
  return waiting + claimed === 0;
};

test('through faults of every kind each resource is at the EHR exactly once', async () => {
  const faults = [
    { kind: 'cut' },
    { kind: 'applyThenCut' },
    { kind: 'refuse', status: 503 },
    { kind: 'applyThenRefuse', status: 502 },
    { kind: 'applyThenRefuse', status: 500 },
    { kind: 'refuse', status: 429, retryAfterS: 0 },
  ] as const;
  let requests = 0;
  let isCalm = false;
  // Every third request fails, each kind in turn.
  const ehr = await startEhr({
    faults: () => (isCalm || ++requests % 3 > 0 ? undefined : faults[(requests / 3) % faults.length]),
  });
  const target = createFhirServerTarget({ name: 'ehr', baseUrl: ehr.url, deadlineMs: 2_000, clock });
  const people = Array.from({ length: 20 }, (_, index) => `p${index}`);
  for (const person of people) {
    await parts.put(`${person}-1`, patient(person));
    await parts.put(`${person}-2`, referral(`${person}-r`, person));
  }
  const worker = start(target, 50);
  await until(isEmpty);
  await worker.stop(5_000);
  expect(await outboxOf(store)).toMatchObject({ delivered: 40, parked: 0 });
  isCalm = true;
  const versions = await Promise.all(
    people.flatMap((person) => [
      ehr.versions(`Patient/${person}`),
      ehr.versions(`ServiceRequest/${person}-r`),
    ]),
  );
  expect(new Set(versions)).toEqual(new Set([1]));
  await target.close();
  await ehr.close();
});

test.each([1, 2, 3, 4])(
  'amendments during faults end with the newest content at the EHR, and no false conflict (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const faulty = randomFaults(0.25, random);
    let isCalm = false;
    const ehr = await startEhr({
      integrity: true,
      faults: (request) => (isCalm ? undefined : faulty(request)),
    });
    const target = createFhirServerTarget({ name: 'ehr', baseUrl: ehr.url, deadlineMs: 2_000, clock });
    const worker = start(target, 3);
    const people = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const amendments = ['male', 'female', 'other', 'unknown'];
    for (const gender of amendments)
      for (const person of people) {
        await parts.put(
          person,
          patient(person, { gender }),
          referral(`${person}-r`, person, { note: [{ text: gender }] }),
        );
        worker.wake();
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 5));
        // References that were not there yet are looked at again as time goes by.
        nowMs += 100;
      }
    await until(() => {
      nowMs += 1_000;
      worker.wake();
      return isEmpty();
    });
    await worker.stop(5_000);
    expect(await outboxOf(store)).toMatchObject({ parked: 0, held: 0 });
    isCalm = true;
    for (const key of people.flatMap(
      (person) => [`Patient/${person}`, `ServiceRequest/${person}-r`] as const,
    )) {
      const [ours] = await store.readMany([key]);
      const theirs = await ehr.read(key);
      expect(saysTheSame(ours!.resource!, theirs!)).toBe(true);
      expect(await ehr.versions(key)).toBeLessThanOrEqual(amendments.length);
    }
    await target.close();
    await ehr.close();
  },
);
