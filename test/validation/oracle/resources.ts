/** Profiles on what a resource holds, and on types of resources: what they allow and what they refuse. */

import { OWN, profile, R4 } from '../snapshot/profiles.ts';
import {
  bundle,
  by,
  item,
  type OracleCase,
  observation,
  patient,
  questionnaire,
  SYSTEM,
  urn,
} from './parts.ts';

export const RESOURCES: readonly OracleCase[] = [
  {
    title: 'a resource may claim the abstract types that it is of',
    profiles: [profile('a20', 'Patient', [{ id: 'Patient.name', max: '1' }])],
    fine: [patient({ meta: { profile: [`${R4}DomainResource`, `${R4}Resource`, `${R4}Patient`] } })],
    faulty: [patient({ meta: { profile: [`${R4}Group`] } })],
    rules: ['profile-type'],
  },
  {
    title:
      'the resource of an entry is narrowed to a type, and checked in its own context with what it claims',
    profiles: [
      profile('b1', 'Bundle', [{ id: 'Bundle.entry.resource', min: 1, type: [{ code: 'Patient' }] }]),
    ],
    fine: [
      bundle(patient({})),
      bundle(patient({ meta: { profile: [`${R4}DomainResource`] } })),
      bundle(
        patient({
          contained: [{ resourceType: 'Organization', id: 'gp', name: 'x' }],
          generalPractitioner: [{ reference: '#gp' }],
        }),
      ),
    ],
    faulty: [
      bundle({ resourceType: 'Group', active: true, type: 'person', actual: true }),
      bundle({ resourceType: 'Group', active: true }),
      bundle(patient({ foo: 1 })),
      bundle(patient({ contact: [{ gender: 'male' }] })),
      bundle(patient({ meta: { profile: [`${R4}Group`] } })),
      bundle(patient({ meta: { profile: [`${OWN}b1p`] } })),
      bundle(patient({ contained: [{ resourceType: 'Organization', id: 'gp', name: 'x' }] })),
    ],
    rules: [
      'fhir-required',
      'fhir-unknown-element',
      'invariant-dom-3',
      'invariant-pat-1',
      'profile-required',
      'profile-type',
    ],
  },
  {
    title: 'entries sliced by the type of their resource',
    profiles: [
      profile('b2', 'Bundle', [
        { id: 'Bundle.entry', slicing: { discriminator: by('type', 'resource'), rules: 'closed' } },
        { id: 'Bundle.entry:p', min: 1, max: '1' },
        { id: 'Bundle.entry:p.resource', min: 1, type: [{ code: 'Patient' }] },
        { id: 'Bundle.entry:o', min: 0, max: '*' },
        { id: 'Bundle.entry:o.resource', min: 1, type: [{ code: 'Observation', profile: [`${OWN}b2o`] }] },
      ]),
      profile('b2o', 'Observation', [{ id: 'Observation.subject', min: 1 }]),
    ],
    fine: [
      bundle(patient({})),
      bundle(patient({}), observation({ subject: { reference: urn(0) } })),
      bundle(
        patient({
          contained: [{ resourceType: 'Organization', id: 'gp', name: 'x' }],
          generalPractitioner: [{ reference: '#gp' }],
        }),
      ),
    ],
    faulty: [
      bundle(observation({ subject: { display: 'x' } })),
      bundle(patient({}), patient({})),
      bundle(patient({}), observation({})),
      bundle(patient({}), { resourceType: 'Basic', code: { text: 'x' } }),
      bundle(patient({ contact: [{ gender: 'male' }] })),
    ],
    rules: [
      'invariant-pat-1',
      'profile-required',
      'profile-slice-closed',
      'profile-slice-max',
      'profile-slice-required',
    ],
  },
  {
    title: 'entries sliced by the profile of their resource',
    profiles: [
      profile('b3', 'Bundle', [
        { id: 'Bundle.entry', slicing: { discriminator: by('profile', 'resource'), rules: 'open' } },
        { id: 'Bundle.entry:p', min: 1, max: '1' },
        { id: 'Bundle.entry:p.resource', min: 1, type: [{ code: 'Patient', profile: [`${OWN}b1p`] }] },
      ]),
    ],
    fine: [bundle(patient({ gender: 'male' })), bundle(patient({ gender: 'male' }), patient({}))],
    faulty: [bundle(patient({})), bundle(patient({ gender: 'male' }), patient({ gender: 'male' }))],
    rules: ['profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'elements of a resource that a profile on Bundle spells out',
    profiles: [
      profile('d1', 'Bundle', [
        { id: 'Bundle.entry', slicing: { discriminator: by('type', 'resource'), rules: 'open' } },
        { id: 'Bundle.entry:p', min: 1, max: '1' },
        { id: 'Bundle.entry:p.resource', min: 1, type: [{ code: 'Patient' }] },
        { id: 'Bundle.entry:p.resource.gender', min: 1 },
      ]),
    ],
    fine: [
      bundle(patient({ gender: 'male' })),
      bundle(
        patient({
          gender: 'male',
          contained: [{ resourceType: 'Organization', id: 'gp', name: 'x' }],
          generalPractitioner: [{ reference: '#gp' }],
        }),
      ),
    ],
    faulty: [bundle(patient({})), bundle(observation({})), bundle(patient({ gender: 'male', foo: 1 }))],
    rules: ['fhir-unknown-element', 'profile-required', 'profile-slice-required'],
  },
  {
    title: 'what a profile says of an element with the content of another',
    profiles: [
      profile('d17', 'Questionnaire', [
        { id: 'Questionnaire.item.item', max: '1' },
        { id: 'Questionnaire.item.item.text', min: 1 },
      ]),
    ],
    fine: [questionnaire(item('1', { item: [item('2')] })), questionnaire({ linkId: '1', type: 'string' })],
    faulty: [
      questionnaire(item('1', { item: [item('2'), item('3')] })),
      questionnaire(item('1', { item: [{ linkId: '2', type: 'string' }] })),
    ],
    rules: ['profile-cardinality', 'profile-required'],
  },
  {
    title: 'a profile on an abstract type says nothing of the other elements',
    profiles: [profile('f1', 'DomainResource', [{ id: 'DomainResource.text', min: 1 }])],
    fine: [patient({ text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' } })],
    faulty: [
      patient({}),
      patient({
        text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' },
        foo: 1,
      }),
      patient({
        text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">a</div>' },
        gender: 'x',
      }),
    ],
    rules: ['fhir-code', 'fhir-unknown-element', 'profile-required'],
  },
  {
    title: 'a profile on what is contained',
    profiles: [
      profile('h1', 'Observation', [
        { id: 'Observation.contained', type: [{ code: 'Patient', profile: [`${OWN}h1p`] }] },
      ]),
      profile('h1p', 'Patient', [{ id: 'Patient.gender', min: 1 }]),
    ],
    fine: [
      observation({ contained: [{ ...patient({ gender: 'male' }), id: 'p' }], subject: { reference: '#p' } }),
      observation({}),
    ],
    faulty: [
      observation({ contained: [{ ...patient({}), id: 'p' }], subject: { reference: '#p' } }),
      observation({
        contained: [{ resourceType: 'Group', id: 'p', type: 'person', actual: true }],
        subject: { reference: '#p' },
      }),
    ],
    rules: ['profile-required', 'profile-type'],
  },
  {
    title: 'contained resources sliced by type',
    profiles: [
      profile('h2', 'Observation', [
        { id: 'Observation.contained', slicing: { discriminator: by('type', '$this'), rules: 'open' } },
        { id: 'Observation.contained:p', min: 1, max: '1', type: [{ code: 'Patient' }] },
      ]),
    ],
    fine: [
      observation({ contained: [{ ...patient({}), id: 'p' }], subject: { reference: '#p' } }),
      observation({
        contained: [
          { ...patient({}), id: 'p' },
          { resourceType: 'Practitioner', id: 'q', active: true },
        ],
        subject: { reference: '#p' },
        performer: [{ reference: '#q' }],
      }),
    ],
    faulty: [
      observation({}),
      observation({
        contained: [{ resourceType: 'Practitioner', id: 'q', active: true }],
        performer: [{ reference: '#q' }],
      }),
    ],
    rules: ['profile-slice-required'],
  },
  {
    title: 'parameters sliced by name, with a resource of a type',
    profiles: [
      profile('h3', 'Parameters', [
        { id: 'Parameters.parameter', slicing: { discriminator: by('value', 'name'), rules: 'closed' } },
        { id: 'Parameters.parameter:a', min: 1, max: '1' },
        { id: 'Parameters.parameter:a.name', fixedString: 'a' },
        { id: 'Parameters.parameter:a.value[x]', min: 1, type: [{ code: 'string' }] },
        { id: 'Parameters.parameter:r', min: 0, max: '1' },
        { id: 'Parameters.parameter:r.name', fixedString: 'r' },
        { id: 'Parameters.parameter:r.resource', min: 1, type: [{ code: 'Patient' }] },
      ]),
    ],
    fine: [
      { resourceType: 'Parameters', parameter: [{ name: 'a', valueString: 'x' }] },
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', valueString: 'x' },
          { name: 'r', resource: patient({}) },
        ],
      },
    ],
    faulty: [
      { resourceType: 'Parameters', parameter: [{ name: 'a', valueInteger: 1 }] },
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', valueString: 'x' },
          { name: 'r', resource: observation({}) },
        ],
      },
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', valueString: 'x' },
          { name: 'r', resource: patient({ foo: 1 }) },
        ],
      },
      { resourceType: 'Parameters', parameter: [{ name: 'a', valueString: 'x' }, { name: 'b' }] },
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'a', valueString: 'x', part: [{ name: 'b' }] },
          { name: 'a', valueString: 'x' },
        ],
      },
    ],
    rules: [
      'fhir-unknown-element',
      'invariant-inv-1',
      'profile-choice-type',
      'profile-slice-closed',
      'profile-slice-max',
      'profile-type',
    ],
  },
  {
    title: 'tags sliced by system, and a profile that must be claimed',
    profiles: [
      profile('h4', 'Patient', [
        { id: 'Patient.meta', min: 1 },
        { id: 'Patient.meta.profile', min: 1 },
        { id: 'Patient.meta.tag', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        { id: 'Patient.meta.tag:t', min: 1, max: '1' },
        { id: 'Patient.meta.tag:t.system', min: 1, fixedUri: SYSTEM },
      ]),
    ],
    fine: [patient({ meta: { profile: [`${OWN}h4`], tag: [{ system: SYSTEM }] } })],
    faulty: [
      patient({}),
      patient({ meta: { profile: [`${OWN}h4`] } }),
      patient({ meta: { tag: [{ system: SYSTEM }] } }),
    ],
    rules: ['profile-required', 'profile-slice-required'],
  },
];
