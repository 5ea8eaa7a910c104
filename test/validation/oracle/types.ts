/** Profiles on data types, their invariants, and content that is referred to: what they allow and what they refuse. */

import { OWN, profile } from '../snapshot/profiles.ts';
import { by, dataType, item, type OracleCase, OTHER, patient, questionnaire, SYSTEM } from './parts.ts';

export const TYPES: readonly OracleCase[] = [
  {
    title: 'a slice of a backbone element has the invariants of the element',
    profiles: [
      profile('a11', 'Patient', [
        { id: 'Patient.contact', slicing: { discriminator: by('value', 'gender'), rules: 'open' } },
        { id: 'Patient.contact:m', min: 0, max: '1' },
        { id: 'Patient.contact:m.name', min: 1 },
        { id: 'Patient.contact:m.gender', min: 1, fixedCode: 'male' },
      ]),
    ],
    fine: [patient({ contact: [{ gender: 'male', name: { text: 'x' } }] })],
    faulty: [
      patient({ contact: [{ gender: 'male', telecom: [{ value: '1' }] }] }),
      patient({ contact: [{ gender: 'male' }] }),
    ],
    rules: ['invariant-cpt-2', 'invariant-pat-1', 'profile-required'],
  },
  {
    title: 'where a profile on a data type is not known the data type is checked',
    profiles: [
      profile('a18', 'Patient', [
        { id: 'Patient.name', type: [{ code: 'HumanName', profile: ['https://nowhere.example/x'] }] },
        {
          id: 'Patient.maritalStatus',
          type: [{ code: 'CodeableConcept', profile: ['https://nowhere.example/x'] }],
        },
      ]),
    ],
    fine: [patient({ name: [{ family: 'x' }] })],
    faulty: [patient({ name: [{ famly: 'x' }] }), patient({ maritalStatus: { txt: '1' } })],
    rules: ['fhir-unknown-element'],
  },
  {
    title: 'a profile on a data type',
    profiles: [
      profile('a19', 'Patient', [
        { id: 'Patient.name', type: [{ code: 'HumanName', profile: [`${OWN}hn`] }] },
      ]),
      { ...profile('hn', 'HumanName', [{ id: 'HumanName.family', min: 1 }]), kind: 'complex-type' },
    ],
    fine: [patient({ name: [{ family: 'x' }] })],
    faulty: [patient({ name: [{ given: ['x'] }] }), patient({ name: [{ family: 'x', foo: 1 }] })],
    rules: ['fhir-unknown-element', 'profile-required'],
  },
  {
    title: 'invariants come with the content that is referred to',
    profiles: [profile('d18', 'Questionnaire', [{ id: 'Questionnaire.title', max: '1' }])],
    fine: [questionnaire(item('1', { item: [{ linkId: '2', type: 'display', text: 'x' }] }))],
    faulty: [
      questionnaire(
        item('1', {
          item: [
            { linkId: '2', type: 'display', text: 'x', item: [{ linkId: '3', type: 'display', text: 'y' }] },
          ],
        }),
      ),
      questionnaire({
        linkId: '2',
        type: 'display',
        text: 'x',
        item: [{ linkId: '3', type: 'display', text: 'y' }],
      }),
      questionnaire(
        item('1', {
          item: [item('2', { item: [{ linkId: '4', type: 'display', text: 'x', required: true }] })],
        }),
      ),
    ],
    rules: ['invariant-que-1', 'invariant-que-6'],
  },
  {
    title: 'one of several profiles on a data type must hold',
    profiles: [
      profile('f4', 'Patient', [
        { id: 'Patient.name', type: [{ code: 'HumanName', profile: [`${OWN}hn1`, `${OWN}hn2`] }] },
      ]),
      dataType('hn1', 'HumanName', [{ id: 'HumanName.family', min: 1 }]),
      dataType('hn2', 'HumanName', [{ id: 'HumanName.text', min: 1 }]),
    ],
    fine: [patient({ name: [{ family: 'x' }, { text: 'x' }] })],
    faulty: [patient({ name: [{ given: ['x'] }] })],
    rules: ['profile-conforms'],
  },
  {
    title: 'slices by the profile of a data type',
    profiles: [
      profile('f5', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('profile', '$this'), rules: 'open' } },
        {
          id: 'Patient.identifier:n',
          min: 1,
          max: '1',
          type: [{ code: 'Identifier', profile: [`${OWN}idn`] }],
        },
      ]),
      dataType('idn', 'Identifier', [
        { id: 'Identifier.system', min: 1, fixedUri: SYSTEM },
        { id: 'Identifier.value', min: 1 },
      ]),
    ],
    fine: [
      patient({ identifier: [{ system: SYSTEM, value: '1' }, { system: OTHER }] }),
      patient({ identifier: [{ system: SYSTEM, value: '1' }, { system: SYSTEM }] }),
    ],
    faulty: [patient({ identifier: [{ system: SYSTEM }] }), patient({})],
    rules: ['profile-slice-required'],
  },
  {
    title: 'invariants of a profile on elements further down',
    profiles: [
      profile('f10', 'Patient', [
        {
          id: 'Patient.name',
          constraint: [
            { key: 'n-1', severity: 'error', human: 'x', expression: 'family.exists() or given.exists()' },
          ],
        },
        {
          id: 'Patient.contact.name',
          constraint: [{ key: 'n-2', severity: 'warning', human: 'x', expression: 'family.exists()' }],
        },
      ]),
    ],
    fine: [patient({ name: [{ family: 'a' }] })],
    faulty: [patient({ name: [{ text: 'a' }] }), patient({ contact: [{ name: { text: 'x' } }] })],
    rules: ['invariant-n-1', 'invariant-n-2'],
  },
  {
    title: 'an invariant on a slice',
    profiles: [
      profile('f11', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        {
          id: 'Patient.identifier:n',
          min: 0,
          max: '1',
          constraint: [{ key: 'i-1', severity: 'error', human: 'x', expression: 'value.length() = 2' }],
        },
        { id: 'Patient.identifier:n.system', min: 1, fixedUri: SYSTEM },
      ]),
    ],
    fine: [
      patient({
        identifier: [
          { system: SYSTEM, value: '12' },
          { system: OTHER, value: '123' },
        ],
      }),
    ],
    faulty: [
      patient({ identifier: [{ system: SYSTEM, value: '123' }] }),
      patient({ identifier: [{ system: SYSTEM }] }),
    ],
    rules: ['invariant-i-1'],
  },
  {
    title: 'an invariant on a slice may ask the resource around it',
    profiles: [
      profile('f13', 'Patient', [
        { id: 'Patient.contact', slicing: { discriminator: by('value', 'gender'), rules: 'open' } },
        {
          id: 'Patient.contact:m',
          min: 0,
          max: '1',
          constraint: [{ key: 'c-1', severity: 'error', human: 'x', expression: '%resource.active' }],
        },
        { id: 'Patient.contact:m.gender', min: 1, fixedCode: 'male' },
      ]),
    ],
    fine: [patient({ contact: [{ gender: 'male', name: { text: 'x' } }] })],
    faulty: [
      patient({ active: false, contact: [{ gender: 'male', name: { text: 'x' } }] }),
      patient({ contact: [{ gender: 'male', telecom: [] }] }),
    ],
    rules: ['fhir-empty', 'invariant-c-1'],
  },
  {
    title: 'invariants of a data type hold where a profile spells out its elements',
    profiles: [
      profile('f17', 'Patient', [
        { id: 'Patient.name.period.start', min: 1 },
        { id: 'Patient.address.period.start', min: 1 },
        { id: 'Patient.photo.url', min: 0, max: '0' },
      ]),
    ],
    fine: [patient({ address: [{ period: { start: '2001', end: '2002' } }] })],
    faulty: [
      patient({ address: [{ period: { start: '2001', end: '2000' } }] }),
      patient({ photo: [{ url: 'http://a.b/c' }] }),
      patient({ photo: [{ data: 'aGVk' }] }),
      patient({ name: [{ period: { start: '2001', end: '2000' } }] }),
    ],
    rules: ['invariant-att-1', 'invariant-per-1', 'profile-forbidden'],
  },
];
