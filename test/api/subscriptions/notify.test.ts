/** Subscribers are told of what is committed: handshake, events in order, heartbeats, and again what they did not take. */
import type { Bundle, Subscription } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { numbersIn, statusIn, typeOf } from '../../servers/subscriber.ts';
import { commit, contact, idOf, patient, recordOf, referral } from '../../store/samples.ts';
import { parts } from '../adapter.ts';
import {
  channelExtension,
  plainSubscription,
  startSubscribed,
  TOPIC,
  topicSubscription,
  type Vendors,
} from './harness.ts';

const observation = (name: string, person: string, value: number, category = 'survey'): never =>
  ({
    resourceType: 'Observation',
    id: idOf(name),
    status: 'final',
    category: [{ coding: [{ code: category }] }],
    code: { text: 'Score' },
    subject: { reference: `Patient/${idOf(person)}` },
    valueQuantity: { value },
  }) as never;

const faultsOf = (body: unknown): readonly unknown[] =>
  parts()
    .validator.validate(body as Bundle)
    .filter(({ severity }) => severity === 'error' || severity === 'fatal');

test('a topic begins with a handshake, and is active when it is taken; events then come by number', async () => {
  const { subscriber, subscribe, store, fhir } = await startSubscribed();
  const header = ['Authorization: Bearer very-secret'];
  const made = await subscribe(topicSubscription(subscriber.url, 'contact-added', { header }));
  expect([made.status, made.channel.header]).toEqual(['requested', ['Authorization: ***']]);
  await subscriber.until((calls) => calls.length === 1);
  await commit(store, recordOf([patient('p'), contact('a', 'p'), contact('b', 'p')]));
  await commit(store, recordOf([contact('a', 'p', { priority: { text: 'another' } })], { key: 'R2' }));
  await subscriber.until((calls) => numbersIn(calls).length >= 2);
  const [handshake, event] = subscriber.calls;
  expect(handshake).toMatchObject({ method: 'POST', path: '/hook' });
  expect(handshake!.headers).toMatchObject({
    authorization: 'Bearer very-secret',
    'content-type': 'application/fhir+json',
  });
  expect(statusIn(handshake!)).toMatchObject({
    type: 'handshake',
    status: 'requested',
    topic: `${TOPIC}/contact-added`,
    'events-since-subscription-start': '0',
  });
  expect(statusIn(event!)).toMatchObject({ type: 'event-notification', status: 'active' });
  expect(numbersIn(subscriber.calls)).toEqual([1, 2]);
  const bundle = event!.body as Bundle;
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'history' });
  expect(
    bundle.entry!.slice(1).map(({ fullUrl, resource }) => [fullUrl?.split('/').slice(-2), resource]),
  ).toEqual(
    ['a', 'b'].slice(0, bundle.entry!.length - 1).map((name) => [['Encounter', idOf(name)], undefined]),
  );
  // what was told of is in the audit, under the client that it was told to
  const [audited] = await store.accesses.search({ organisations: undefined, client: 'open', count: 1 });
  expect([audited?.interactions, audited?.keys?.every((key) => key.startsWith('Encounter/'))]).toEqual([
    ['$notify'],
    true,
  ]);
  // what is sent is valid R4
  for (const call of subscriber.calls) expect(faultsOf(call.body)).toEqual([]);
  const now = (await (await fhir('GET', `Subscription/${made.id}`)).json()) as Subscription;
  expect([now.status, now.meta?.versionId]).toEqual(['active', '2']);
  expect(JSON.stringify(now)).not.toContain('very-secret');
});

