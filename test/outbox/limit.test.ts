/** The concurrency that follows what a target bears, as arithmetic and against a real server. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AdaptiveLimit } from '../../src/outbox/limit.ts';
import { startWorker } from '../../src/outbox/worker.ts';
import type { Answer } from '../servers/scripted.ts';
import { patient } from '../target/deliveries.ts';
import { scripted, targetAt } from '../target/harness.ts';
import { deliveryOf, openTestStore, outboxOf, type TestStore, until } from './adapter-parts.ts';

let parts: TestStore;
beforeEach(async () => {
  parts = await openTestStore(Date.now);
});
afterEach(() => parts.close());

const sample = (evidence: 'well' | 'busy' | 'none', startedMs: number, tookMs = 10) => ({
  evidence,
  startedMs,
  endedMs: startedMs + tookMs,
  entries: 1,
});

test('starts at the configured concurrency, and never goes beyond it or below one', () => {
  const limit = new AdaptiveLimit(8);
  limit.learn(sample('well', 0));
  expect(limit.current).toBe(8);
  for (let at = 1; at < 20; at++) limit.learn(sample('busy', at * 100));
  expect(limit.current).toBe(1);
});

test('halves once for a burst that was under way together, then grows by one a round', () => {
  const limit = new AdaptiveLimit(8);
  for (let i = 0; i < 8; i++) limit.learn(sample('busy', 0));
  expect(limit.current).toBe(4);
  for (let i = 0; i < 5; i++) limit.learn(sample('well', 100 + i));
  expect(limit.current).toBe(5);
});

test('a target out of reach says nothing of what it bears', () => {
  const limit = new AdaptiveLimit(8);
  for (let at = 0; at < 9; at++) limit.learn(sample('none', at * 100));
  expect(limit.current).toBe(8);
});

test('answers that grow slow lower it, answers of another size do not, and it grows again when they are quick', () => {
  const limit = new AdaptiveLimit(16);
  for (let at = 0; at < 20; at++) limit.learn(sample('well', at * 10));
  limit.learn({ ...sample('well', 1_000, 900), entries: 50 });
  expect(limit.current).toBe(16);
  for (let at = 0; at < 12; at++) limit.learn(sample('well', 2_000 + at * 1_000, 800));
  const lowest = limit.current;
  expect(lowest).toBeLessThan(10);
  for (let at = 0; at < 400; at++) limit.learn(sample('well', 20_000 + at * 10));
  expect(limit.current).toBe(16);
});

test('a server that bears three at once is soon sent about that many, and all arrives; more when it bears more', async () => {
  let bears = 3;
  let inside = 0;
  let refused = 0;
  const server = await scripted(async ({ path }): Promise<Answer> => {
    if (inside >= bears) {
      refused += 1;
      return { status: 429, headers: { 'retry-after': '0' } };
    }
    inside += 1;
    await new Promise((resolve) => setTimeout(resolve, 3));
    inside -= 1;
    return { status: 201, headers: { etag: 'W/"1"', location: path } };
  });
  const deliver = deliveryOf(parts.store, targetAt(server.url), { clock: Date.now, random: () => 0.01 });
  for (let i = 0; i < 150; i++) await parts.put(`${i}`, patient(`p${i}`));
  const options = {
    target: 'ehr',
    deliver,
    clock: Date.now,
    concurrency: 32,
    leaseMs: 60_000,
    maxEntries: 50,
  };
  const worker = startWorker({ ...options, store: parts.store, circuit: { failures: 1_000_000 } });
  try {
    await until(async () => (await outboxOf(parts.store)).delivered === 150);
    expect(worker.limit).toBeLessThan(16);
    expect(refused).toBeGreaterThan(0);
    const before = worker.limit;
    bears = 100;
    for (let i = 150; i < 400; i++) await parts.put(`${i}`, patient(`p${i}`));
    worker.wake();
    await until(async () => (await outboxOf(parts.store)).delivered === 400);
    expect(worker.limit).toBeGreaterThan(before);
  } finally {
    await worker.stop(1_000);
  }
}, 60_000);
