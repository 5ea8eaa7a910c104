/** The course of referrals that come by BaRS, over real parts: made, changed, answered, ended, each once. */
import { randomUUID } from 'node:crypto';
import type { Consent, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { idOfSent, taskIdOf } from '../../../src/nhs/bars/read-message.ts';
import {
  type Act,
  headersFor,
  messageOf,
  newReferral,
  post,
  type Referral,
} from '../../servers/bars-sender.ts';
import { NAME, open, type Place, until } from './place.ts';

const ourId = (referral: Referral): string => idOfSent(NAME, 'A83001', 'ServiceRequest', referral.id);

async function send(
  place: Place,
  referral: Referral,
  act: Act,
  more = {},
): Promise<Awaited<ReturnType<typeof post>>> {
  const message = messageOf(referral, act, more);
  if (act === 'new') referral.bundle = message.id as string;
  place.sender.sent.set(referral.id, referral);
  return await post(place.url, message, headersFor({ 'x-correlation-id': referral.correlation }));
}

const issueOf = ({ body }: { body: Record<string, unknown> }): unknown =>
  ((body.issue as { code: string }[] | undefined) ?? [])[0]?.code;

test('takes a referral in as records of ours, with systems as they are published and a Task to work it by', async () => {
  const place = await open();
  const referral = newReferral();
  const answer = await send(place, referral, 'new');
  expect([answer.status, answer.body.issue]).toEqual([200, undefined]);
  const entries = answer.body.entry as { resource: { resourceType: string; id: string } }[];
  expect(entries.find(({ resource }) => resource.resourceType === 'ServiceRequest')?.resource.id).toBe(
    ourId(referral),
  );
  const request = (await place.store.read('ServiceRequest', ourId(referral)))!.resource as ServiceRequest;
  expect(request).toMatchObject({
    status: 'active',
    intent: 'order',
    authoredOn: '2026-06-30T09:00:00.1234567+00:00',
  });
  expect(request.code?.coding?.[0]?.code).toBe('871731000000106');
  const task = (await place.store.read('Task', taskIdOf(NAME, ourId(referral))))!.resource as Task;
  expect(task).toMatchObject({
    status: 'requested',
    focus: { reference: `ServiceRequest/${ourId(referral)}` },
  });
  expect(task.requester?.reference).toMatch(/^PractitionerRole\//);
  expect(task.owner?.reference).toMatch(/^Organization\//);
  const patient = (await place.store.read('Patient', task.for!.reference!.slice(8)))!.resource as Patient;
  expect(patient.identifier?.[0]?.extension?.[0]?.valueCodeableConcept?.coding?.[0]).toMatchObject({
    system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
    code: '01',
  });
  const [consent] = await place.store.readPerson(patient.id!, 'Consent');
  expect((consent!.resource as Consent).provision?.type).toBe('permit');
  const [encounter] = await place.store.readPerson(patient.id!, 'Encounter');
  expect(JSON.stringify(encounter!.resource)).not.toContain('"EpisodeOfCare/');
});

test('answers the sender of each step that the service takes, in order, under the ids of the conversation', async () => {
  const place = await open();
  const referral = newReferral();
  await send(place, referral, 'new');
  const id = ourId(referral);
  const told = (): string[] => (place.sender.told.get(referral.id) ?? []).map(({ task }) => task);
  for (const [state, request] of [
    ['received', 'active'],
    ['accepted', 'active'],
    ['in-progress', 'active'],
    ['completed', 'completed'],
  ] as const) {
    expect(await place.say(id, state, request)).toBe('committed');
    await until(() => told().at(-1) === state);
  }
  expect([told(), place.sender.faults]).toEqual([['received', 'accepted', 'in-progress', 'completed'], []]);
  expect(place.sender.told.get(referral.id)!.map(({ reason }) => reason)).toEqual([
    'new',
    'update',
    'update',
    'update',
  ]);
  expect(place.sender.told.get(referral.id)!.at(-1)!.request).toBe('completed');
}, 20_000);

test('tells a rejection with its reason, and sends the same bytes again when the answer to it was lost', async () => {
  const place = await open();
  const referral = newReferral();
  await send(place, referral, 'new');
  place.sender.next.push('lost', 503);
  const coding = [{ system: 'https://hedgerow.example/fhir/CodeSystem/status-reason', code: 'no-capacity' }];
  await place.say(ourId(referral), 'rejected', 'revoked', {
    statusReason: { coding, text: 'Person Test is out' },
  });
  await until(async () =>
    (await place.store.messages.about(`ServiceRequest/${ourId(referral)}`, NAME)).some(
      ({ state }) => state === 'acknowledged',
    ),
  );
  const [told, ...more] = place.sender.told.get(referral.id)!;
  expect([more, place.sender.faults, told!.task, told!.request]).toEqual([[], [], 'rejected', 'revoked']);
  const text = JSON.stringify(told!.body);
  expect(text).toContain('RRNA');
  expect(text).not.toContain('Person');
}, 20_000);

test('changes, withdraws and marks as in error what is current, and nothing else', async () => {
  const place = await open();
  const referral = newReferral();
  expect((await send(place, referral, 'update')).status).toBe(404);
  await send(place, referral, 'new');
  expect(
    (await send(place, referral, 'update', { note: 'lonely, and in debt', time: '2026-06-30T10:00:00Z' }))
      .status,
  ).toBe(200);
  const request = (await place.store.read('ServiceRequest', ourId(referral)))!.resource as ServiceRequest;
  expect(request.reasonCode?.[0]?.text).toBe('lonely, and in debt');
  await place.say(ourId(referral), 'received', 'active');
  await place.say(ourId(referral), 'accepted', 'active');
  expect((await send(place, referral, 'update', { time: '2026-06-30T11:00:00Z' })).status).toBe(200);
  expect(await place.stateOf(ourId(referral))).toBe('accepted');
  expect((await send(place, referral, 'cancel')).status).toBe(200);
  expect(await place.stateOf(ourId(referral))).toBe('cancelled');
  for (const act of ['cancel', 'update', 'new'] as const) {
    const refused = await send(place, referral, act);
    expect([act, refused.status, issueOf(refused)]).toEqual([act, 409, 'conflict']);
  }
  expect((await send(place, referral, 'in-error by delete')).status).toBe(200);
  expect(await place.stateOf(ourId(referral))).toBe('entered-in-error');
  expect((await send(place, referral, 'in-error')).status).toBe(409);
});

test('refuses a withdrawal once the service works with the person, and puts it on the worklist', async () => {
  const place = await open();
  const referral = newReferral();
  await send(place, referral, 'new');
  for (const state of ['accepted', 'in-progress'] as const) await place.say(ourId(referral), state, 'active');
  const refused = await send(place, referral, 'cancel');
  expect([refused.status, issueOf(refused)]).toEqual([409, 'conflict']);
  expect(await place.stateOf(ourId(referral))).toBe('in-progress');
  expect(
    ((await place.store.read('ServiceRequest', ourId(referral)))!.resource as ServiceRequest).status,
  ).toBe('active');
  const work = await place.store.worklist({ open: true, count: 9 });
  expect(work.map(({ kind }) => kind)).toContain('rejected');
});

test('takes one open referral of a person and a sender; another after the first was revoked', async () => {
  const place = await open();
  const first = newReferral();
  await send(place, first, 'new');
  const again = newReferral();
  const refused = await send(place, again, 'new');
  expect([refused.status, issueOf(refused)]).toEqual([409, 'conflict']);
  expect((await send(place, newReferral('9990000026'), 'new')).status).toBe(200);
  await send(place, first, 'cancel');
  expect((await send(place, again, 'new')).status).toBe(200);
});

test('answers the same message again as a duplicate, by either of its ids, and takes another body under the same id for none', async () => {
  const place = await open();
  const referral = newReferral();
  const message = messageOf(referral, 'new');
  const headers = headersFor({ 'x-correlation-id': referral.correlation });
  expect((await post(place.url, message, headers)).status).toBe(200);
  const again = await post(place.url, message, headers);
  expect([again.status, issueOf(again), again.headers.get('x-request-id')]).toEqual([
    409,
    'duplicate',
    headers['x-request-id'],
  ]);
  const anew = await post(place.url, message, { ...headers, 'x-request-id': randomUUID() });
  expect([anew.status, issueOf(anew)]).toEqual([409, 'duplicate']);
  const other = await post(place.url, messageOf(newReferral('9990000026'), 'new'), headers);
  expect([other.status, issueOf(other)]).toEqual([400, 'invariant']);
  expect(await place.store.readVersion('ServiceRequest', ourId(referral), 2)).toBeUndefined();
});

test('keeps what organisations send apart: nobody asks for, or ends, the referral of another', async () => {
  const place = await open();
  const referral = newReferral();
  await send(place, referral, 'new');
  const other = headersFor({}, 'B84002');
  expect((await post(place.url, messageOf(referral, 'cancel'), other)).status).toBe(404);
  const ask = async (
    headers: Record<string, string>,
    path: string,
  ): Promise<[number, Record<string, unknown>]> => {
    const answer = await fetch(`${place.url}/${path}`, { headers });
    return [answer.status, (await answer.json()) as Record<string, unknown>];
  };
  for (const id of [referral.id, ourId(referral)]) {
    expect(await ask(headersFor(), `ServiceRequest/${id}`)).toMatchObject([
      200,
      { id: referral.id, status: 'active', intent: 'plan' },
    ]);
    expect((await ask(other, `ServiceRequest/${id}`))[0]).toBe(404);
  }
  const query = `ServiceRequest?patient:identifier=${encodeURIComponent('https://fhir.nhs.uk/Id/nhs-number|9990000018')}`;
  expect((await ask(headersFor(), query))[1]).toMatchObject({ total: 1 });
  expect((await ask(other, query))[1]).toMatchObject({ total: 0 });
  expect((await ask(headersFor(), 'ServiceRequest'))[0]).toBe(400);
});
