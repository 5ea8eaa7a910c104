/** Base R4 validation: single faults, each with its rule and place, and good resources without any. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createBaseValidator } from '../../src/validation/base-validator.ts';
import { consent, encounter, patient, response, serviceRequest, task } from './examples.ts';

const validator = createBaseValidator({ definitions: loadBaseDefinitions().structureDefinitions() });

/** @returns `rule @ expression` of each issue */
function found(resource: unknown): string[] {
  return validator
    .validate(resource as Resource)
    .map((issue) => `${ruleOf(issue)} @ ${issue.expression?.join()}`);
}

/** @returns a copy with one member set, by path; undefined removes it */
function spoilt(resource: Resource, path: string, value: unknown): unknown {
  const copy = structuredClone(resource) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  let at: Record<string, unknown> = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[keys.at(-1)!];
  else at[keys.at(-1)!] = value;
  return copy;
}

const SECRET = 'SecretSurname';
type Row = readonly [resource: Resource, path: string, value: unknown, expected: string];
const FAULTS: readonly Row[] = [
  // names and JSON form
  [patient, 'surname', SECRET, 'base-unknown-element @ Patient.surname'],
  [patient, 'name.0.surname', SECRET, 'base-unknown-element @ Patient.name[0].surname'],
  [patient, 'name', { family: SECRET }, 'base-cardinality @ Patient.name'],
  [patient, 'birthDate', ['1950-02-28'], 'base-cardinality @ Patient.birthDate'],
  [patient, 'name.0', SECRET, 'base-type @ Patient.name[0]'],
  [patient, 'active', 'true', 'base-type @ Patient.active'],
  [patient, 'telecom.0.rank', '1', 'base-type @ Patient.telecom[0].rank'],
  [patient, 'name.0.family', 7, 'base-type @ Patient.name[0].family'],
  [patient, 'deceased', true, 'base-unknown-element @ Patient.deceased'],
  [patient, 'resourceType', 'Citizen', 'base-unknown-type @ resourceType'],
  [patient, 'resourceType', 'Resource', 'base-unknown-type @ resourceType'],
  [patient, 'resourceType', 'HumanName', 'base-unknown-type @ resourceType'],
  [patient, 'contained', [{ resourceType: 'Citizen' }], 'base-unknown-type @ Patient.contained[0]'],
  // nothing where something should be
  [patient, 'birthDate', '', 'base-empty @ Patient.birthDate'],
  [patient, 'name.0.family', '   ', 'base-empty @ Patient.name[0].family'],
  [patient, 'name', [], 'base-empty @ Patient.name'],
  [patient, 'name.0', {}, 'base-empty @ Patient.name[0]'],
  [patient, 'gender', null, 'base-null @ Patient.gender'],
  [patient, 'name.0.given.1', null, 'base-null @ Patient.name[0].given[1]'],
  // dates and formats
  [patient, 'birthDate', '28/02/1950', 'base-format @ Patient.birthDate'],
  [patient, 'birthDate', '1950-2-28', 'base-format @ Patient.birthDate'],
  [patient, 'birthDate', '1950-02-29', 'base-date @ Patient.birthDate'],
  [patient, 'birthDate', '2025-02-31', 'base-date @ Patient.birthDate'],
  [patient, 'birthDate', '1950-02-28T00:00:00Z', 'base-format @ Patient.birthDate'],
  [patient, 'birthDate', '0000', 'base-format @ Patient.birthDate'],
  [patient, 'id', 'p 1', 'base-format @ Patient.id'],
  [patient, 'id', 'Patient:person:P1', 'base-format @ Patient.id'],
  [patient, 'id', 'x'.repeat(65), 'base-format @ Patient.id'],
  [patient, 'name.0.family', `${SECRET}\u0000`, 'base-format @ Patient.name[0].family'],
  [patient, 'identifier.0.system', 'nhs number', 'base-format @ Patient.identifier[0].system'],
  [patient, 'meta', { lastUpdated: '2025-01-01' }, 'base-format @ Patient.meta.lastUpdated'],
  [patient, 'telecom.0.rank', 0, 'base-number @ Patient.telecom[0].rank'],
  [patient, 'telecom.0.rank', 1.5, 'base-number @ Patient.telecom[0].rank'],
  // codes
  [patient, 'gender', 'F', 'base-code @ Patient.gender'],
  [patient, 'name.0.use', 'legal', 'base-code @ Patient.name[0].use'],
  [patient, 'telecom.0.system', 'mobile', 'base-code @ Patient.telecom[0].system'],
  // choices, invariants, references
  [patient, 'contact', [{ gender: 'male' }], 'base-pat-1 @ Patient.contact[0]'],
  [patient, 'telecom.0.system', undefined, 'base-cpt-2 @ Patient.telecom[0]'],
  [
    patient,
    'generalPractitioner.0.reference',
    'Patient/p2',
    'base-reference-type @ Patient.generalPractitioner[0].reference',
  ],
  [patient, 'extension', [{ url: 'https://example.org/x' }], 'base-ext-1 @ Patient.extension[0]'],
  [serviceRequest, 'status', undefined, 'base-required @ ServiceRequest.status'],
  [serviceRequest, 'intent', undefined, 'base-required @ ServiceRequest.intent'],
  [serviceRequest, 'subject', undefined, 'base-required @ ServiceRequest.subject'],
  [serviceRequest, 'status', 'open', 'base-code @ ServiceRequest.status'],
  [serviceRequest, 'intent', 'referral', 'base-code @ ServiceRequest.intent'],
  [serviceRequest, 'authoredOn', '2025-01-10T09:30', 'base-format @ ServiceRequest.authoredOn'],
  [serviceRequest, 'authoredOn', '2025-01-10T09:30:00', 'base-format @ ServiceRequest.authoredOn'],
  [serviceRequest, 'authoredOn', '2025-01-10T25:00:00Z', 'base-format @ ServiceRequest.authoredOn'],
  [serviceRequest, 'authoredOn', '2025-06-31T09:30:00Z', 'base-date @ ServiceRequest.authoredOn'],
  [
    serviceRequest,
    'subject.reference',
    'Patient:person:P1',
    'base-reference @ ServiceRequest.subject.reference',
  ],
  [serviceRequest, 'subject.reference', 'p1', 'base-reference @ ServiceRequest.subject.reference'],
  [serviceRequest, 'subject.reference', 'Patient/p 1', 'base-reference @ ServiceRequest.subject.reference'],
  [serviceRequest, 'subject.reference', 'Citizen/p1', 'base-reference @ ServiceRequest.subject.reference'],
  [
    serviceRequest,
    'subject.reference',
    'Organization/o1',
    'base-reference-type @ ServiceRequest.subject.reference',
  ],
  [serviceRequest, 'reasonCode', [], 'base-empty @ ServiceRequest.reasonCode'],
  [encounter, 'status', 'attended', 'base-code @ Encounter.status'],
  [encounter, 'class', undefined, 'base-required @ Encounter.class'],
  [encounter, 'period.end', '2025-02-01T10:45:00Z', 'base-per-1 @ Encounter.period'],
  [encounter, 'period.start', '2025-03-01 10:00', 'base-format @ Encounter.period.start'],
  [
    encounter,
    'episodeOfCare.0.reference',
    'Task/t1',
    'base-reference-type @ Encounter.episodeOfCare[0].reference',
  ],
  [encounter, 'length.value', '45', 'base-type @ Encounter.length.value'],
  [encounter, 'type.0.coding', { code: '185317003' }, 'base-cardinality @ Encounter.type[0].coding'],
  [response, 'status', 'done', 'base-code @ QuestionnaireResponse.status'],
  [response, 'item.0.linkId', undefined, 'base-required @ QuestionnaireResponse.item[0].linkId'],
  [
    response,
    'item.0.answer.0.valueInteger',
    2.5,
    'base-number @ QuestionnaireResponse.item[0].answer[0].valueInteger',
  ],
  [
    response,
    'item.0.answer.0.valueString',
    SECRET,
    'base-choice @ QuestionnaireResponse.item[0].answer[0].valueString',
  ],
  [
    response,
    'item.0.answer.0.value',
    2,
    'base-unknown-element @ QuestionnaireResponse.item[0].answer[0].value',
  ],
  [
    response,
    'item.0.answer.0',
    { valueHumanName: {} },
    'base-unknown-element @ QuestionnaireResponse.item[0].answer[0].valueHumanName',
  ],
  [response, 'item.0.answer', [], 'base-empty @ QuestionnaireResponse.item[0].answer'],
  [
    response,
    'item.0',
    { linkId: 'g', item: [{ linkId: '1.1', answer: [{ valueDate: '2025-02-30' }] }] },
    'base-date @ QuestionnaireResponse.item[0].item[0].answer[0].valueDate',
  ],
  [response, 'authored', 'March 2025', 'base-format @ QuestionnaireResponse.authored'],
  [consent, 'status', 'given', 'base-code @ Consent.status'],
  [consent, 'scope', undefined, 'base-required @ Consent.scope'],
  [consent, 'category', undefined, 'base-required @ Consent.category'],
  [consent, 'policyRule', undefined, 'base-ppc-1 @ Consent'],
  [consent, 'provision.type', 'allow', 'base-code @ Consent.provision.type'],
  [consent, 'patient.reference', 'Group/g1', 'base-reference-type @ Consent.patient.reference'],
  [consent, 'provision.period.start', '2025-13-01', 'base-format @ Consent.provision.period.start'],
  [task, 'status', 'open', 'base-code @ Task.status'],
  [task, 'intent', undefined, 'base-required @ Task.intent'],
  [task, 'authoredOn', '10/01/2025', 'base-format @ Task.authoredOn'],
  [task, 'restriction.repetitions', 0, 'base-number @ Task.restriction.repetitions'],
  [task, 'owner.reference', 'Encounter/e1', 'base-reference-type @ Task.owner.reference'],
  [task, 'input', [{ type: { text: 'a' } }], 'base-required @ Task.input[0].value'],
  [
    task,
    'output',
    [{ type: { text: 'a' }, valueString: SECRET, valueInteger: 1 }],
    'base-choice @ Task.output[0].valueInteger',
  ],
];

