/** Two adapters with an EHR between them: what one says the other hears, and nothing is said twice. */
import type { Provenance, ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { example } from '../../api/adapter.ts';
import { only, quiet, say, startAdapter, startEhr, until } from './adapters.ts';

test('a referral goes from one adapter to the other, its answer comes back, and then the EHR is left alone', async () => {
  const ehr = await startEhr();
  const [a, b] = [await startAdapter(ehr), await startAdapter(ehr)];
  const sent = await fetch(`${a.url}/intake/platform/referral`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: example('platform', 'referral', 'adult-referred-by-gp'),
  });
  expect(sent.status).toBeLessThan(300);
  await until(() => only(b, 'Task'));
  const request = (await only(b, 'ServiceRequest')) as ServiceRequest;
  expect(await b.store.read('Patient', request.subject.reference!.slice('Patient/'.length))).toBeDefined();

  const task = (await only(b, 'Task')) as Task & { id: string };
  const ours = (await only(a, 'Task')) as Task & { id: string };
  expect([task.status, task.id === ours.id]).toEqual([ours.status, false]);
  const answered = { ...task, status: 'on-hold' as const, statusReason: { text: 'in hospital' } };
  expect(await say(b, 'T1', answered)).toMatchObject({ state: 'committed' });
  await until(async () => ((await only(a, 'Task')) as Task | undefined)?.status === 'on-hold');
  expect(((await a.store.read('Task', ours.id))!.resource as Task).statusReason?.text).toBe('in hospital');

  const before = await quiet(ehr, a, b);
  await new Promise((resolve) => setTimeout(resolve, 2_000)); // ten looks each
  expect(await quiet(ehr, a, b)).toEqual(before);
  expect(before[`Task/${ours.id}`]).toBe('2');
  for (const one of [a, b]) {
    const { work } = await one.store.counts();
    expect(
      work.filter(({ kind }) => kind === 'conflict' || kind === 'parked' || kind === 'rejected'),
    ).toEqual([]);
  }
  const said = (await ehr.search('Provenance?_count=1000')) as Provenance[];
  expect(said.length).toBeGreaterThan(0);
}, 60_000);
