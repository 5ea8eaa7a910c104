/** What an EHR makes of a referral, told by the Task that comes back from it, is the state of that delivery. */
import type { Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Identified } from '../../../src/store/store.ts';
import { consent as consentOf } from '../../referral/sharing.ts';
import { type Ehr, quiet, RECEIVE, say, startAdapter, startEhr, until } from './adapters.ts';

const idOf = (last: string): string => `5e0b0f0e-3f5c-5b7e-9a53-0c7f8f7a1b${last}`;
const [PERSON, CONSENT] = [idOf('11'), idOf('12')];
const subject = { reference: `Patient/${PERSON}` };
const person: Identified = {
  resourceType: 'Patient',
  id: PERSON,
  name: [{ use: 'official', family: 'Example', given: ['Robin'] }],
};

/** A referral, and the Task that asks for it. */
function referred(request: string, task: string): [Identified, Identified] {
  const code = { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] };
  const focus = { reference: `ServiceRequest/${request}` };
  return [
    { resourceType: 'ServiceRequest', id: request, status: 'active', intent: 'order', subject },
    { resourceType: 'Task', id: task, status: 'requested', intent: 'order', code, focus, for: subject },
  ];
}

/** A user of the EHR says what becomes of a referral. */
async function answer(ehr: Ehr, task: string, change: Partial<Task>): Promise<void> {
  await ehr.put({ ...((await ehr.read(`Task/${task}`)) as Task), ...change });
}

test('a Task that comes back accepted, amended or rejected says so of the referral it is about, and of no other', async () => {
  const ehr = await startEhr();
  const adapter = await startAdapter(ehr, RECEIVE, [], { receipts: { by: 'task' } });
  const consent = { ...consentOf(), id: CONSENT, patient: subject } as Identified;
  const referrals = ['21', '22', '23', '24'].map((last) => [idOf(last), idOf(`3${last[1]}`)] as const);
  const resources = referrals.flatMap(([request, task]) => referred(request, task));
  expect(await say(adapter, 'P1', person, consent, ...resources)).toMatchObject({ state: 'committed' });
  await quiet(ehr, adapter);
  const filings = async (request: string): Promise<{ state: string; by: string }[]> => {
    const headers = { authorization: 'Bearer test' };
    const found = await fetch(`${adapter.url}/deliveries/filings/ServiceRequest/${request}`, { headers });
    return ((await found.json()) as { items: { state: string; by: string }[] }).items;
  };
  const states = async (): Promise<string[]> =>
    (await Promise.all(referrals.map(([request]) => filings(request)))).map(([one]) => String(one?.state));
  expect(await states()).toEqual(['sent', 'sent', 'sent', 'sent']);

  const [filed, amended, rejected] = referrals.map(([, task]) => task) as [string, string, string];
  await answer(ehr, filed, { status: 'accepted' });
  await answer(ehr, amended, { status: 'accepted', businessStatus: { coding: [{ code: 'amended' }] } });
  await answer(ehr, rejected, { status: 'rejected', statusReason: { text: 'no such service' } });
  await until(async () => !(await states()).slice(0, 3).includes('sent'));
  expect(await states()).toEqual(['filed', 'amended', 'rejected', 'sent']);
  expect(await filings(referrals[0]![0])).toMatchObject([{ target: 'ehr', by: 'task' }]);
}, 60_000);
