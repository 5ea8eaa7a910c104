/** Profiles on extensions: what they allow and what they refuse. */
import type { Json } from '../../../src/validation/run.ts';
import { OWN, profile, R4 } from '../snapshot/profiles.ts';
import { by, dataType, extension, type OracleCase, patient } from './parts.ts';

const GENDER = extension('e1', [
  { id: 'Extension.url', fixedUri: `${OWN}e1` },
  {
    id: 'Extension.value[x]',
    min: 1,
    type: [{ code: 'code' }],
    binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
  },
]);

const PARTS = extension('e2', [
  { id: 'Extension.extension', slicing: { discriminator: by('value', 'url'), rules: 'closed' }, min: 1 },
  { id: 'Extension.extension:a', min: 1, max: '1' },
  { id: 'Extension.extension:a.extension', max: '0' },
  { id: 'Extension.extension:a.url', fixedUri: 'a' },
  { id: 'Extension.extension:a.value[x]', min: 1, type: [{ code: 'string' }] },
  { id: 'Extension.extension:b', min: 0, max: '2' },
  { id: 'Extension.extension:b.url', fixedUri: 'b' },
  { id: 'Extension.extension:b.value[x]', min: 1, type: [{ code: 'Quantity' }, { code: 'boolean' }] },
  { id: 'Extension.url', fixedUri: `${OWN}e2` },
  { id: 'Extension.value[x]', max: '0' },
]);

const PART = { url: 'a', valueString: 's' };

function extended(...parts: readonly object[]): Json {
  return patient({ extension: [{ url: `${OWN}e2`, extension: parts }] });
}

const MODIFIER = dataType('em', 'Extension', [
  { id: 'Extension', isModifier: true },
  { id: 'Extension.url', fixedUri: `${OWN}em` },
  { id: 'Extension.value[x]', min: 1, type: [{ code: 'boolean' }] },
]);

