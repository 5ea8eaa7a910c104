/** What a receiver of BaRS does where two messages look alike, a body is gone, or a person is known by more than the message says. */
import { randomUUID } from 'node:crypto';
import type { Consent, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import type { Identified, Store } from '../../../src/store/store.ts';
import { consent as consentFor } from '../../referral/sharing.ts';
import {
  type Answered,
  headersFor,
  type Json,
  messageOf,
  newReferral,
  post,
  type Referral,
} from '../../servers/bars-sender.ts';
import { idOf, patient, recordOf, withNhsNumber } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { NAME, open, type Place, pipelineOver, receiverOver, until } from './place.ts';

const STATUS_REASON = 'https://hedgerow.example/fhir/CodeSystem/status-reason';
const ourId = (referral: Referral, caller = 'A83001'): string =>
  idOfSent(NAME, caller, 'ServiceRequest', referral.id);
const said = ({ status, body }: Answered): unknown[] => [
  status,
  ((body.issue as { code: string }[] | undefined) ?? [])[0]?.code,
];

async function refer(place: Place, referral: Referral): Promise<Answered> {
  const message = messageOf(referral, 'new');
  referral.bundle = message.id as string;
  place.sender.sent.set(referral.id, referral);
  return await post(place.url, message, headersFor({ 'x-correlation-id': referral.correlation }));
}

const take = async (place: Place, key: string, ...resources: Identified[]): Promise<unknown> =>
  (
    await place.pipeline.take([recordOf(resources, { key, source: 'platform', sourceTimeMs: Date.now() })], {
      ...{ id: randomUUID(), source: 'platform', kind: 'any', receivedMs: Date.now(), file: undefined },
    })
  )[0]!.state;

test('messages of two organisations under the same ids are two', async () => {
  const place = await open();
  const referral = newReferral();
  const message = messageOf(referral, 'new');
  const headers = headersFor();
  expect((await post(place.url, message, headers)).status).toBe(200);
  expect((await post(place.url, message, headersFor({}, 'B84002'))).status).toBe(200);
  expect(await place.stateOf(ourId(referral, 'B84002'))).toBe('requested');
  const same = headersFor({ 'x-request-id': headers['x-request-id'] }, 'C85003');
  expect(said(await post(place.url, message, same))).toEqual([400, 'invariant']);
});

test('ids that were used for another content are refused, and not taken for a duplicate', async () => {
  const place = await open();
  const referral = newReferral();
  const message = messageOf(referral, 'new');
  const headers = headersFor();
  await post(place.url, message, headers);
  const other = { ...messageOf(referral, 'update', { note: 'changed' }), id: message.id };
  expect(said(await post(place.url, other, headers))).toEqual([400, 'invariant']);
  expect(said(await post(place.url, other, headersFor()))).toEqual([400, 'invariant']);
  expect(said(await post(place.url, message, headersFor()))).toEqual([409, 'duplicate']);
});

test('a message that another process takes at the same time is no conflict with itself', async () => {
  const store = await temporaryStore();
  const pipeline = pipelineOver(store);
  const text = JSON.stringify(messageOf(newReferral(), 'new'));
  const headers = headersFor();
  const messages = new Proxy(store.messages, {
    get: (of, name: keyof Store['messages']) =>
      name === 'change' ? () => new Promise(() => {}) : of[name].bind(of),
  });
  const over = (more: Partial<Store>): Store =>
    new Proxy(store, { get: (of, name) => Reflect.get(more, name) ?? Reflect.get(of, name, of) });
  const first = receiverOver(over({ messages }), pipeline, { budgetMs: 300 });
  expect((await first.process(headers, text)).status).toBe(408);
  let looks = 0;
  const late = over({
    // it looked before the other had committed
    sourceRecord: async (...asked) => (looks++ === 0 ? undefined : await store.sourceRecord(...asked)),
  });
  expect((await receiverOver(late, pipeline).process(headers, text)).status).toBe(200);
});

test('answers in time, whatever takes so long', async () => {
  const store = await temporaryStore();
  const messages = new Proxy(store.messages, {
    get: (of, name: keyof Store['messages']) =>
      name === 'get' ? () => new Promise(() => {}) : of[name].bind(of),
  });
  const over = new Proxy(store, {
    get: (of, name) => (name === 'messages' ? messages : Reflect.get(of, name, of)),
  });
  const receiver = receiverOver(over, pipelineOver(store), { budgetMs: 100 });
  const answer = await receiver.process(headersFor(), JSON.stringify(messageOf(newReferral(), 'new')));
  expect(answer.status).toBe(408);
});

test('a message whose content was erased is settled, and looked for no more', async () => {
  const store = await temporaryStore();
  const receiver = receiverOver(store, pipelineOver(store));
  const key = { channel: NAME, direction: 'in', id: randomUUID() } as const;
  await store.messages.keep({ ...key, conversation: 'c', ownerOrg: 'X26', state: 'received', dueMs: 1 }, 0);
  expect(await receiver.resume()).toBe(1);
  expect(await receiver.resume()).toBe(0);
  expect(await store.messages.get(key)).toMatchObject({ state: 'refused', dueMs: undefined });
});

test('what a message implies does not go over what the person refused', async () => {
  const place = await open();
  const patient = { reference: `Patient/${idOf('p')}` };
  const refused = consentFor(
    { patient, status: 'rejected', dateTime: '2026-01-01', provision: { type: 'deny' } },
    'full',
    'refer',
  );
  const consent = { ...refused, id: idOf('c') } as Identified;
  expect(await take(place, '1', withNhsNumber('p', '9990000018'), consent)).toBe('committed');
  const referral = newReferral();
  expect((await refer(place, referral)).status).toBe(200);
  const task = (await place.store.read('Task', taskIdOf(NAME, ourId(referral))))!.resource as Task;
  const personId = await place.store.personOf(task.for!.reference!.slice('Patient/'.length));
  const consents = (await place.store.readPerson(personId, 'Consent')).map(
    ({ resource }) => resource as Consent,
  );
  expect(consents).toHaveLength(2);
  expect(consents.filter(({ provision }) => provision?.type === 'permit')).toEqual([]);
});

test('a person is the same under each number that they are known by here', async () => {
  const place = await open();
  const referral = newReferral();
  await refer(place, referral);
  const task = (await place.store.read('Task', taskIdOf(NAME, ourId(referral))))!.resource as Task;
  const patientId = task.for!.reference!.slice('Patient/'.length);
  await take(place, '1', withNhsNumber('q', '9990000026'));
  const update = (number: string): Promise<Answered> =>
    post(place.url, messageOf({ ...referral, number }, 'update', { note: number }), headersFor());
  expect(said(await update('9990000026'))).toEqual([409, 'conflict']);
  await place.store.linkPerson(idOf('q'), patientId, 'by hand', Date.now());
  expect((await update('9990000026')).status).toBe(200);
  expect(said(await update('9990000034'))).toEqual([409, 'conflict']);
});

test('an answer that was refused is settled, and a later one is told', async () => {
  const place = await open();
  const referral = newReferral();
  await refer(place, referral);
  place.sender.sent.delete(referral.id); // it refuses what it does not know
  await place.say(ourId(referral), 'received', 'active');
  const states = async (): Promise<unknown[]> =>
    (await place.store.messages.about(`ServiceRequest/${ourId(referral)}`, NAME))
      .filter(({ direction }) => direction === 'out')
      .map(({ state, body }) => [state, body]);
  await until(async () => (await states())[0]?.toString() === 'rejected,');
  place.sender.sent.set(referral.id, referral);
  // the message is settled before its delivery is
  await until(async () => (await place.store.replayDeliveries({ state: 'parked' }, Date.now())) > 0);
  await place.say(ourId(referral), 'accepted', 'active');
  await until(() => place.sender.told.get(referral.id)?.at(-1)?.task === 'accepted');
  await until(async () => (await states())[0]?.toString() === 'acknowledged,');
  expect((await states()).at(-1)).toEqual(['rejected', undefined]);
});

test('a step whose answer was lost, and that is taken back meanwhile, is taken back at the sender too', async () => {
  const place = await open();
  const referral = newReferral();
  await refer(place, referral);
  const told = () => (place.sender.told.get(referral.id) ?? []).map(({ task }) => task);
  const statusReason = { coding: [{ system: STATUS_REASON, code: 'other' }] };
  const say = async (state: Task['status']): Promise<void> =>
    expect(await place.say(ourId(referral), state, 'active', { statusReason })).toBe('committed');
  await say('accepted');
  await until(() => told().length === 1);
  await say('in-progress');
  await until(() => told().length === 2);
  const last = async () =>
    (await place.store.messages.about(`ServiceRequest/${ourId(referral)}`, NAME))[0]!.state;
  await until(async () => (await last()) === 'acknowledged');
  // it is taken, and nobody hears so for a while
  place.sender.next.push('lost', ...Array.from({ length: 50_000 }, () => 503));
  await say('on-hold');
  await until(() => told().length === 3);
  await say('in-progress');
  place.sender.next.splice(0);
  await until(() => told().length === 4);
  expect(told()).toEqual(['accepted', 'in-progress', 'on-hold', 'in-progress']);
});

test('answers the sender of a person who was restricted since, though nothing that came is kept any more', async () => {
  const place = await open();
  const referral = newReferral();
  await refer(place, referral);
  await place.say(ourId(referral), 'received', 'active');
  await until(() => place.sender.told.get(referral.id)?.at(-1)?.task === 'received');
  const restricted = {
    ...withNhsNumber('p', '9990000018'),
    meta: {
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
    },
  } as Identified;
  expect(await take(place, '1', restricted)).toBe('committed');
  const asked = (await place.store.messages.about(`ServiceRequest/${ourId(referral)}`, NAME)).at(-1);
  expect(asked).toMatchObject({ body: undefined, digest: undefined, organisation: 'A83001', what: 'new' });
  await place.say(ourId(referral), 'received', 'active', { priority: 'urgent' });
  await place.say(ourId(referral), 'accepted', 'active');
  await until(() => place.sender.told.get(referral.id)?.at(-1)?.task === 'accepted');
  expect(place.sender.faults).toEqual([]);
  expect(place.sender.told.get(referral.id)).toHaveLength(2);
  const body = place.sender.told.get(referral.id)![1]!.body as { entry: { resource: Json }[] };
  const text = JSON.stringify(body.entry.map(({ resource }) => resource.identifier));
  expect(text).toContain('A83001');
  expect(text).not.toContain('unknown');
});

test('an answer that waits goes without its contacts once the person no longer agrees to be referred', async () => {
  const place = await open();
  const referral = newReferral();
  await refer(place, referral);
  const id = ourId(referral);
  const task = (await place.store.read('Task', taskIdOf(NAME, id)))!.resource as Task;
  const subject = { reference: task.for!.reference! };
  const encounter = {
    ...{ resourceType: 'Encounter', id: idOf('e'), status: 'finished', subject },
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'VR' },
    basedOn: [{ reference: `ServiceRequest/${id}` }],
  } as unknown as Identified;
  expect(await take(place, '1', encounter)).toBe('committed');
  place.sender.next.push(...Array.from({ length: 50_000 }, () => 503));
  await place.say(id, 'received', 'active');
  const out = async () =>
    (await place.store.messages.about(`ServiceRequest/${id}`, NAME)).filter(
      ({ direction }) => direction === 'out',
    );
  await until(async () => (await out())[0]?.body?.includes('"Encounter"') ?? false);
  const [kept] = await place.store.readPerson(
    await place.store.personOf(subject.reference.slice(8)),
    'Consent',
  );
  const withdrawn = {
    ...(kept!.resource as Consent),
    ...{ status: 'inactive', dateTime: '2026-07-01', provision: { type: 'deny' } },
  } as Identified;
  expect(await take(place, '2', withdrawn)).toBe('committed');
  // the first that is refused from now on may have been made before; the second was not
  const left = place.sender.next.length;
  await until(() => place.sender.next.length <= left - 2);
  place.sender.next.splice(0);
  await until(() => place.sender.told.get(referral.id)?.at(-1)?.task === 'received');
  expect(JSON.stringify(place.sender.told.get(referral.id)!.at(-1)!.body)).not.toContain('"Encounter"');
  await until(async () => (await out()).every(({ state }) => state !== 'prepared'));
});

test('a patient without a number is nobody else', async () => {
  const place = await open();
  expect(await take(place, '1', patient('p'))).toBe('committed');
  expect((await refer(place, newReferral())).status).toBe(200);
});
