/** /metadata is held to the writes: what the statement claims of each type is done, and what it does not claim is refused. */
import type {
  Bundle,
  CapabilityStatement,
  CapabilityStatementRestResource,
  Resource,
} from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { STORED_TYPES, type StoredType } from '../../src/fhir/definitions.ts';
import { startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, send } from './write-client.ts';

/** What others refer to. */
interface Around {
  readonly subject: { reference: string };
  readonly actor: { reference: string };
}

const CODE = { text: 'Walks' };
/** Of each type, what R4 and the domain ask of it. */
const LEAST: Readonly<Record<StoredType, (around: Around) => object>> = {
  Appointment: ({ subject }) => ({
    status: 'proposed',
    participant: [{ actor: subject, status: 'needs-action' }],
  }),
  CarePlan: ({ subject }) => ({ status: 'active', intent: 'plan', subject }),
  Condition: ({ subject }) => ({ code: CODE, subject }),
  Consent: ({ subject }) => ({
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: subject,
    policyRule: { text: 'Local policy' },
  }),
  Encounter: ({ subject }) => ({
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject,
  }),
  EpisodeOfCare: ({ subject }) => ({ status: 'active', patient: subject }),
  Flag: ({ subject }) => ({ status: 'active', code: CODE, subject }),
  Goal: ({ subject }) => ({ lifecycleStatus: 'active', description: CODE, subject }),
  Group: ({ subject }) => ({ type: 'person', actual: true, member: [{ entity: subject }] }),
  HealthcareService: () => ({ name: 'Walking group' }),
  Location: () => ({ name: 'Hall' }),
  Observation: ({ subject }) => ({ status: 'final', code: CODE, subject }),
  Organization: () => ({ name: 'Elm Surgery' }),
  Patient: () => ({ name: [{ family: 'Abara' }] }),
  Practitioner: () => ({ name: [{ family: 'Gee' }] }),
  PractitionerRole: () => ({ active: true }),
  Procedure: ({ subject }) => ({ status: 'completed', code: CODE, subject }),
  Provenance: ({ subject, actor }) => ({
    target: [subject],
    recorded: '2026-01-05T10:00:00Z',
    agent: [{ who: actor }],
  }),
  Questionnaire: () => ({ status: 'active' }),
  QuestionnaireResponse: ({ subject }) => ({ status: 'completed', subject }),
  RelatedPerson: ({ subject }) => ({ patient: subject }),
  Schedule: ({ actor }) => ({ actor: [actor] }),
  ServiceRequest: ({ subject }) => ({ status: 'active', intent: 'order', code: CODE, subject }),
  Slot: () => ({
    schedule: { reference: 'Schedule/s1' },
    status: 'free',
    start: '2026-01-05T10:00:00Z',
    end: '2026-01-05T11:00:00Z',
  }),
  Task: ({ subject }) => ({ status: 'requested', intent: 'order', for: subject }),
  VerificationResult: ({ actor }) => ({ target: [actor], status: 'attested' }),
};

async function place(): Promise<{ adapter: TestAdapter; around: Around; said: CapabilityStatement }> {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const { id: doctor } = await created(adapter, { resourceType: 'Practitioner', name: [{ family: 'Gee' }] });
  const around = {
    subject: { reference: `Patient/${id}` },
    actor: { reference: `Practitioner/${doctor}` },
  };
  await send(adapter, 'PUT', '/Schedule/s1', { resourceType: 'Schedule', id: 's1', actor: [around.actor] });
  const said = (await (await adapter.get(`${BASE}/metadata`)).json()) as CapabilityStatement;
  return { adapter, around, said };
}

const codesOf = ({
  interaction = [],
}: {
  interaction?: { code?: string }[] | undefined;
}): Set<string | undefined> => new Set(interaction.map(({ code }) => code));