test.each(FAULTS)('%o with %s set to %o', (resource, path, value, expected) => {
  const issues = validator.validate(spoilt(resource, path, value) as Resource);
  expect(issues.map((issue) => `${ruleOf(issue)} @ ${issue.expression?.join()}`)).toEqual([expected]);
  expect(issues[0]!.severity).toBe('error');
  expect(issues[0]!.diagnostics!.length).toBeGreaterThan(20);
  expect(JSON.stringify(issues)).not.toMatch(new RegExp(`${SECRET}|28/02/1950|March 2025|2025-13-01`));
});

test.each([patient, serviceRequest, encounter, response, consent, task])(
  'a good %o has no issue',
  (resource) => {
    expect(found(resource)).toEqual([]);
  },
);

const FINE: readonly (readonly [Resource, string, unknown])[] = [
  [patient, 'birthDate', '1950'],
  [patient, 'birthDate', '1950-02'],
  [patient, 'birthDate', '2024-02-29'],
  [patient, 'birthDate', undefined],
  [patient, 'deceasedBoolean', false],
  [patient, 'deceasedDateTime', '2025-01-01T23:59:60Z'],
  [patient, '_birthDate', { extension: [{ url: 'https://example.org/x', valueCode: 'approximate' }] }],
  [
    patient,
    'name.0',
    {
      given: ['Alex', null],
      _given: [null, { extension: [{ url: 'https://example.org/x', valueCode: 'y' }] }],
    },
  ],
  [patient, 'contained', [{ resourceType: 'Organization', id: 'o', name: 'Practice' }]],
  [patient, 'managingOrganization', { reference: '#o' }],
  [serviceRequest, 'subject.reference', 'https://ehr.example/fhir/Patient/1'],
  [serviceRequest, 'subject.reference', 'urn:uuid:6a2c5d1e-0c5a-4f5e-9d5a-2b3c4d5e6f70'],
  [serviceRequest, 'subject.reference', 'Patient/p1/_history/2'],
  [
    serviceRequest,
    'subject',
    { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } },
  ],
  [serviceRequest, 'authoredOn', '2025-07-01T09:30:00.123+01:00'],
  [serviceRequest, 'authoredOn', '2025-01'],
  [serviceRequest, 'note', [{ text: 'Line one\nLine two\twith a tab — and “quotes”, café, 日本' }]],
  [response, 'item.0.answer', undefined],
  [response, 'item', undefined],
  [task, 'input', [{ type: { text: 'a' }, valueReference: { reference: 'Patient/p1' } }]],
  [encounter, 'length.value', 0.25],
];

