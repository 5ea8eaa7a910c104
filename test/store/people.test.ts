/** Whose a resource is, and which NHS number is beyond doubt. */
import type { Patient, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { patientOf, verifiedNhsNumber } from '../../src/store/people.ts';
import { idOf, NHS_NUMBER, patient, withNhsNumber } from './samples.ts';

test.each<[string, object, string | undefined]>([
  ['a Patient', { resourceType: 'Patient', id: '1' }, '1'],
  ['its subject', { resourceType: 'Observation', subject: { reference: 'Patient/1' } }, '1'],
  ['its patient', { resourceType: 'Consent', patient: { reference: 'Patient/1' } }, '1'],
  ['whom it is for', { resourceType: 'Task', for: { reference: 'Patient/1' } }, '1'],
  [
    'who takes part',
    {
      resourceType: 'Appointment',
      participant: [{ actor: { reference: 'Location/2' } }, { actor: { reference: 'Patient/1' } }],
    },
    '1',
  ],
  [
    'what it speaks of',
    {
      resourceType: 'Provenance',
      target: [{ reference: 'Task/2/_history/1' }, { reference: 'Patient/1/_history/3' }],
    },
    '1',
  ],
  ['no group', { resourceType: 'Observation', subject: { reference: 'Group/1' } }, undefined],
  ['no organisation', { resourceType: 'Organization', id: '1' }, undefined],
  [
    'no patient of elsewhere',
    { resourceType: 'Consent', patient: { reference: 'https://ehr.example/Patient/1' } },
    undefined,
  ],
])('a resource belongs to %s', (_name, resource, expected) => {
  expect(patientOf(resource as Resource)).toBe(expected);
});

const OLD_SYSTEM = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
const marked = (system: string, code: string, number = NHS_NUMBER): Patient => {
  const text = JSON.stringify(withNhsNumber('p', number, code));
  return JSON.parse(text.replace(`${OLD_SYSTEM}England`, system)) as Patient;
};

test('a number is verified by status 01, in the code systems that are in use', () => {
  expect(verifiedNhsNumber(marked(`${OLD_SYSTEM}England`, '01'))).toBe(NHS_NUMBER);
  expect(verifiedNhsNumber(marked(OLD_SYSTEM, '01'))).toBe(NHS_NUMBER);
  expect(verifiedNhsNumber(marked(OLD_SYSTEM, 'number-present-and-verified'))).toBe(NHS_NUMBER);
});

test('a number is not verified by another status, another system, a wrong check digit, or none', () => {
  expect(verifiedNhsNumber(marked(`${OLD_SYSTEM}England`, '02'))).toBeUndefined();
  expect(verifiedNhsNumber(marked('https://elsewhere.example', '01'))).toBeUndefined();
  expect(verifiedNhsNumber(marked(OLD_SYSTEM, '01', '9990000019'))).toBeUndefined();
  expect(verifiedNhsNumber(patient(idOf('p')) as Patient)).toBeUndefined();
});
