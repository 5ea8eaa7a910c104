/** Whose a resource is. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { patientOf } from '../../src/store/people.ts';

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