test.each(FINE)('%o with %s set to %o has no issue', (resource, path, value) => {
  expect(found(spoilt(resource, path, value))).toEqual([]);
});

test('several faults are all reported', () => {
  const bad = { ...patient, gender: 'F', birthDate: '1950-02-31', surname: SECRET };
  expect(found(bad)).toEqual([
    'base-code @ Patient.gender',
    'base-date @ Patient.birthDate',
    'base-unknown-element @ Patient.surname',
  ]);
});

test.each([undefined, null, {}, [], 'Patient', 7])('%o is no resource', (value) => {
  expect(found(value)).toEqual(['base-unknown-type @ resourceType']);
});

test('nesting without end is refused, not followed', () => {
  let extension: object = { url: 'https://example.org/x', valueCode: 'y' };
  for (let depth = 0; depth < 10_000; depth++)
    extension = { url: 'https://example.org/x', extension: [extension] };
  const [issue, ...others] = validator.validate({ ...patient, extension: [extension] } as Resource);
  expect(ruleOf(issue!)).toBe('base-depth');
  expect(others).toEqual([]);
});

test('keys that JavaScript treats specially are unknown elements', () => {
  const bad = JSON.parse('{"resourceType":"Patient","__proto__":{"a":1},"constructor":"x","toString":"y"}');
  expect(found(bad)).toEqual([
    'base-unknown-element @ Patient.__proto__',
    'base-unknown-element @ Patient.constructor',
    'base-unknown-element @ Patient.toString',
  ]);
});

test('a resource is not changed by being validated', () => {
  const before = structuredClone(response);
  validator.validate(response);
  expect(response).toEqual(before);
});

test('a second validator from the same definitions says the same', () => {
  const second = createBaseValidator();
  expect(second.validate({ ...patient, gender: 'F' } as never)).toEqual(
    validator.validate({ ...patient, gender: 'F' } as never),
  );
});
