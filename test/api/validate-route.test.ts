/** $validate over HTTP: what is found in a resource, in which words, and what is no question that can be answered. */
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { checkInWorker } from '../../src/cli/validate/check-in-worker.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { commit, idOf, patient, recordOf } from '../store/samples.ts';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';
const PATIENT_PROFILE = 'https://hedgerow.example/fhir/StructureDefinition/social-prescribing-patient';
const FHIR_JSON = 'application/fhir+json';

/** @returns rule and expression of each issue of a check that could be done */
async function checked(answer: Response): Promise<(string | undefined)[]> {
  const outcome = (await answer.json()) as OperationOutcome;
  expect([answer.status, outcome.resourceType]).toEqual([200, 'OperationOutcome']);
  expect(answer.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return outcome.issue.map((issue) =>
    [issue.severity, ruleOf(issue), issue.expression?.[0]].filter(Boolean).join(' '),
  );
}

function validate(adapter: TestAdapter, path: string, resource: unknown): Promise<Response> {
  return adapter.post(`${BASE}${path}`, JSON.stringify(resource), FHIR_JSON);
}

const GOOD = { resourceType: 'Patient', gender: 'female' };
const BAD = { resourceType: 'Patient', gender: 'f', birthDate: '2001-02-30' };

test('says that all is well, in an outcome, for nothing is never an answer', async () => {
  const adapter = await startAdapter();
  for (const path of ['/$validate', '/Patient/$validate', '/Patient/$validate?mode=create&_format=json'])
    expect(await checked(await validate(adapter, path, GOOD))).toEqual(['information api-validate-well']);
});

test('answers 200 with every fault, each at its place', async () => {
  const adapter = await startAdapter();
  expect(await checked(await validate(adapter, '/Patient/$validate', BAD))).toEqual([
    'error fhir-code Patient.gender',
    'error fhir-date Patient.birthDate',
  ]);
});

test('takes Parameters, which may name profiles and a mode', async () => {
  const adapter = await startAdapter();
  const parameters = (...more: object[]) => ({
    resourceType: 'Parameters',
    parameter: [{ name: 'resource', resource: GOOD }, ...more],
  });
  expect(await checked(await validate(adapter, '/$validate', parameters()))).toEqual([
    'information api-validate-well',
  ]);
  const profiled = parameters({ name: 'profile', valueCanonical: PATIENT_PROFILE });
  expect(await checked(await validate(adapter, '/Patient/$validate', profiled))).toEqual([
    'warning invariant-sp-2 Patient',
  ]);
  const update = parameters({ name: 'mode', valueCode: 'update' });
  expect(await checked(await validate(adapter, '/Patient/$validate', update))).toEqual([
    'error api-validate-id Patient.id',
  ]);
  const itself = await validate(adapter, '/Parameters/$validate', parameters({ name: 'x', valueCode: ' ' }));
  expect(await checked(itself)).toEqual(['error fhir-empty Parameters.parameter[1].valueCode']);
});

test('asks of the profiles in the address too, each of them', async () => {
  const adapter = await startAdapter();
  const path = `/Patient/$validate?profile=${encodeURIComponent(PATIENT_PROFILE)}&profile=${encodeURIComponent('http://hl7.org/fhir/StructureDefinition/Observation')}`;
  expect(await checked(await validate(adapter, path, GOOD))).toEqual([
    'warning invariant-sp-2 Patient',
    'error profile-type Patient',
  ]);
});

test('holds the domain rules, across the resources of a Bundle and at their places in it', async () => {
  const adapter = await startAdapter();
  const system = 'https://fhir.nhs.uk/Id/nhs-number';
  const numbered = { resourceType: 'Patient', identifier: [{ system, value: '9990000019' }] };
  expect(await checked(await validate(adapter, '/$validate', numbered))).toEqual([
    'error hr-1 Patient.identifier[0].value',
  ]);
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        fullUrl: 'https://ehr.example/EpisodeOfCare/e',
        resource: {
          resourceType: 'EpisodeOfCare',
          id: 'e',
          status: 'finished',
          patient: { reference: 'Patient/p' },
          period: { start: '2026-01-01', end: '2026-02-01' },
        },
      },
      {
        fullUrl: 'https://ehr.example/Encounter/c',
        resource: {
          resourceType: 'Encounter',
          id: 'c',
          status: 'finished',
          class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
          episodeOfCare: [{ reference: 'EpisodeOfCare/e' }],
          period: { start: '2026-05-01T10:00:00Z' },
        },
      },
    ],
  };
  expect(await checked(await validate(adapter, '/Bundle/$validate', bundle))).toEqual([
    'warning hr-3 Bundle.entry[1].resource.period.start',
  ]);
});

