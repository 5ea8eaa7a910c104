/** Profiles on values: fixed, patterns, ranges, value sets: what they allow and what they refuse. */

import { OWN, profile } from '../snapshot/profiles.ts';
import { by, coding, type OracleCase, OTHER, observation, patient, SYSTEM } from './parts.ts';

export const VALUES: readonly OracleCase[] = [
  {
    title: 'a choice that is sliced by pattern',
    profiles: [
      profile('a15', 'Observation', [
        {
          id: 'Observation.value[x]',
          slicing: { discriminator: by('pattern', '$this'), rules: 'open' },
          type: [{ code: 'CodeableConcept' }],
        },
        {
          id: 'Observation.value[x]:yes',
          max: '1',
          min: 1,
          type: [{ code: 'CodeableConcept' }],
          patternCodeableConcept: { text: 'yes' },
        },
      ]),
    ],
    fine: [observation({ valueCodeableConcept: { text: 'yes' } })],
    faulty: [
      observation({ valueCodeableConcept: { text: 'no' } }),
      observation({}),
      observation({ valueInteger: 1 }),
    ],
    rules: ['profile-choice-type', 'profile-slice-required'],
  },
  {
    title: 'slices by value, told by a pattern',
    profiles: [
      profile('d3', 'Observation', [
        { id: 'Observation.component', slicing: { discriminator: by('value', 'code'), rules: 'closed' } },
        { id: 'Observation.component:a', min: 1, max: '1' },
        { id: 'Observation.component:a.code', patternCodeableConcept: { coding: [coding(SYSTEM, 'A')] } },
        { id: 'Observation.component:b', min: 0, max: '1' },
        { id: 'Observation.component:b.code', patternCodeableConcept: { coding: [coding(SYSTEM, 'B')] } },
        { id: 'Observation.component:b.value[x]', min: 1 },
      ]),
    ],
    fine: [
      observation({
        component: [{ code: { coding: [coding(OTHER, 'x'), coding(SYSTEM, 'A', { display: 'A' })] } }],
      }),
      observation({
        component: [
          { code: { coding: [coding(SYSTEM, 'B')] }, valueBoolean: false },
          { code: { coding: [coding(SYSTEM, 'A')] } },
        ],
      }),
    ],
    faulty: [
      observation({
        component: [{ code: { coding: [coding(SYSTEM, 'A')] } }, { code: { coding: [coding(SYSTEM, 'C')] } }],
      }),
      observation({
        component: [{ code: { coding: [coding(SYSTEM, 'A')] } }, { code: { coding: [coding(SYSTEM, 'B')] } }],
      }),
    ],
    rules: ['profile-required', 'profile-slice-closed'],
  },
  {
    title: 'slices by a required value set',
    profiles: [
      profile('d14', 'Patient', [
        { id: 'Patient.contact', slicing: { discriminator: by('value', 'gender'), rules: 'closed' } },
        { id: 'Patient.contact:a', min: 1, max: '1' },
        {
          id: 'Patient.contact:a.gender',
          min: 1,
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        },
      ]),
    ],
    fine: [patient({ contact: [{ name: { text: 'x' }, gender: 'male' }] })],
    faulty: [patient({ contact: [{ name: { text: 'x' } }] })],
    rules: ['profile-slice-closed', 'profile-slice-required'],
  },
  {
    title: 'fixed values and patterns of several types',
    profiles: [
      profile('d15', 'Observation', [
        { id: 'Observation.identifier', patternIdentifier: { system: SYSTEM } },
        { id: 'Observation.code', fixedCodeableConcept: { coding: [coding(SYSTEM, 'a')] } },
        { id: 'Observation.issued', fixedInstant: '2001-01-01T00:00:00Z' },
        {
          id: 'Observation.value[x]',
          type: [{ code: 'Quantity' }],
          patternQuantity: { system: 'http://unitsofmeasure.org', code: 'm' },
        },
      ]),
    ],
    fine: [
      observation({
        code: { coding: [coding(SYSTEM, 'a')] },
        identifier: [{ system: SYSTEM, value: '1' }, { system: SYSTEM }],
        valueQuantity: { value: 1, unit: 'm', code: 'm', system: 'http://unitsofmeasure.org' },
        issued: '2001-01-01T00:00:00Z',
      }),
    ],
    faulty: [
      observation({}),
      observation({ code: { coding: [coding(SYSTEM, 'a')], text: 'x' } }),
      observation({
        code: { coding: [coding(SYSTEM, 'a')] },
        identifier: [{ system: SYSTEM }, { system: OTHER }],
      }),
      observation({ code: { coding: [coding(SYSTEM, 'a')] }, valueQuantity: { value: 1 } }),
      observation({ code: { coding: [coding(SYSTEM, 'a')] }, issued: '2001-01-01T00:00:01Z' }),
      observation({ code: { coding: [coding(SYSTEM, 'a')] }, valueString: 'x' }),
    ],
    rules: ['profile-choice-type', 'profile-fixed', 'profile-pattern'],
  },
  {
    title: 'a required value set on a choice of types',
    profiles: [
      profile('d19', 'Observation', [
        {
          id: 'Observation.value[x]',
          type: [{ code: 'Quantity' }, { code: 'string' }, { code: 'CodeableConcept' }],
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/all-time-units' },
        },
      ]),
      profile('d20', 'Patient', [
        {
          id: 'Patient.implicitRules',
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        },
        {
          id: 'Patient.name.text',
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        },
      ]),
    ],
    fine: [observation({ valueQuantity: { value: 1, code: 'min', system: 'http://unitsofmeasure.org' } })],
    faulty: [
      observation({ valueQuantity: { value: 1, code: 'foo', system: 'http://unitsofmeasure.org' } }),
      observation({ valueQuantity: { value: 1 } }),
      observation({ valueString: 'not' }),
      observation({ valueCodeableConcept: { text: 'x' } }),
    ],
    rules: ['profile-code'],
  },
  {
    title: 'a required value set on a string',
    profiles: [
      profile('d20', 'Patient', [
        {
          id: 'Patient.name.text',
          binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
        },
        {
          id: 'Patient.contact.gender',
          binding: { strength: 'required', valueSet: 'https://nowhere.example/vs' },
        },
      ]),
    ],
    fine: [patient({ name: [{ text: 'male' }] })],
    faulty: [patient({ name: [{ text: 'mal' }] })],
    rules: ['profile-code'],
  },
  {
    title: 'least and greatest values, and lengths',
    profiles: [
      profile('d21', 'Observation', [
        {
          id: 'Observation.effective[x]',
          type: [{ code: 'dateTime' }],
          minValueDateTime: '2001-01-01T00:00:00Z',
          maxValueDateTime: '2010',
        },
        {
          id: 'Observation.value[x]',
          type: [{ code: 'integer' }, { code: 'Quantity' }],
          maxValueInteger: 5,
          minValueInteger: 2,
        },
        { id: 'Observation.note.text', maxLength: 3 },
      ]),
    ],
    fine: [
      observation({ valueInteger: 2 }),
      observation({ valueInteger: 5 }),
      observation({ effectiveDateTime: '2001' }),
      observation({ effectiveDateTime: '2010-05' }),
      observation({ valueQuantity: { value: 9 } }),
      observation({ note: [{ text: 'abc' }] }),
    ],
    faulty: [
      observation({ valueInteger: 1 }),
      observation({ valueInteger: 6 }),
      observation({ effectiveDateTime: '2000-12-31' }),
      observation({ effectiveDateTime: '2011' }),
      observation({ note: [{ text: 'abcd' }] }),
    ],
    rules: ['profile-range'],
  },
  {
    title: 'slices by a value that the profile of their type fixes',
    profiles: [
      profile('f6', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        {
          id: 'Patient.identifier:n',
          min: 1,
          max: '1',
          type: [{ code: 'Identifier', profile: [`${OWN}idn`] }],
        },
      ]),
    ],
    fine: [patient({ identifier: [{ system: SYSTEM, value: '1' }, { system: OTHER }] })],
    faulty: [
      patient({ identifier: [{ system: SYSTEM }] }),
      patient({ identifier: [{ system: OTHER }] }),
      patient({
        identifier: [
          { system: SYSTEM, value: '1' },
          { system: SYSTEM, value: '2' },
        ],
      }),
    ],
    rules: ['profile-required', 'profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'what a profile says of id, text and contained',
    profiles: [
      profile('h5', 'Patient', [
        { id: 'Patient.id', min: 1, maxLength: 3 },
        { id: 'Patient.text', max: '0' },
        { id: 'Patient.contained', max: '0' },
        { id: 'Patient.extension', max: '0' },
      ]),
    ],
    fine: [patient({ id: 'abc' })],
    faulty: [
      patient({}),
      patient({ id: 'abcd' }),
      patient({ id: 'a', extension: [{ url: 'https://x.example/y', valueString: 'a' }] }),
      patient({ id: 'a', contained: [] }),
    ],
    rules: ['fhir-empty', 'profile-forbidden', 'profile-range', 'profile-required'],
  },
  {
    title: 'what a profile says of the id and extensions of a data type',
    profiles: [
      profile(
        'h6',
        'Patient',
        [
          { id: 'Patient.name.id', min: 1 },
          { id: 'Patient.name.extension', max: '0' },
          { id: 'Patient.name.family.extension', max: '0' },
        ].filter((x) => !x.id.includes('family.')),
      ),
    ],
    fine: [patient({ name: [{ id: 'a', text: 'x' }] })],
    faulty: [
      patient({ name: [{ text: 'x' }] }),
      patient({
        name: [{ id: 'a', text: 'x', extension: [{ url: 'https://x.example/y', valueString: 'a' }] }],
      }),
    ],
    rules: ['profile-forbidden', 'profile-required'],
  },
  {
    title: 'least and greatest quantities are held against the same unit',
    profiles: [
      profile('h9', 'Observation', [
        {
          id: 'Observation.value[x]',
          type: [{ code: 'Quantity' }],
          minValueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code: 'm' },
          maxValueQuantity: { value: 5, system: 'http://unitsofmeasure.org', code: 'm' },
        },
      ]),
    ],
    fine: [
      observation({ valueQuantity: { value: 2, system: 'http://unitsofmeasure.org', code: 'm' } }),
      observation({ valueQuantity: { value: 20, system: 'http://unitsofmeasure.org', code: 'cm' } }),
      observation({ valueQuantity: { unit: 'm' } }),
    ],
    faulty: [
      observation({ valueQuantity: { value: 0.5, system: 'http://unitsofmeasure.org', code: 'm' } }),
      observation({ valueQuantity: { value: 6, system: 'http://unitsofmeasure.org', code: 'm' } }),
    ],
    rules: ['profile-range'],
  },
];
