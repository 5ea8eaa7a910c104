/** Does a whole referral as a stranger would: with clients that others have written, on a running adapter, with a token of SMART Backend Services. */
import type { Bundle, OperationOutcome, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { STRANGERS } from './clients.ts';
import { openSecured } from './secured.ts';

const CASE = 'https://case.example/id';
const SNOMED = 'http://snomed.info/sct';
const REFERRAL = { coding: [{ system: SNOMED, code: '871731000000106' }] };

function patientOf(value: string): Patient {
  return {
    resourceType: 'Patient',
    identifier: [{ system: CASE, value }],
    name: [{ family: 'Testperson', given: ['Avery'] }],
    birthDate: '1951-04-03',
  };
}

for (const [name, open] of Object.entries(STRANGERS)) {
  test(`${name} does a whole referral`, async () => {
    const { base, token } = await openSecured();
    const client = open(base, await token());

    const capability = await client.capability();
    expect(capability.resourceType).toBe('CapabilityStatement');

    const patient = await client.create(patientOf('A1'));
    expect(patient.id).toMatch(/^[A-Za-z0-9.-]{1,64}$/);
    const subject = { reference: `Patient/${patient.id}` };

    const sent = await client.transaction(referralOf(subject));
    expect(sent.entry?.map(({ response }) => response?.status?.slice(0, 3))).toEqual(['201', '201']);
    const [referralId, taskId] = sent.entry!.map(({ response }) => idIn(response?.location));

    const found = await client.search(
      'ServiceRequest',
      `patient=${patient.id}&_include=ServiceRequest:subject`,
    );
    expect(found.entry?.map(({ search, resource }) => [search?.mode, resource?.id])).toEqual([
      ['match', referralId],
      ['include', patient.id],
    ]);

    const task = (await client.read('Task', taskId!)) as Task & { id: string };
    expect(task.focus?.reference).toBe(`ServiceRequest/${referralId}`);
    const accepted = await client.update({ ...task, status: 'accepted' });
    expect(accepted).toMatchObject({ status: 'accepted', focus: task.focus });

    const patched = await client.patch('Task', taskId!, [
      { op: 'replace', path: '/status', value: 'in-progress' },
    ]);
    expect(patched).toMatchObject({ resourceType: 'Task', status: 'in-progress' });

    const first = (await client.vread('Task', taskId!, task.meta!.versionId!)) as Task;
    expect(first.status).toBe('requested');
    const history = await client.history('Task', taskId!);
    expect(history.entry?.map(({ resource }) => (resource as Task | undefined)?.status)).toEqual([
      'in-progress',
      'accepted',
      'requested',
    ]);

    const everything = await client.everything(patient.id);
    expect(everything.entry?.map(({ resource }) => resource?.resourceType)).toEqual(
      expect.arrayContaining(['Patient', 'ServiceRequest', 'Task']),
    );

    const verdict = (await client.validate({ resourceType: 'Task' } as Task)) as OperationOutcome;
    expect(verdict.issue.some(({ severity }) => severity === 'error')).toBe(true);

    const wrong = await client.create(patientOf('A2'));
    await client.remove('Patient', wrong.id);
    await expect(client.read('Patient', wrong.id)).rejects.toThrow();
    expect((await client.search('Patient', `identifier=${CASE}|A2`)).entry ?? []).toEqual([]);
  });

  test(`${name} is told what to change`, async () => {
    const { base, token } = await openSecured();
    const client = open(base, await token());
    const faulty = { resourceType: 'ServiceRequest', status: 'activ', intent: 'order' } as never;
    const told = (await client.create(faulty).catch(outcomeIn)) as OperationOutcome;
    expect(told.resourceType).toBe('OperationOutcome');
    const issues = told.issue.map((issue) => [issue.expression?.[0], ruleOf(issue) !== undefined]);
    expect(issues).toEqual(
      expect.arrayContaining([
        ['ServiceRequest.status', true],
        ['ServiceRequest.subject', true],
      ]),
    );
  });
}

/** A referral and the task for it, which names it by the address it has in the Bundle. */
function referralOf(subject: { reference: string }): Bundle {
  const fullUrl = 'urn:uuid:7d1f3cf0-6d3c-4b9e-8a53-0f6f8ab0c001';
  const referral: ServiceRequest = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject,
    authoredOn: '2026-05-04',
    code: REFERRAL,
  };
  const task: Task = {
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    for: subject,
    focus: { reference: fullUrl },
    authoredOn: '2026-05-04T10:00:00Z',
  };
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl, resource: referral, request: { method: 'POST', url: 'ServiceRequest' } },
      { resource: task, request: { method: 'POST', url: 'Task' } },
    ],
  };
}

function idIn(location: string | undefined): string | undefined {
  return /\/([A-Za-z0-9.-]+)\/_history\/\d+$/.exec(location ?? '')?.[1];
}

/** Each client keeps the server's outcome in an error of its own. */
function outcomeIn(error: unknown): unknown {
  const { outcome, response, body } = error as Record<string, unknown>;
  const data = (response as { data?: unknown; body?: unknown } | undefined)?.data ?? body;
  return outcome ?? data ?? JSON.parse(/\{.*\}/s.exec(String(error))?.[0] ?? '{}');
}
