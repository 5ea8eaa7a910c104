/** Filters of value sets, on systems that are whole, in part, and told by their form alone. */
import type { CodeSystem, ValueSetComposeIncludeFilter } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { codeSystem, set, system, terminologyOf, valueSet } from './defined.ts';

type Filter = readonly [property: string, op: ValueSetComposeIncludeFilter['op'], value: string];

/** animal > {bird > {duck}, fish}; a duck is a swimmer too, by property; a swimmer names the fish as its child. */
const animals = codeSystem(
  'animal',
  [
    {
      code: 'animal',
      display: 'Animal',
      concept: [
        {
          code: 'bird',
          concept: [{ code: 'duck', property: [{ code: 'subsumedBy', valueCode: 'swimmer' }] }],
        },
        { code: 'fish', property: [{ code: 'legs', valueInteger: 0 }] },
      ],
    },
    { code: 'swimmer', property: [{ code: 'child', valueCode: 'fish' }] },
    {
      code: 'stone',
      property: [
        { code: 'inactive', valueBoolean: true },
        { code: 'of', valueCoding: { code: 'earth' } },
      ],
    },
  ],
  {
    property: [
      { code: 'legs', type: 'integer' },
      { code: 'of', type: 'Coding' },
    ],
  },
);
const ALL = ['animal', 'bird', 'duck', 'fish', 'swimmer', 'stone'];

function filtered(definition: CodeSystem | undefined, of: string, ...filters: readonly Filter[]) {
  const filter = filters.map(([property, op, value]) => ({ property, op, value }));
  const one = valueSet('filtered', { include: [{ system: of, filter }] });
  return terminologyOf(...(definition ? [definition] : []), one).codes(set('filtered'));
}

test.each<readonly [Filter, readonly string[]]>([
  [
    ['concept', 'is-a', 'animal'],
    ['animal', 'bird', 'duck', 'fish'],
  ],
  [
    ['concept', 'is-a', 'swimmer'],
    ['duck', 'fish', 'swimmer'],
  ],
  [
    ['code', 'descendent-of', 'animal'],
    ['bird', 'duck', 'fish'],
  ],
  [
    ['concept', 'is-not-a', 'animal'],
    ['swimmer', 'stone'],
  ],
  [
    ['concept', 'generalizes', 'duck'],
    ['animal', 'bird', 'duck', 'swimmer'],
  ],
  [['code', '=', 'duck'], ['duck']],
  [
    ['concept', 'in', 'duck, fish'],
    ['duck', 'fish'],
  ],
  [
    ['code', 'not-in', 'animal,bird,duck'],
    ['fish', 'swimmer', 'stone'],
  ],
  [
    ['code', 'regex', '[a-f].*'],
    ['animal', 'bird', 'duck', 'fish'],
  ],
  [['code', 'regex', 'is'], []],
  [['display', '=', 'Animal'], ['animal']],
  [
    ['parent', '=', 'swimmer'],
    ['duck', 'fish'],
  ],
  [
    ['child', '=', 'fish'],
    ['animal', 'swimmer'],
  ],
  [
    ['parent', 'exists', 'false'],
    ['animal', 'swimmer', 'stone'],
  ],
  [['legs', '=', '0'], ['fish']],
  [['legs', 'exists', 'true'], ['fish']],
  [['of', '=', 'earth'], ['stone']],
  [
    ['inactive', '=', 'false'],
    ['animal', 'bird', 'duck', 'fish', 'swimmer'],
  ],
])('filter %j keeps %j of a whole system', (filter, expected) => {
  const codes = filtered(animals, system('animal'), filter);
  expect(ALL.filter((code) => codes.has(undefined, code))).toEqual(expected);
  expect(codes.unknownBecause).toBeUndefined();
});

test('several filters all hold', () => {
  const codes = filtered(
    animals,
    system('animal'),
    ['concept', 'is-a', 'animal'],
    ['parent', '=', 'swimmer'],
  );
  expect(ALL.filter((code) => codes.has(undefined, code))).toEqual(['duck', 'fish']);
});

