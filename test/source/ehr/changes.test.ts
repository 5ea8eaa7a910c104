/** Changes that are made in an EHR: taken in, merged with ours, or put before a person; never written over unseen. */
import type { Consent, Patient, Provenance, ServiceRequest } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Adapter } from '../../../src/cli/adapter.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Conflict, Identified } from '../../../src/store/store.ts';
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

const ID = '5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1b11';
const CONSENT = '5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1b12';
const person = (more: Partial<Patient> = {}): Identified => ({
  resourceType: 'Patient',
  id: ID,
  identifier: [{ system: 'https://case.example/person', value: 'P1' }],
  name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
  telecom: [{ system: 'phone', use: 'home', value: '01632 960001' }],
  gender: 'unknown',
  birthDate: '1950-02-01',
  ...more,
});
const code = (system: string, value: string) => ({ coding: [{ system, code: value }] });
const consent: Identified = {
  resourceType: 'Consent',
  id: CONSENT,
  status: 'active',
  scope: code('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
  category: [code('https://hedgerow.example/fhir/CodeSystem/consent-purpose', 'share-gp')],
  dateTime: '2025-01-01T00:00:00Z',
  patient: { reference: `Patient/${ID}` },
  policyRule: code('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'OPTIN'),
  provision: {
    type: 'permit',
    code: [code('https://hedgerow.example/fhir/CodeSystem/consent-extent', 'full')],
  },
};
const KEY = `Patient/${ID}`;
/** Looks when it is told to, and not between. */
const BY_HOOK = { mode: 'subscribe', everySeconds: 3_600, secretEnv: HOOK_SECRET_ENV };

async function started(
  more: object = {},
): Promise<{ ehr: Ehr; adapter: Adapter; here: () => Promise<Patient> }> {
  const ehr = await startEhr();
  const adapter = await startAdapter(ehr, { ...RECEIVE, ...more });
  expect(await say(adapter, 'P1', person(), consent)).toMatchObject({ state: 'committed' });
  await until(() => ehr.read(KEY));
  await quiet(ehr, adapter);
  return { ehr, adapter, here: async () => (await adapter.store.read('Patient', ID))!.resource as Patient };
}
async function parked(adapter: Adapter): Promise<void> {
  await until(
    async () => (await adapter.store.worklist({ kind: 'parked', open: true, count: 5 })).length > 0,
  );
}

/** A user of the EHR changes what it holds. */
async function edit(ehr: Ehr, change: Partial<Patient>): Promise<void> {
  await ehr.put({ ...((await ehr.read(KEY)) as Patient), ...change });
}

test('takes a change over, says who made it, and does not send it back', async () => {
  const { ehr, adapter, here } = await started();
  await edit(ehr, { gender: 'female', generalPractitioner: [{ reference: 'Practitioner/gp-7' }] });
  await until(async () => (await here()).gender === 'female');
  expect((await here()).generalPractitioner).toEqual([{ reference: `${ehr.url}/Practitioner/gp-7` }]); // not to be had there
  expect((await quiet(ehr, adapter))[KEY]).toBe('2');
  const { versions } = await adapter.store.search({ type: 'Provenance', clauses: [], count: 100 });
  const told = versions
    .map(({ resource }) => resource as Provenance)
    .find(({ target }) => target.some(({ reference }) => reference === `${KEY}/_history/2`));
  expect(told?.agent.map(({ who }) => who?.identifier?.value)).toEqual(['ehr', 'hedgerow']);
}, 60_000);

test('a source that says again what it said takes nothing back; what it says anew goes out beside the change', async () => {
  const { ehr, adapter, here } = await started();
  await edit(ehr, { gender: 'female' });
  await until(async () => (await here()).gender === 'female');
  await say(adapter, 'P1', person({ birthDate: '1950-02-02' }), consent);
  await quiet(ehr, adapter);
  expect(await here()).toMatchObject({ gender: 'female', birthDate: '1950-02-02' });
  expect(await ehr.read(KEY)).toMatchObject({ gender: 'female', birthDate: '1950-02-02' });
}, 60_000);

test('changes of both sides at once are merged, and both sides hold the merge', async () => {
  const { ehr, adapter, here } = await started(BY_HOOK);
  await edit(ehr, { gender: 'female' });
  await say(adapter, 'P1', person({ birthDate: '1950-02-02' }), consent); // its delivery meets another version there
  await parked(adapter);
  await hook(adapter);
  await until(async () => ((await ehr.read(KEY)) as Patient).birthDate === '1950-02-02');
  await quiet(ehr, adapter);
  expect(await here()).toMatchObject({ gender: 'female', birthDate: '1950-02-02' });
  expect(await ehr.read(KEY)).toMatchObject({ gender: 'female', birthDate: '1950-02-02' });
  expect(
    (await adapter.store.counts()).work.filter(({ open, kind }) => open > 0 && kind !== 'warning'),
  ).toEqual([]);
}, 60_000);

test('what was changed there before consent was withdrawn is merged too: that less may go now makes no conflict', async () => {
  const { adapter, ehr, here } = await started(BY_HOOK);
  await edit(ehr, { gender: 'female' });
  const withdrawn = { ...consent, status: 'inactive', provision: { type: 'deny' } } as Identified;
  await say(adapter, 'P1', person({ birthDate: '1950-02-02' }), withdrawn);
  await until(async () => ((await ehr.read(`Consent/${CONSENT}`)) as Consent).status === 'inactive');
  await hook(adapter);
  await until(async () => (await here()).gender === 'female');
  expect(await here()).toMatchObject({ birthDate: '1950-02-02' });
  expect(await ehr.read(KEY)).toMatchObject({ gender: 'female', birthDate: '1950-02-01' });
  expect(await adapter.store.worklist({ kind: 'conflict', open: true, count: 5 })).toEqual([]);
}, 60_000);

test('the same changed differently on both sides is a conflict: neither is written over, and a person gets both', async () => {
  const { ehr, adapter, here } = await started(BY_HOOK);
  await edit(ehr, { gender: 'female', birthDate: '1950-03-03' });
  await say(
    adapter,
    'P1',
    person({ gender: 'male', name: [{ use: 'official', family: 'Other', given: ['Robin'] }] }),
    consent,
  );
  await parked(adapter);
  await hook(adapter);
  await until(
    async () => (await adapter.store.worklist({ kind: 'conflict', open: true, count: 5 })).length > 0,
  );
  const [item, ...others] = await adapter.store.worklist({ kind: 'conflict', open: true, count: 5 });
  expect(others).toEqual([]);
  expect(item).toMatchObject({ resource: KEY, target: 'ehr' });
  expect(item?.outcome.issue.map((issue) => [ruleOf(issue), issue.expression])).toEqual([
    ['store-conflict', ['Patient.gender']],
  ]);
  expect(JSON.stringify(item?.outcome)).not.toContain('male');
  const { ours, theirs, proposed } = (await adapter.store.refusedRecord(item!.id))!.payload as Conflict;
  expect([(ours as Patient).gender, (theirs as Patient).gender]).toEqual(['male', 'female']);
  expect(proposed).toMatchObject({ gender: 'male', birthDate: '1950-03-03', name: [{ family: 'Other' }] });
  expect([(await here()).gender, ((await ehr.read(KEY)) as Patient).gender]).toEqual(['male', 'female']);
  // the EHR gives way: what is left is merged, and the item is settled
  await edit(ehr, { gender: 'male' });
  await hook(adapter);
  await until(async () => (await here()).birthDate === '1950-03-03');
  await quiet(ehr, adapter);
  expect(await ehr.read(KEY)).toMatchObject({
    gender: 'male',
    birthDate: '1950-03-03',
    name: [{ family: 'Other' }],
  });
  expect(await adapter.store.worklist({ kind: 'conflict', open: true, count: 5 })).toEqual([]);
  expect(await adapter.store.worklist({ kind: 'parked', open: true, count: 5 })).toEqual([]);
}, 60_000);

test('what was born in the EHR gets an id of ours, comes with what it refers to, and keeps its identifiers', async () => {
  const { ehr, adapter } = await started();
  await ehr.put({ resourceType: 'Practitioner', id: 'gp-1', name: [{ family: 'Doctor' }] });
  await ehr.put({
    resourceType: 'ServiceRequest',
    id: 'born-there',
    identifier: [{ system: 'https://ehr.example/request', value: 'R-1' }],
    status: 'active',
    intent: 'order',
    code: code('http://snomed.info/sct', '871731000000106'),
    subject: { reference: `Patient/${ID}` },
    requester: { reference: 'Practitioner/gp-1' },
    authoredOn: '2025-03-01T09:00:00Z',
    reasonCode: [{ text: 'Feeling lonely' }],
    performer: [{ display: 'Example Link Workers' }],
  });
  const found = async (): Promise<ServiceRequest | undefined> =>
    (await adapter.store.search({ type: 'ServiceRequest', clauses: [], count: 2 })).versions[0]
      ?.resource as ServiceRequest;
  await until(found);
  const request = (await found())!;
  expect(request.id).not.toBe('born-there');
  expect(request.identifier).toEqual([{ system: 'https://ehr.example/request', value: 'R-1' }]);
  expect(request.subject.reference).toBe(KEY);
  const requester = request.requester!.reference!;
  expect(
    (await adapter.store.read('Practitioner', requester.slice('Practitioner/'.length)))?.resource,
  ).toMatchObject({ name: [{ family: 'Doctor' }] });
  const versions = await adapter.store.search({ type: 'Provenance', clauses: [], count: 100 });
  const told = versions.versions
    .map(({ resource }) => resource as Provenance)
    .find(({ target }) => target[0]?.reference?.startsWith('ServiceRequest/'));
  expect(told?.agent[0]?.who?.reference).toBe(requester);
  expect((await quiet(ehr, adapter))['ServiceRequest/born-there']).toBe('1');
}, 60_000);
