/** What a BaRS service hears of referrals: each change as one message, once, and nothing that it must not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Settlement } from '../../../src/store/store.ts';
import {
  around,
  consent,
  healthcareService,
  idOf,
  openWorld,
  person,
  REFERRAL,
  request,
  task,
  type World,
} from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const told = (): string[] => world.receiver.taken.map(({ reason, status }) => `${reason} ${status}`);
const rules = (settlements: readonly Settlement[]): (string | undefined)[] =>
  settlements.flatMap((one) =>
    one.kind === 'park' || one.kind === 'hold' || one.kind === 'retry' ? [ruleOf(one.outcome.issue[0]!)] : [],
  );

async function referred(): Promise<readonly Settlement[]> {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  return await world.drain();
}

test('a referral is one message, that a strict service takes', async () => {
  const settlements = await referred();
  expect(world.receiver.refusals).toEqual([]);
  expect(told()).toEqual(['new active']);
  expect(settlements.every(({ kind }) => kind === 'delivered')).toBe(true);
  const [message] = await world.messages();
  expect(message).toMatchObject({
    state: 'acknowledged',
    direction: 'out',
    id: world.receiver.taken[0]!.requestId,
  });
  expect([message!.body, message!.what]).toEqual([undefined, 'new']);
});

test('a change of the referral is an update, under the same conversation and a request id of its own', async () => {
  await referred();
  await world.put('1', request({ priority: 'urgent' }), task('requested'));
  await world.drain();
  expect(told()).toEqual(['new active', 'update active']);
  const [first, second] = world.receiver.taken;
  expect(second!.correlationId).toBe(first!.correlationId);
  expect(second!.requestId).not.toBe(first!.requestId);
});

test('a change that its message does not speak of says nothing', async () => {
  await referred();
  await world.put('role', { resourceType: 'Organization', id: idOf('another'), name: 'Another' });
  await world.drain();
  expect(told()).toEqual(['new active']);
});

test('a change of the person tells the services of their open referrals', async () => {
  await referred();
  await world.put('about', ...around(), person({ name: [{ family: 'Other' }] }), consent());
  await world.drain();
  expect(told()).toEqual(['new active', 'update active']);
});

test('a referral is withdrawn after the service was asked whether it is active', async () => {
  await referred();
  await world.put('1', request({ status: 'revoked' }), task('cancelled'));
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked']);
  expect(world.receiver.requests.at(-2)!.line).toBe(`GET /ServiceRequest/${REFERRAL}`);
  expect(world.receiver.taken[1]!.bundle.entry!.map(({ resource }) => resource!.resourceType)).toEqual([
    ...['MessageHeader', 'ServiceRequest', 'Patient', 'Organization', 'Organization'],
  ]);
});

test('a referral that the service no longer holds as active is not withdrawn, and somebody hears of it', async () => {
  await referred();
  world.receiver.held.set(REFERRAL, { ...world.receiver.held.get(REFERRAL)!, status: 'completed' });
  await world.put('1', request({ status: 'revoked' }), task('cancelled'));
  await world.drain();
  expect(told()).toEqual(['new active']);
  const [item] = await world.store.worklist({ open: true, count: 10 });
  expect(ruleOf(item!.outcome.issue[0]!)).toBe('bars-not-active');
});

test.each(['update', 'delete'] as const)(
  'one entered in error is said to be so, with reason %s',
  async (reason) => {
    await referred();
    await world.put('1', request({ status: 'entered-in-error' }), task('entered-in-error'));
    await world.drain(world.target({ inErrorReason: reason }));
    expect(told()).toEqual(['new active', `${reason} entered-in-error`]);
  },
);

test('an offer is not sent, and nobody has to look', async () => {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request({ status: 'draft' }), task('draft'));
  await world.drain();
  expect(world.receiver.requests).toEqual([]);
  expect(await world.store.worklist({ open: true, count: 10 })).toEqual([]);
});

test('a referral to another service is not sent to this one, and nobody has to look', async () => {
  await world.put(
    'about',
    ...around().filter(({ resourceType }) => resourceType !== 'HealthcareService'),
    person(),
    consent(),
  );
  await world.put('service', healthcareService('2000000001'));
  await world.put('1', request(), task('requested'));
  await world.drain();
  expect(world.receiver.requests).toEqual([]);
  expect(await world.store.worklist({ open: true, count: 10 })).toEqual([]);
});

test('without consent to refer nothing of the person leaves', async () => {
  await world.put(
    'about',
    ...around(),
    person(),
    consent({ status: 'rejected', provision: { type: 'deny' } }),
  );
  await world.put('1', request(), task('requested'));
  const settlements = await world.drain();
  expect(rules(settlements)).toContain('hr-8');
  expect(world.receiver.requests).toEqual([]);
});

test('a withdrawn consent cancels the referral at its service, which hears no more than whose it is', async () => {
  await referred();
  await world.put(
    'about',
    ...around(),
    person(),
    consent({ status: 'inactive', dateTime: '2026-03-02', provision: { type: 'deny' } }),
  );
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked']);
  const text = JSON.stringify(world.receiver.taken[1]!.bundle);
  expect(text).not.toContain('Example"}]'); // the person's name
  expect(text).not.toContain('Loneliness');
});

test('a newer referral revokes the open one first, and says so', async () => {
  await referred();
  const second = idOf('second');
  await world.put('2', request({ id: second, authoredOn: '2026-03-02' }), task('requested', second));
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked', 'new active']);
  expect([...world.receiver.held.values()].map(({ status }) => status)).toEqual(['revoked', 'active']);
  const items = await world.store.worklist({ open: true, count: 10 });
  expect(items.map(({ outcome }) => ruleOf(outcome.issue[0]!))).toEqual(['bars-revoked-for-newer']);
});

test('a message whose answer was lost is sent again, the very same, and counts once', async () => {
  world.receiver.trouble((line, at) => (line.startsWith('POST') && at < 2 ? 'cut' : undefined));
  await referred();
  const posts = world.receiver.requests.filter(({ line }) => line.startsWith('POST'));
  expect(posts).toHaveLength(2);
  expect(posts[1]!.body).toBe(posts[0]!.body);
  for (const name of ['x-request-id', 'x-correlation-id'])
    expect(posts[1]!.headers[name]).toBe(posts[0]!.headers[name]);
  expect(world.receiver.taken).toHaveLength(1);
  expect(await world.messages()).toMatchObject([{ state: 'acknowledged' }]);
});

test('what the service refuses is parked with its codes, never with its words', async () => {
  world.receiver.trouble((line) =>
    line.startsWith('POST') ? { status: 400, code: 'REC_BAD_REQUEST', issue: 'invariant' } : undefined,
  );
  const settlements = await referred();
  const parked = settlements.find((one) => one.kind === 'park');
  expect(parked?.kind === 'park' && parked.outcome.issue[0]!.diagnostics).toContain('BAD_REQUEST, invariant');
  expect(JSON.stringify(parked)).not.toContain('trouble');
  expect(await world.messages()).toMatchObject([{ state: 'rejected' }]);
});

test('a service that does not take the use case gets nothing, and everything waits', async () => {
  world.receiver.takes = false;
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  expect(rules(await world.drain())).toContain('bars-not-taken');
  expect(world.receiver.requests.every(({ line }) => line.startsWith('GET /MessageDefinition'))).toBe(true);
  world.receiver.takes = true;
  world.clock.nowMs += 900_000;
  await world.drain();
  expect(told()).toEqual(['new active']);
});

test('a referral that lacks what a message needs is parked, and says which field to fill', async () => {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request({ requester: { reference: `Patient/${idOf('person')}` } }), task('requested'));
  const settlements = await world.drain();
  expect(rules(settlements)).toContain('bars-sender-organisation');
  expect(world.receiver.taken).toEqual([]);
});
