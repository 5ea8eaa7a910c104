/** What a BaRS service hears where messages are in doubt, referrals compete, or consent has changed since. */
import type { Bundle, Consent, MessageHeader } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Identified, Settlement } from '../../../src/store/store.ts';
import type { Delivery } from '../../../src/target/target.ts';
import { parts } from '../../pipeline/shipped.ts';
import type { Taken } from '../../servers/bars-receiver.ts';
import {
  around,
  consent,
  idOf,
  openWorld,
  PERSON,
  person,
  REFERRAL,
  request,
  TARGET,
  task,
  type World,
} from './world.ts';

const PERMIT = (consent() as Consent).provision!;
const WITHDRAWN: Partial<Consent> = {
  status: 'inactive',
  dateTime: '2026-03-02',
  provision: { type: 'deny' },
};

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const told = (): string[] => world.receiver.taken.map(({ reason, status }) => `${reason} ${status}`);
const rules = (settlements: readonly Settlement[]): (string | undefined)[] =>
  settlements.flatMap((one) => (one.kind === 'park' ? [ruleOf(one.outcome.issue[0]!)] : []));

async function referred(): Promise<void> {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  await world.drain();
}

test('of two that were open, both are seen to when consent is withdrawn, though the service ended one', async () => {
  await referred();
  world.receiver.held.set(REFERRAL, { ...world.receiver.held.get(REFERRAL)!, status: 'completed' });
  const second = idOf('second');
  await world.put('2', request({ id: second, authoredOn: '2026-03-02' }), task('requested', second));
  await world.drain();
  expect(told()).toEqual(['new active', 'new active']);
  await world.put('about', ...around(), person(), consent(WITHDRAWN));
  await world.drain();
  expect(world.receiver.held.get(second)?.status).toBe('revoked');
});

test('a withdrawn consent cancels nothing that another consent covers', async () => {
  await referred();
  const other = { ...consent({ dateTime: '2026-02-02' }), id: idOf('other consent') };
  const withdrawn = consent({ ...WITHDRAWN, dateTime: '2026-02-01' });
  await world.put('about', ...around(), person(), withdrawn, other as Identified);
  await world.drain();
  expect(told().filter((one) => one.includes('revoked'))).toEqual([]);
});

test('a message holds the consents that cover it, and no other', async () => {
  const past = { ...consent({ provision: { ...PERMIT, period: { end: '2025-12-31' } } }), id: idOf('past') };
  await world.put('about', ...around(), person(), consent(), past as Identified);
  await world.put('1', request(), task('requested'));
  await world.drain();
  const consents = world.receiver.taken[0]!.bundle.entry!.filter(
    ({ resource }) => resource!.resourceType === 'Consent',
  );
  expect(consents.map(({ resource }) => resource!.id)).toEqual([idOf('consent')]);
});

test('a referral is withdrawn though consent has run out since, with nothing said but whose it is', async () => {
  const until = consent({ provision: { ...PERMIT, period: { end: '2026-03-05' } } });
  await world.put('about', ...around(), person(), until);
  await world.put('1', request(), task('requested'));
  await world.drain();
  expect(told()).toEqual(['new active']);
  world.clock.nowMs += 7 * 86_400_000;
  await world.put('1', request({ status: 'revoked' }), task('cancelled'));
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked']);
  const text = JSON.stringify(world.receiver.taken[1]!.bundle);
  expect(text).toContain('9990000018');
  expect(text).not.toContain('"family":"Example"');
});

test('a referral that was made before the open one is not sent, and somebody hears of it', async () => {
  await referred();
  const older = idOf('older');
  await world.put('2', request({ id: older, authoredOn: '2026-02-01' }), task('requested', older));
  expect(rules(await world.drain())).toContain('bars-older-than-open');
  expect(told()).toEqual(['new active']);
});

