/** A referral that a GP makes in an EHR: the case system hears of it, answers, and hears nothing of its own answer. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import type { Adapter } from '../../src/cli/adapter.ts';
import type { WebhookEvent } from '../../src/target/webhook/event.ts';
import { isSigned } from '../../src/wire/signature.ts';
import { example } from '../api/adapter.ts';
import { type Receiver, startReceiver } from '../servers/webhook-receiver.ts';
import {
  type Ehr,
  quiet,
  RECEIVE,
  say as sayElse,
  startAdapter,
  startEhr,
  until,
} from '../source/ehr/adapters.ts';
import { idOf } from '../store/samples.ts';
import { consent, person, refer, request, task } from './ehr-referral.ts';

const SECRET_ENV = 'HEDGEROW_TEST_CASE_SYSTEM_SECRET';
const SECRET = 'a secret of tests';
process.env[SECRET_ENV] = SECRET;

let closing: Receiver[] = [];
afterEach(async () => {
  for (const one of closing) await one.close();
  closing = [];
});

interface Place {
  readonly ehr: Ehr;
  readonly receiver: Receiver;
  readonly adapter: Adapter;
}

async function open(more: object = {}): Promise<Place> {
  const ehr = await startEhr();
  const receiver = await startReceiver();
  closing.push(receiver);
  const target = {
    ...{ kind: 'webhook', name: 'link-workers', url: receiver.url, secretEnv: SECRET_ENV },
    sources: ['platform'],
    ...more,
  };
  return { ehr, receiver, adapter: await startAdapter(ehr, RECEIVE, [target]) };
}

/** Says how a referral stands, as the case system does. */
async function say(adapter: Adapter, status: object, minute: number): Promise<Response> {
  return await fetch(`${adapter.url}/intake/platform/status`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ updatedAt: new Date(Date.now() + minute * 60_000).toISOString(), status }),
  });
}

const heardOf = ({ receiver }: Place, type: string): readonly string[] =>
  receiver.calls.flatMap(({ event }) => (event.reference.startsWith(`${type}/`) ? [event.event] : []));

async function received(place: Place): Promise<{ request: string; task: string }> {
  await until(async () => heardOf(place, 'Task').length > 0);
  const idOf = (type: string): string =>
    place.receiver.calls.find(({ event }) => event.reference.startsWith(`${type}/`))!.event.resource!.id;
  return { request: idOf('ServiceRequest'), task: idOf('Task') };
}

const personIn = ({ receiver }: Place): string =>
  receiver.calls.find(({ event }) => event.person)!.event.person!;

const openWork = async ({ adapter }: Place): Promise<unknown[]> =>
  (await adapter.store.worklist({ open: true, count: 9 })).map((item) => [item.kind, item.outcome.issue[0]]);

test('a referral made in the EHR reaches the case system signed and in order, and its answers reach the EHR and nobody else', async () => {
  const place = await open({ receipts: { by: 'task' } });
  const { ehr, receiver, adapter } = place;
  await refer(ehr);
  const ids = await received(place);
  // nothing refers to a Consent: it may come last
  await until(async () => heardOf(place, 'Consent').length > 0);
  const references = receiver.calls.map(({ event }) => event.reference.split('/')[0]);
  expect(references).toEqual([...new Set(references)]);
  expect(new Set(references)).toEqual(
    new Set(['Organization', 'Patient', 'Consent', 'ServiceRequest', 'Task']),
  );
  const at = (type: string): number => references.indexOf(type);
  expect(at('Organization')).toBeLessThan(at('ServiceRequest'));
  expect([at('Patient') < at('ServiceRequest'), at('ServiceRequest') < at('Task')]).toEqual([true, true]);
  for (const { body, headers } of receiver.calls)
    expect(isSigned(SECRET, body, String(headers['hedgerow-signature']), { nowMs: Date.now() })).toBe(true);
  const ofPerson = receiver.calls.filter(({ event }) => !event.reference.startsWith('Organization/'));
  expect(new Set(ofPerson.map(({ event }) => event.person)).size).toBe(1);

  const heard = receiver.calls.length;
  const steps: readonly [object, Task['status'], ServiceRequest['status']][] = [
    [{ ...ids, state: 'ACCEPTED' }, 'accepted', 'active'],
    [{ ...ids, state: 'OPEN' }, 'in-progress', 'active'],
    [{ ...ids, state: 'CLOSED' }, 'completed', 'completed'],
  ];
  for (const [minute, [status, task, request]] of steps.entries()) {
    expect((await say(adapter, status, minute)).status).toBe(202);
    await until(async () => ((await ehr.read('Task/t-p1')) as Task).status === task);
    await until(async () => ((await ehr.read('ServiceRequest/r-p1')) as ServiceRequest).status === request);
  }
  expect(((await ehr.read('ServiceRequest/r-p1')) as ServiceRequest).reasonCode).toEqual([
    { text: 'lonely since the move' },
  ]);
  await quiet(ehr, adapter);
  expect(await adapter.store.filings.of(`ServiceRequest/${ids.request}`)).toMatchObject([
    { target: 'link-workers', state: 'filed' },
  ]);
  expect(receiver.calls.length).toBe(heard);
  expect(await openWork(place)).toEqual([]);
}, 60_000);

