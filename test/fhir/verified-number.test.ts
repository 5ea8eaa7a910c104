/** Which NHS number is beyond doubt. */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { asUnverified, nhsNumbersIn, verifiedNhsNumber } from '../../src/fhir/verified-number.ts';

const NUMBER = '9990000018';
const EARLIER = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
const ENGLAND = `${EARLIER}England`;

function identifier(system: string, code: string, more: Partial<Identifier> = {}): Identifier {
  const url = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus';
  return {
    system: 'https://fhir.nhs.uk/Id/nhs-number',
    value: NUMBER,
    extension: [{ url, valueCodeableConcept: { coding: [{ system, code }] } }],
    ...more,
  };
}
const known = (...identifiers: Identifier[]): Patient => ({
  resourceType: 'Patient',
  identifier: identifiers,
});

test.each([
  [ENGLAND, '01'],
  [ENGLAND, 'number-present-and-verified'],
  [EARLIER, '01'],
  [EARLIER, 'number-present-and-verified'],
])('a number is verified by %s, code %s', (system, code) => {
  expect(verifiedNhsNumber(known(identifier(system, code)))).toBe(NUMBER);
});

test.each<[string, Identifier]>([
  ['another status', identifier(ENGLAND, '02')],
  ['another code system', identifier('https://elsewhere.example', '01')],
  ['a wrong check digit', identifier(EARLIER, '01', { value: '9990000019' })],
  ['no value', { ...identifier(ENGLAND, '01'), value: '' }],
  ['no status', { ...identifier(ENGLAND, '01'), extension: [] }],
  ['another identifier system', identifier(ENGLAND, '01', { system: 'https://elsewhere.example' })],
  ['a number given up', identifier(ENGLAND, '01', { use: 'old' })],
])('a number is not verified with %s', (_name, one) => {
  expect(verifiedNhsNumber(known(one))).toBeUndefined();
  expect(verifiedNhsNumber(known(one, identifier(ENGLAND, '01', { value: '9990000026' })))).toBe(
    '9990000026',
  );
});

test('a patient without identifiers has no verified number', () => {
  expect(verifiedNhsNumber({ resourceType: 'Patient' })).toBeUndefined();
});

test.each([
  [ENGLAND, '01', '02'],
  [EARLIER, 'number-present-and-verified', 'number-present-but-not-traced'],
])('a number that %s calls %s counts as %s until a register says so', (system, code, status) => {
  const coding = { system, code, display: 'Number present and verified' };
  const one = identifier(system, code);
  const said = { ...one, extension: [{ ...one.extension![0]!, valueCodeableConcept: { coding: [coding] } }] };
  const patient = asUnverified(known(said));
  expect(verifiedNhsNumber(patient)).toBeUndefined();
  expect(JSON.stringify(patient)).toContain(status);
  expect(JSON.stringify(patient)).not.toContain('verified"');
  const open = known(identifier(ENGLAND, '03'));
  expect(asUnverified(open)).toBe(open);
});

test('the numbers that a patient is said to have are those that pass their check, whatever their status', () => {
  const { use: _use, ...plain } = identifier(ENGLAND, '02', { value: '999 000 0026' });
  const wrong = identifier(ENGLAND, '01', { value: '9990000019' });
  const old = identifier(ENGLAND, '01', { use: 'old' });
  expect(nhsNumbersIn(known(plain, wrong, old))).toEqual(['9990000026', NUMBER]);
});
