/** Conflicts with an EHR and deletions there, decided over the worklist: both sides come to hold what was decided, and nothing echoes. */
import type { Bundle, Patient, Provenance, ServiceRequest } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import type { Adapter } from '../../../src/cli/adapter.ts';
import type { Identified, WorkItem, WorkKind } from '../../../src/store/store.ts';
import {
  type Ehr,
  HOOK_SECRET_ENV,
  hook,
  quiet,
  RECEIVE,
  say,
  startAdapter,
  startEhr,
  until,
} from './adapters.ts';
import { withHistory } from './with-history.ts';

const ID = '5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1c11';
const CONSENT = '5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1c12';
const REQUEST = '5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1c13';
const KEY = `Patient/${ID}`;
const REQUEST_KEY = `ServiceRequest/${REQUEST}`;
const code = (system: string, value: string) => ({ coding: [{ system, code: value }] });
const person = (more: Partial<Patient> = {}): Identified => ({
  resourceType: 'Patient',
  id: ID,
  identifier: [{ system: 'https://case.example/person', value: 'P1' }],
  name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
  gender: 'unknown',
  birthDate: '1950-02-01',
  ...more,
});
const consent: Identified = {
  resourceType: 'Consent',
  id: CONSENT,
  status: 'active',
  scope: code('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
  category: [code('https://hedgerow.example/fhir/CodeSystem/consent-purpose', 'share-gp')],
  dateTime: '2025-01-01T00:00:00Z',
  patient: { reference: KEY },
  policyRule: code('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
  provision: {
    type: 'permit',
    code: [code('https://hedgerow.example/fhir/CodeSystem/consent-extent', 'full')],
  },
};
const request = (more: Partial<ServiceRequest> = {}): Identified => ({
  resourceType: 'ServiceRequest',
  id: REQUEST,
  identifier: [{ system: 'https://case.example/referral', value: 'R1' }],
  status: 'active',
  intent: 'order',
  code: code('http://snomed.info/sct', '871731000000106'),
  subject: { reference: KEY },
  authoredOn: '2025-03-01T09:00:00Z',
  reasonCode: [{ text: 'Feeling lonely' }],
  performer: [{ display: 'Example Link Workers' }],
  ...more,
});
/** Looks when it is told to, and not between. */
const BY_HOOK = { ...RECEIVE, mode: 'subscribe', everySeconds: 3_600, secretEnv: HOOK_SECRET_ENV };

interface Sides {
  readonly ehr: Ehr;
  readonly adapter: Adapter;
}

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

async function started(receive: object, ...more: Identified[]): Promise<Sides> {
  const ehr = await startEhr();
  const adapter = await startAdapter(ehr, receive);
  expect(await say(adapter, 'P1', person(), consent, ...more)).toMatchObject({ state: 'committed' });
  await quiet(ehr, adapter);
  return { ehr, adapter };
}

const items = (adapter: Adapter, kind: WorkKind): Promise<readonly WorkItem[]> =>
  adapter.store.worklist({ kind, open: true, count: 9 });

function decide(adapter: Adapter, id: string, body: object): Promise<Response> {
  return fetch(`${adapter.url}/worklist/${id}/decide`, {
    method: 'POST',
    headers: { authorization: 'Bearer test', 'content-type': 'application/json' },
    body: JSON.stringify({ actor: 'Sam', ...body }),
  });
}

/** The EHR says female and another day, the case system male and another name. */
async function conflicting(): Promise<Sides & { work: string }> {
  const sides = await started(BY_HOOK);
  const { ehr, adapter } = sides;
  await ehr.put({ ...((await ehr.read(KEY)) as Patient), gender: 'female', birthDate: '1950-03-03' });
  await say(adapter, 'P1', person({ gender: 'male', name: [{ use: 'official', family: 'Other' }] }), consent);
  await until(async () => (await items(adapter, 'parked')).length > 0);
  await hook(adapter);
  await until(async () => (await items(adapter, 'conflict')).length > 0);
  return { ...sides, work: (await items(adapter, 'conflict'))[0]!.id };
}

test.each([
  ['ours', {}, 'male'],
  ['theirs', {}, 'female'],
  ['merge', { elements: { 'Patient.gender': 'theirs' } }, 'female'],
] as const)(
  'both sides hold what was decided: %s',
  async (choice, more, gender) => {
    const { ehr, adapter, work } = await conflicting();
    const shown = await fetch(`${adapter.url}/worklist/${work}`, {
      headers: { authorization: 'Bearer test' },
    });
    expect(await shown.json()).toMatchObject({
      next: { actions: ['assign', 'decide'], command: `npm run hedgerow -- decide ${work}` },
      payload: { conflicts: [{ path: 'Patient.gender', ours: 'male', theirs: 'female' }] },
    });
    const answer = await decide(adapter, work, { choice, ...more });
    expect([answer.status, await answer.json()]).toMatchObject([200, { result: { state: 'accepted' } }]);
    const before = await quiet(ehr, adapter);
    const expected = { gender, birthDate: '1950-03-03', name: [{ family: 'Other' }] };
    expect((await adapter.store.read('Patient', ID))?.resource).toMatchObject(expected);
    expect(await ehr.read(KEY)).toMatchObject(expected);
    await hook(adapter);
    expect(await quiet(ehr, adapter)).toEqual(before); // no echo
    expect([await items(adapter, 'conflict'), await items(adapter, 'parked')]).toEqual([[], []]);
    const { versions } = await adapter.store.search({ type: 'Provenance', clauses: [], count: 100 });
    const latest = (await adapter.store.read('Patient', ID))!.version;
    const told = versions
      .map(({ resource }) => resource as Provenance)
      .find(({ target }) => target.some(({ reference }) => reference === `${KEY}/_history/${latest}`));
    expect(told?.agent.map(({ who }) => who?.identifier?.value)).toEqual(['Sam', 'ehr', 'hedgerow']);
    expect((await decide(adapter, work, { choice })).status).toBe(409); // once
  },
  60_000,
);

test('what was amended by hand is held by both sides; what is not valid, or not in conflict, is refused', async () => {
  const { ehr, adapter, work } = await conflicting();
  for (const wrong of [
    { choice: 'merge', content: { ...person(), gender: 'no such code' } },
    { choice: 'merge', content: { ...person(), id: 'another' } },
    { choice: 'merge', elements: { 'Patient.name': 'theirs' } },
    { choice: 'ours', elements: { 'Patient.gender': 'theirs' } },
    { choice: 'restore' },
  ])
    expect((await decide(adapter, work, wrong)).status).toBe(400);
  expect((await items(adapter, 'conflict')).map(({ id }) => id)).toEqual([work]);
  expect(await items(adapter, 'rejected')).toEqual([]);
  const content = { ...person({ gender: 'other', birthDate: '1950-04-04' }) };
  expect((await decide(adapter, work, { choice: 'merge', content })).status).toBe(200);
  await quiet(ehr, adapter);
  for (const copy of [await ehr.read(KEY), (await adapter.store.read('Patient', ID))?.resource])
    expect(copy).toMatchObject({ gender: 'other', birthDate: '1950-04-04' });
}, 60_000);

test('a decision comes too late when the resource has changed: nothing is written, and the conflict is shown as it is now', async () => {
  const { ehr, adapter, work } = await conflicting();
  await say(
    adapter,
    'P1',
    person({ gender: 'other', name: [{ use: 'official', family: 'Other' }] }),
    consent,
  );
  const answer = await decide(adapter, work, { choice: 'theirs' });
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({
    issue: [{ details: { coding: [{ code: 'conflict-moved' }] } }],
  });
  expect((await adapter.store.read('Patient', ID))?.resource).toMatchObject({ gender: 'other' });
  const [now, ...others] = await items(adapter, 'conflict');
  expect([now!.id === work, others]).toEqual([false, []]);
  expect((await decide(adapter, now!.id, { choice: 'theirs' })).status).toBe(200);
  await quiet(ehr, adapter);
  expect(await ehr.read(KEY)).toMatchObject({ gender: 'female', name: [{ family: 'Other' }] });
}, 60_000);

test('a source that contradicts what the EHR changed is taken when a person says so, with all of its record', async () => {
  const { ehr, adapter } = await started(RECEIVE);
  await ehr.put({ ...((await ehr.read(KEY)) as Patient), gender: 'female' });
  const here = async (): Promise<Patient> => (await adapter.store.read('Patient', ID))!.resource as Patient;
  await until(async () => (await here()).gender === 'female');
  const record = [person({ gender: 'male' }), consent, request()] as const;
  expect(await say(adapter, 'P1', ...record)).toMatchObject({ state: 'refused' });
  const [item, ...others] = await items(adapter, 'conflict');
  expect([item?.target, item?.resource, others]).toEqual([undefined, KEY, []]);
  expect(await adapter.store.read('ServiceRequest', REQUEST)).toBeUndefined();
  expect((await decide(adapter, item!.id, { choice: 'theirs' })).status).toBe(200);
  await quiet(ehr, adapter);
  expect([(await here()).gender, ((await ehr.read(KEY)) as Patient).gender]).toEqual(['male', 'male']);
  expect(await ehr.read(REQUEST_KEY)).toBeDefined();
  expect(await items(adapter, 'conflict')).toEqual([]);
}, 60_000);

const BY_HISTORY = { ...RECEIVE, by: 'history' };

async function deletedThere(key: string, ...more: Identified[]): Promise<Sides & { work: string }> {
  const ehr = await startEhr();
  const front = await withHistory(ehr.url);
  undo.push(() => front.close());
  const adapter = await startAdapter(front, BY_HISTORY);
  expect(await say(adapter, 'P1', person(), consent, ...more)).toMatchObject({ state: 'committed' });
  await quiet(ehr, adapter);
  expect(await ehr.read(key)).toBeDefined();
  await front.remove(key);
  await until(async () => (await items(adapter, 'conflict')).length > 0);
  const [item, ...others] = await items(adapter, 'conflict');
  expect(others).toEqual([]);
  expect(item).toMatchObject({ resource: key, target: 'ehr', rule: 'store-deleted-there' });
  return { ehr, adapter, work: item!.id };
}

const here = async (adapter: Adapter): Promise<ServiceRequest> =>
  (await adapter.store.read('ServiceRequest', REQUEST))!.resource as ServiceRequest;

test('what was deleted there is not made there again unasked, however ours goes on; restored, it is there as it is here', async () => {
  const { ehr, adapter, work } = await deletedThere(REQUEST_KEY, request());
  const newer = request({ reasonCode: [{ text: 'Money worries' }] });
  expect(await say(adapter, 'P1', person(), consent, newer)).toMatchObject({ state: 'committed' });
  await until(async () => (await items(adapter, 'parked')).length > 0);
  await quiet(ehr); // what refers to it waits
  expect(await ehr.read(REQUEST_KEY)).toBeUndefined();
  expect((await items(adapter, 'conflict')).map(({ id }) => id)).toEqual([work]); // shown once
  const [parked] = await items(adapter, 'parked');
  const told = await fetch(`${adapter.url}/worklist/${parked!.id}`, {
    headers: { authorization: 'Bearer test' },
  });
  expect(await told.json()).toMatchObject({ next: { actions: ['assign', 'decide'] } });
  expect((await decide(adapter, work, { choice: 'theirs' })).status).toBe(400);
  expect((await decide(adapter, parked!.id, { choice: 'restore' })).status).toBe(200);
  await until(() => ehr.read(REQUEST_KEY));
  await quiet(ehr, adapter);
  expect(await ehr.read(REQUEST_KEY)).toMatchObject({ reasonCode: [{ text: 'Money worries' }] });
  expect([await items(adapter, 'conflict'), await items(adapter, 'parked')]).toEqual([[], []]);
  const history = (await (await fetch(`${ehr.url}/${REQUEST_KEY}/_history`)).json()) as Bundle;
  expect(history.entry).toHaveLength(3); // made, deleted, restored
}, 60_000);

test('what was deleted there and is marked as entered in error here stays deleted there, and is not told of again', async () => {
  const { ehr, adapter, work } = await deletedThere(REQUEST_KEY, request());
  const answer = await decide(adapter, work, { choice: 'entered-in-error' });
  expect([answer.status, await answer.json()]).toMatchObject([200, { result: { state: 'accepted' } }]);
  await quiet(ehr, adapter);
  expect((await here(adapter)).status).toBe('entered-in-error');
  expect(await ehr.read(REQUEST_KEY)).toBeUndefined();
  await say(adapter, 'P1', person(), consent, request()); // a source that repeats itself opens nothing again
  await quiet(ehr, adapter);
  expect((await here(adapter)).status).toBe('entered-in-error');
  expect(await ehr.read(REQUEST_KEY)).toBeUndefined();
  expect([await items(adapter, 'conflict'), await items(adapter, 'parked')]).toEqual([[], []]);
}, 60_000);

test('a person who was deleted there cannot be marked so, and can be restored', async () => {
  const { ehr, adapter, work } = await deletedThere(KEY);
  const answer = await decide(adapter, work, { choice: 'entered-in-error' });
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { issue: [{ details: { coding: [{ code: 'conflict-no-error-mark' }] } }] },
  ]);
  expect((await decide(adapter, work, { choice: 'restore' })).status).toBe(200);
  await until(() => ehr.read(KEY));
  await quiet(ehr, adapter);
  expect(await items(adapter, 'conflict')).toEqual([]);
}, 60_000);
