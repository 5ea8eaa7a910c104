/** What services answer to referrals that were sent from here: it changes the referral, or somebody has to look. */
import { randomUUID } from 'node:crypto';
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Identified } from '../../../src/store/store.ts';
import { headersFor, type Json, messageOf, newReferral, post } from '../../servers/bars-sender.ts';
import { idOf, patient, recordOf, withNhsNumber } from '../../store/samples.ts';
import { NAME, open, type Place, SENT } from './place.ts';

const NHS = 'https://fhir.nhs.uk';
const REQUEST = `ServiceRequest/${idOf('r')}` as const;

/** whom it went to: the sender of the answers */
const ASKED = 'A83001';

interface Sent {
  readonly bundle: string;
  readonly correlation: string;
}

/** A referral of ours that went out. */
async function sent(place: Place): Promise<Sent> {
  const request = {
    resourceType: 'ServiceRequest',
    id: idOf('r'),
    status: 'active',
    intent: 'order',
    subject: { reference: `Patient/${idOf('p')}` },
  };
  const task = {
    ...{ resourceType: 'Task', id: idOf('t'), status: 'requested', intent: 'order' },
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: REQUEST },
    for: { reference: `Patient/${idOf('p')}` },
  };
  const [result] = await place.pipeline.take(
    [recordOf([patient('p'), request as Identified, task as Identified])],
    { id: randomUUID(), source: 'platform', kind: 'referral', receivedMs: Date.now(), file: undefined },
  );
  expect(result!.state).toBe('committed');
  const ids = { bundle: randomUUID(), correlation: randomUUID() };
  const kept = {
    channel: SENT,
    direction: 'out',
    id: randomUUID(),
    conversation: ids.correlation,
    about: REQUEST,
  } as const;
  await place.store.messages.keep(
    { ...kept, ownerOrg: 'X26', remoteId: ids.bundle, state: 'acknowledged', organisation: ASKED },
    Date.now(),
  );
  return ids;
}

/** @param says of the referral and its Task; without a Task the referral speaks for itself */
function answer(bundle: string, says: { request: string; task?: Json }): Json {
  const referral = newReferral();
  const message = messageOf(referral, 'cancel', { status: says.request }) as Json & {
    entry: { fullUrl: string; resource: Json }[];
  };
  const header = message.entry[0]!.resource;
  header.meta = {
    lastUpdated: '2026-06-30T09:00:00Z',
    profile: [`${NHS}/StructureDefinition/BARSMessageHeader-servicerequest-response`],
  };
  header.eventCoding = { system: `${NHS}/CodeSystem/message-events-bars`, code: 'servicerequest-response' };
  header.definition = `${NHS}/MessageDefinition/bars-message-servicerequest-response-referral`;
  header.response = { identifier: bundle, code: 'ok' };
  const task = {
    resourceType: 'Task',
    meta: { lastUpdated: '2026-06-30T09:00:00Z', profile: ['x'] },
    intent: 'order',
    focus: { reference: `urn:uuid:${referral.id}` },
    ...says.task,
  };
  const more = says.task ? [{ fullUrl: `urn:uuid:${randomUUID()}`, resource: task }] : [];
  return { ...message, entry: [...message.entry, ...more] };
}

const tell = async (
  place: Place,
  { bundle, correlation }: Sent,
  says: { request: string; task?: Json },
  by = ASKED,
): Promise<[number, string, string]> => {
  const headers = headersFor({ 'x-correlation-id': correlation }, by);
  const answered = await post(place.url, answer(bundle, says), headers);
  const [task, request] = await Promise.all([
    place.store.read('Task', idOf('t')),
    place.store.read('ServiceRequest', idOf('r')),
  ]);
  return [answered.status, (task!.resource as Task).status, (request!.resource as ServiceRequest).status!];
};

test('takes a referral through what its service says of it, whether by a Task or by the referral itself', async () => {
  const place = await open();
  const ids = await sent(place);
  expect(await tell(place, ids, { request: 'active', task: { status: 'received' } })).toEqual([
    200,
    'received',
    'active',
  ]);
  expect(await tell(place, ids, { request: 'active' })).toEqual([200, 'accepted', 'active']);
  expect(await tell(place, ids, { request: 'active', task: { status: 'received' } })).toEqual([
    200,
    'accepted',
    'active',
  ]);
  expect(await tell(place, ids, { request: 'completed' })).toEqual([200, 'completed', 'completed']);
  expect((await tell(place, ids, { request: 'active', task: { status: 'in-progress' } }))[0]).toBe(409);
  const [message] = await place.store.messages.about(REQUEST, SENT);
  expect(message!.state).toBe('answered');
});

test('takes a rejection with the reason that the service gives', async () => {
  const place = await open();
  const ids = await sent(place);
  const statusReason = { coding: [{ system: `${NHS}/CodeSystem/rejected-reasons-bars`, code: 'RRNA' }] };
  expect(await tell(place, ids, { request: 'revoked', task: { status: 'rejected', statusReason } })).toEqual([
    200,
    'rejected',
    'revoked',
  ]);
  const task = (await place.store.read('Task', idOf('t')))!.resource as Task;
  expect(task.statusReason?.coding?.map(({ code }) => code)).toEqual(['rejected', 'RRNA']);
  expect((await place.store.messages.about(REQUEST, SENT))[0]!.state).toBe('rejected');
});

test('refuses what answers nothing of ours, and puts it on the worklist where the conversation is ours', async () => {
  const place = await open();
  const ids = await sent(place);
  const rules = async (): Promise<(string | undefined)[]> =>
    (await place.store.worklist({ open: true, count: 9 })).map(
      ({ outcome }) => outcome.issue[0]!.details?.coding?.[0]?.code,
    );
  expect(await tell(place, { ...ids, correlation: randomUUID() }, { request: 'active' })).toEqual([
    404,
    'requested',
    'active',
  ]);
  expect(await rules()).not.toContain('bars-unknown-response');
  expect(await tell(place, { ...ids, bundle: randomUUID() }, { request: 'active' })).toEqual([
    404,
    'requested',
    'active',
  ]);
  expect(await rules()).toContain('bars-unknown-response');
});

test('takes an answer from nobody but the organisation that was asked, and says on the worklist that another gave one', async () => {
  const place = await open();
  const ids = await sent(place);
  expect(await tell(place, ids, { request: 'completed' }, 'B84002')).toEqual([404, 'requested', 'active']);
  const items = await place.store.worklist({ open: true, count: 9 });
  expect(items.map(({ outcome }) => ruleOf(outcome.issue[0]!))).toContain('bars-unknown-response');
  expect(await tell(place, ids, { request: 'completed' })).toEqual([200, 'completed', 'completed']);
});

test('an answer is of the person whose referral it is about, though another has the number that it gives', async () => {
  const place = await open();
  const other = recordOf([withNhsNumber('other', '9990000018', '02')], { key: 'other' });
  await place.pipeline.take([other], {
    ...{ id: randomUUID(), source: 'platform', kind: 'any', receivedMs: Date.now(), file: undefined },
  });
  const ids = await sent(place);
  expect((await tell(place, ids, { request: 'active' }))[0]).toBe(200);
  const answers = async () =>
    (await place.store.messages.ofConversation(NAME, ids.correlation)).map(({ digest }) => digest);
  await place.store.erasePerson(idOf('other'), 'operator', Date.now());
  expect(await answers()).toEqual([expect.any(String)]);
  await place.store.erasePerson(idOf('p'), 'operator', Date.now());
  expect(await answers()).toEqual([undefined]);
});