test('checks a stored resource, and what is to take its place', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  const path = `${BASE}/Patient/${idOf('p')}/$validate`;
  expect(await checked(await adapter.get(path))).toEqual(['information api-validate-well']);
  const wrong = encodeURIComponent('http://hl7.org/fhir/StructureDefinition/Observation');
  expect(await checked(await adapter.get(`${path}?profile=${wrong}`))).toEqual([
    'error profile-type Patient',
  ]);
  const other = (resource: object) =>
    adapter.post(path, JSON.stringify({ ...GOOD, ...resource } as Resource), FHIR_JSON);
  expect(await checked(await other({ id: idOf('p') }))).toEqual(['information api-validate-well']);
  expect(await checked(await other({ id: 'another' }))).toEqual(['error api-validate-id Patient.id']);
  expect(await checked(await other({}))).toEqual(['error api-validate-id Patient.id']);
  const deletion = await adapter.post(`${path}?mode=delete`, '', FHIR_JSON);
  expect(await deletion.clone().text()).toContain('send the DELETE itself');
  expect(await checked(deletion)).toEqual(['error api-validate-delete']);
  await expectOutcome(await adapter.get(`${BASE}/Patient/none/$validate`), 404, 'api-not-found');
});

test.each([
  ['no JSON', '/$validate', '{"resourceType":', 400, 'read-json-syntax'],
  ['nothing', '/$validate', '', 400, 'read-json-syntax'],
  ['no resource', '/$validate', '[1]', 400, 'api-validate-resource'],
  ['Parameters without one', '/$validate', '{"resourceType":"Parameters"}', 400, 'api-validate-resource'],
  ['a type that R4 has not', '/$validate', '{"resourceType":"Patients"}', 400, 'fhir-unknown-type'],
  ['another type', '/Observation/$validate', '{"resourceType":"Patient"}', 400, 'api-validate-type'],
  ['an unknown mode', '/$validate?mode=guess', '{"resourceType":"Patient"}', 400, 'api-validate-mode'],
  ['a delete of no one', '/Patient/$validate?mode=delete', '', 400, 'api-validate-mode'],
  [
    'an unknown profile',
    '/$validate?profile=http://x.example/p',
    '{"resourceType":"Patient"}',
    400,
    'api-validate-profile',
  ],
  [
    'an unknown parameter',
    '/$validate?profil=x',
    '{"resourceType":"Patient"}',
    400,
    'api-validate-parameter',
  ],
  ['what is too deep', '/$validate', `${'['.repeat(70)}${']'.repeat(70)}`, 400, 'read-json-depth'],
  ['what is too long', '/$validate', ' '.repeat(10_000_001), 413, 'read-too-long'],
  ['a form that is not served', '/$validate?_format=ttl', '{"resourceType":"Patient"}', 406, 'api-format'],
])('refuses %s', async (_, path, body, status, rule) => {
  const adapter = await startAdapter();
  await expectOutcome(await adapter.post(BASE + path, body, FHIR_JSON), status, rule);
});

test('refuses what is neither JSON nor XML by its name, and other methods', async () => {
  const adapter = await startAdapter();
  const turtle = await adapter.post(`${BASE}/$validate`, '<Patient/>', 'text/turtle');
  await expectOutcome(turtle, 415, 'api-media-type');
  for (const path of ['/$validate', '/Patient/$validate'])
    await expectOutcome(await adapter.get(BASE + path), 405, 'api-method');
});

test('says how to add the package of a profile that is not known', async () => {
  const adapter = await startAdapter();
  const answer = await validate(adapter, '/$validate?profile=http://x.example/p%7C1.0', GOOD);
  const outcome = await expectOutcome(answer, 400, 'api-validate-profile');
  expect(outcome.issue[0]?.diagnostics).toMatch(/http:\/\/x\.example\/p\|1\.0.*"profiles add"/);
});

test('gives no value of a resource away, in the answer or in the log', async () => {
  const adapter = await startAdapter();
  const secret = { ...BAD, birthDate: 'Robin', name: [{ family: ['Robin'] }], telecom: 'Robin' };
  const answer = await validate(adapter, '/Patient/$validate', secret);
  expect(answer.status).toBe(200);
  expect((await answer.text()) + adapter.log.join('')).not.toContain('Robin');
});

test('checks a long body in a process of its own, as it checks a short one', async () => {
  const adapter = await startAdapter({ app: { checkLong: checkInWorker({ dataDir: '/nowhere' }) } });
  const contact = Array.from({ length: 10_000 }, () => ({ gender: 'f' }));
  const long = { ...GOOD, contact };
  const found = await validate(adapter, '/Patient/$validate', long);
  const rules = await checked(found);
  expect(rules.slice(0, 2)).toEqual([
    'error fhir-code Patient.contact[0].gender',
    'error fhir-code Patient.contact[1].gender',
  ]);
  expect([rules.length, rules.at(-1)]).toEqual([1_001, 'information api-validate-more']);
  const again = await validate(adapter, '/Observation/$validate', long);
  await expectOutcome(again, 400, 'api-validate-type');
});

test('gives up a check that takes too long, and goes on with the next', async () => {
  const limits = { longestMs: 1, idleMs: 1_000 };
  const check = checkInWorker({ dataDir: '/nowhere' }, limits);
  const asked = { type: undefined, id: undefined, mode: undefined, profiles: [] };
  const answers = [await check('{}', asked), await check('{}', asked)];
  expect(answers.map(({ status, issues }) => [status, ruleOf(issues[0]!)])).toEqual([
    [400, 'api-validate-costly'],
    [400, 'api-validate-costly'],
  ]);
});
