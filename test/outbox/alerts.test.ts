/** Incidents on a real store: one notice when they begin, one when they end, through restarts and a webhook that is down. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Alerts, type TargetHealth } from '../../src/outbox/alerts.ts';
import type { Notice } from '../../src/store/incidents.ts';
import { patient } from '../target/deliveries.ts';
import { openTestStore, type TestStore } from './adapter-parts.ts';

const MINUTE_MS = 60_000;
let parts: TestStore;
let nowMs: number;
let health: TargetHealth;
let isWritable: boolean;
let told: string[];
let logged: string[];
let isHookUp: boolean;

const nameOf = ({ incident, of }: Notice): string => `${of} ${incident.cause}`;

/** A process: what it keeps in memory ends with it. */
function start(): Alerts {
  return new Alerts({
    rules: { targetDownMinutes: 10, targetDownFailures: 100, oldestHours: 24 },
    incidents: parts.store.incidents,
    writable: async () => isWritable,
    health: () => [health],
    clock: () => nowMs,
    random: () => 0.5,
    tell: async (notice) => {
      if (!isHookUp) throw new Error('down');
      told.push(nameOf(notice));
    },
    log: (notice) => logged.push(nameOf(notice)),
  });
}

const up: TargetHealth = { target: 'ehr', downSinceMs: undefined, failures: 0 };

beforeEach(async () => {
  nowMs = Date.parse('2026-03-02T09:00:00Z');
  parts = await openTestStore(() => nowMs);
  health = up;
  isWritable = true;
  isHookUp = true;
  told = [];
  logged = [];
});
afterEach(() => parts.close());

test('a target that is down for minutes is told of once, and once more when it is up again', async () => {
  const alerts = start();
  health = { target: 'ehr', downSinceMs: nowMs, failures: 3 };
  nowMs += 9 * MINUTE_MS;
  await alerts.look();
  expect(told).toEqual([]);
  nowMs += MINUTE_MS;
  for (let i = 0; i < 5; i++) {
    await alerts.look();
    nowMs += MINUTE_MS;
  }
  expect(told).toEqual(['opened target-down:ehr']);
  health = up;
  await alerts.look();
  await alerts.look();
  expect(told).toEqual(['opened target-down:ehr', 'closed target-down:ehr']);
  expect(logged).toEqual(told);
});

test('many failures in a row are told of before the minutes are over', async () => {
  health = { target: 'ehr', downSinceMs: nowMs, failures: 100 };
  await start().look();
  expect(told).toEqual(['opened target-down:ehr']);
});

test('an incident outlives a restart: it is not told of again, and closes when the target answers', async () => {
  health = { target: 'ehr', downSinceMs: nowMs - 11 * MINUTE_MS, failures: 9 };
  await start().look();
  const restarted = start();
  // Nothing is known of the target yet.
  health = { target: 'ehr', downSinceMs: undefined, failures: 1 };
  await restarted.look();
  health = { target: 'ehr', downSinceMs: nowMs, failures: 2 };
  await restarted.look();
  expect(told).toEqual(['opened target-down:ehr']);
  health = up;
  await restarted.look();
  expect(told).toEqual(['opened target-down:ehr', 'closed target-down:ehr']);
});

test('of two replicas that see the same one tells', async () => {
  health = { target: 'ehr', downSinceMs: nowMs - 11 * MINUTE_MS, failures: 9 };
  await Promise.all([start().look(), start().look()]);
  expect(told).toEqual(['opened target-down:ehr']);
});

test('a notice that nobody took is tried again, also when its incident is over by then', async () => {
  isHookUp = false;
  health = { target: 'ehr', downSinceMs: nowMs - 11 * MINUTE_MS, failures: 9 };
  const alerts = start();
  await alerts.look();
  health = up;
  await alerts.look();
  isHookUp = true;
  for (let i = 0; i < 3; i++) {
    nowMs += MINUTE_MS;
    await alerts.look();
  }
  expect(told).toEqual(['opened target-down:ehr', 'closed target-down:ehr']);
});

test('a delivery that waits for more than a day is told of, and settled with its delivery', async () => {
  await parts.put('1', patient('p1'));
  const alerts = start();
  nowMs += 24 * 60 * MINUTE_MS - 1;
  await alerts.look();
  expect(told).toEqual([]);
  nowMs += 1;
  await alerts.look();
  expect(told).toEqual(['opened oldest-delivery:ehr']);
  const group = await parts.store.claim('ehr', { nowMs, leaseMs: MINUTE_MS, maxEntries: 9 });
  await parts.store.settle(
    'ehr',
    group!.deliveryKey,
    group!.entries.map(({ seq }) => ({ kind: 'superseded', seq })),
    nowMs,
  );
  await alerts.look();
  expect(told).toEqual(['opened oldest-delivery:ehr', 'closed oldest-delivery:ehr']);
});

test('a store that cannot be written is told of, though it keeps no incident', async () => {
  const alerts = start();
  isWritable = false;
  await alerts.look();
  await alerts.look();
  isWritable = true;
  await alerts.look();
  await alerts.look();
  expect(told).toEqual(['opened store-unwritable', 'closed store-unwritable']);
});
