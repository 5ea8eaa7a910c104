/** What a BaRS service, and whoever has to look, hear when consent to refer is withdrawn, and given again. */
import type { Consent } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { around, consent, idOf, openWorld, person, REFERRAL, request, task, type World } from './world.ts';

const WITHDRAWN: Partial<Consent> = {
  status: 'inactive',
  dateTime: '2026-03-02',
  provision: { type: 'deny' },
};
const AGAIN: Partial<Consent> = { dateTime: '2026-03-03' };
const DOWN = { status: 503, code: 'REC_UNAVAILABLE', issue: 'transient' } as const;

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const told = (): string[] => world.receiver.taken.map(({ reason, status }) => `${reason} ${status}`);
const open = async (): Promise<(string | undefined)[]> =>
  (await world.store.worklist({ open: true, count: 10 })).map(({ outcome }) => ruleOf(outcome.issue[0]!));
const kept = async (): Promise<unknown[]> =>
  (await world.messages()).map(({ what, state, body }) => [what, state, body]);

async function referred(): Promise<void> {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  await world.drain();
}

async function decided(change?: Partial<Consent>): Promise<void> {
  await world.put('about', ...around(), person(), consent(change));
  await world.drain();
}

test('a cancellation whose answer is lost is tried under the ids that it has, and ends what was in doubt before it', async () => {
  let posts = 0;
  world.receiver.trouble((line) => (line.startsWith('POST') ? (++posts === 1 ? 'cut' : DOWN) : undefined));
  await referred();
  await decided(WITHDRAWN);
  const cancels = world.receiver.requests.filter(
    ({ line, body }) => line.startsWith('POST') && body.includes('"revoked"'),
  );
  expect(cancels.length).toBeGreaterThan(1);
  expect(new Set(cancels.map(({ headers }) => headers['x-request-id'])).size).toBe(1);
  world.receiver.trouble(() => undefined);
  await world.put('about', ...around(), person({ name: [{ family: 'Other' }] }), consent(WITHDRAWN));
  world.clock.nowMs += 3_600_000;
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked']);
  expect(await kept()).toEqual([
    ['cancel', 'acknowledged', undefined],
    ['new', 'replaced', undefined],
  ]);
  const asked = world.receiver.requests.length;
  await world.put('about', ...around(), person({ name: [{ family: 'Third' }] }), consent(WITHDRAWN));
  await world.drain();
  expect(world.receiver.requests).toHaveLength(asked);
  expect(await open()).toEqual(['hr-8']); // the referral itself, held for want of consent
});

test('what was kept before a cancellation goes no more, though this was stopped right after it arrived', async () => {
  world.receiver.trouble((line) => (line.startsWith('POST') ? 'cut' : undefined));
  await referred();
  const [first] = await world.messages();
  const cancel = { ...first!, id: idOf('cancel'), remoteId: idOf('cancel bundle'), what: 'cancel' };
  await world.store.messages.keep({ ...cancel, state: 'acknowledged', body: undefined }, world.clock.nowMs);
  world.receiver.trouble(() => undefined);
  const asked = world.receiver.requests.length;
  await decided(WITHDRAWN);
  expect(world.receiver.requests).toHaveLength(asked);
  expect(await kept()).toEqual([
    ['cancel', 'acknowledged', undefined],
    ['new', 'replaced', undefined],
  ]);
});

test('whose referral the service ended is no matter of a withdrawn consent', async () => {
  await referred();
  world.receiver.held.set(REFERRAL, { ...world.receiver.held.get(REFERRAL)!, status: 'completed' });
  await world.put('1', request({ status: 'completed' }), task('completed'));
  await world.drain();
  const asked = world.receiver.requests.length;
  await decided(WITHDRAWN);
  expect(await open()).toEqual([]);
  expect(world.receiver.requests).toHaveLength(asked);
});

test('a referral that rests here is withdrawn with consent, since its service holds it', async () => {
  await referred();
  await world.put('1', request({ status: 'on-hold' }), task('on-hold'));
  await world.drain();
  await decided(WITHDRAWN);
  expect(told()).toEqual(['new active', 'update revoked']);
});

test('that a person who agrees again must be referred anew is said once', async () => {
  await referred();
  await decided(WITHDRAWN);
  await world.put('about', ...around(), person({ name: [{ family: 'Other' }] }), consent(WITHDRAWN));
  await world.drain();
  expect(await open()).toEqual([]);
  await decided(AGAIN);
  const [item, ...more] = await world.store.worklist({ open: true, count: 10 });
  expect([ruleOf(item!.outcome.issue[0]!), more]).toEqual(['bars-refer-anew', []]);
  await world.store.resolveWork(item!.id, world.clock.nowMs, 'somebody');
  await world.put('1', request({ priority: 'urgent' }), task('received'));
  await world.drain();
  await decided({ ...AGAIN, dateTime: '2026-03-04' });
  expect(await open()).toEqual([]);
  expect(told()).toEqual(['new active', 'update revoked']);
});

test('a referral that its referrer withdrew is not to be made anew', async () => {
  await referred();
  await world.put('1', request({ status: 'revoked' }), task('cancelled'));
  await world.drain();
  await decided({ dateTime: '2026-03-03' });
  expect(await open()).toEqual([]);
});