test('a referral that the case system rejects is rejected at the EHR, with the reason', async () => {
  const place = await open();
  const { ehr, adapter } = place;
  await refer(ehr);
  const ids = await received(place);
  const rejected = {
    ...ids,
    state: 'REJECTED',
    stateReason: 'OUT_OF_AREA',
    stateReasonText: 'lives elsewhere',
  };
  expect((await say(adapter, rejected, 0)).status).toBe(202);
  await until(async () => ((await ehr.read('Task/t-p1')) as Task).status === 'rejected');
  await until(async () => ((await ehr.read('ServiceRequest/r-p1')) as ServiceRequest).status === 'revoked');
  const { statusReason } = (await ehr.read('Task/t-p1')) as Task;
  expect(statusReason?.coding?.map(({ code }) => code)).toEqual(['rejected', 'out-of-area']);
  expect(statusReason?.text).toBe('lives elsewhere');
  expect(await openWork(place)).toEqual([]);
}, 60_000);

test('what fails is sent again under its id, with a new time, and nothing of the person goes ahead of it', async () => {
  const place = await open({ deadlineMs: 500 });
  const { ehr, receiver } = place;
  const troubles = [500, 'cut', 'silent', 503] as const;
  let at = 0;
  receiver.answer(({ event }) => (event.person ? (troubles[at++] ?? 200) : 200));
  await refer(ehr);
  await received(place);
  const calls = receiver.calls.flatMap(({ event }) =>
    event.person ? [`${event.reference} ${event.id}`] : [],
  );
  const first = calls.slice(0, troubles.length + 1);
  expect(new Set(first).size).toBe(1);
  expect(new Set(calls).size).toBe(calls.length - troubles.length);
  const times = receiver.calls.map(
    ({ headers }) => /t=(\d+)/.exec(String(headers['hedgerow-signature']))![1],
  );
  expect(times).toEqual(times.toSorted());
}, 60_000);

test('what the EHR does with a referral later is told in order, the latest state last', async () => {
  const place = await open();
  const { ehr, receiver } = place;
  await refer(ehr);
  await received(place);
  const reason = {
    coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/referral-status', code: 'withdrawn' }],
  };
  await ehr.put({ ...task('t-p1', 'r-p1', 'p1'), status: 'cancelled', statusReason: reason } as Task);
  await until(async () => heardOf(place, 'Task').length === 2);
  const [first, second] = receiver.calls.filter(({ event }) => event.reference.startsWith('Task/'));
  expect([first!.event.event, second!.event.event]).toEqual(['resource.created', 'resource.updated']);
  expect((second!.event.resource as Task).status).toBe('cancelled');
  expect(second!.event.sequence).toBeGreaterThan(first!.event.sequence);
  expect(second!.event.version).toBeGreaterThan(first!.event.version);
}, 60_000);