test('that one was revoked for a newer is said though the newer arrived only when it was sent again', async () => {
  await referred();
  const second = idOf('second');
  let posts = 0;
  world.receiver.trouble((line) => (line.startsWith('POST') && ++posts === 2 ? 'lost' : undefined));
  await world.put('2', request({ id: second, authoredOn: '2026-03-02' }), task('requested', second));
  await world.drain();
  expect(told()).toEqual(['new active', 'update revoked', 'new active']);
  const items = await world.store.worklist({ open: true, count: 10 });
  expect(items.map(({ outcome }) => ruleOf(outcome.issue[0]!))).toEqual(['bars-revoked-for-newer']);
});

test('one whose last message is in doubt is sent that, and revoked, before a newer goes', async () => {
  await referred();
  const [{ bundle }] = world.receiver.taken as [Taken];
  const body = structuredClone(bundle);
  const header = body.entry![0]!.resource as MessageHeader;
  header.reason!.coding![0]!.code = 'update';
  body.id = idOf('pending bundle');
  const [first] = await world.messages();
  await world.store.messages.keep(
    {
      ...first!,
      ...{ id: idOf('pending'), remoteId: body.id, what: 'update', digest: 'another' },
      ...{ state: 'prepared', body: JSON.stringify(body) },
    },
    world.clock.nowMs,
  );
  const second = idOf('second');
  await world.put('2', request({ id: second, authoredOn: '2026-03-02' }), task('requested', second));
  await world.drain();
  expect(told().filter((one) => one !== 'update active')).toEqual([
    ...['new active', 'update revoked', 'new active'],
  ]);
  expect(told()).toContain('update active');
  expect([...world.receiver.held.values()].map(({ status }) => status)).toEqual(['revoked', 'active']);
});

test.each([
  ['cut', ['new active', 'update active']],
  ['lost', ['new active']],
] as const)(
  'a message that was given up after its request was %s is said anew as far as the service lacks it',
  async (trouble, heard) => {
    world.receiver.trouble((line) => (line.startsWith('POST') ? trouble : undefined));
    await referred();
    const [pending] = await world.messages();
    expect(pending!.state).toBe('prepared');
    // as a restriction leaves it
    const gone = { state: 'replaced', body: null, digest: null } as const;
    await world.store.messages.change(pending!, gone, world.clock.nowMs);
    world.receiver.trouble(() => undefined);
    await world.put('1', request({ priority: 'urgent' }), task('requested'));
    await world.drain();
    expect(told()).toEqual(heard);
    expect(world.receiver.held.get(REFERRAL)).toMatchObject({ status: 'active', priority: 'urgent' });
  },
);

test('two processes that tell the same at once tell it once', async () => {
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  const entry = { seq: 1, target: TARGET, deliveryKey: PERSON, type: 'ServiceRequest', id: REFERRAL };
  const delivery: Delivery = {
    entry: { ...entry, version: 1, action: 'put', attempt: 0, ambiguous: false },
    ...{ resource: request(), digest: 'd', link: undefined },
  };
  const { signal } = new AbortController();
  await Promise.all([1, 2].map(() => world.target().deliver([delivery], signal)));
  expect(told()).toEqual(['new active']);
  expect(await world.messages()).toHaveLength(1);
});

test('each message holds valid FHIR, and one that does not is kept back', async () => {
  const check = ({ entry }: Bundle) =>
    (entry ?? []).flatMap(({ resource }) => (resource ? parts.validator.validate(resource) : []));
  const drain = () => world.drain(world.target({ check }));
  await world.put('about', ...around(), person(), consent());
  await world.put('1', request(), task('requested'));
  await drain();
  await world.put('1', request({ priority: 'urgent' }), task('requested'));
  await drain();
  await world.put('1', request({ status: 'revoked' }), task('cancelled'));
  await drain();
  const second = idOf('second');
  await world.put('2', request({ id: second, priority: 'soon' as 'urgent' }), task('requested', second));
  expect(rules(await drain())).toContain('bars-message-invalid');
  expect(told()).toEqual(['new active', 'update active', 'update revoked']);
});
