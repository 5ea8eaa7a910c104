/** Changes of a referral that are made in an EHR, one resource at a time, are held to the same table as a source's. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/fhir/digest.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createPipeline } from '../../src/pipeline.ts';
import type { CommitRecord, CommitResult, Identified, Store } from '../../src/store/store.ts';
import { contentOf } from '../../src/store/versions.ts';
import { idOf, NOW_MS, patient, recordOf } from '../store/samples.ts';
import { temporaryStore } from '../store/temporary.ts';
import { parts } from './shipped.ts';

const { rules } = createPipeline({
  ...parts,
  clock: () => NOW_MS,
  ownerOrg: () => 'X26',
  route: () => [],
});

const REQUEST = `ServiceRequest/${idOf('r')}` as const;

const request = (status: ServiceRequest['status']): Identified => ({
  resourceType: 'ServiceRequest',
  id: idOf('r'),
  status,
  intent: 'order',
  subject: { reference: `Patient/${idOf('p')}` },
});

const task = (status: Task['status'], more: Partial<Task> = {}): Identified => ({
  resourceType: 'Task',
  id: idOf('t'),
  status,
  intent: 'order',
  code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
  focus: { reference: REQUEST },
  for: { reference: `Patient/${idOf('p')}` },
  ...more,
});

const WITHDRAWN = {
  statusReason: {
    coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/referral-status', code: 'withdrawn' }],
  },
};

let minutes = 0;
/** Commits a change of one resource that an EHR shows. */
async function changeAtEhr(store: Store, resource: Identified): Promise<CommitResult | undefined> {
  minutes += 1;
  const held = (await store.read(resource.resourceType, resource.id))?.resource;
  const record: CommitRecord = recordOf([resource], {
    source: 'ehr',
    kind: resource.resourceType,
    key: resource.id,
    payload: { resource, minutes },
    sourceTimeMs: NOW_MS + minutes,
    received: {
      target: 'ehr',
      remoteId: resource.id,
      remoteVersion: String(minutes),
      base: held && contentOf(held),
      heldDigest: held && digestOf(contentOf(held)),
    },
  });
  return (await store.commit([record], rules, NOW_MS + minutes))[0];
}

async function stored(status: Task['status']): Promise<Store> {
  const store = await temporaryStore();
  const given = recordOf([
    patient('p'),
    request(status === 'completed' ? 'completed' : 'active'),
    task(status),
  ]);
  const [result] = await store.commit([given], rules, NOW_MS);
  expect(result?.state).toBe('committed');
  return store;
}

const statusOf = async (store: Store): Promise<unknown> =>
  ((await store.read('Task', idOf('t')))?.resource as Task | undefined)?.status;

const openRules = async (store: Store): Promise<unknown[]> =>
  (await store.worklist({ open: true, count: 9 })).map((item) => [
    item.kind,
    ruleOf(item.outcome.issue[0]!),
    item.resource,
  ]);

test('a step of the table is taken, and the steps that the EHR did not show are in the history', async () => {
  const store = await stored('requested');
  expect(await changeAtEhr(store, task('in-progress'))).toMatchObject({ state: 'committed' });
  const versions = await store.history('Task', idOf('t'), 9);
  expect(versions.map(({ resource }) => (resource as Task).status)).toEqual([
    'in-progress',
    'accepted',
    'requested',
  ]);
});

test('what cannot follow is refused, changes nothing here, and is on the worklist', async () => {
  const store = await stored('completed');
  expect(await changeAtEhr(store, task('in-progress'))).toMatchObject({ state: 'refused' });
  expect(await statusOf(store)).toBe('completed');
  expect(await openRules(store)).toEqual([['rejected', 'referral-transition', undefined]]);
});

for (const order of ['the Task first', 'the request first'])
  test(`an end that comes in two parts, ${order}, is at odds only until the second has come`, async () => {
    const store = await stored('in-progress');
    const parts = [task('failed', WITHDRAWN), request('revoked')];
    if (order === 'the request first') parts.reverse();
    await changeAtEhr(store, parts[0]!);
    expect(await openRules(store)).toEqual([['warning', 'referral-agreement', REQUEST]]);
    await changeAtEhr(store, parts[1]!);
    expect(await openRules(store)).toEqual([]);
    expect(await statusOf(store)).toBe('failed');
  });
