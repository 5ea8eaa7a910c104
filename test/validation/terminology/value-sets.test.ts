/** Value sets that are put together by inclusion, exclusion and import, of systems that are here in whole, in part or not. */
import { expect, test } from 'vitest';
import { BASE, codeSystem, set, system, terminologyOf, valueSet } from './defined.ts';

const colours = codeSystem('colour', [
  { code: 'red', display: 'Red' },
  { code: 'green', display: 'Green' },
  { code: 'blue', display: 'Blue', property: [{ code: 'status', valueCode: 'retired' }] },
  { code: '_any', property: [{ code: 'notSelectable', valueBoolean: true }], concept: [{ code: 'grey' }] },
]);
const shapes = codeSystem('shape', [{ code: 'round' }, { code: 'red' }]);

test('a set of a whole system holds its codes and no others, with or without the system', () => {
  const codes = terminologyOf(colours, valueSet('all', { include: [{ system: system('colour') }] })).codes(
    set('all'),
  );
  expect([codes.has(system('colour'), 'red'), codes.has(undefined, 'red')]).toEqual([true, true]);
  expect([codes.has(system('colour'), 'pink'), codes.has(undefined, 'pink')]).toEqual([false, false]);
  expect(codes.has(system('shape'), 'red')).toBe(false);
  expect(codes.unknownBecause).toBeUndefined();
});

test('codes that only group others are not for use, those below them are', () => {
  const terminology = terminologyOf(colours, valueSet('all', { include: [{ system: system('colour') }] }));
  expect(terminology.codes(set('all')).has(undefined, '_any')).toBe(false);
  expect(terminology.codes(set('all')).has(undefined, 'grey')).toBe(true);
  expect(terminology.codeSystem(system('colour')).has('_any')).toBe(true);
});

test('listed concepts are in the set though their system is not here, and others are surely not', () => {
  const listed = valueSet('listed', {
    include: [{ system: 'urn:elsewhere', concept: [{ code: 'A1' }, { code: 'B2' }] }],
  });
  const codes = terminologyOf(listed).codes(set('listed'));
  expect([codes.has('urn:elsewhere', 'A1'), codes.has(undefined, 'C3')]).toEqual([true, false]);
  expect(codes.some).toEqual([
    { system: 'urn:elsewhere', code: 'A1' },
    { system: 'urn:elsewhere', code: 'B2' },
  ]);
});

test('a code in other case is taken, refused or left open as its system says', () => {
  const include = [{ system: system('mixed'), concept: [{ code: 'Ab' }] }];
  const told = (caseSensitive: boolean | undefined) => {
    const { caseSensitive: _, ...unsaid } = codeSystem('mixed', [{ code: 'Ab' }, { code: 'cd' }]);
    const mixed = caseSensitive === undefined ? unsaid : { ...unsaid, caseSensitive };
    return terminologyOf(mixed, valueSet('mixed', { include })).codes(set('mixed')).has(undefined, 'aB');
  };
  expect([told(true), told(false), told(undefined)]).toEqual([false, true, true]);
  const codes = terminologyOf(valueSet('mixed', { include })).codes(set('mixed'));
  expect([codes.has(undefined, 'ab'), codes.has(undefined, 'abc')]).toEqual([undefined, false]);
});

test.each(['fragment', 'example'] as const)(
  'of a system that is here as %s, a code that is found is in the set and another may be',
  (content) => {
    const part = codeSystem('part', [{ code: 'here' }], { content });
    const codes = terminologyOf(part, valueSet('part', { include: [{ system: system('part') }] })).codes(
      set('part'),
    );
    expect([codes.has(undefined, 'here'), codes.has(undefined, 'there')]).toEqual([true, undefined]);
    expect(codes.unknownBecause).toBe(`CodeSystem ${system('part')} is here as ${content}, not whole`);
  },
);

test.each([
  ['is not here', undefined, `CodeSystem ${BASE}/CodeSystem/gone is not here`],
  [
    'has no content',
    codeSystem('gone', [], { content: 'not-present' }),
    `CodeSystem ${BASE}/CodeSystem/gone is here as not-present, not whole`,
  ],
  [
    'says it is whole and lists nothing',
    codeSystem('gone', []),
    `CodeSystem ${BASE}/CodeSystem/gone is here without its codes`,
  ],
  [
    'lists fewer codes than it counts',
    codeSystem('gone', [{ code: 'a' }], { count: 2 }),
    `CodeSystem ${BASE}/CodeSystem/gone is here with 1 of its 2 codes`,
  ],
  [
    'is only a supplement',
    codeSystem('gone', [{ code: 'x' }], { content: 'supplement' }),
    `CodeSystem ${BASE}/CodeSystem/gone is not here`,
  ],
])('nothing is told of a code when its system %s', (_, definition, because) => {
  const all = valueSet('all', { include: [{ system: system('gone') }] });
  const codes = terminologyOf(...(definition ? [definition] : []), all).codes(set('all'));
  expect(codes.has(undefined, 'x')).toBeUndefined();
  expect(codes.has('urn:another', 'x')).toBe(false);
  expect(codes.unknownBecause).toBe(because);
});

