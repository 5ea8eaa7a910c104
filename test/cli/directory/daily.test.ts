/** Each day open referrals are held against their activities as they are then: what came to speak against them is raised, what is over is taken back. */
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { Turns } from '../../../src/cli/again/housekeeping.ts';
import { openHeldReferrals } from '../../../src/cli/directory/held-referrals.ts';
import { configSchema } from '../../../src/config-schema.ts';
import { activityKey } from '../../../src/source/directory/review.ts';
import { type Bench, NOW_MS, openBench, refer, service } from '../../source/directory/directory.ts';

const DAY_MS = 86_400_000;
const to = (nth: number): string => activityKey('open-referral-uk', `svc-${nth}`);

let turns: Turns | undefined;
afterEach(async () => {
  await turns?.stop();
  turns = undefined;
});

/** Lets the turn of the next day run to its end, as the adapter does. */
async function nextDay(bench: Bench): Promise<void> {
  bench.nowMs += DAY_MS;
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const clock = (): number => bench.nowMs;
  const around = { config: configSchema.parse({}), store: bench.store, clock, wake: () => {}, log };
  vi.spyOn(bench.store, 'sharedNowMs').mockImplementation(async () => bench.nowMs);
  turns = openHeldReferrals(around, 10);
  turns.start();
  await vi.waitFor(() => expect(lines.join('')).toContain('of today'), { timeout: 20_000, interval: 20 });
  await turns.stop();
}

/** A referral to the first of two activities, which then closes. */
async function closed(): Promise<Bench> {
  const bench = await openBench([service(1), service(2)]);
  await bench.look();
  await refer(bench, to(1));
  bench.directory.services.set(
    'svc-1',
    service(1, { status: 'inactive', last_modified: '2026-06-30T11:00:00Z' }),
  );
  await bench.look(true);
  expect(await bench.work('activity-closed')).toHaveLength(1);
  return bench;
}

test('what is said of an activity is taken back when the referral goes to another', async () => {
  const bench = await closed();
  await refer({ pipeline: bench.pipeline, nowMs: NOW_MS + 1_000 }, to(2));
  await nextDay(bench);
  expect(await bench.work('activity-closed')).toEqual([]);
});

test('what is said of an activity is taken back when the referral has ended, and stays while it is open', async () => {
  const bench = await closed();
  await nextDay(bench);
  expect(await bench.work('activity-closed')).toHaveLength(1);
  await refer({ pipeline: bench.pipeline, nowMs: bench.nowMs }, to(1), { request: { status: 'completed' } });
  await nextDay(bench);
  expect(await bench.work('activity-closed')).toEqual([]);
});

test('a file that closes an activity, and a check that expires, are told of open referrals', async () => {
  const bench = await openBench([service(1)]);
  await bench.look();
  const check = { id: 'c1', service_id: 'svc-1', check: 'DBS', state: 'in place', expires_on: '2026-07-01' };
  await bench.check([check]);
  await refer(bench, to(1));
  await nextDay(bench);
  expect(await bench.work('activity-check-expired')).toEqual([]);
  await nextDay(bench);
  expect(await bench.work('activity-check-expired')).toHaveLength(1);
  await bench.check([{ ...check, expires_on: '2027-07-01', state_on: '2026-07-02' }]);
  await bench.drop([service(1, { status: 'inactive', last_modified: '2026-07-02T10:00:00Z' })]);
  await nextDay(bench);
  expect(await bench.work('activity-check-expired')).toEqual([]);
  expect(await bench.work('activity-closed')).toHaveLength(1);
});
