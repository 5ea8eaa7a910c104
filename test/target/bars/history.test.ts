/** Any history of referrals, sent over a bad line by an adapter that is killed at any moment, ends with both sides agreeing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BarsClient } from '../../../src/nhs/bars/client.ts';
import type { Trouble } from '../../servers/bars-receiver.ts';
import { around, consent, idOf, openWorld, person, request, START_MS, task, type World } from './world.ts';

type Step =
  | { readonly kind: 'refer' | 'cancel' | 'error' | 'update' | 'draft'; readonly of: number }
  | { readonly kind: 'person' }
  | { readonly kind: 'drain' };
type State = 'draft' | 'active' | 'revoked' | 'entered-in-error';

const NEXT: Readonly<Record<string, Readonly<Partial<Record<State | 'none', State>>>>> = {
  draft: { none: 'draft' },
  refer: { none: 'active', draft: 'active' },
  update: { active: 'active' },
  cancel: { draft: 'revoked', active: 'revoked' },
  error: { draft: 'entered-in-error', active: 'entered-in-error', revoked: 'entered-in-error' },
};
const TASKS = {
  draft: 'draft',
  active: 'requested',
  revoked: 'cancelled',
  'entered-in-error': 'entered-in-error',
} as const;

const referral = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('refer', 'cancel', 'error', 'update', 'draft'),
    of: referral,
  }) as fc.Arbitrary<Step>,
  fc.constant({ kind: 'person' } as const),
  fc.constant({ kind: 'drain' } as const),
);
const trouble: fc.Arbitrary<Trouble | 'killed' | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.constantFrom<Trouble | 'killed'>(
    'lost',
    'cut',
    'killed',
    { status: 500 },
    { status: 503, bare: true },
    { status: 504, bare: true },
    { status: 408, code: 'REC_TIMEOUT', issue: 'timeout' },
    { status: 429, code: 'REC_TOO_MANY_REQUESTS', issue: 'throttled' },
  ),
);

/** What the sender meant of each referral, in the order in which it was referred. */
class Meant {
  readonly states = new Map<number, State>();
  readonly order: number[] = [];
  apply(kind: string, of: number): State | undefined {
    const state = NEXT[kind]?.[this.states.get(of) ?? 'none'];
    if (state === undefined) return undefined;
    if (state === 'active' && this.states.get(of) !== 'active') this.order.push(of);
    this.states.set(of, state);
    return state;
  }
}

async function run(
  world: World,
  steps: readonly Step[],
  troubles: readonly (Trouble | 'killed' | undefined)[],
): Promise<Meant> {
  const left = [...troubles];
  world.receiver.trouble(() => {
    const wrong = left.shift();
    return wrong === 'killed' ? undefined : wrong;
  });
  // kept, and dead before the first byte; the claim is found by the next one
  const deliver = async (): Promise<void> => {
    const wrap = (client: BarsClient): BarsClient => ({
      ...client,
      post: async (...asked) => {
        if (left[0] !== 'killed') return await client.post(...asked);
        left.shift();
        throw new Error('killed');
      },
    });
    for (;;) {
      try {
        await world.drain(world.target({ wrap }));
        return;
      } catch (error) {
        if ((error as Error).message !== 'killed') throw error;
        await world.store.recoverClaims(world.clock.nowMs, true);
      }
    }
  };
  const meant = new Meant();
  let version = 0;
  await world.put('about', ...around(), person(), consent());
  for (const one of steps) {
    version += 1;
    if (one.kind === 'drain') await deliver();
    else if (one.kind === 'person')
      await world.put('about', ...around(), person({ name: [{ family: `Name ${version}` }] }), consent());
    else {
      const state = meant.apply(one.kind, one.of);
      if (state === undefined) continue;
      const id = idOf(`referral ${one.of}`);
      const said = request({
        id,
        status: state,
        ...(meant.order.includes(one.of) ? { authoredOn: dayOf(meant.order.indexOf(one.of)) } : {}),
        ...(state === 'active' ? { note: [{ text: `Version ${version}` }] } : {}),
      });
      await world.put(`referral ${one.of}`, said, task(TASKS[state], id));
    }
  }
  await deliver();
  return meant;
}

test('both ends agree, and no message counts twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.array(trouble, { maxLength: 12 }),
      async (steps, troubles) => {
        const world = await openWorld();
        try {
          const meant = await run(world, steps, troubles);
          const { taken, held, refusals } = world.receiver;
          expect(new Set(taken.map(({ requestId }) => requestId)).size).toBe(taken.length);
          expect(refusals.filter(({ issue }) => issue !== 'duplicate' && issue !== 'not-found')).toEqual([]);
          for (const of of meant.states.keys()) agrees(world, meant, of);
          newestStays(world, meant);
          expect([...held.values()].filter(({ status }) => status === 'active').length).toBeLessThanOrEqual(
            1,
          );
          for (const [of] of meant.states)
            for (const { state } of await world.messages(`ServiceRequest/${idOf(`referral ${of}`)}`))
              expect(state).toBe('acknowledged');
          expect(world.clock.nowMs).toBeGreaterThan(START_MS);
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns: 20 },
  );
}, 60_000);

/** Of those that are open here at the end, the one that was referred last is the one that is open there. */
function newestStays({ receiver }: World, { states, order }: Meant): void {
  const open = order.filter((of) => states.get(of) === 'active');
  const there = open.filter((of) => receiver.held.get(idOf(`referral ${of}`))?.status === 'active');
  expect(there.every((of) => of === open.at(-1))).toBe(true);
}

/** One is made a day, in the order in which they are referred. */
const dayOf = (at: number): string => `2026-02-${String(at + 1).padStart(2, '0')}`;

/** What was never sent is not held; what was is held as it stands here, or was revoked for a newer one. */
function agrees({ receiver }: World, { states, order }: Meant, of: number): void {
  const there = receiver.held.get(idOf(`referral ${of}`))?.status;
  // one that arrives here after a newer one does not go
  const unsent = order.at(-1) === of ? [] : [undefined];
  const allowed: Readonly<Record<State, readonly (string | undefined)[]>> = {
    draft: [undefined],
    active: ['active', 'revoked', ...unsent],
    revoked: [undefined, 'revoked'],
    // one that was withdrawn there before cannot be marked by BaRS
    'entered-in-error': [undefined, 'entered-in-error', 'revoked'],
  };
  expect(allowed[states.get(of)!]).toContain(there);
}
