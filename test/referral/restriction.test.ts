/** What of a restricted person's resources says where they are. */
import type { Location, Patient, RelatedPerson, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { withoutWhereabouts } from '../../src/referral/restriction.ts';

const HIDDEN = 'Quarry Steps';
const name = [{ family: 'Example' }];
const practice = { reference: 'Organization/gp', display: HIDDEN };

const people: Readonly<Record<string, Partial<Patient>>> = {
  'an address': { address: [{ line: [HIDDEN] }] },
  'extra of an address': { _address: [{ id: HIDDEN }] } as Partial<Patient>,
  'a telephone': { telecom: [{ value: HIDDEN }] },
  'a contact': { contact: [{ name: { text: HIDDEN } }] },
  'a practice': { generalPractitioner: [practice] },
  'who keeps the record': { managingOrganization: practice },
  'who gave out an identifier': { identifier: [{ value: '1', assigner: practice }] },
  'a narrative': { text: { status: 'generated', div: HIDDEN } },
  'a contained practice': {
    contained: [{ resourceType: 'Organization', id: 'gp', name: HIDDEN }],
  },
  'the address of a contained relative': {
    contained: [{ resourceType: 'RelatedPerson', id: 'r', address: [{ text: HIDDEN }] } as RelatedPerson],
  },
  'an extension with an address': { extension: [{ url: 'x', valueAddress: { text: HIDDEN } }] },
  'an extension with a line': { extension: [{ url: 'x', valueContactPoint: { value: HIDDEN } }] },
  'an extension with a practice': { modifierExtension: [{ url: 'x', valueReference: practice }] },
  'an extension within one': {
    extension: [{ url: 'x', extension: [{ url: 'y', valueAddress: { text: HIDDEN } }] }],
  },
  'an extension of a name': {
    name: [{ family: 'Example', extension: [{ url: 'x', valueReference: practice }] }],
  },
};

test.each(Object.entries(people))('a person is without %s', (_what, more) => {
  const patient: Patient = { resourceType: 'Patient', id: 'p', name, ...more };
  for (const one of [patient, { resourceType: 'ServiceRequest', contained: [patient] } as ServiceRequest]) {
    const text = JSON.stringify(withoutWhereabouts(one));
    expect(text).not.toContain(HIDDEN);
    expect(text).not.toContain('Organization/gp');
    expect(text).toContain('Example');
  }
});

test('what leads nowhere stays as it is', () => {
  const patient: Patient = {
    resourceType: 'Patient',
    id: 'p',
    name,
    birthDate: '1961-04-09',
    identifier: [{ system: 'https://demo.example/person', value: '1' }],
    extension: [{ url: 'x', extension: [{ url: 'y', valueCode: 'z' }] }],
    link: [{ type: 'seealso', other: { reference: 'Patient/q' } }],
  };
  const asked = { resourceType: 'ServiceRequest', requester: practice, note: [{ text: HIDDEN }] } as Resource;
  for (const one of [patient, asked]) expect(withoutWhereabouts(one)).toEqual(one);
});

test('a home has no place, and a place where people meet has one', () => {
  const of = (code: string): Location => ({
    resourceType: 'Location',
    id: 'l',
    name: HIDDEN,
    position: { latitude: 1, longitude: 2 },
    address: { line: [HIDDEN] },
    physicalType: { coding: [{ code }] },
  });
  const home = withoutWhereabouts(of('ho'));
  expect(JSON.stringify(home)).not.toContain(HIDDEN);
  expect(home).not.toHaveProperty('position');
  expect(withoutWhereabouts(of('bu'))).toEqual(of('bu'));
});
