/** Quantities: UCUM units that convert, calendar units that do not, and units that nobody knows. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import { convert, unitOf } from '../../src/fhirpath/units.ts';

const definitions = loadBaseDefinitions();
const UCUM = 'http://unitsofmeasure.org';

function run(expression: string, focus: unknown = {}, type?: string): unknown {
  const compiled = compileExpression(expression, type ? { type, definitions } : {});
  if (!compiled.ok) return compiled.outcome.issue[0]!.diagnostics;
  try {
    return compiled.value(focus);
  } catch (error) {
    return (error as Error).message;
  }
}

for (const [expression, ...wanted] of [
  // compound units, prefixes and powers
  ["5.6 'mmol/L' = 5600 'umol/L'", true],
  ["100 'mg/dL' = 1 'g/L'", true],
  ["70 'kg/m2' > 6 'g/cm2'", true],
  ["1 '10*3/uL' = 1 '10*9/L'", true],
  ["120 'mm[Hg]' = 16 'kPa'", false],
  ["1 '[in_i]' = 2.54 'cm'", true],
  ["60 '/min' = 1 '/s'", true],
  ["50 '%' = 0.5", true],
  // scales with a zero of their own
  ["37 'Cel' ~ 98.6 '[degF]'", true],
  ["0 'Cel' < 33 '[degF]'", true],
  ["0 'Cel' = 273.15 'K'", true],
  // what does not measure the same
  ["1 'mol' = 1", false],
  ["1 'kg' = 1 'm'", false],
  ["1 'kg' < 1 'm'"],
  ["1 '[iU]' = 1 '[iU]'", true],
  ["1 '[iU]' = 1 'mg'", false],
  ["1 'fnord' = 1 'fnord'", true],
  ["1 'fnord' = 1 'kg'", false],
  ["1 'fnord' < 1 'kg'"],
  // calendar units
  ['1 week = 7 days', true],
  ["1 day = 24 'h'", true],
  ['1 year = 12 months', true],
  ["1 year = 1 'a'"],
  ["1 year ~ 1 'a'", true],
  ["1 month ~ 1 'mo'", true],
  ['1 year ~ 12 months', true],
  ["1 month ~ 60 'd'", false],
  // sums and products
  ["1 'kg' + 500 'g' = 1.5 'kg'", true],
  ["1 'kg' - 500 'g' = 0.5 'kg'", true],
  ["1 'kg' + 1 'm'"],
  ["(10 'mg' / 2 'mL').toString()", "5000 'g.m-3'"],
  ["(6 'g' / 2 'g').toString()", "3 '1'"],
  ["(2 * 3 'mg').toString()", "6 'mg'"],
  ["(3 'mg' * 2).toString()", "6 'mg'"],
  ["3 'mg' / 0"],
  ["-(3 'mg') = -3 'mg'", true],
  ["(-3 'mg').abs() = 3 'mg'", true],
  // conversion to a unit
  ["'1 \\'kg\\''.toQuantity('g').toString()", "1000 'g'"],
  ["'2 weeks'.toQuantity('days').toString()", '14 days'],
  ["'1 \\'kg\\''.toQuantity('m')"],
  ["'1 \\'kg\\''.convertsToQuantity('g')", true],
  ["'1 \\'kg\\''.convertsToQuantity('m')", false],
  ["1 'cm'.comparable(1 '[ft_i]')", true],
  ["1 'cm'.comparable(1 'fnord')", false],
  ['1 year.comparable(1 month)', true],
  ["1 year.comparable(1 'a')", false],
] as const)
  test(`${expression} gives ${JSON.stringify(wanted)}`, () => {
    expect(run(expression)).toEqual(wanted);
  });

test('quantities of resources are compared by their UCUM code, and bounded by their precision', () => {
  const weight = {
    resourceType: 'Observation',
    valueQuantity: { value: 4.2, unit: 'kilo', system: UCUM, code: 'kg' },
  };
  expect(run("value > 4100 'g'", weight, 'Observation')).toEqual([true]);
  expect(run("value.lowBoundary(2) = 4.15 'kg'", weight, 'Observation')).toEqual([true]);
  expect(run("value.highBoundary(2) = 4.25 'kg'", weight, 'Observation')).toEqual([true]);
  expect(run('(value * 2).toString()', weight, 'Observation')).toEqual(["8.4 'kg'"]);
  const named = { valueQuantity: { value: 1, unit: 'box', system: 'https://example.org/units', code: 'bx' } };
  expect(run("value = 1 'bx'", named, 'Observation')).toEqual([true]);
});

test('a product with a scale, or with a unit that nobody knows, is an error that says where', () => {
  expect(run("2 'Cel' * 3 'm'")).toContain('line 1, column 9');
  expect(run("2 'fnord' * 3 'm'")).toContain('a quantity is multiplied or divided whose unit is not known');
});

test('a hostile unit is no unit', () => {
  for (const code of [
    '(',
    '10*999999',
    '/'.repeat(90),
    'm'.repeat(5000),
    '__proto__',
    '',
    '{',
    ')(',
    '0',
    '-1',
  ])
    expect(unitOf(code)).toBeUndefined();
  expect(unitOf('mg/dL')).toMatchObject({ dimension: 'g.m-3', factor: 10 });
  expect(convert(1, unitOf('m')!, unitOf('s')!)).toBeUndefined();
});
