/** A differential that cannot stand on its base is refused, with what to change in which element. */
import type { ElementDefinition, ElementDefinitionSlicing } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { snapshotOf } from '../../../src/validation/snapshot/snapshot.ts';
import { findingsOn, knowing, OWN, profile, R4, type Said } from './profiles.ts';

const OPEN: ElementDefinitionSlicing = { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' };
const CLOSED: ElementDefinitionSlicing = { ...OPEN, rules: 'closed' };

/** Differentials on Patient or Observation, each with one fault, and the finding on it. */
const FAULTS: readonly (readonly [name: string, said: readonly Said[], ...findings: string[]])[] = [
  ['an unknown element', [{ id: 'Patient.nickname', min: 1 }], 'snapshot-unknown-element: Patient.nickname'],
  [
    'an unknown element of a data type',
    [{ id: 'Patient.name.middle' }],
    'snapshot-unknown-element: Patient.name.middle',
  ],
  [
    'content of an element that has none',
    [{ id: 'Patient.id.value' }],
    'snapshot-unknown-element: Patient.id.value',
  ],
  ['a wider max', [{ id: 'Patient.birthDate', max: '2' }], 'snapshot-cardinality: Patient.birthDate'],
  ['a lower min', [{ id: 'Observation.status', min: 0 }], 'snapshot-cardinality: Observation.status'],
  ['a min above max', [{ id: 'Patient.birthDate', min: 2 }], 'snapshot-cardinality: Patient.birthDate'],
  [
    'a type not allowed',
    [{ id: 'Patient.birthDate', type: [{ code: 'dateTime' }] }],
    'snapshot-type: Patient.birthDate',
  ],
  [
    'a type not allowed of a choice',
    [{ id: 'Patient.deceasedString' }],
    'snapshot-type: Patient.deceasedString',
  ],
  [
    'a target not allowed',
    [{ id: 'Patient.managingOrganization', type: [{ code: 'Reference', targetProfile: [`${R4}Location`] }] }],
    'snapshot-type: Patient.managingOrganization',
  ],
  [
    'a weaker binding',
    [{ id: 'Patient.gender', binding: { strength: 'extensible', valueSet: 'urn:v' } }],
    'snapshot-binding: Patient.gender',
  ],
  [
    'slices without slicing',
    [{ id: 'Patient.identifier:a' }, { id: 'Patient.identifier:a.system', min: 1 }],
    'snapshot-slicing-missing: Patient.identifier',
  ],
  [
    'content of a slice that is not there',
    [
      { id: 'Patient.identifier', slicing: OPEN },
      { id: 'Patient.identifier:a.system', min: 1 },
    ],
    'snapshot-unknown-slice: Patient.identifier:a',
  ],
  [
    'content of a choice’s slice that is not there',
    [{ id: 'Observation.value[x]:amount.unit', min: 1 }],
    'snapshot-unknown-slice: Observation.value[x]:amount',
  ],
  [
    'slices of a slice without slicing',
    [
      { id: 'Patient.identifier', slicing: OPEN },
      { id: 'Patient.identifier:a' },
      { id: 'Patient.identifier:a/b' },
    ],
    'snapshot-slicing-missing: Patient.identifier:a',
  ],
  [
    'elements out of order',
    [
      { id: 'Patient.birthDate', min: 1 },
      { id: 'Patient.name', min: 1 },
    ],
    'snapshot-order: Patient.name',
  ],
  ['an element twice', [{ id: 'Patient.name' }, { id: 'Patient.name' }], 'snapshot-duplicate: Patient.name'],
  [
    'a short name and a slice of one type',
    [{ id: 'Observation.value[x]:valueString' }, { id: 'Observation.valueString' }],
    'snapshot-duplicate: Observation.valueString',
  ],
  [
    'a constraint’s key taken',
    [
      {
        id: 'Patient.contact',
        constraint: [{ key: 'pat-1', severity: 'error', human: 'x', expression: 'true' }],
      },
    ],
    'snapshot-constraint: Patient.contact',
  ],
  [
    'a modifier taken back',
    [{ id: 'Patient.active', isModifier: false }],
    'snapshot-modifier: Patient.active',
  ],
  ['a modifier made', [{ id: 'Patient.name', isModifier: true }], 'snapshot-modifier: Patient.name'],
  [
    'a value of another type',
    [{ id: 'Patient.gender', fixedString: 'female' }],
    'snapshot-fixed: Patient.gender',
  ],
  ['another root', [{ id: 'Patient' }, { id: 'Person.name' }], 'snapshot-path: Person.name'],
];

for (const [name, said, ...findings] of FAULTS)
  test(`refuses ${name}`, () => {
    const type = said[0]!.id.split(/[.:]/)[0]!;
    expect(findingsOn(profile('p', type, said))).toEqual(findings);
  });

/** What a profile on another profile may not do: what the first says of Patient, and the second. */
const LATER: readonly (readonly [
  name: string,
  first: readonly Said[],
  second: readonly Said[],
  finding: string,
])[] = [
  [
    'another fixed value',
    [{ id: 'Patient.gender', fixedCode: 'female' }],
    [{ id: 'Patient.gender', fixedCode: 'male' }],
    'snapshot-fixed: Patient.gender',
  ],
  [
    'a pattern that contradicts',
    [{ id: 'Patient.maritalStatus', patternCodeableConcept: { text: 'a' } }],
    [{ id: 'Patient.maritalStatus', patternCodeableConcept: { text: 'b' } }],
    'snapshot-fixed: Patient.maritalStatus',
  ],
  [
    'mustSupport taken back',
    [{ id: 'Patient.name', mustSupport: true }],
    [{ id: 'Patient.name', mustSupport: false }],
    'snapshot-must-support: Patient.name',
  ],
  [
    'a new slice of a closed slicing',
    [{ id: 'Patient.identifier', slicing: CLOSED }, { id: 'Patient.identifier:a' }],
    [{ id: 'Patient.identifier:b' }],
    'snapshot-slicing: Patient.identifier:b',
  ],
  [
    'a closed slicing opened',
    [{ id: 'Patient.identifier', slicing: CLOSED }, { id: 'Patient.identifier:a' }],
    [{ id: 'Patient.identifier', slicing: OPEN }],
    'snapshot-slicing: Patient.identifier',
  ],
  [
    'a type that a short name excludes',
    [{ id: 'Patient.deceasedBoolean', min: 0 }],
    [{ id: 'Patient.deceasedDateTime', min: 0 }],
    'snapshot-type: Patient.deceasedDateTime',
  ],
  [
    'another profile of a type',
    [{ id: 'Patient.contact.telecom', type: [{ code: 'ContactPoint', profile: [`${OWN}phone`] }] }],
    [{ id: 'Patient.contact.telecom', type: [{ code: 'ContactPoint', profile: [`${OWN}fax`] }] }],
    'snapshot-type: Patient.contact.telecom',
  ],
];

for (const [name, first, second, finding] of LATER)
  test(`refuses ${name} in a later profile`, () => {
    const before = profile('first', 'Patient', first);
    const phone = profile('phone', 'ContactPoint', [{ id: 'ContactPoint.value', min: 1 }]);
    const fax = profile('fax', 'ContactPoint', [{ id: 'ContactPoint.value', min: 1 }]);
    expect(findingsOn(profile('second', before.url, second), knowing(before, phone, fax))).toEqual([finding]);
  });

test('adds up patterns that agree', () => {
  const first = profile('first', 'Patient', [
    { id: 'Patient.maritalStatus', patternCodeableConcept: { coding: [{ code: 'a' }] } },
  ]);
  const second = profile('second', first.url, [
    { id: 'Patient.maritalStatus', patternCodeableConcept: { text: 't', coding: [{ code: 'b' }] } },
  ]);
  const made = snapshotOf(second, knowing(first));
  const found = (made.ok ? made.value.snapshot!.element : []).find(
    ({ id }: ElementDefinition) => id === 'Patient.maritalStatus',
  );
  expect(found?.patternCodeableConcept).toEqual({ text: 't', coding: [{ code: 'a' }, { code: 'b' }] });
});

test('takes profiles of packages that are not there as they are', () => {
  const unknown = 'urn:package:unknown';
  const said = [
    { id: 'Patient.extension:a', type: [{ code: 'Extension', profile: [unknown] }] },
    { id: 'Patient.managingOrganization', type: [{ code: 'Reference', targetProfile: [unknown] }] },
  ];
  expect(findingsOn(profile('p', 'Patient', said))).toEqual([]);
});

test('refuses a base that is not at hand, a cycle of bases, and a definition that says nothing', () => {
  const lost = profile('lost', 'urn:nowhere', [{ id: 'Patient' }]);
  expect(findingsOn(lost)).toEqual(['snapshot-base']);
  const one = profile('one', `${OWN}two`, [{ id: 'Patient' }]);
  const two = profile('two', `${OWN}one`, [{ id: 'Patient' }]);
  expect(findingsOn(one, knowing(one, two))).toEqual(['snapshot-cycle']);
  expect(findingsOn({ ...lost, differential: undefined })).toEqual(['snapshot-differential']);
  const placeless = { element: [{ id: 'Patient' } as ElementDefinition] };
  expect(findingsOn({ ...lost, differential: placeless })).toEqual(['snapshot-path']);
  expect(findingsOn(profile('p', 'Observation', [{ id: 'Patient' }]))).toEqual(['snapshot-path: Patient']);
});

test('an extension may hold itself', () => {
  const url = `${OWN}nested`;
  const nested = profile('nested', 'Extension', [
    { id: 'Extension.extension:nested', type: [{ code: 'Extension', profile: [url] }] },
  ]);
  expect(findingsOn(nested, knowing(nested))).toEqual([]);
});

test('a finding names the definition and the element, and says what to change', () => {
  const made = snapshotOf(profile('p', 'Patient', [{ id: 'Patient.birthDate', max: '2' }]), knowing());
  expect(made.ok ? [] : made.outcome.issue).toMatchObject([
    {
      severity: 'error',
      diagnostics: `${OWN}p: the differential’s Patient.birthDate has max 2 where the base has 1: give max 1 or less`,
      expression: ["StructureDefinition.differential.element.where(id = 'Patient.birthDate')"],
    },
  ]);
});