test('a referral is told of when it is new, has another status, or its Task moves on, and not else', async () => {
  const { subscriber, subscribe, store } = await startSubscribed();
  const asked = {
    content: 'full-resource',
    filters: [`ServiceRequest?patient=Patient/${idOf('p')}`],
  } as const;
  await subscribe(topicSubscription(subscriber.url, 'referral-status-changed', asked));
  const task = (status: string): never =>
    ({
      resourceType: 'Task',
      id: idOf('t'),
      status,
      intent: 'order',
      focus: { reference: `ServiceRequest/${idOf('r')}` },
      for: { reference: `Patient/${idOf('p')}` },
    }) as never;
  await commit(store, recordOf([patient('p'), patient('q'), referral('r', 'p'), referral('other', 'q')]));
  await commit(store, recordOf([referral('r', 'p', { patientInstruction: 'come' })], { key: 'R2' }));
  await commit(store, recordOf([task('requested')], { key: 'R3' }));
  await commit(store, recordOf([referral('r', 'p', { status: 'completed' })], { key: 'R4' }));
  await subscriber.until((calls) => numbersIn(calls).length >= 3);
  expect(numbersIn(subscriber.calls)).toEqual([1, 2, 3]);
  const entries = subscriber.calls.flatMap(({ body }) => ((body as Bundle).entry ?? []).slice(1));
  expect(new Set(entries.map(({ resource }) => `${resource?.resourceType}/${resource?.id}`))).toEqual(
    new Set([`ServiceRequest/${idOf('r')}`]),
  );
  expect(entries.map(({ resource }) => (resource as { status?: string }).status).at(-1)).toBe('completed');
  expect(JSON.stringify(subscriber.calls)).toContain(`"additional-context"`);
});

test('a score is told of when it is recorded, and when it is another', async () => {
  const { subscriber, subscribe, store } = await startSubscribed();
  await subscribe(topicSubscription(subscriber.url, 'score-recorded', { content: 'full-resource' }));
  await commit(
    store,
    recordOf([patient('p'), observation('o', 'p', 7), observation('x', 'p', 1, 'vital-signs')]),
  );
  await subscriber.until((calls) => numbersIn(calls).length === 1);
  await commit(store, recordOf([observation('o', 'p', 8)], { key: 'R2' }));
  await subscriber.until((calls) => numbersIn(calls).length === 2);
  const last = subscriber.calls.at(-1)!.body as Bundle;
  expect(last.entry![1]!.resource).toMatchObject({ valueQuantity: { value: 8 } });
  expect(faultsOf(last)).toEqual([]);
});

test('a search of R4 is called for each version that it finds, with the resource where a payload is named', async () => {
  const { subscriber, subscribe, store } = await startSubscribed();
  const channel = { payload: 'application/fhir+json' };
  await subscribe(plainSubscription(subscriber.url, 'ServiceRequest?status=active', channel));
  await subscribe(plainSubscription(`${subscriber.url}/bare`, 'ServiceRequest?status=active'));
  await commit(store, recordOf([patient('p'), referral('r', 'p')]));
  await commit(store, recordOf([referral('r', 'p', { status: 'completed' })], { key: 'R2' }));
  await commit(store, recordOf([referral('s', 'p')], { key: 'R3' }));
  await subscriber.until((calls) => calls.length >= 4);
  const puts = subscriber.calls.filter(({ method }) => method === 'PUT');
  expect(puts.map(({ path, body }) => [path, (body as { status: string }).status])).toEqual([
    [`/hook/ServiceRequest/${idOf('r')}`, 'active'],
    [`/hook/ServiceRequest/${idOf('s')}`, 'active'],
  ]);
  const bare = subscriber.calls.filter(({ method }) => method === 'POST');
  expect(bare.map(({ path, body }) => [path, body])).toEqual([
    ['/hook/bare', undefined],
    ['/hook/bare', undefined],
  ]);
});

test('what is not taken is sent again in its order, and after failures the subscription is in error until it is taken', async () => {
  const vendors: Vendors = { config: { failuresUntilError: 2 } };
  const { subscriber, subscribe, store, fhir } = await startSubscribed(vendors);
  const made = await subscribe(
    topicSubscription(subscriber.url, 'contact-added', {
      extension: [channelExtension('backport-max-count', { valuePositiveInt: 1 })],
    }),
  );
  await subscriber.until((calls) => calls.length === 1);
  const later = { status: 503, headers: { 'retry-after': '0' } };
  subscriber.answers = [later, later, later];
  await commit(store, recordOf([patient('p'), contact('a', 'p'), contact('b', 'p')]));
  await subscriber.until((calls) => calls.length >= 6);
  expect(numbersIn(subscriber.calls)).toEqual([1, 1, 1, 1, 2]);
  expect(subscriber.calls.slice(1).map((call) => statusIn(call).status)).toEqual([
    ...['active', 'active', 'error', 'error', 'active'],
  ]);
  // what was sent again is the same notification
  expect(new Set(subscriber.calls.slice(1, 5).map(({ body }) => (body as Bundle).id)).size).toBe(1);
  await expect
    .poll(async () => ((await (await fhir('GET', `Subscription/${made.id}`)).json()) as Subscription).status)
    .toBe('active');
  expect(await store.incidents.openCauses()).toEqual([]);
});