export const EXTENSIONS: readonly OracleCase[] = [
  {
    title: 'an extension with a definition of its own, in a closed slicing',
    profiles: [
      profile('c1', 'Patient', [
        { id: 'Patient.extension', slicing: { discriminator: by('value', 'url'), rules: 'closed' } },
        { id: 'Patient.extension:e', min: 1, max: '1', type: [{ code: 'Extension', profile: [`${OWN}e1`] }] },
      ]),
      GENDER,
    ],
    fine: [patient({ extension: [{ url: `${OWN}e1`, valueCode: 'male' }] })],
    faulty: [
      patient({}),
      patient({ extension: [{ url: `${OWN}e1`, valueCode: 'mal' }] }),
      patient({ extension: [{ url: `${OWN}e1`, valueString: 'male' }] }),
      patient({
        extension: [
          { url: `${OWN}e1`, valueCode: 'male' },
          { url: `${OWN}e1`, valueCode: 'male' },
        ],
      }),
      patient({
        extension: [
          { url: `${OWN}e1`, valueCode: 'male' },
          { url: 'https://other.example/x', valueCode: 'male' },
        ],
      }),
      patient({ extension: [{ url: `${OWN}e1` }] }),
    ],
    rules: [
      'invariant-ext-1',
      'profile-choice-type',
      'profile-code',
      'profile-required',
      'profile-slice-closed',
      'profile-slice-max',
      'profile-slice-required',
    ],
  },
  {
    title: 'an extension of extensions',
    profiles: [
      profile('c2', 'Patient', [
        { id: 'Patient.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        { id: 'Patient.extension:e', min: 0, max: '1', type: [{ code: 'Extension', profile: [`${OWN}e2`] }] },
      ]),
      PARTS,
    ],
    fine: [
      extended(PART),
      extended(PART, { url: 'b', valueBoolean: true }),
      extended(PART, { url: 'b', valueQuantity: { value: 1 } }),
    ],
    faulty: [
      extended(),
      extended({ url: 'b', valueBoolean: true }),
      extended(PART, PART),
      extended(PART, { url: 'c', valueString: 'x' }),
      extended({ url: 'a', valueInteger: 1 }),
      extended(PART, { url: 'b', valueString: 'x' }),
      extended({ url: 'a' }),
      extended({ url: 'a', extension: [{ url: 'x', valueString: 'y' }] }),
      patient({ extension: [{ url: `${OWN}e2`, valueString: 'x' }] }),
      patient({ extension: [{ url: `${OWN}e2`, valueString: 'x', extension: [PART] }] }),
    ],
    rules: [
      'fhir-empty',
      'invariant-ext-1',
      'profile-choice-type',
      'profile-forbidden',
      'profile-required',
      'profile-slice-closed',
      'profile-slice-max',
      'profile-slice-required',
    ],
  },
  {
    title: 'an extension that the profile describes itself',
    profiles: [
      profile('c3', 'Patient', [
        { id: 'Patient.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        { id: 'Patient.extension:q', min: 0, max: '1' },
        { id: 'Patient.extension:q.url', fixedUri: 'https://q.example/q' },
        { id: 'Patient.extension:q.value[x]', min: 1, type: [{ code: 'integer' }], minValueInteger: 3 },
      ]),
    ],
    fine: [
      patient({ extension: [{ url: 'https://q.example/q', valueInteger: 3 }] }),
      patient({ extension: [{ url: 'https://other.example/q', valueInteger: 2 }] }),
    ],
    faulty: [
      patient({ extension: [{ url: 'https://q.example/q', valueInteger: 2 }] }),
      patient({ extension: [{ url: 'https://q.example/q', valueString: 'a' }] }),
      patient({ extension: [{ url: 'https://q.example/q' }] }),
    ],
    rules: ['invariant-ext-1', 'profile-choice-type', 'profile-range', 'profile-required'],
  },
  {
    title: 'a discriminator through an extension',
    profiles: [
      profile('c4', 'Patient', [
        {
          id: 'Patient.name',
          slicing: { discriminator: by('value', `extension('${OWN}e1').value`), rules: 'open' },
        },
        { id: 'Patient.name:m', min: 1, max: '1' },
        { id: 'Patient.name:m.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.name:m.extension:g',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: [`${OWN}e1`] }],
        },
        { id: 'Patient.name:m.extension:g.value[x]', min: 1, patternCode: 'male' },
        { id: 'Patient.name:m.family', min: 1 },
      ]),
      GENDER,
    ],
    fine: [
      patient({
        name: [{ family: 'x', extension: [{ url: `${OWN}e1`, valueCode: 'male' }] }, { text: 'x' }],
      }),
    ],
    faulty: [
      patient({ name: [{ given: ['x'], extension: [{ url: `${OWN}e1`, valueCode: 'male' }] }] }),
      patient({ name: [{ family: 'x', extension: [{ url: `${OWN}e1`, valueCode: 'female' }] }] }),
      patient({ name: [{ family: 'x' }] }),
    ],
    rules: ['profile-required', 'profile-slice-required'],
  },
  {
    title: 'a discriminator by whether an extension is there',
    profiles: [
      profile('c5', 'Patient', [
        {
          id: 'Patient.name',
          slicing: { discriminator: by('exists', `extension('${OWN}e1')`), rules: 'open' },
        },
        { id: 'Patient.name:m', min: 0, max: '1' },
        { id: 'Patient.name:m.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.name:m.extension:g',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: [`${OWN}e1`] }],
        },
        { id: 'Patient.name:m.family', min: 1 },
      ]),
    ],
    fine: [
      patient({
        name: [{ given: ['x'] }, { family: 'x', extension: [{ url: `${OWN}e1`, valueCode: 'male' }] }],
      }),
    ],
    faulty: [patient({ name: [{ given: ['x'], extension: [{ url: `${OWN}e1`, valueCode: 'male' }] }] })],
    rules: ['profile-required'],
  },
  {
    title: 'a modifier extension',
    profiles: [
      profile('c6', 'Patient', [
        { id: 'Patient.modifierExtension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.modifierExtension:m',
          min: 0,
          max: '1',
          type: [{ code: 'Extension', profile: [`${OWN}em`] }],
        },
      ]),
      MODIFIER,
    ],
    fine: [patient({}), patient({ modifierExtension: [{ url: `${OWN}em`, valueBoolean: true }] })],
    faulty: [
      patient({ extension: [{ url: `${OWN}em`, valueBoolean: true }] }),
      patient({ modifierExtension: [{ url: `${OWN}em`, valueString: 'x' }] }),
      patient({ modifierExtension: [{ url: 'https://unknown.example/x', valueBoolean: true }] }),
      patient({ modifierExtension: [{ url: `${OWN}e1`, valueCode: 'male' }] }),
    ],
    rules: ['fhir-extension-modifier', 'profile-choice-type'],
  },
  {
    title: 'the targets of a reference that is the value of an extension',
    profiles: [
      profile('d24', 'Patient', [
        { id: 'Patient.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' } },
        {
          id: 'Patient.extension:e',
          min: 0,
          max: '1',
          type: [{ code: 'Extension', profile: [`${OWN}d23`] }],
        },
      ]),
      dataType('d23', 'Extension', [
        { id: 'Extension.url', fixedUri: `${OWN}d23` },
        {
          id: 'Extension.value[x]',
          type: [{ code: 'Reference', targetProfile: [`${R4}Patient`] }, { code: 'CodeableConcept' }],
        },
      ]),
    ],
    fine: [
      patient({ extension: [{ url: `${OWN}d23`, valueReference: { reference: 'Patient/1' } }] }),
      patient({ extension: [{ url: `${OWN}d23`, valueCodeableConcept: { text: 'x' } }] }),
    ],
    faulty: [
      patient({ extension: [{ url: `${OWN}d23`, valueReference: { reference: 'Group/1' } }] }),
      patient({ extension: [{ url: `${OWN}d23`, valueString: 'Group/1' }] }),
    ],
    rules: ['profile-choice-type', 'profile-reference-type'],
  },
  {
    title: 'elements of a data type that a profile spells out',
    profiles: [
      profile('f16', 'Patient', [
        { id: 'Patient.address.line', max: '2' },
        { id: 'Patient.address.country', patternString: 'GB' },
        { id: 'Patient.address.period.start', min: 1 },
      ]),
    ],
    fine: [
      patient({ address: [{ line: ['a', 'b'], period: { start: '2001' }, country: 'GB' }] }),
      patient({ address: [{ text: 'x' }] }),
    ],
    faulty: [
      patient({ address: [{ line: ['a', 'b', 'c'] }] }),
      patient({ address: [{ period: { end: '2001' } }] }),
      patient({ address: [{ country: 'FR' }] }),
      patient({ address: [{ _country: { id: 'x' } }] }),
    ],
    rules: ['profile-cardinality', 'profile-pattern', 'profile-required'],
  },
  {
    title: 'slices by extensions whose definitions are not known',
    profiles: [
      profile('h11', 'Patient', [
        { id: 'Patient.extension', slicing: { discriminator: by('value', 'url'), rules: 'open' }, min: 1 },
        {
          id: 'Patient.extension:a',
          min: 0,
          max: '1',
          type: [{ code: 'Extension', profile: ['https://nowhere.example/a'] }],
        },
        {
          id: 'Patient.extension:b',
          min: 1,
          max: '1',
          type: [{ code: 'Extension', profile: ['https://nowhere.example/b'] }],
        },
      ]),
    ],
    fine: [patient({ extension: [{ url: 'https://nowhere.example/b', valueString: 'x' }] })],
    faulty: [patient({ extension: [{ url: 'https://nowhere.example/a', valueString: 'x' }] }), patient({})],
    rules: ['profile-required', 'profile-slice-required'],
  },
];
