/** Two mailboxes that send to each other while answers are lost, connections cut and processes die: everything arrives once, or is on the worklist. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asked, World } from './world.ts';

const SIDES = ['OURS', 'THEIRS'] as const;
const side = fc.constantFrom(...SIDES);
const fault = fc.constantFrom('lost' as const, 'cut' as const, 'half' as const, 503 as const, 429 as const);

const maybeFault = fc.option(fault, { nil: undefined, freq: 2 });
const sends = fc.record({
  do: fc.constant('send' as const),
  side,
  chunks: fc.integer({ min: 1, max: 3 }),
  to: fc.constantFrom('there', 'there', 'nobody', 'unregistered'),
  faults: fc.array(maybeFault, { maxLength: 3 }),
});
const lives = fc.record({
  do: fc.constant('live' as const),
  side,
  minutes: fc.integer({ min: 1, max: 40 }),
  faults: fc.array(maybeFault, { maxLength: 6 }),
});
const dies = fc.record({
  do: fc.constant('die' as const),
  side,
  steps: fc.integer({ min: 0, max: 40 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: sends },
  { weight: 5, arbitrary: lives },
  { weight: 2, arbitrary: dies },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('person' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** More of them: MESH_RUNS. */
const RUNS = Number(process.env.MESH_RUNS ?? 5);

async function holds(steps: readonly Step[], trackByLocalId: boolean): Promise<void> {
  const world = await World.open(trackByLocalId);
  for (const one of steps) {
    if ('faults' in one) world.faults.unshift(...one.faults);
    if (one.do === 'send') await world.send(one.side, one.to, one.chunks);
    else if (one.do === 'live') await world.live(one.side, one.minutes);
    else if (one.do === 'die') world.dieAfter(one.side, one.steps);
    else await world.person();
    expect(world.acknowledgedTooSoon).toEqual([]);
  }
  // nothing may be lost, or sent twice, before anybody has helped either
  expect(world.twice()).toEqual([]);
  world.heal();
  for (let round = 0; round < 4; round++) {
    for (const one of [...SIDES, ...SIDES]) await world.live(one, 30);
    await world.person();
  }
  expect(world.acknowledgedTooSoon).toEqual([]);
  expect(world.twice()).toEqual([]);
  expect(await world.neitherThereNorOnTheWorklist()).toEqual([]);
  expect(world.tooSoon).toEqual([]);
}

test.each([false, true])(
  'every message arrives once or is on the worklist, and none is acknowledged before it is kept (tracking by local id: %s)',
  async (trackByLocalId) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), (steps) =>
        holds(steps, trackByLocalId),
      ),
      { numRuns: RUNS, ...(asked === undefined ? {} : { seed: asked }) },
    );
  },
  60_000 * Math.ceil(RUNS / 20),
);

test('both directions at once: letters and their acknowledgements cross', async () => {
  const world = await World.open(false);
  for (let at = 0; at < 10; at++)
    await Promise.all(SIDES.map((one) => world.send(one, 'there', 1 + (at % 3))));
  for (let round = 0; round < 3; round++) for (const one of SIDES) await world.live(one, 30);
  expect(await world.neitherThereNorOnTheWorklist()).toEqual([]);
  expect(world.arrived.size).toBe(20);
  expect(await world.openItems()).toBe(0);
});