test('a hierarchy that goes in circles ends', () => {
  const ring = codeSystem('ring', [
    { code: 'a', property: [{ code: 'parent', valueCode: 'b' }] },
    { code: 'b', property: [{ code: 'parent', valueCode: 'a' }] },
  ]);
  expect(filtered(ring, system('ring'), ['concept', 'is-a', 'a']).has(undefined, 'b')).toBe(true);
});

test.each<readonly [string, Filter]>([
  ['filter "wings =" on', ['wings', '=', '2']],
  ['filter "display is-a" on', ['display', 'is-a', 'animal']],
  ['filter "is-a" names a code that', ['concept', 'is-a', 'unicorn']],
  ['filter "code regex" on', ['code', 'regex', '(']],
])('says %s … where a filter cannot be computed', (because, filter) => {
  const codes = filtered(animals, system('animal'), filter);
  expect(codes.has(undefined, 'duck')).toBeUndefined();
  expect(codes.has(undefined, 'pink')).toBe(false);
  expect(codes.unknownBecause).toContain(because);
});

test('of a system that is here in part, what is seen below a code is below it, and nothing else is told', () => {
  const part = { ...animals, content: 'fragment' as const };
  const below = filtered(part, system('animal'), ['concept', 'is-a', 'bird']);
  expect(['bird', 'duck', 'fish', 'pink'].map((code) => below.has(undefined, code))).toEqual([
    true,
    true,
    undefined,
    undefined,
  ]);
  const besides = filtered(part, system('animal'), ['concept', 'is-not-a', 'bird']);
  expect(['duck', 'fish'].map((code) => besides.has(undefined, code))).toEqual([false, undefined]);
  expect(filtered(part, system('animal'), ['legs', '=', '0']).has(undefined, 'fish')).toBeUndefined();
});

test('of a system that is not here, a code that breaks the pattern is surely not in the set', () => {
  const codes = filtered(undefined, 'urn:far', ['code', 'regex', '[A-Z]{3}']);
  expect([codes.has(undefined, 'ABCD'), codes.has(undefined, 'ABC')]).toEqual([false, undefined]);
});

test('a hostile pattern neither hangs nor is guessed at', () => {
  const long = codeSystem('long', [{ code: 'a'.repeat(3000) }]);
  const codes = filtered(long, system('long'), ['code', 'regex', '(a+)+b']);
  expect(codes.has(undefined, 'a'.repeat(3000))).toBe(false);
});

const SNOMED = 'http://snomed.info/sct';

test('of SNOMED CT, the named concept is below itself, a wrong check digit is in no set, and the rest is open', () => {
  const codes = filtered(undefined, SNOMED, ['concept', 'is-a', '73211009']);
  expect(['73211009', '73211008', '44054006', 'diabetes'].map((code) => codes.has(SNOMED, code))).toEqual([
    true,
    false,
    undefined,
    false,
  ]);
  expect(codes.unknownBecause).toContain('needs the whole CodeSystem');
});

test('a constraint that only names concepts is a list; a reference set is not', () => {
  const named = filtered(undefined, SNOMED, ['constraint', '=', '(73211009 |Diabetes| OR 44054006)']);
  expect(['73211009', '44054006', '46635009'].map((code) => named.has(SNOMED, code))).toEqual([
    true,
    true,
    false,
  ]);
  const member = filtered(undefined, SNOMED, ['concept', 'in', '^999000531000000100']);
  expect(member.has(SNOMED, '73211009')).toBeUndefined();
});

test('units of one dimension are told by UCUM itself', () => {
  const codes = filtered(undefined, 'http://unitsofmeasure.org', ['canonical', '=', 's']);
  expect(['min', 'a', 'm', 'nonsense'].map((code) => codes.has(undefined, code))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
