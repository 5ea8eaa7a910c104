/** Any value set over two small systems: what is told with both at hand is the truth, and what is told with one in part never contradicts it. */
import type { CodeSystem, ValueSetCompose, ValueSetComposeInclude } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeSystem, set, system, terminologyOf, valueSet } from './defined.ts';

const CODES = ['a', 'b', 'c', 'd', 'e'];
const NAMES = ['one', 'two'] as const;
/** a > b > c, and d, e beside them, in both systems. */
const concept = [
  { code: 'a', concept: [{ code: 'b', concept: [{ code: 'c' }] }] },
  { code: 'd' },
  { code: 'e' },
];
const BELOW: Record<string, readonly string[]> = { a: ['b', 'c'], b: ['c'] };
const IMPORTS = 3;

interface Include {
  readonly of: (typeof NAMES)[number] | undefined;
  readonly codes: readonly string[] | undefined;
  readonly filter:
    | { readonly op: 'is-a' | 'is-not-a' | 'in' | 'not-in' | 'descendent-of'; readonly value: string }
    | undefined;
  /** sets that come before this one: nothing goes in circles */
  readonly imports: readonly number[];
}
interface Composed {
  readonly include: readonly Include[];
  readonly exclude: readonly Include[];
}

const include: fc.Arbitrary<Include> = fc
  .record({
    of: fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 4 }),
    codes: fc.option(fc.subarray(CODES, { minLength: 1 }), { nil: undefined }),
    filter: fc.option(
      fc.record({
        op: fc.constantFrom(
          'is-a' as const,
          'is-not-a' as const,
          'in' as const,
          'not-in' as const,
          'descendent-of' as const,
        ),
        value: fc.constantFrom(...CODES),
      }),
      { nil: undefined },
    ),
    imports: fc.uniqueArray(fc.nat(IMPORTS - 1), { maxLength: 2 }),
  })
  .map((one) => (one.codes || !one.of ? { ...one, filter: undefined } : one))
  .map((one) => (one.of || one.imports.length > 0 ? one : { ...one, of: 'one' as const }));
const composed: fc.Arbitrary<Composed> = fc.record({
  include: fc.array(include, { minLength: 1, maxLength: 3 }),
  exclude: fc.array(include, { maxLength: 2 }),
});
const sets = fc.array(composed, { minLength: IMPORTS + 1, maxLength: IMPORTS + 1 });

function isIn(all: readonly Composed[], index: number, of: string, code: string): boolean {
  const { include, exclude } = all[index]!;
  const includes = (one: Include): boolean => {
    const imports = one.imports.filter((i) => i < index);
    if (one.of === undefined && imports.length === 0) return false;
    return isOfSystem(one, of, code) && imports.every((i) => isIn(all, i, of, code));
  };
  return include.some(includes) && !exclude.some(includes);
}

function isOfSystem(one: Include, of: string, code: string): boolean {
  if (one.of === undefined) return true;
  if (one.of !== of || !CODES.includes(code)) return false;
  if (one.codes) return one.codes.includes(code);
  if (!one.filter) return true;
  const { op, value } = one.filter;
  const isBelow = (BELOW[value] ?? []).includes(code);
  if (op === 'descendent-of') return isBelow;
  const isWithin = code === value || (op.startsWith('is') && isBelow);
  return op.includes('not') ? !isWithin : isWithin;
}

function written({ of, codes, filter, imports }: Include, index: number): ValueSetComposeInclude[] {
  const before = imports.filter((i) => i < index);
  if (of === undefined && before.length === 0) return [];
  return [
    {
      ...(of ? { system: system(of) } : {}),
      ...(of && codes ? { concept: codes.map((code) => ({ code })) } : {}),
      ...(of && filter ? { filter: [{ property: 'concept', ...filter }] } : {}),
      ...(before.length > 0 ? { valueSet: before.map((i) => set(`${i}`)) } : {}),
    },
  ];
}

function compose({ include, exclude }: Composed, index: number): ValueSetCompose {
  return {
    include: include.flatMap((one) => written(one, index)),
    exclude: exclude.flatMap((one) => written(one, index)),
  };
}

const whole = NAMES.map((name) => codeSystem(name, concept));
const asked = [...CODES, 'z'];

function toldOf(all: readonly Composed[], systems: readonly CodeSystem[]) {
  const valueSets = all.map((one, i) => valueSet(`${i}`, compose(one, i)));
  return terminologyOf(...systems, ...valueSets).codes(set(`${all.length - 1}`));
}

test('with both systems whole, every code is told as the definition says, with and without its system', () => {
  fc.assert(
    fc.property(sets, (all) => {
      const codes = toldOf(all, whole);
      const last = all.length - 1;
      for (const code of asked) {
        const truths = NAMES.map((name) => isIn(all, last, name, code));
        expect(NAMES.map((name) => codes.has(system(name), code))).toEqual(truths);
        expect(codes.has(undefined, code)).toBe(truths.includes(true));
      }
      expect(codes.unknownBecause).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});

test.each<readonly [string, readonly CodeSystem[]]>([
  [
    'is here in part',
    [whole[0]!, codeSystem('two', [{ code: 'a', concept: [{ code: 'b' }] }], { content: 'fragment' })],
  ],
  ['is not here', [whole[0]!]],
])('where one system %s, what is told is the truth, and what is not told has a reason', (_, systems) => {
  fc.assert(
    fc.property(sets, (all) => {
      const codes = toldOf(all, systems);
      const last = all.length - 1;
      for (const code of CODES) {
        const truths = NAMES.map((name) => isIn(all, last, name, code));
        const told = [...NAMES.map((name) => codes.has(system(name), code)), codes.has(undefined, code)];
        const expected = [...truths, truths.includes(true)];
        expect(told.map((one, i) => (one === undefined ? expected[i] : one))).toEqual(expected);
        if (told.includes(undefined)) expect(codes.unknownBecause).toBeTruthy();
      }
    }),
    { numRuns: 2_000 },
  );
});
