/** Profiles that slice, by each kind of discriminator: what they allow and what they refuse. */

import { OWN, profile, R4 } from '../snapshot/profiles.ts';
import { by, coding, type OracleCase, OTHER, observation, patient, SYSTEM } from './parts.ts';

export const SLICES: readonly OracleCase[] = [
  {
    title: 'slices by a value further down',
    profiles: [
      profile('d2', 'Observation', [
        {
          id: 'Observation.component',
          slicing: { discriminator: by('value', 'code.coding.code'), rules: 'open' },
        },
        { id: 'Observation.component:a', min: 1, max: '1' },
        { id: 'Observation.component:a.code.coding.code', min: 1, fixedCode: 'A' },
        { id: 'Observation.component:a.value[x]', min: 1, type: [{ code: 'Quantity' }] },
      ]),
    ],
    fine: [
      observation({ component: [{ code: { coding: [coding(SYSTEM, 'A')] }, valueQuantity: { value: 1 } }] }),
      observation({
        component: [
          { code: { text: 'q' } },
          { code: { coding: [coding(SYSTEM, 'A')] }, valueQuantity: { value: 1 } },
        ],
      }),
    ],
    faulty: [
      observation({ component: [{ code: { coding: [coding(SYSTEM, 'A')] } }] }),
      observation({ component: [{ code: { coding: [coding(SYSTEM, 'A')] }, valueString: 'x' }] }),
      observation({ component: [{ code: { coding: [coding(SYSTEM, 'B')] } }] }),
      observation({}),
      observation({
        component: [
          { code: { coding: [coding(SYSTEM, 'A')] }, valueQuantity: { value: 1 } },
          { code: { coding: [coding(SYSTEM, 'A')] }, valueQuantity: { value: 1 } },
        ],
      }),
    ],
    rules: ['profile-choice-type', 'profile-required', 'profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'slices of codes',
    profiles: [
      profile('d5', 'HealthcareService', [
        {
          id: 'HealthcareService.availableTime.daysOfWeek',
          slicing: { discriminator: by('value', '$this'), rules: 'open' },
        },
        { id: 'HealthcareService.availableTime.daysOfWeek:m', min: 1, max: '1', patternCode: 'mon' },
      ]),
    ],
    fine: [{ resourceType: 'HealthcareService', availableTime: [{ daysOfWeek: ['tue', 'mon'] }] }],
    faulty: [{ resourceType: 'HealthcareService', availableTime: [{ daysOfWeek: ['tue'] }] }],
    rules: ['profile-slice-required'],
  },
  {
    title: 'slices by whether an element is there',
    profiles: [
      profile('d9', 'Patient', [
        { id: 'Patient.telecom', slicing: { discriminator: by('exists', 'period'), rules: 'closed' } },
        { id: 'Patient.telecom:old', min: 0, max: '1' },
        { id: 'Patient.telecom:old.period', min: 1 },
        { id: 'Patient.telecom:new', min: 1, max: '1' },
        { id: 'Patient.telecom:new.use', min: 1 },
        { id: 'Patient.telecom:new.period', max: '0' },
      ]),
    ],
    fine: [
      patient({ telecom: [{ system: 'phone', value: '1', use: 'home' }] }),
      patient({
        telecom: [
          { system: 'phone', value: '1', use: 'home' },
          { system: 'phone', value: '2', period: { start: '2001' } },
        ],
      }),
    ],
    faulty: [
      patient({ telecom: [{ system: 'phone', value: '1' }] }),
      patient({ telecom: [{ system: 'phone', value: '1', period: { start: '2001' } }] }),
    ],
    rules: ['profile-required', 'profile-slice-required'],
  },
  {
    title: 'slices of codings',
    profiles: [
      profile('d12', 'Observation', [
        { id: 'Observation.code.coding', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        { id: 'Observation.code.coding:s', min: 1, max: '1' },
        { id: 'Observation.code.coding:s.system', min: 1, fixedUri: SYSTEM },
        { id: 'Observation.code.coding:s.code', min: 1 },
      ]),
    ],
    fine: [observation({ code: { coding: [coding(SYSTEM, '1'), coding(OTHER, '1')] } })],
    faulty: [
      observation({}),
      observation({ code: { coding: [coding(OTHER, '1')] } }),
      observation({ code: { coding: [{ system: SYSTEM }] } }),
    ],
    rules: ['profile-required', 'profile-slice-required'],
  },
  {
    title: 'slices by a pattern on an element that repeats',
    profiles: [
      profile('d13', 'Observation', [
        { id: 'Observation.category', slicing: { discriminator: by('value', 'coding'), rules: 'open' } },
        { id: 'Observation.category:a', min: 1, max: '1' },
        { id: 'Observation.category:a.coding', min: 1, patternCoding: coding(SYSTEM, 'a') },
      ]),
    ],
    fine: [
      observation({ category: [{ coding: [coding(SYSTEM, 'a')] }, { coding: [coding(SYSTEM, 'b')] }] }),
      observation({ category: [{ coding: [coding(SYSTEM, 'a', { display: 'x' })] }] }),
    ],
    faulty: [
      observation({ category: [{ coding: [coding(SYSTEM, 'b')] }] }),
      observation({ category: [{ text: 'x' }] }),
    ],
    rules: ['profile-slice-required'],
  },
  {
    title: 'a resource is not of a logical model',
    profiles: [
      {
        resourceType: 'StructureDefinition',
        url: `${OWN}logic`,
        name: 'logic',
        status: 'draft',
        kind: 'logical',
        abstract: false,
        type: `${OWN}logic`,
        baseDefinition: `${R4}Element`,
        derivation: 'specialization',
        differential: {
          element: [
            { id: 'logic', path: 'logic', definition: 'x', min: 0, max: '*' },
            { id: 'logic.a', path: 'logic.a', min: 1, max: '1', type: [{ code: 'string' }] },
          ],
        },
      },
    ],
    fine: [],
    faulty: [patient({})],
    rules: ['profile-type'],
  },
];
