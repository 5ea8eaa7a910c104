/** Profiles on primitives, which JSON writes in two members: what they allow and what they refuse. */

import { profile } from '../snapshot/profiles.ts';
import { BIRTH_TIME, by, type OracleCase, patient, UNKNOWN } from './parts.ts';

export const PRIMITIVES: readonly OracleCase[] = [
  {
    title: 'values that are extensions only count in the cardinality of a list',
    profiles: [profile('a2', 'Patient', [{ id: 'Patient.name.given', min: 2, max: '3' }])],
    fine: [
      patient({ name: [{ given: ['a', 'b'] }] }),
      patient({ name: [{ given: ['a', null], _given: [null, { id: 'x' }] }] }),
      patient({ name: [{ _given: [{ id: 'y' }, { id: 'x' }] }] }),
    ],
    faulty: [
      patient({ name: [{ given: ['a'] }] }),
      patient({ name: [{ given: ['a', 'b', 'c', 'd'] }] }),
      patient({ name: [{ _given: [{ id: 'x' }] }] }),
      patient({ name: [{ _given: [{ id: 'x' }, { id: 'y' }, { id: 'z' }, { id: 'w' }] }] }),
    ],
    rules: ['profile-cardinality'],
  },
  {
    title: 'an item that is an extension only is held against no value set',
    profiles: [profile('a3', 'HealthcareService', [{ id: 'HealthcareService.comment', max: '1' }])],
    fine: [
      {
        resourceType: 'HealthcareService',
        availableTime: [{ daysOfWeek: [null, 'mon'], _daysOfWeek: [UNKNOWN, null] }],
      },
    ],
    faulty: [{ resourceType: 'HealthcareService', availableTime: [{ daysOfWeek: ['moon'] }] }],
    rules: ['profile-code'],
  },
  {
    title: 'a fixed value is not met by an extension alone',
    profiles: [
      profile('a4', 'Patient', [
        { id: 'Patient.name.given', fixedString: 'A' },
        { id: 'Patient.gender', fixedCode: 'male' },
      ]),
    ],
    fine: [patient({ name: [{ given: ['A', 'A'] }], gender: 'male' }), patient({})],
    faulty: [
      patient({ name: [{ given: ['A', 'B'] }] }),
      patient({ name: [{ given: [null], _given: [UNKNOWN] }] }),
      patient({ _gender: UNKNOWN }),
      patient({ gender: 'female' }),
      patient({ name: [{ _given: [UNKNOWN] }] }),
    ],
    rules: ['profile-fixed'],
  },
  {
    title: 'a pattern is not met by an extension alone',
    profiles: [profile('a5', 'Patient', [{ id: 'Patient.gender', patternCode: 'male' }])],
    fine: [patient({ gender: 'male', _gender: { id: 'a' } })],
    faulty: [patient({ _gender: UNKNOWN }), patient({ gender: 'female' })],
    rules: ['profile-pattern'],
  },
  {
    title: 'an invariant on a primitive sees its extensions',
    profiles: [
      profile('a6', 'Patient', [
        {
          id: 'Patient.birthDate',
          constraint: [
            {
              key: 'b-1',
              severity: 'error',
              human: 'x',
              expression:
                "extension('http://hl7.org/fhir/StructureDefinition/data-absent-reason').exists() or toString().length() = 10",
            },
          ],
        },
      ]),
    ],
    fine: [
      patient({ birthDate: '2001-01-01' }),
      patient({ birthDate: '2001', _birthDate: UNKNOWN }),
      patient({ _birthDate: UNKNOWN }),
    ],
    faulty: [patient({ birthDate: '2001' }), patient({ _birthDate: { id: 's' } })],
    rules: ['invariant-b-1'],
  },
  {
    title: 'an invariant on a primitive is asked where there is an extension only',
    profiles: [
      profile('a7', 'Patient', [
        {
          id: 'Patient.birthDate',
          constraint: [{ key: 'b-1', severity: 'error', human: 'x', expression: 'hasValue()' }],
        },
      ]),
    ],
    fine: [patient({ birthDate: '2001-01-01' })],
    faulty: [patient({ _birthDate: UNKNOWN })],
    rules: ['invariant-b-1'],
  },
  {
    title: 'an invariant on a primitive that repeats sees the extensions at the same place',
    profiles: [
      profile('a8', 'Patient', [
        {
          id: 'Patient.name.given',
          constraint: [
            { key: 'b-1', severity: 'error', human: 'x', expression: 'hasValue() or extension.exists()' },
          ],
        },
      ]),
    ],
    fine: [
      patient({ name: [{ given: ['A'] }] }),
      patient({ name: [{ given: [null, 'B'], _given: [UNKNOWN, null] }] }),
    ],
    faulty: [patient({ name: [{ given: [null, 'B'], _given: [{ id: 'a' }, null] }] })],
    rules: ['invariant-b-1'],
  },
  {
    title: 'an extension that a primitive must have',
    profiles: [
      profile('a9', 'Patient', [
        { id: 'Patient.birthDate.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.birthDate.extension:t',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: [BIRTH_TIME] }],
        },
      ]),
    ],
    fine: [
      patient({}),
      patient({
        birthDate: '2001-01-01',
        _birthDate: { extension: [{ url: BIRTH_TIME, valueDateTime: '2001-01-01T01:01:01Z' }] },
      }),
    ],
    faulty: [
      patient({ birthDate: '2001-01-01' }),
      patient({ birthDate: '2001-01-01', _birthDate: { id: 'x' } }),
      patient({ birthDate: '2001-01-01', _birthDate: UNKNOWN }),
    ],
    rules: ['profile-required', 'profile-slice-required'],
  },
  {
    title: 'an extension that each item of a list must have',
    profiles: [
      profile('a10', 'Patient', [
        { id: 'Patient.name.given.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.name.given.extension:t',
          min: 1,
          max: '1',
          type: [
            { code: 'Extension', profile: ['http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier'] },
          ],
        },
      ]),
    ],
    fine: [
      patient({
        name: [
          {
            given: ['A'],
            _given: [
              {
                extension: [
                  { url: 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier', valueCode: 'CL' },
                ],
              },
            ],
          },
        ],
      }),
    ],
    faulty: [
      patient({ name: [{ given: ['A'] }] }),
      patient({
        name: [
          {
            given: ['A', 'B'],
            _given: [
              {
                extension: [
                  { url: 'http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier', valueCode: 'CL' },
                ],
              },
            ],
          },
        ],
      }),
    ],
    rules: ['profile-required'],
  },
  {
    title: 'slices of primitives, in order and closed',
    profiles: [
      profile('d4', 'Patient', [
        {
          id: 'Patient.name.given',
          slicing: { discriminator: by('value', '$this'), rules: 'closed', ordered: true },
        },
        { id: 'Patient.name.given:a', min: 1, max: '1', fixedString: 'A' },
        { id: 'Patient.name.given:b', min: 0, max: '1', fixedString: 'B' },
      ]),
    ],
    fine: [patient({ name: [{ given: ['A'] }, { given: ['A', 'B'] }] })],
    faulty: [
      patient({ name: [{ given: ['B'] }] }),
      patient({ name: [{ given: ['B', 'A'] }] }),
      patient({ name: [{ given: ['A', 'C'] }] }),
      patient({ name: [{ given: ['A', 'A'] }] }),
      patient({ name: [{ family: 'x' }] }),
    ],
    rules: ['profile-slice-closed', 'profile-slice-max', 'profile-slice-order', 'profile-slice-required'],
  },
  {
    title: 'an element that is an extension only is there',
    profiles: [
      profile('d10', 'Patient', [
        { id: 'Patient.telecom', slicing: { discriminator: by('exists', 'value'), rules: 'closed' } },
        { id: 'Patient.telecom:v', min: 1, max: '1' },
        { id: 'Patient.telecom:v.value', min: 1 },
      ]),
    ],
    fine: [patient({ telecom: [{ system: 'phone', _value: { id: 'x' } }] })],
    faulty: [patient({ telecom: [{ system: 'phone' }] })],
    rules: ['profile-slice-closed', 'profile-slice-required'],
  },
  {
    title: 'a primitive that may not be there may not be there as an extension',
    profiles: [
      profile('d22', 'Patient', [
        { id: 'Patient.name.given', max: '0' },
        { id: 'Patient.birthDate', max: '0' },
        { id: 'Patient.deceased[x]', max: '0' },
      ]),
    ],
    fine: [patient({})],
    faulty: [
      patient({ birthDate: '2001' }),
      patient({ _birthDate: { id: 'x' } }),
      patient({ name: [{ _given: [{ id: 'x' }] }] }),
      patient({ deceasedBoolean: true }),
      patient({ _deceasedDateTime: { id: 'x' } }),
    ],
    rules: ['profile-forbidden'],
  },
  {
    title: 'a fixed value on one type of a choice of primitives',
    profiles: [
      profile('f3', 'Patient', [
        { id: 'Patient.deceased[x]', slicing: { discriminator: by('type', '$this'), rules: 'open' } },
        {
          id: 'Patient.deceased[x]:deceasedBoolean',
          min: 0,
          max: '1',
          type: [{ code: 'boolean' }],
          fixedBoolean: false,
        },
      ]),
    ],
    fine: [patient({ deceasedBoolean: false }), patient({ deceasedDateTime: '2001' }), patient({})],
    faulty: [patient({ deceasedBoolean: true }), patient({ _deceasedBoolean: { id: 'a' } })],
    rules: ['profile-fixed'],
  },
  {
    title: 'a primitive that may have no extensions',
    profiles: [profile('h7', 'Patient', [{ id: 'Patient.name.family.extension', max: '0' }])],
    fine: [patient({ name: [{ family: 'x', _family: { id: 'a' } }] })],
    faulty: [
      patient({
        name: [{ family: 'x', _family: { extension: [{ url: 'https://x.example/y', valueString: 'a' }] } }],
      }),
    ],
    rules: ['profile-forbidden'],
  },
];