test('several includes add up, and what is excluded is taken out by system and code', () => {
  const both = valueSet('both', {
    include: [{ system: system('colour') }, { system: system('shape') }],
    exclude: [{ system: system('shape'), concept: [{ code: 'red' }] }],
  });
  const codes = terminologyOf(colours, shapes, both).codes(set('both'));
  expect([codes.has(system('colour'), 'red'), codes.has(system('shape'), 'red')]).toEqual([true, false]);
  expect([codes.has(undefined, 'red'), codes.has(undefined, 'round')]).toEqual([true, true]);
  expect(codes.unknownBecause).toBeUndefined();
});

test('an exclusion that cannot be told leaves the codes it may take out open, and no others', () => {
  const partly = valueSet('partly', {
    include: [{ system: system('colour') }, { system: system('shape') }],
    exclude: [{ system: system('colour'), filter: [{ property: 'hue', op: '=', value: 'warm' }] }],
  });
  const codes = terminologyOf(colours, shapes, partly).codes(set('partly'));
  expect([codes.has(system('colour'), 'red'), codes.has(system('shape'), 'red')]).toEqual([undefined, true]);
  expect(codes.has(undefined, 'pink')).toBe(false);
  expect(codes.unknownBecause).toContain('filter "hue ="');
});

test('imports of one include are intersected, system by system, those of several are united', () => {
  const definitions = [
    colours,
    shapes,
    valueSet('warm', { include: [{ system: system('colour'), concept: [{ code: 'red' }] }] }),
    valueSet('cold', { include: [{ system: system('colour'), concept: [{ code: 'blue' }] }] }),
    valueSet('flat', { include: [{ system: system('shape') }] }),
    valueSet('either', { include: [{ valueSet: [set('warm')] }, { valueSet: [set('cold')] }] }),
    valueSet('neither', { include: [{ valueSet: [set('warm'), set('flat')] }] }),
    valueSet('of-system', { include: [{ system: system('colour'), valueSet: [set('either')] }] }),
  ];
  const terminology = terminologyOf(...definitions);
  expect(
    ['red', 'blue', 'green'].map((code) => terminology.codes(set('either')).has(undefined, code)),
  ).toEqual([true, true, false]);
  expect(terminology.codes(set('neither')).has(undefined, 'red')).toBe(false);
  expect(terminology.codes(set('of-system')).some?.map(({ code }) => code)).toEqual(['red', 'blue']);
});

test('an import that is not here leaves all open that is not found elsewhere', () => {
  const open = valueSet('open', { include: [{ system: system('shape') }, { valueSet: [set('gone')] }] });
  const codes = terminologyOf(shapes, open).codes(set('open'));
  expect([
    codes.has(undefined, 'round'),
    codes.has(undefined, 'other'),
    codes.has('urn:any', 'other'),
  ]).toEqual([true, undefined, undefined]);
  expect(codes.unknownBecause).toBe(`ValueSet ${set('gone')} is not here`);
});

test('sets that import each other end, and say so', () => {
  const terminology = terminologyOf(
    shapes,
    valueSet('a', { include: [{ system: system('shape') }, { valueSet: [set('b')] }] }),
    valueSet('b', { include: [{ valueSet: [set('a')] }] }),
  );
  expect(terminology.codes(set('a')).has(undefined, 'round')).toBe(true);
  expect(terminology.codes(set('a')).has(undefined, 'other')).toBeUndefined();
  expect(terminology.codes(set('b')).unknownBecause).toMatch(/imports itself$/);
});

test('a long row of imports ends, and says so', () => {
  const chain = Array.from({ length: 20_000 }, (_, i) =>
    valueSet(`${i}`, { include: [{ valueSet: [set(`${i + 1}`)] }] }),
  );
  expect(terminologyOf(...chain).codes(set('0')).unknownBecause).toMatch(/too deeply$/);
});

test('inactive codes are in a set unless it says otherwise', () => {
  const include = [{ system: system('colour') }];
  const terminology = terminologyOf(
    colours,
    valueSet('any', { include }),
    valueSet('active', { include, inactive: false }),
  );
  expect(terminology.codes(set('any')).has(undefined, 'blue')).toBe(true);
  expect(terminology.codes(set('active')).has(undefined, 'blue')).toBe(false);
});

