/** NHS numbers (hr-1) and SNOMED CT ids (hr-2), wherever they stand. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { checkDomain } from '../../../src/validation/domain/domain-rules.ts';
import { found, patient, serviceRequest, task } from './examples.ts';

function withNumber(value: string | undefined, system = 'https://fhir.nhs.uk/Id/nhs-number') {
  return {
    ...patient,
    identifier: [
      { system: 'https://example.org/Id', value: 'A1' },
      { system, value },
    ],
  };
}

test.each(['9990000018', '9990000026', '9990000034', '9990000107'])('hr-1 accepts %s', (value) => {
  expect(found([withNumber(value)])).toEqual([]);
});

test.each([
  ['a wrong check digit', '9990000019'],
  ['all digits the same', '1111111111'],
  ['nine digits', '999000001'],
  ['letters', '99900000I8'],
  ['spaces', '999 000 0018'],
  ['nothing', undefined],
])('hr-1 refuses an NHS number of %s without repeating it', (_, value) => {
  expect(found([withNumber(value)])).toEqual(['error hr-1 @ Patient.identifier[1].value']);
  const issues = checkDomain([withNumber(value)]);
  if (value) expect(JSON.stringify(issues)).not.toContain(value);
});

test.each([
  'http://fhir.nhs.uk/Id/nhs-number',
  'https://fhir.nhs.uk/id/nhs-number',
  'https://fhir.nhs.uk/Id/nhs-number/',
  'http://fhir.nhs.net/Id/nhs-number',
  'urn:oid:2.16.840.1.113883.2.1.4.1',
])('hr-1 refuses the system %s', (system) => {
  expect(found([withNumber('9990000018', system)])).toEqual(['error hr-1 @ Patient.identifier[1].system']);
});

test('hr-1 looks at references by identifier and contained people too', () => {
  const bad = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000019' };
  const contained: Patient = { resourceType: 'Patient', identifier: [bad] };
  expect(found([{ ...task, for: { identifier: bad }, contained: [contained] }])).toEqual([
    'error hr-1 @ Task.for.identifier.value',
    'error hr-1 @ Task.contained[0].identifier[0].value',
  ]);
});

function coded(code: string, system = 'http://snomed.info/sct') {
  return { ...serviceRequest, code: { coding: [{ system, code }] } };
}

test.each(['871731000000106', '267076002', '718466001', '962851000000103'])('hr-2 accepts %s', (code) => {
  expect(found([coded(code)])).toEqual([]);
});

test.each([
  ['a wrong check digit', '310184005'],
  ['a description id', '754786011'],
  ['a US-extension id', '1991000124105'],
  ['words', 'loneliness'],
  ['a post-coordinated expression', '267076002:246112005=24484000'],
])('hr-2 refuses %s', (_, code) => {
  expect(found([coded(code)])).toEqual(['error hr-2 @ ServiceRequest.code.coding[0].code']);
});

test.each(['https://snomed.info/sct', 'http://snomed.info/sct/', 'urn:oid:2.16.840.1.113883.6.96'])(
  'hr-2 refuses the system %s',
  (system) => {
    expect(found([coded('267076002', system)])).toEqual([
      'error hr-2 @ ServiceRequest.code.coding[0].system',
    ]);
  },
);

test('hr-2 looks at codings in extensions, and not at codes of other systems', () => {
  const extension = [
    { url: 'https://example.org/x', valueCoding: { system: 'http://snomed.info/sct', code: '310184005' } },
  ];
  expect(found([{ ...patient, extension }])).toEqual(['error hr-2 @ Patient.extension[0].valueCoding.code']);
  expect(found([coded('310184005', 'https://example.org/codes')])).toEqual([]);
});
