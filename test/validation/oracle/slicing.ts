/** Profiles that slice: order, number, slices of slices: what they allow and what they refuse. */

import { OWN, profile } from '../snapshot/profiles.ts';
import { by, type OracleCase, OTHER, observation, patient, SYSTEM } from './parts.ts';

export const SLICING: readonly OracleCase[] = [
  {
    title: 'a slice that must be there makes the element be there',
    profiles: [
      profile('a1', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        { id: 'Patient.identifier:a', min: 1, max: '1' },
        { id: 'Patient.identifier:a.system', min: 1, fixedUri: SYSTEM },
      ]),
    ],
    fine: [patient({ identifier: [{ system: SYSTEM }] })],
    faulty: [patient({}), patient({ identifier: [{ system: 'urn:x' }] })],
    rules: ['profile-slice-required'],
  },
  {
    title: 'slices of a slice',
    profiles: [
      profile('d11', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        {
          id: 'Patient.identifier:n',
          min: 1,
          max: '3',
          slicing: { discriminator: by('value', 'use'), rules: 'closed' },
        },
        { id: 'Patient.identifier:n.system', min: 1, fixedUri: SYSTEM },
        { id: 'Patient.identifier:n/off', min: 1, max: '1', sliceName: 'n/off', path: 'Patient.identifier' },
        { id: 'Patient.identifier:n/off.use', min: 1, fixedCode: 'official', path: 'Patient.identifier.use' },
        {
          id: 'Patient.identifier:n/off.system',
          min: 1,
          fixedUri: SYSTEM,
          path: 'Patient.identifier.system',
        },
        { id: 'Patient.identifier:n/old', min: 0, max: '1', sliceName: 'n/old', path: 'Patient.identifier' },
        { id: 'Patient.identifier:n/old.use', min: 1, fixedCode: 'old', path: 'Patient.identifier.use' },
        { id: 'Patient.identifier:n/old.period', min: 1, path: 'Patient.identifier.period' },
      ]),
    ],
    fine: [
      patient({ identifier: [{ system: SYSTEM, use: 'official' }] }),
      patient({
        identifier: [
          { system: OTHER },
          { system: SYSTEM, use: 'official' },
          { system: SYSTEM, use: 'old', period: { end: '2001' } },
        ],
      }),
    ],
    faulty: [
      patient({ identifier: [{ system: SYSTEM, use: 'old', period: { end: '2001' } }] }),
      patient({
        identifier: [
          { system: SYSTEM, use: 'official' },
          { system: SYSTEM, use: 'official' },
        ],
      }),
      patient({
        identifier: [
          { system: SYSTEM, use: 'official' },
          { system: SYSTEM, use: 'temp' },
        ],
      }),
      patient({
        identifier: [
          { system: SYSTEM, use: 'official' },
          { system: SYSTEM, use: 'old' },
        ],
      }),
      patient({}),
    ],
    rules: ['profile-required', 'profile-slice-closed', 'profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'cardinality of a list and of its slices',
    profiles: [
      profile('f7', 'Patient', [
        {
          id: 'Patient.telecom',
          min: 2,
          max: '3',
          slicing: { discriminator: by('value', 'system'), rules: 'open' },
        },
        { id: 'Patient.telecom:p', min: 1, max: '1' },
        { id: 'Patient.telecom:p.system', min: 1, fixedCode: 'phone' },
      ]),
    ],
    fine: [patient({ telecom: [{ system: 'phone' }, { system: 'sms' }] })],
    faulty: [
      patient({ telecom: [{ system: 'phone' }] }),
      patient({ telecom: [{ system: 'phone' }, { system: 'sms' }, { system: 'sms' }, { system: 'sms' }] }),
    ],
    rules: ['profile-cardinality'],
  },
  {
    title: 'slices that stand before all others',
    profiles: [
      profile('f8', 'Patient', [
        {
          id: 'Patient.telecom',
          slicing: { discriminator: by('value', 'system'), rules: 'openAtEnd', ordered: true },
        },
        { id: 'Patient.telecom:p', min: 0, max: '*' },
        { id: 'Patient.telecom:p.system', min: 1, fixedCode: 'phone' },
        { id: 'Patient.telecom:s', min: 0, max: '*' },
        { id: 'Patient.telecom:s.system', min: 1, fixedCode: 'sms' },
      ]),
    ],
    fine: [
      patient({ telecom: [{ system: 'phone' }, { system: 'sms' }, { system: 'url' }] }),
      patient({ telecom: [{ system: 'url' }] }),
    ],
    faulty: [
      patient({ telecom: [{ system: 'url' }, { system: 'phone' }] }),
      patient({ telecom: [{ system: 'sms' }, { system: 'phone' }] }),
    ],
    rules: ['profile-slice-order'],
  },
  {
    title: 'slices by two values',
    profiles: [
      profile('f9', 'Patient', [
        {
          id: 'Patient.telecom',
          slicing: {
            discriminator: [
              { type: 'value', path: 'system' },
              { type: 'value', path: 'use' },
            ],
            rules: 'closed',
          },
        },
        { id: 'Patient.telecom:a', min: 1, max: '1' },
        { id: 'Patient.telecom:a.system', min: 1, fixedCode: 'phone' },
        { id: 'Patient.telecom:a.use', min: 1, fixedCode: 'home' },
        { id: 'Patient.telecom:b', min: 0, max: '1' },
        { id: 'Patient.telecom:b.system', min: 1, fixedCode: 'phone' },
        { id: 'Patient.telecom:b.use', min: 1, fixedCode: 'work' },
      ]),
    ],
    fine: [
      patient({
        telecom: [
          { system: 'phone', use: 'work' },
          { system: 'phone', use: 'home' },
        ],
      }),
    ],
    faulty: [
      patient({
        telecom: [
          { system: 'phone', use: 'home' },
          { system: 'phone', use: 'old' },
        ],
      }),
      patient({ telecom: [{ system: 'phone' }] }),
      patient({ telecom: [{ system: 'phone', use: 'work' }] }),
    ],
    rules: ['profile-slice-closed', 'profile-slice-required'],
  },
  {
    title: 'a profile on a profile adds to its slices',
    profiles: [
      profile('f14', `${OWN}f14a`, [
        { id: 'Patient.identifier:n', min: 1 },
        { id: 'Patient.identifier:n.value', min: 1 },
        { id: 'Patient.identifier:m', min: 0, max: '1' },
        { id: 'Patient.identifier:m.system', min: 1, fixedUri: OTHER },
      ]),
      profile('f14a', 'Patient', [
        { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'open' } },
        { id: 'Patient.identifier:n', min: 0, max: '1' },
        { id: 'Patient.identifier:n.system', min: 1, fixedUri: SYSTEM },
      ]),
    ],
    fine: [patient({ identifier: [{ system: SYSTEM, value: '1' }] })],
    faulty: [
      patient({}),
      patient({ identifier: [{ system: SYSTEM }] }),
      patient({ identifier: [{ system: SYSTEM, value: '1' }, { system: OTHER }, { system: OTHER }] }),
    ],
    rules: ['profile-required', 'profile-slice-max', 'profile-slice-required'],
  },
  {
    title: 'an invariant on a slice of a backbone element knows its types',
    profiles: [
      profile('g1', 'Observation', [
        { id: 'Observation.component', slicing: { discriminator: by('value', 'code.text'), rules: 'open' } },
        {
          id: 'Observation.component:a',
          min: 0,
          max: '1',
          constraint: [
            {
              key: 'c-1',
              severity: 'error',
              human: 'x',
              expression: 'value is Quantity and value.ofType(Quantity).value > 1 and value.exists()',
            },
          ],
        },
        { id: 'Observation.component:a.code.text', min: 1, fixedString: 'a' },
      ]),
    ],
    fine: [observation({ component: [{ code: { text: 'a' }, valueQuantity: { value: 2 } }] })],
    faulty: [
      observation({ component: [{ code: { text: 'a' }, valueQuantity: { value: 1 } }] }),
      observation({ component: [{ code: { text: 'a' } }] }),
    ],
    rules: ['invariant-c-1'],
  },
];
