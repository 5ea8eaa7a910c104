/** Profiles on what a resource refers to: what they allow and what they refuse. */

import { OWN, profile, R4 } from '../snapshot/profiles.ts';
import {
  bundle,
  by,
  coding,
  dataType,
  item,
  type OracleCase,
  observation,
  patient,
  questionnaire,
  SYSTEM,
  urn,
} from './parts.ts';

export const REFERENCES: readonly OracleCase[] = [
  {
    title: 'profiles that the others refer to',
    profiles: [
      profile('b1p', 'Patient', [{ id: 'Patient.gender', min: 1 }]),
      profile('b7x', 'Observation', [{ id: 'Observation.subject', min: 1 }]),
    ],
    fine: [patient({ gender: 'male' })],
    faulty: [patient({})],
    rules: ['profile-required'],
  },
  {
    title: 'a reference to a contained resource of a profile',
    profiles: [
      profile('b4', 'Observation', [
        { id: 'Observation.subject', min: 1, type: [{ code: 'Reference', targetProfile: [`${OWN}b1p`] }] },
      ]),
    ],
    fine: [
      observation({ contained: [patient({ id: 'p', gender: 'male' })], subject: { reference: '#p' } }),
      observation({ subject: { reference: 'Patient/1' } }),
    ],
    faulty: [
      observation({ contained: [{ ...patient({}), id: 'p' }], subject: { reference: '#p' } }),
      observation({ subject: { reference: 'Group/1' } }),
      observation({ subject: { reference: 'urn:uuid:x', type: 'Group' } }),
    ],
    rules: ['profile-reference', 'profile-reference-type'],
  },
  {
    title: 'a reference to an entry of a profile',
    profiles: [profile('b5', 'Bundle', [{ id: 'Bundle.type', patternCode: 'collection' }])],
    fine: [
      bundle(
        patient({ gender: 'male' }),
        observation({ meta: { profile: [`${OWN}b4`] }, subject: { reference: urn(0) } }),
      ),
    ],
    faulty: [
      bundle(patient({}), observation({ meta: { profile: [`${OWN}b4`] }, subject: { reference: urn(0) } })),
    ],
    rules: ['profile-reference'],
  },
  {
    title: 'a profile on Reference beside the types that it may point to',
    profiles: [
      profile('b6', 'Observation', [
        {
          id: 'Observation.subject',
          type: [{ code: 'Reference', profile: [`${OWN}ref`], targetProfile: [`${R4}Patient`] }],
        },
      ]),
      dataType('ref', 'Reference', [{ id: 'Reference.identifier', min: 1 }]),
    ],
    fine: [observation({ subject: { reference: 'Patient/1', identifier: { value: 'x' } } })],
    faulty: [
      observation({ subject: { reference: 'Patient/1' } }),
      observation({ subject: { reference: 'Group/1', identifier: { value: 'x' } } }),
    ],
    rules: ['profile-reference-type', 'profile-required'],
  },
  {
    title: 'a resource is held against a second profile while it is held against the first',
    profiles: [
      profile('b7', 'Observation', [
        { id: 'Observation.hasMember', type: [{ code: 'Reference', targetProfile: [`${OWN}b7`] }] },
        { id: 'Observation.derivedFrom', type: [{ code: 'Reference', targetProfile: [`${OWN}b7x`] }] },
      ]),
      profile('b7x', 'Observation', [{ id: 'Observation.subject', min: 1 }]),
    ],
    fine: [
      observation({
        contained: [
          { ...observation({ derivedFrom: [{ reference: '#m' }], subject: { display: 'x' } }), id: 'm' },
        ],
        hasMember: [{ reference: '#m' }],
      }),
    ],
    faulty: [
      observation({
        contained: [{ ...observation({ derivedFrom: [{ reference: '#m' }] }), id: 'm' }],
        hasMember: [{ reference: '#m' }],
      }),
      observation({
        contained: [{ ...observation({}), id: 'm' }],
        hasMember: [{ reference: '#m' }],
        derivedFrom: [{ reference: '#m' }],
      }),
    ],
    rules: ['profile-reference'],
  },
  {
    title: 'a profile that refers to itself, and resources that refer to each other',
    profiles: [
      profile('b8', 'Observation', [
        { id: 'Observation.subject', min: 1 },
        { id: 'Observation.hasMember', type: [{ code: 'Reference', targetProfile: [`${OWN}b8`] }] },
      ]),
    ],
    fine: [
      observation({
        subject: { display: 'x' },
        contained: [
          { ...observation({ subject: { display: 'y' }, hasMember: [{ reference: '#' }] }), id: 'm' },
        ],
        hasMember: [{ reference: '#m' }],
      }),
    ],
    faulty: [
      observation({
        subject: { display: 'x' },
        contained: [{ ...observation({ hasMember: [{ reference: '#' }] }), id: 'm' }],
        hasMember: [{ reference: '#m' }],
      }),
      observation({
        contained: [
          { ...observation({ subject: { display: 'x' }, hasMember: [{ reference: '#' }] }), id: 'm' },
        ],
        hasMember: [{ reference: '#m' }],
      }),
    ],
    rules: ['profile-reference', 'profile-required'],
  },
  {
    title: 'slices by the type of what is referred to, at hand or not',
    profiles: [
      profile('d6', 'Observation', [
        { id: 'Observation.performer', slicing: { discriminator: by('type', 'resolve()'), rules: 'open' } },
        {
          id: 'Observation.performer:p',
          min: 1,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${R4}Practitioner`] }],
        },
        {
          id: 'Observation.performer:o',
          min: 0,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${R4}Organization`] }],
        },
      ]),
    ],
    fine: [
      observation({
        contained: [{ resourceType: 'Practitioner', id: 'p', active: true }],
        performer: [{ reference: '#p' }],
      }),
      observation({ performer: [{ reference: 'Practitioner/1' }] }),
      observation({ performer: [{ reference: 'Practitioner/1' }, { reference: 'Organization/1' }] }),
    ],
    faulty: [
      observation({ performer: [{ reference: 'Practitioner/1' }, { reference: 'Practitioner/2' }] }),
      observation({ performer: [{ reference: 'Organization/1' }] }),
      observation({}),
    ],
    rules: ['profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'what a profile says of an element holds where its content is referred to',
    profiles: [
      profile('d16', 'Questionnaire', [
        { id: 'Questionnaire.item.prefix', max: '0' },
        { id: 'Questionnaire.item.text', min: 1 },
      ]),
    ],
    fine: [questionnaire(item('1', { item: [item('2')] }))],
    faulty: [questionnaire({ linkId: '1', type: 'string' }), questionnaire(item('1', { prefix: '1' }))],
    rules: ['profile-forbidden', 'profile-required'],
  },
  {
    title: 'an invariant of base R4 on content that is referred to',
    profiles: [profile('f12', 'Observation', [{ id: 'Observation.code', min: 1 }])],
    fine: [
      observation({ component: [{ code: { text: 'a' }, referenceRange: [{ text: 'x' }] }] }),
      observation({ referenceRange: [{ text: 'x' }] }),
    ],
    faulty: [
      observation({ component: [{ code: { text: 'a' }, referenceRange: [{ age: { low: { value: 1 } } }] }] }),
      observation({ referenceRange: [{ age: { low: { value: 1 } } }] }),
    ],
    rules: ['invariant-obs-3'],
  },
  {
    title: 'an identifier that a reference must have',
    profiles: [
      profile('f15', 'Patient', [
        { id: 'Patient.generalPractitioner.identifier', min: 1 },
        { id: 'Patient.generalPractitioner.identifier.system', min: 1, fixedUri: SYSTEM },
      ]),
    ],
    fine: [patient({ generalPractitioner: [{ identifier: { system: SYSTEM } }] }), patient({})],
    faulty: [
      patient({ generalPractitioner: [{ reference: 'Practitioner/1' }] }),
      patient({ generalPractitioner: [{ identifier: { value: 'x' } }] }),
    ],
    rules: ['profile-required'],
  },
  {
    title: 'rules of Reference and Coding hold where a profile spells out their elements',
    profiles: [
      profile('f18', 'Observation', [
        { id: 'Observation.code.coding.system', min: 1 },
        { id: 'Observation.code.coding.code', min: 1 },
        { id: 'Observation.subject.display', min: 1 },
      ]),
    ],
    fine: [observation({ subject: { reference: 'Patient/1', display: 'x' } })],
    faulty: [
      observation({ subject: { reference: 'Pat/1', display: 'x' } }),
      observation({ subject: { reference: 'Organization/1', display: 'x' } }),
      observation({ subject: { reference: 'Patient/1' } }),
      observation({ subject: { reference: '#no', display: 'a' } }),
      observation({ code: { coding: [coding('http://hl7.org/fhir/administrative-gender', 'mal')] } }),
    ],
    rules: [
      'fhir-reference',
      'fhir-reference-contained',
      'fhir-reference-type',
      'profile-required',
      'terminology-unknown-code',
    ],
  },
  {
    title: 'slices by the profile of what is referred to, at hand or not',
    profiles: [
      profile('f19', 'Observation', [
        {
          id: 'Observation.performer',
          slicing: { discriminator: by('profile', 'resolve()'), rules: 'closed' },
        },
        {
          id: 'Observation.performer:p',
          min: 1,
          max: '1',
          type: [{ code: 'Reference', targetProfile: [`${OWN}f19p`] }],
        },
      ]),
      profile('f19p', 'Practitioner', [{ id: 'Practitioner.gender', min: 1 }]),
    ],
    fine: [
      observation({
        contained: [{ resourceType: 'Practitioner', id: 'p', gender: 'male' }],
        performer: [{ reference: '#p' }],
      }),
      observation({ performer: [{ reference: 'Practitioner/1' }] }),
      observation({ performer: [{ reference: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e1' }] }),
    ],
    faulty: [
      observation({
        contained: [{ resourceType: 'Practitioner', id: 'p', active: true }],
        performer: [{ reference: '#p' }],
      }),
    ],
    rules: ['profile-slice-closed', 'profile-slice-required'],
  },
];
