/** A whole adapter that asks ODS: the people of a practice that closed go to whoever took over, a person is told, and a second look changes nothing. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test, vi } from 'vitest';
import { ods } from '../../../src/cli/nhs/ods.ts';
import { journeys } from '../../faults/journeys.ts';
import { startOds } from '../../servers/ods.ts';
import { ehr } from '../../target/harness.ts';
import { closing, configIn, openWhole, type Whole } from '../whole.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const soon = { timeout: 20_000, interval: 30 };
const CLOSED = 'Y99001';
const HEIR = 'B82002';
const NETWORK = 'U99001';

/** A target for the practice that took over, and one for another, as docs/nhs-access.md has ODS configured. */
async function openAll() {
  const clock = { offsetMs: Date.UTC(2026, 2, 20, 3) - Date.now() };
  const now = (): number => Date.now() + clock.offsetMs;
  const held = { name: 'MEADOW LANE SURGERY', closedOn: '2026-03-01', successors: [HEIR] };
  const server = await startOds({
    [CLOSED]: held,
    [HEIR]: { name: 'THE OAK SURGERY' },
    [NETWORK]: { name: 'RIVERSIDE PCN', roles: ['RO272'] },
  });
  closing(server, (one) => one.close());
  const [oak, ash] = [await ehr(), await ehr()];
  const common = { requiresVerifiedNhsNumber: false, purpose: 'share-with-gp' };
  const settings = {
    sources: [{ folder: 'mappings/platform' }],
    targets: [
      { name: 'oak', url: oak.url, ...common, send: { practices: [HEIR] } },
      { name: 'ash', url: ash.url, ...common, send: { practices: ['C83003'] } },
    ],
    nhs: { ods: { url: server.ordUrl, freshDays: 7, schedule: '15 4 * * *' } },
  };
  const whole = await openWhole(settings, { clock: now });
  await lookedTimes(whole, 1); // the turn of the night before, which nobody was there for
  return { clock, now, server, oak, ash, settings, whole };
}

const lookedTimes = (whole: Whole, times: number): Promise<void> =>
  vi.waitFor(
    () => expect(whole.lines.filter((line) => line.includes('looked at in ODS'))).toHaveLength(times),
    soon,
  );

/** Resolves when nothing is on its way any more. */
const idle = (whole: Whole): Promise<void> =>
  vi.waitFor(async () => {
    const { targets } = await whole.adapter.store.counts();
    expect(targets.reduce((sum, { waiting, claimed, parked }) => sum + waiting + claimed + parked, 0)).toBe(
      0,
    );
  }, soon);

const versionsOf = (found: readonly Resource[]): readonly string[] =>
  found.map(({ id, meta }) => `${id} ${meta?.versionId}`).sort();

test('people of a practice that closed go to the one that took over, who comes later too, and a person is told once', async () => {
  const { clock, now, server, oak, ash, settings, whole } = await openAll();
  const [first, second] = journeys(2, 0);
  await whole.post('referral', first!.body);
  await idle(whole);
  expect(await oak.search('ServiceRequest')).toEqual([]);

  clock.offsetMs += 2 * HOUR_MS;
  await lookedTimes(whole, 2);
  await vi.waitFor(async () => expect(await oak.search('ServiceRequest')).toHaveLength(1), soon);
  const told = await whole.work('ods-practice-closed');
  expect(told.map(({ outcome }) => outcome.issue[0]?.diagnostics)).toEqual([
    expect.stringContaining(`${HEIR} (THE OAK SURGERY) took over from ${CLOSED}`),
  ]);
  await whole.post('referral', second!.body);
  await vi.waitFor(async () => expect(await oak.search('ServiceRequest')).toHaveLength(2), soon);
  await idle(whole);

  const before = versionsOf([...(await oak.search('ServiceRequest')), ...(await oak.search('Patient'))]);
  const asked = server.asked.length;
  clock.offsetMs += DAY_MS;
  await lookedTimes(whole, 3);
  await idle(whole);
  expect(server.asked).toHaveLength(asked);
  const after = versionsOf([...(await oak.search('ServiceRequest')), ...(await oak.search('Patient'))]);
  expect(after).toEqual(before);
  expect((await whole.work('ods-practice-closed')).map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  expect(await whole.work('ods-code-unknown')).toEqual([]);
  expect(await ash.search('ServiceRequest')).toEqual([]);

  const copy = whole.remains();
  const dateOf = async (nowMs: number): Promise<string | undefined> => {
    const out: string[] = [];
    const outs = { stdout: { write: (text: string) => out.push(text) }, stderr: process.stderr };
    await ods(CLOSED, {}, configIn(copy, settings), outs, () => nowMs);
    return /as ODS said (\d{4}-\d\d-\d\d)/.exec(out.join(''))?.[1];
  };
  expect(await dateOf(now())).toBe('2026-03-20');
  expect(server.asked).toHaveLength(asked);
  expect(await dateOf(now() + 7 * DAY_MS)).toBe('2026-03-28');
  clock.offsetMs += 7 * DAY_MS;
  await lookedTimes(whole, 4);
  expect(server.asked.length).toBeGreaterThan(asked + 2);
});

test('while ODS is down nothing is sent elsewhere, and the next look that finds it up does what is to be done', async () => {
  const { clock, server, oak, whole } = await openAll();
  server.isDown = true;
  await whole.post('referral', journeys(1, 0)[0]!.body);
  clock.offsetMs += 2 * HOUR_MS;
  await lookedTimes(whole, 2);
  await idle(whole);
  expect(await oak.search('ServiceRequest')).toEqual([]);
  expect(await whole.work('ods-code-unknown')).toEqual([]);
  server.isDown = false;
  clock.offsetMs += DAY_MS;
  await lookedTimes(whole, 3);
  await vi.waitFor(async () => expect(await oak.search('ServiceRequest')).toHaveLength(1), soon);
});