/** One after the other on one resource, each step as its interaction answers it. */
async function walk(adapter: TestAdapter, type: StoredType, least: object): Promise<Record<string, unknown>> {
  const body = { resourceType: type, ...least };
  const ask = (method: string, path: string, sent?: unknown, headers = {}): Promise<Response> =>
    send(adapter, method, `/${type}${path}`, sent, headers);
  const made = await ask('POST', '', body);
  const text = await made.text();
  expect([type, made.status, text]).toEqual([type, 201, expect.any(String)]);
  const { id } = JSON.parse(text) as Resource;
  const path = `/${id}`;
  const patch = [{ op: 'add', path: '/language', value: 'en' }];
  const patching = { 'Content-Type': 'application/json-patch+json' };
  const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
  return {
    create: made.status,
    'conditional create': await status(ask('POST', '', body, { 'If-None-Exist': `_id=${id}` })),
    update: await status(ask('PUT', path, { ...body, id, language: 'fr' })),
    'versioned update': await status(ask('PUT', path, { ...body, id }, { 'If-Match': 'W/"1"' })),
    patch: await status(ask('PATCH', path, patch, patching)),
    'conditional update': await status(ask('PUT', `?_id=${id}`, { ...body, language: 'de' })),
    'conditional read': await status(adapter.get(`${BASE}/${type}${path}`, { 'If-None-Match': 'W/"4"' })),
    'update as create': await status(ask('PUT', `${path}-own`, { ...body, id: `${id}-own` })),
    'conditional delete': await status(ask('DELETE', `?_id=${id}-own`)),
    delete: await status(ask('DELETE', path)),
    'read what is deleted': await status(adapter.get(`${BASE}/${type}${path}`)),
  };
}

test('does of every stored type what is claimed', async () => {
  const { adapter, around, said } = await place();
  const stated = said.rest?.[0]?.resource ?? [];
  for (const type of STORED_TYPES) {
    const claimed = stated.find((one) => one.type === type)!;
    expect([type, claimed]).toEqual([type, expect.objectContaining(CLAIMED)]);
    const codes = codesOf(claimed);
    for (const code of ['create', 'update', 'patch', 'delete'])
      expect([type, [...codes]]).toEqual([type, expect.arrayContaining([code])]);
    expect([type, await walk(adapter, type, LEAST[type](around))]).toEqual([type, DONE]);
  }
});

const CLAIMED: Partial<CapabilityStatementRestResource> = {
  ...{ versioning: 'versioned-update', updateCreate: true, conditionalCreate: true, conditionalUpdate: true },
  ...{ conditionalDelete: 'single', conditionalRead: 'full-support', readHistory: true },
};
const DONE = {
  create: 201,
  'conditional create': 200,
  update: 200,
  'versioned update': 412,
  patch: 200,
  'conditional update': 200,
  'conditional read': 304,
  'update as create': 201,
  'conditional delete': 204,
  delete: 204,
  'read what is deleted': 410,
};

test('refuses with an outcome what is not claimed of a type, and types that are not served', async () => {
  const { adapter, said } = await place();
  const stated = new Map<string, ReturnType<typeof codesOf>>(
    (said.rest?.[0]?.resource ?? []).map((one) => [one.type!, codesOf(one)]),
  );
  const asked = [
    ['create', 'POST', ''],
    ['update', 'PUT', '/x'],
    ['patch', 'PATCH', '/x'],
    ['delete', 'DELETE', '/x'],
  ] as const;
  for (const type of new Set([...stated.keys(), 'Medication', 'AuditEvent', 'Binary', 'patient']))
    for (const [code, method, path] of asked) {
      if (stated.get(type)?.has(code)) continue;
      const body = method === 'DELETE' ? undefined : { resourceType: type, id: 'x' };
      const answer = await send(adapter, method, `/${type}${path}`, body);
      expect([type, code, answer.status]).toEqual([type, code, expect.toBeOneOf([400, 404, 405])]);
      expect(((await answer.json()) as Resource).resourceType).toBe('OperationOutcome');
    }
  for (const [method, path] of [
    ['DELETE', '/Patient/x/_history'],
    ['DELETE', '/Patient/x/_history/1'],
    ['PUT', '/metadata'],
    ['PUT', '/Patient/x/_history/1'],
    ['DELETE', ''],
  ] as const) {
    const answer = await send(adapter, method, path, method === 'PUT' ? ADA : undefined);
    expect([method, path, answer.status]).toEqual([method, path, expect.toBeOneOf([400, 404, 405])]);
    expect(((await answer.json()) as Resource).resourceType).toBe('OperationOutcome');
  }
});

test('takes batches and transactions, as is claimed of the system', async () => {
  const { adapter, said } = await place();
  const codes = codesOf(said.rest?.[0] ?? {});
  for (const type of ['batch', 'transaction'] as const) {
    expect(codes).toContain(type);
    const bundle: Bundle = {
      resourceType: 'Bundle',
      type,
      entry: [{ resource: ADA, request: { method: 'POST', url: 'Patient' } }],
    };
    const answer = (await (await send(adapter, 'POST', '', bundle)).json()) as Bundle;
    expect([answer.type, answer.entry?.[0]?.response?.status]).toEqual([`${type}-response`, '201 Created']);
  }
});