test('the version that an include names is used, and of another one only what is found is certain', () => {
  const one = codeSystem('versioned', [{ code: 'old' }], { version: '1' });
  const two = codeSystem('versioned', [{ code: 'new' }], { version: '2' });
  const of = (version: string) =>
    valueSet(`v${version}`, { include: [{ system: system('versioned'), version }] });
  const terminology = terminologyOf(one, two, of('1'), of('3'));
  const told = (name: string) =>
    ['old', 'new'].map((code) => terminology.codes(set(name)).has(undefined, code));
  expect([told('v1'), told('v3')]).toEqual([
    [true, false],
    [undefined, true],
  ]);
  expect(terminology.codes(set('v3')).unknownBecause).toBe(
    `version 3 of CodeSystem ${system('versioned')} is not here, only 2`,
  );
});

test('a value set is found by its version; of another one only what is found is certain', () => {
  const codes = (code: string) => ({ include: [{ system: 'urn:x', concept: [{ code }] }] });
  const terminology = terminologyOf(
    valueSet('versioned', codes('old'), { version: '1' }),
    valueSet('versioned', codes('new'), { version: '2' }),
  );
  const told = (asked: string) => ['old', 'new'].map((code) => terminology.codes(asked).has(undefined, code));
  expect([told(`${set('versioned')}|1`), told(set('versioned')), told(`${set('versioned')}|9`)]).toEqual([
    [true, false],
    [false, true],
    [undefined, true],
  ]);
  expect(terminology.codes(`${set('versioned')}|1`).canonical).toBe(`${set('versioned')}|1`);
});

test('an expansion tells what the definition cannot, when it is whole', () => {
  const compose = {
    include: [{ system: 'urn:far', filter: [{ property: 'p', op: '=' as const, value: 'v' }] }],
  };
  const contains = [
    { system: 'urn:far', code: 'a', contains: [{ system: 'urn:far', code: 'b' }] },
    { system: 'urn:far', code: 'group', abstract: true },
  ];
  const told = (more: object) =>
    ['a', 'b', 'c', 'group'].map((code) =>
      terminologyOf(valueSet('far', compose, { expansion: { timestamp: '2024-01-01', contains, ...more } }))
        .codes(set('far'))
        .has(undefined, code),
    );
  expect(told({})).toEqual([true, true, false, false]);
  expect(told({ total: 3, offset: 0 })).toEqual([true, true, false, false]);
  const inPart = [true, true, undefined, undefined];
  expect(told({ total: 4 })).toEqual(inPart);
  expect(told({ offset: 10 })).toEqual(inPart);
  expect(told({ parameter: [{ name: 'count', valueInteger: 3 }] })).toEqual(inPart);
  expect(
    told({
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed', valueBoolean: true }],
    }),
  ).toEqual(inPart);
});

test('small sets that are known whole are listed with their words, others are not', () => {
  const many = codeSystem(
    'many',
    Array.from({ length: 21 }, (_, i) => ({ code: `c${i}` })),
  );
  const terminology = terminologyOf(
    colours,
    many,
    valueSet('few', {
      include: [
        { system: system('colour'), concept: [{ code: 'red', display: 'Crimson' }, { code: 'green' }] },
      ],
    }),
    valueSet('many', { include: [{ system: system('many') }] }),
  );
  expect(terminology.codes(set('few')).some).toEqual([
    { system: system('colour'), code: 'red', display: 'Crimson' },
    { system: system('colour'), code: 'green', display: 'Green' },
  ]);
  expect(terminology.codes(set('many')).some).toBeUndefined();
});

test('a display is compared without case and spaces, with the words of every language', () => {
  const named = codeSystem('named', [
    { code: 'r', display: 'Bright Red', designation: [{ language: 'cy', value: 'Coch llachar' }] },
  ]);
  const { isComplete, display, isDisplay, has } = terminologyOf(named).codeSystem(system('named'));
  expect([isComplete, display('r'), has('r'), has('x')]).toEqual([true, 'Bright Red', true, false]);
  expect(['bright  red', 'Coch llachar', 'Blue'].map((text) => isDisplay('r', text))).toEqual([
    true,
    true,
    false,
  ]);
  expect(isDisplay('x', 'Blue')).toBeUndefined();
  const unknown = terminologyOf().codeSystem('urn:unknown');
  expect([unknown.isComplete, unknown.has('a'), unknown.display('a')]).toEqual([false, undefined, undefined]);
});
