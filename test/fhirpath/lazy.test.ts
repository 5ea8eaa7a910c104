/** The libraries for units and for searches in linear time are loaded when they are first needed, and by nothing before. */
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { compileExpression } from '../../src/fhirpath/compile.ts';

const { cache } = createRequire(import.meta.url);
const isLoaded = (name: string): boolean =>
  Object.keys(cache).some((file) => file.includes(`node_modules/${name}/`));

function run(expression: string, focus: unknown = {}): unknown {
  const compiled = compileExpression(expression);
  return compiled.ok ? compiled.value(focus) : compiled.outcome;
}

test('the unit library is loaded by the first conversion between units', () => {
  expect(run("2 'mg' > 1 'mg' and 2 'mg' + 1 'mg' = 3 'mg' and 1 year = 12 months")).toEqual([true]);
  expect(isLoaded('@lhncbc/ucum-lhc')).toBe(false);
  expect(run("1 'g' = 1000 'mg'")).toEqual([true]);
  expect(isLoaded('@lhncbc/ucum-lhc')).toBe(true);
});

test('the linear search is loaded by the first text that is too long for its pattern', () => {
  expect(run("text.matches('(a+)+$')", { text: '' })).toEqual([false]);
  expect(run("text.matches('^[a-z]+ [0-9]{1,5}$')", { text: 'line 12' })).toEqual([true]);
  expect(isLoaded('re2js')).toBe(false);
  expect(run("text.matches('(a+)+b')", { text: 'a'.repeat(5000) })).toEqual([false]);
  expect(isLoaded('re2js')).toBe(true);
});
