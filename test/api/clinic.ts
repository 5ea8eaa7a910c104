/** Three people of a surgery with referrals, measurements and what else searches ask about. */
import type { Observation } from '@medplum/fhirtypes';
import type { CommitRecord, Identified } from '../../src/store/store.ts';
import { contact, idOf, organization, patient, recordOf, referral } from '../store/samples.ts';

export const CITY = 'Leeds';

function observation(name: string, person: string, more: Partial<Observation>): Identified {
  return {
    resourceType: 'Observation',
    id: idOf(name),
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '1-1' }] },
    subject: { reference: `Patient/${idOf(person)}` },
    ...more,
  } as Identified;
}

function weight(value: number) {
  return { value, unit: 'kilogram', system: 'http://unitsofmeasure.org', code: 'kg' };
}

/** @returns one record a person, and one of what belongs to nobody */
export function clinic(): CommitRecord[] {
  const trust = organization('trust', 'Trust of Example');
  const surgery = {
    ...organization('surgery', 'Surgery of Example'),
    partOf: refTo('Organization', 'trust'),
  };
  const gp = {
    resourceType: 'Practitioner',
    id: idOf('gp'),
    name: [{ family: 'Gee', given: ['Pat'] }],
  } as Identified;
  const hall = { resourceType: 'Location', id: idOf('hall'), name: 'Village Hall' } as Identified;
  const form = {
    resourceType: 'Questionnaire',
    id: idOf('q'),
    status: 'active',
    url: 'https://forms.example/one/wellbeing',
  } as Identified;
  return [
    recordOf([trust, surgery as Identified, gp, hall, form], { key: 'shared' }),
    recordOf(ann(), { key: 'ann' }),
    recordOf(bob(), { key: 'bob' }),
    recordOf([patient('cleo', { gender: 'female', deceasedBoolean: false, name: [{ text: 'Unknown' }] })], {
      key: 'cleo',
    }),
  ];
}

function ann(): Identified[] {
  return [
    patient('ann', {
      active: true,
      gender: 'female',
      birthDate: '1990-05-17',
      deceasedBoolean: false,
      name: [{ family: 'Example', given: ['Ann', 'Mary'] }],
      address: [{ line: ['1 High Street'], city: CITY, postalCode: 'LS1 1AA' }],
      telecom: [{ system: 'phone', value: '07700900000' }],
      managingOrganization: refTo('Organization', 'surgery'),
      meta: { tag: [{ system: 'urn:tags', code: 'walk' }] },
    }),
    referral('r1', 'ann', { requester: refTo('Practitioner', 'gp') }),
    referral('r2', 'ann', {
      status: 'revoked',
      requester: { identifier: { system: 'urn:staff', value: '77' } },
    }),
    contact('e1', 'ann', { location: [{ location: refTo('Location', 'hall') }] }),
    observation('o1', 'ann', { valueQuantity: weight(5), effectiveDateTime: '2025-01-10' }),
    observation('o2', 'ann', { valueQuantity: weight(5.4), effectiveDateTime: '2025-02-10' }),
    observation('o4', 'ann', {
      code: { coding: [{ system: 'http://loinc.org', code: '3-3' }] },
      valueCodeableConcept: { coding: [{ system: 'urn:answers', code: 'yes' }] },
      component: [
        {
          code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
          valueQuantity: { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
        },
        {
          code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
          valueQuantity: { value: 80, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
        },
      ],
    }),
  ];
}

function bob(): Identified[] {
  return [
    patient('bob', {
      gender: 'male',
      birthDate: '1985-01-02',
      deceasedDateTime: '2025-01-01',
      name: [{ family: 'Étoile', given: ['Bob'] }],
      meta: { profile: ['https://profiles.example/one'], source: 'urn:case-system' },
    }),
    referral('r3', 'bob'),
    {
      resourceType: 'Task',
      id: idOf('t1'),
      status: 'requested',
      intent: 'order',
      focus: refTo('ServiceRequest', 'r3'),
      for: refTo('Patient', 'bob'),
    } as Identified,
    observation('o3', 'bob', {
      code: { coding: [{ system: 'http://loinc.org', code: '2-2' }] },
      valueQuantity: weight(100),
      effectiveDateTime: '2025-03-01',
    }),
  ];
}

function refTo(type: string, name: string): { reference: string } {
  return { reference: `${type}/${idOf(name)}` };
}