test('of its own referral the case system hears only what the EHR did with it, and knows it by its own number', async () => {
  const place = await open();
  const { ehr, receiver, adapter } = place;
  const body = example('platform', 'referral', 'adult-referred-by-gp');
  await fetch(`${adapter.url}/intake/platform/referral`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  await quiet(ehr, adapter);
  expect(receiver.calls).toEqual([]);
  const [at] = (await ehr.search('Task?_count=9')) as Task[];
  await ehr.put({ ...at!, status: 'on-hold', statusReason: { text: 'in hospital' } });
  await until(async () => receiver.calls.length > 0);
  await quiet(ehr, adapter);
  expect(receiver.calls.map(({ event }) => [event.reference, event.event])).toEqual([
    [`Task/${at!.id}`, 'resource.updated'],
  ]);
  const { event } = receiver.calls[0]!;
  const { referral } = JSON.parse(body) as { referral: { id: string } };
  expect(
    event.identifiers![(event.resource as Task).focus!.reference as `${string}/${string}`],
  ).toContainEqual({
    system: 'https://hedgerow.example/fhir/Id/platform/referral',
    value: referral.id,
  });
}, 60_000);

test('a withdrawal is told to the case system that holds a copy, and after it nothing more of the person', async () => {
  const place = await open();
  const { ehr, receiver, adapter } = place;
  await refer(ehr);
  await received(place);
  await ehr.put(consent('p1', 'inactive'));
  await until(async () => heardOf(place, 'Consent').length === 2);
  await ehr.put({ ...task('t-p1', 'r-p1', 'p1'), status: 'received' });
  await until(async () => (await adapter.store.counts()).targets.some(({ held }) => held > 0));
  await quiet(ehr, adapter);
  expect(receiver.calls.at(-1)!.event).toMatchObject({
    event: 'resource.updated',
    resource: { resourceType: 'Consent', status: 'inactive' },
  });
  expect(heardOf(place, 'Task')).toEqual(['resource.created']);
}, 60_000);

test('an erasure is told of each thing that the case system was sent, the person last', async () => {
  const place = await open();
  const { ehr, receiver, adapter } = place;
  await refer(ehr);
  await received(place);
  await quiet(ehr, adapter);
  const before = receiver.calls.flatMap(({ event }) => (event.person ? [event.reference] : []));
  await adapter.store.erasePerson(personIn(place), 'test', Date.now());
  await refer(ehr, 'p2', '9990000026'); // others go on as ever
  const deleted = (): WebhookEvent[] =>
    receiver.calls.flatMap(({ event }) => (event.event === 'resource.deleted' ? [event] : []));
  await until(async () => deleted().length === before.length);
  const gone = deleted();
  expect(gone.map((event) => event.reference).toSorted()).toEqual(before.toSorted());
  expect(gone.at(-1)!.reference).toMatch(/^Patient\//);
  expect(gone.some((event) => 'resource' in event)).toBe(false);
}, 60_000);

test('what another source says stays there, but for the withdrawal of a person whom the case system holds', async () => {
  const place = await open();
  const { ehr, receiver, adapter } = place;
  await refer(ehr);
  await received(place);
  await quiet(ehr, adapter);
  const heard = receiver.calls.length;
  const other = { ...person('q1'), id: idOf('q1') };
  expect(await sayElse(adapter, 'Q1', other, { ...request('x', other.id), id: idOf('x') })).toMatchObject({
    state: 'committed',
  });
  await quiet(ehr, adapter);
  expect(receiver.calls.slice(heard)).toEqual([]);
  await sayElse(adapter, 'Q2', { ...consent(other.id, 'inactive'), id: idOf('withdrawal') });
  await until(async () => receiver.calls.length > heard);
  await quiet(ehr, adapter);
  expect(receiver.calls.slice(heard).map(({ event }) => [event.reference, event.person])).toEqual([
    [`Consent/${idOf('withdrawal')}`, personIn(place)],
  ]);
}, 60_000);

test('a referral of a person who came from elsewhere brings the person along, and nothing else of theirs', async () => {
  const place = await open();
  const { ehr, receiver, adapter } = place;
  const known = { ...person('q1'), id: idOf('q1') };
  const agreed = { ...consent(known.id), id: idOf('agreed') };
  const older = { ...request('x', known.id), id: idOf('x') };
  expect(await sayElse(adapter, 'Q1', known, agreed, older)).toMatchObject({ state: 'committed' });
  await until(() => ehr.read(`Patient/${known.id}`));
  await ehr.put(request('r1', known.id));
  await ehr.put(task('t1', 'r1', known.id));
  await received(place);
  await quiet(ehr, adapter);
  const told = receiver.calls.map(({ event }) => event.reference);
  expect(told[0]).toBe(`Patient/${known.id}`);
  expect(told.map((reference) => reference.split('/')[0])).toEqual(['Patient', 'ServiceRequest', 'Task']);
  expect(told).not.toContain(`ServiceRequest/${older.id}`);
}, 60_000);

test('without its secret, or with a source that is not there, the adapter does not start, and says what to change', async () => {
  const ehr = await startEhr();
  const target = {
    kind: 'webhook',
    name: 'link-workers',
    url: 'http://127.0.0.1:9/',
    secretEnv: 'NOT_SET_ANYWHERE',
  };
  await expect(startAdapter(ehr, RECEIVE, [target])).rejects.toMatchObject({
    outcome: { issue: [{ details: { coding: [{ code: 'config-secret' }] } }] },
  });
  const other = { ...target, secretEnv: SECRET_ENV, sources: ['plattform'] };
  await expect(startAdapter(ehr, RECEIVE, [other])).rejects.toMatchObject({
    outcome: { issue: [{ details: { coding: [{ code: 'config-target-source' }] } }] },
  });
});
