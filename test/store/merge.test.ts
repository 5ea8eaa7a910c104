/** The rules by which shared resources are merged. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Contribution, mergeContributions, mergeLater } from '../../src/store/merge.ts';
import type { Identified } from '../../src/store/store.ts';

const patient = (more: object): Identified => ({ resourceType: 'Patient', id: '1', ...more }) as Identified;
const merged = (earlier: object, later: object): object => {
  const { resourceType: _type, id: _id, ...rest } = mergeLater(patient(earlier), patient(later));
  return rest;
};
const VERIFIED = [{ url: 'https://verified.example', valueCode: '01' }];

describe('element by element', () => {
  test.each<[string, object, object, object]>([
    ['takes the later value', { gender: 'unknown' }, { gender: 'female' }, { gender: 'female' }],
    [
      'keeps what the later does not say',
      { birthDate: '1950-01-01' },
      { gender: 'male' },
      { birthDate: '1950-01-01', gender: 'male' },
    ],
    [
      'takes blanks for silence',
      { name: [{ family: 'A' }], gender: 'male' },
      { name: [], gender: '' },
      { name: [{ family: 'A' }], gender: 'male' },
    ],
    [
      'merges a period',
      { period: { start: '2025-01-01' } },
      { period: { end: '2025-02-01' } },
      { period: { start: '2025-01-01', end: '2025-02-01' } },
    ],
    [
      'takes a code as one value',
      { maritalStatus: { coding: [{ code: 'M' }] } },
      { maritalStatus: { text: 'Single' } },
      { maritalStatus: { text: 'Single' } },
    ],
    [
      'takes a reference as one value',
      { managingOrganization: { reference: 'Organization/1', display: 'One' } },
      { managingOrganization: { reference: 'Organization/2' } },
      { managingOrganization: { reference: 'Organization/2' } },
    ],
    [
      'takes reasons whole from the latest',
      { reasonCode: [{ text: 'debt' }] },
      { reasonCode: [{ text: 'housing' }] },
      { reasonCode: [{ text: 'housing' }] },
    ],
    [
      'unites notes',
      { note: [{ text: 'a' }] },
      { note: [{ text: 'b' }, { text: 'a' }] },
      { note: [{ text: 'a' }, { text: 'b' }] },
    ],
    [
      'merges names of one use',
      { name: [{ use: 'official', family: 'A', given: ['B'] }] },
      { name: [{ use: 'official', family: 'C' }] },
      { name: [{ use: 'official', family: 'C', given: ['B'] }] },
    ],
    [
      'keeps names of other uses',
      { name: [{ use: 'nickname', given: ['Bo'] }] },
      { name: [{ use: 'official', family: 'C' }] },
      {
        name: [
          { use: 'nickname', given: ['Bo'] },
          { use: 'official', family: 'C' },
        ],
      },
    ],
    [
      'replaces a number by system and use',
      {
        telecom: [
          { system: 'phone', use: 'home', value: '1', rank: 1 },
          { system: 'email', value: 'a' },
        ],
      },
      { telecom: [{ system: 'phone', use: 'home', value: '2' }] },
      {
        telecom: [
          { system: 'phone', use: 'home', value: '2' },
          { system: 'email', value: 'a' },
        ],
      },
    ],
    [
      'keeps the verification of the same identifier',
      { identifier: [{ system: 'n', value: '1', extension: VERIFIED }] },
      { identifier: [{ system: 'n', value: '1' }] },
      { identifier: [{ system: 'n', value: '1', extension: VERIFIED }] },
    ],
    [
      'drops the verification of another identifier',
      { identifier: [{ system: 'n', value: '1', extension: VERIFIED }] },
      { identifier: [{ system: 'n', value: '2' }] },
      { identifier: [{ system: 'n', value: '2' }] },
    ],
    [
      'completes an address that agrees',
      { address: [{ use: 'home', line: ['1 High St'], postalCode: 'LS1 1AA' }] },
      { address: [{ use: 'home', postalCode: 'LS1 1AA', district: 'Leeds' }] },
      { address: [{ use: 'home', line: ['1 High St'], postalCode: 'LS1 1AA', district: 'Leeds' }] },
    ],
    [
      'never mixes two addresses',
      { address: [{ use: 'home', line: ['1 High St'], postalCode: 'LS1 1AA' }] },
      { address: [{ use: 'home', postalCode: 'YO1 1AA' }] },
      { address: [{ use: 'home', postalCode: 'YO1 1AA' }] },
    ],
    [
      'replaces an extension by its url',
      {
        extension: [
          { url: 'a', valueCode: '1' },
          { url: 'b', valueCode: '1' },
        ],
      },
      { extension: [{ url: 'a', valueCode: '2' }] },
      {
        extension: [
          { url: 'a', valueCode: '2' },
          { url: 'b', valueCode: '1' },
        ],
      },
    ],
    [
      'keeps both of two items under one key together',
      { telecom: [{ system: 'phone', value: '1' }] },
      {
        telecom: [
          { system: 'phone', value: '2' },
          { system: 'phone', value: '3' },
        ],
      },
      {
        telecom: [
          { system: 'phone', value: '2' },
          { system: 'phone', value: '3' },
        ],
      },
    ],
    [
      'lets one form of a choice displace another',
      { multipleBirthBoolean: true },
      { multipleBirthInteger: 2 },
      { multipleBirthInteger: 2 },
    ],
    [
      'keeps the day of death when a later record only says dead',
      { deceasedDateTime: '2025-01-01' },
      { deceasedBoolean: true },
      { deceasedDateTime: '2025-01-01' },
    ],
    [
      'takes the day of death over a mere yes',
      { deceasedBoolean: true },
      { deceasedDateTime: '2025-01-01' },
      { deceasedDateTime: '2025-01-01' },
    ],
    [
      'takes a later no over a day of death',
      { deceasedDateTime: '2025-01-01' },
      { deceasedBoolean: false },
      { deceasedBoolean: false },
    ],
    [
      'drops extras of a value that is replaced',
      { birthDate: '1950', _birthDate: { id: 'x' } },
      { birthDate: '1951' },
      { birthDate: '1951' },
    ],
    [
      'keeps extras of a value said again',
      { birthDate: '1950', _birthDate: { id: 'x' } },
      { birthDate: '1950' },
      { birthDate: '1950', _birthDate: { id: 'x' } },
    ],
    [
      'does not let a reason for absence stand beside a value',
      { birthDate: '1950' },
      { _birthDate: { id: 'absent' } },
      { birthDate: '1950' },
    ],
    [
      'unites profiles',
      { meta: { profile: ['a'] } },
      { meta: { profile: ['b'], source: 's' } },
      { meta: { profile: ['a', 'b'], source: 's' } },
    ],
  ])('%s', (_name, earlier, later, expected) => {
    expect(merged(earlier, later)).toEqual(expected);
  });
});

const text = fc.constantFrom('a', 'b', 'c');
const someOf = (shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record(shape, { requiredKeys: [] });
const anyPatient = someOf({
  gender: fc.constantFrom('male', 'female', ''),
  birthDate: text,
  deceasedBoolean: fc.boolean(),
  name: fc.array(someOf({ use: text, family: text, given: fc.array(text, { maxLength: 2 }) }), {
    maxLength: 2,
  }),
  telecom: fc.array(someOf({ system: text, use: text, value: text }), { maxLength: 3 }),
  identifier: fc.array(someOf({ system: text, value: text, use: text }), { maxLength: 2 }),
  address: fc.array(someOf({ use: text, postalCode: text, line: fc.array(text, { maxLength: 2 }) }), {
    maxLength: 2,
  }),
  note: fc.array(someOf({ text }), { maxLength: 2 }),
  generalPractitioner: fc.array(someOf({ reference: text }), { maxLength: 2 }),
  period: someOf({ start: text, end: text }),
}).map(patient);
const contributions = fc
  .array(fc.record({ resource: anyPatient, sourceTimeMs: fc.nat(3), key: text }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((all) =>
    all.map((one, i): Contribution => ({ source: 'demo', kind: 'k', ...one, key: `${one.key}${i}` })),
  );

const isBlank = (value: unknown): boolean =>
  value === '' || (typeof value === 'object' && value !== null && Object.values(value).every(isBlank));

describe('whatever is said', () => {
  test('merging does not depend on the order of arrival', () => {
    const shuffled = contributions.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(mergeContributions(other)).toEqual(mergeContributions(all));
      }),
    );
  });

  test('saying the same again changes nothing', () => {
    fc.assert(
      fc.property(anyPatient, anyPatient, (a, b) => {
        const once = mergeLater(a, b);
        expect(mergeLater(once, b)).toEqual(once);
      }),
    );
  });

  test('no element that anybody filled is blank or missing', () => {
    fc.assert(
      fc.property(contributions, (all) => {
        const result = mergeContributions(all) as unknown as Record<string, unknown>;
        for (const { resource } of all)
          for (const [name, value] of Object.entries(resource))
            if (!isBlank(value)) expect(isBlank(result[name])).toBe(false);
      }),
    );
  });

  test('nothing that is merged is changed in place', () => {
    fc.assert(
      fc.property(contributions, (all) => {
        const before = structuredClone(all);
        mergeContributions(all);
        expect(all).toEqual(before);
      }),
    );
  });
});
