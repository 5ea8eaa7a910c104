/** Profiles on choices of types: what they allow and what they refuse. */

import { OWN, profile } from '../snapshot/profiles.ts';
import { by, coding, type OracleCase, observation, UNKNOWN } from './parts.ts';

export const CHOICES: readonly OracleCase[] = [
  {
    title: 'a type of a choice that a slice forbids',
    profiles: [
      profile('a12', 'Observation', [
        { id: 'Observation.value[x]', slicing: { discriminator: by('type', '$this'), rules: 'open' } },
        { id: 'Observation.value[x]:valueString', max: '0', min: 0, type: [{ code: 'string' }] },
      ]),
    ],
    fine: [observation({ valueInteger: 1 }), observation({})],
    faulty: [observation({ valueString: 'x' }), observation({ _valueString: UNKNOWN })],
    rules: ['profile-forbidden'],
  },
  {
    title: 'a closed slicing of a choice forbids the other types',
    profiles: [
      profile('a13', 'Observation', [
        { id: 'Observation.value[x]', slicing: { discriminator: by('type', '$this'), rules: 'closed' } },
        { id: 'Observation.value[x]:valueString', max: '1', min: 0, type: [{ code: 'string' }] },
      ]),
    ],
    fine: [observation({ valueString: 'x' }), observation({})],
    faulty: [observation({ valueInteger: 1 }), observation({ _valueInteger: UNKNOWN })],
    rules: ['profile-forbidden'],
  },
  {
    title: 'a slice of a choice by type must be there',
    profiles: [
      profile('a14', 'Observation', [
        { id: 'Observation.value[x]', slicing: { discriminator: by('type', '$this'), rules: 'open' } },
        { id: 'Observation.value[x]:valueQuantity', max: '1', min: 1, type: [{ code: 'Quantity' }] },
      ]),
    ],
    fine: [observation({ valueQuantity: { value: 1 } })],
    faulty: [observation({ valueInteger: 1 }), observation({})],
    rules: ['profile-slice-required'],
  },
  {
    title: 'a choice that is named by its type in the differential',
    profiles: [profile('a16', 'Observation', [{ id: 'Observation.valueQuantity', min: 1 }])],
    fine: [observation({ valueQuantity: { value: 1 } })],
    faulty: [observation({}), observation({ valueString: 'a' })],
    rules: ['profile-choice-type', 'profile-slice-required'],
  },
  {
    title: 'a choice that is required, and narrowed to one type',
    profiles: [
      profile('a17', 'Observation', [
        { id: 'Observation.value[x]', min: 1, type: [{ code: 'Quantity' }] },
        { id: 'Observation.value[x].code', min: 1 },
      ]),
    ],
    fine: [observation({ valueQuantity: { value: 1, code: 'm', system: 'http://unitsofmeasure.org' } })],
    faulty: [
      observation({}),
      observation({ valueString: 'a' }),
      observation({ valueQuantity: { value: 1 } }),
    ],
    rules: ['profile-choice-type', 'profile-required'],
  },
  {
    title: 'a discriminator through a type of a choice',
    profiles: [
      profile('d7', 'Observation', [
        {
          id: 'Observation.component',
          slicing: { discriminator: by('value', 'value.ofType(CodeableConcept).text'), rules: 'open' },
        },
        { id: 'Observation.component:a', min: 1, max: '1' },
        { id: 'Observation.component:a.value[x]', min: 1, type: [{ code: 'CodeableConcept' }] },
        { id: 'Observation.component:a.value[x].text', min: 1, fixedString: 'yes' },
      ]),
    ],
    fine: [
      observation({
        component: [
          { code: { text: '1' }, valueCodeableConcept: { text: 'yes' } },
          { code: { text: '1' }, valueString: 'yes' },
        ],
      }),
    ],
    faulty: [observation({ component: [{ code: { text: '1' }, valueCodeableConcept: { text: 'no' } }] })],
    rules: ['profile-slice-required'],
  },
  {
    title: 'slices by the type of a choice within',
    profiles: [
      profile('d8', 'Observation', [
        { id: 'Observation.component', slicing: { discriminator: by('type', 'value'), rules: 'closed' } },
        { id: 'Observation.component:q', min: 1, max: '1' },
        { id: 'Observation.component:q.value[x]', min: 1, type: [{ code: 'Quantity' }] },
        { id: 'Observation.component:s', min: 0, max: '1' },
        { id: 'Observation.component:s.value[x]', min: 1, type: [{ code: 'string' }] },
      ]),
    ],
    fine: [
      observation({
        component: [
          { code: { text: '1' }, valueQuantity: { value: 1 } },
          { code: { text: '1' }, valueString: 'yes' },
        ],
      }),
      observation({
        component: [
          { code: { text: '1' }, valueQuantity: { value: 1 } },
          { code: { text: '1' }, _valueString: { id: 'x' } },
        ],
      }),
    ],
    faulty: [
      observation({
        component: [
          { code: { text: '1' }, valueQuantity: { value: 1 } },
          { code: { text: '1' }, valueBoolean: true },
        ],
      }),
      observation({ component: [{ code: { text: '1' }, valueString: 'x' }] }),
    ],
    rules: ['profile-slice-closed', 'profile-slice-required'],
  },
  {
    title: 'each type of a choice has its own content',
    profiles: [
      profile('f2', 'Observation', [
        { id: 'Observation.value[x]', slicing: { discriminator: by('type', '$this'), rules: 'closed' } },
        { id: 'Observation.value[x]:valueQuantity', min: 0, max: '1', type: [{ code: 'Quantity' }] },
        { id: 'Observation.value[x]:valueQuantity.code', min: 1 },
        {
          id: 'Observation.value[x]:valueCodeableConcept',
          min: 0,
          max: '1',
          type: [{ code: 'CodeableConcept' }],
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        },
        {
          id: 'Observation.value[x]:valueString',
          min: 0,
          max: '1',
          type: [{ code: 'string' }],
          maxLength: 3,
        },
      ]),
    ],
    fine: [
      observation({ valueQuantity: { value: 1, code: 'm', system: 'http://unitsofmeasure.org' } }),
      observation({
        valueCodeableConcept: { coding: [coding('http://hl7.org/fhir/administrative-gender', 'male')] },
      }),
      observation({ valueString: 'abc' }),
      observation({}),
    ],
    faulty: [
      observation({ valueQuantity: { value: 1 } }),
      observation({ valueCodeableConcept: { text: 'x' } }),
      observation({ valueString: 'abcd' }),
      observation({ valueBoolean: true }),
    ],
    rules: ['profile-code', 'profile-forbidden', 'profile-range', 'profile-required'],
  },
  {
    title: 'the targets that a slice of a choice states',
    profiles: [
      profile('h8', 'MedicationRequest', [
        {
          id: 'MedicationRequest.medication[x]',
          slicing: { discriminator: by('type', '$this'), rules: 'open' },
        },
        {
          id: 'MedicationRequest.medication[x]:medicationReference',
          min: 0,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${OWN}h8m`] }],
        },
      ]),
      profile('h8m', 'Medication', [{ id: 'Medication.code', min: 1 }]),
    ],
    fine: [
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        medicationCodeableConcept: { text: 'x' },
      },
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        contained: [{ resourceType: 'Medication', id: 'm', code: { text: 'x' } }],
        medicationReference: { reference: '#m' },
      },
    ],
    faulty: [
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        contained: [{ resourceType: 'Medication', id: 'm', status: 'active' }],
        medicationReference: { reference: '#m' },
      },
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
        medicationReference: { reference: 'Substance/1' },
      },
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/1' },
      },
    ],
    rules: ['fhir-reference-type', 'fhir-required', 'profile-reference'],
  },
];
