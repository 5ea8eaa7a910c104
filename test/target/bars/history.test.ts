/** Any history of referrals, sent over a bad line by an adapter that is killed at any moment, ends with both sides agreeing. */
import type { Bundle, ServiceRequest } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BarsClient } from '../../../src/nhs/bars/client.ts';
import type { Trouble } from '../../servers/bars-receiver.ts';
import { SEEDED } from './seed.ts';
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
    kind: fc.constantFrom('refer', 'refer', 'cancel', 'error', 'update', 'draft'),
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
  /** what was said last of each, and of the person */
  readonly notes = new Map<number, string>();
  name = 'Example';
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
    else if (one.kind === 'person') {
      meant.name = `Name ${version}`;
      await world.put('about', ...around(), person({ name: [{ family: meant.name }] }), consent());
    } else {
      const state = meant.apply(one.kind, one.of);
      if (state === undefined) continue;
      const id = idOf(`referral ${one.of}`);
      if (state === 'active') meant.notes.set(one.of, `Version ${version}`);
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
          const { taken, refusals } = world.receiver;
          expect(new Set(taken.map(({ requestId }) => requestId)).size).toBe(taken.length);
          expect(refusals.filter(({ issue }) => issue !== 'duplicate' && issue !== 'not-found')).toEqual([]);
          for (const of of meant.states.keys()) await agrees(world, meant, of);
          oneAfterTheOther(world);
          for (const [of] of meant.states)
            for (const { state } of await world.messages(`ServiceRequest/${idOf(`referral ${of}`)}`))
              expect(state).toBe('acknowledged');
          expect(world.clock.nowMs).toBeGreaterThan(START_MS);
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns: 20, ...SEEDED },
  );
}, 60_000);

/** One is made a day, in the order in which they are referred. */
const dayOf = (at: number): string => `2026-02-${String(at + 1).padStart(2, '0')}`;

/** What was never sent is not held; what was is held as it stands here, or was revoked for a newer one. */
async function agrees(world: World, meant: Meant, of: number): Promise<void> {
  const { states, order, notes, name } = meant;
  const id = idOf(`referral ${of}`);
  const held = world.receiver.held.get(id);
  // one that arrives here after a newer one does not go, and one that is there is revoked for it
  const newest: readonly (string | undefined)[] = ['active'];
  const older: readonly (string | undefined)[] = ['active', 'revoked', undefined];
  const allowed: Readonly<Record<State, readonly (string | undefined)[]>> = {
    draft: [undefined],
    active: order.at(-1) === of ? newest : older,
    revoked: [undefined, 'revoked'],
    // one that was withdrawn there before cannot be marked by BaRS
    'entered-in-error': [undefined, 'entered-in-error', 'revoked'],
  };
  const state = states.get(of)!;
  expect(allowed[state]).toContain(held?.status);
  const messages = world.receiver.taken.filter(({ bundle }) => focusOf(bundle).id === id);
  if (held?.status === 'active') {
    expect(held.note?.at(-1)?.text).toBe(notes.get(of));
    expect(nameIn(messages.at(-1)!.bundle)).toBe(name);
  }
  if (state !== 'active' || held?.status !== 'revoked') return;
  const kept = await world.messages(`ServiceRequest/${id}`);
  expect(kept.map(({ what }) => what)).toContain('cancel-for-newer');
}

const focusOf = ({ entry }: Bundle): ServiceRequest => entry![1]!.resource as ServiceRequest;
const versionOf = (bundle: Bundle): number =>
  Number(/\d+$/.exec(focusOf(bundle).note?.at(-1)?.text ?? '')?.[0]);

function nameIn({ entry }: Bundle): string | undefined {
  const found = entry?.find(({ resource }) => resource?.resourceType === 'Patient')?.resource;
  return found?.resourceType === 'Patient' ? found.name?.[0]?.family : undefined;
}

/** Each referral begins, changes and ends, in this order and in one conversation; and one at a time is open there. */
function oneAfterTheOther({ receiver }: World): void {
  const open = new Set<string>();
  const courses = new Map<
    string,
    { readonly words: string[]; readonly conversations: Set<string>; version: number }
  >();
  for (const { bundle, reason, status, correlationId } of receiver.taken) {
    const id = focusOf(bundle).id!;
    const course = courses.get(id) ?? { words: [], conversations: new Set<string>(), version: 0 };
    courses.set(id, course);
    course.words.push(status === 'active' ? reason! : 'end');
    course.conversations.add(correlationId);
    if (status === 'active') {
      open.add(id);
      expect(versionOf(bundle)).toBeGreaterThanOrEqual(course.version);
      course.version = versionOf(bundle);
    } else open.delete(id);
    expect(open.size).toBeLessThanOrEqual(1);
  }
  for (const { words, conversations } of courses.values()) {
    expect(words.join(' ')).toMatch(/^new(?: update)*(?: end)?$/);
    expect(conversations.size).toBe(1);
  }
}