test('an operator is told of a subscription in error, and it is turned off when that lasts', async () => {
  let nowMs = Date.now();
  const vendors: Vendors = { config: { failuresUntilError: 1, offAfterDays: 1 }, clock: () => nowMs };
  const { subscriber, subscribe, store, fhir } = await startSubscribed(vendors);
  subscriber.answers = Array.from({ length: 50 }, () => ({ status: 500 }));
  const made = await subscribe(topicSubscription(subscriber.url, 'contact-added'));
  const read = async (): Promise<Subscription> =>
    (await (await fhir('GET', `Subscription/${made.id}`)).json()) as Subscription;
  await expect.poll(async () => (await read()).status).toBe('error');
  expect((await read()).error).toBe('It answered 500.');
  const [incident] = await store.incidents.openCauses();
  expect(incident?.cause).toBe(`subscription-failing:${made.id}`);
  nowMs += 2 * 86_400_000;
  await expect.poll(async () => (await read()).status).toBe('off');
  // asked for anew it begins with a handshake
  subscriber.answers = [];
  const count = subscriber.calls.length;
  const { error: _, ...again } = await read();
  expect((await fhir('PUT', `Subscription/${made.id}`, { ...again, status: 'requested' })).status).toBe(200);
  await subscriber.until((calls) => calls.length > count);
  expect(typeOf(subscriber.calls.at(-1)!)).toBe('handshake');
  expect(await store.incidents.openCauses()).toEqual([]);
});

test('nobody hears of what their client may not see, nor of what it could not see when it subscribed', async () => {
  const none = { ...SEES_ALL, types: new Map() };
  const vendors: Vendors = { viewers: {}, clients: { narrow: {} } };
  const { subscriber, subscribe, store } = await startSubscribed(vendors);
  await subscribe(topicSubscription(subscriber.url, 'contact-added', { content: 'full-resource' }));
  await subscriber.until((calls) => calls.length === 1);
  vendors.viewers!.open = none;
  await commit(store, recordOf([patient('p'), contact('hidden', 'p')]));
  const { lastChange } = await store.subscriptions.waiting(Date.now());
  await expect.poll(async () => (await store.subscriptions.list('open'))[0]?.lastChange).toBe(lastChange);
  vendors.viewers!.open = SEES_ALL;
  await commit(store, recordOf([contact('seen', 'p')], { key: 'R2' }));
  await subscriber.until((calls) => numbersIn(calls).length === 1);
  expect(JSON.stringify(subscriber.calls)).not.toContain(idOf('hidden'));
  // what may no longer be seen when it is sent keeps its number, and nothing else
  subscriber.answers = [{ status: 503, headers: { 'retry-after': '1' } }];
  await commit(store, recordOf([contact('withdrawn', 'p')], { key: 'R3' }));
  await subscriber.until((calls) => numbersIn(calls).length === 2);
  vendors.viewers!.open = none;
  await subscriber.until((calls) => numbersIn(calls).length === 3);
  const last = subscriber.calls.at(-1)!;
  expect(numbersIn([last])).toEqual([2]);
  expect([
    JSON.stringify(last.body).includes(idOf('withdrawn')),
    (last.body as Bundle).entry?.length,
  ]).toEqual([false, 1]);
});

test('a heartbeat says that all is well when nothing happens', async () => {
  let nowMs = Date.now();
  const { subscriber, subscribe, store } = await startSubscribed({ clock: () => nowMs });
  const extension = [channelExtension('backport-heartbeat-period', { valueUnsignedInt: 60 })];
  await subscribe(topicSubscription(subscriber.url, 'contact-added', { extension }));
  await expect.poll(async () => (await store.subscriptions.list('open'))[0]?.state).toBe('active');
  nowMs += 61_000;
  await subscriber.until((calls) => calls.length === 2);
  expect(subscriber.calls.map(typeOf)).toEqual(['handshake', 'heartbeat']);
  expect(statusIn(subscriber.calls[1]!)['events-since-subscription-start']).toBe('0');
});
