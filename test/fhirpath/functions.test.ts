/** Every function and operator on a small patient, typed and untyped alike: the expression, and what it gives. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import { FUNCTION_NAMES } from '../../src/fhirpath/emit-function.ts';
import { HOST_NEEDS } from '../../src/fhirpath/host.ts';
import { EDGE_CASES } from './edge-cases.ts';
import { CASES } from './function-cases.ts';

const definitions = loadBaseDefinitions();

/** Synthetic: a patient with repeating names, a choice element and an extension on a primitive. */
const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  active: true,
  name: [
    { use: 'official', family: 'Sorrel', given: ['Ada', 'Beth'] },
    { use: 'usual', given: ['Ad'] },
  ],
  telecom: [
    { system: 'phone', value: '01632 960001', rank: 2 },
    { system: 'email', value: 'ada@example.org', rank: 1 },
  ],
  birthDate: '1974-12-25',
  _birthDate: { extension: [{ url: 'https://example.org/time', valueDateTime: '1974-12-25T14:35:45Z' }] },
  deceasedBoolean: false,
  multipleBirthInteger: 2,
};
const NOW = '2026-01-15T10:20:30.123+01:00';

for (const [expression, ...wanted] of [...CASES, ...EDGE_CASES]) {
  test(`${expression} gives ${JSON.stringify(wanted)}`, () => {
    for (const options of [{}, { type: 'Patient', definitions }]) {
      const compiled = compileExpression(expression, { ...options, variables: ['gift', 'extra'] });
      if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
      expect(compiled.value(PATIENT, { now: NOW, extra: [1, 2] })).toEqual(wanted);
    }
  });
}

test('every function has at least two cases here; those that the caller answers have theirs in host.test.ts', () => {
  const answered = [...Object.keys(HOST_NEEDS), 'subsumedBy', 'checkModifiers'];
  const rare = FUNCTION_NAMES.filter((name) => {
    const called = new RegExp(`(?<![A-Za-z])${name}\\(`);
    return [...CASES, ...EDGE_CASES].filter(([expression]) => called.test(expression)).length < 2;
  });
  expect(rare.filter((name) => !answered.includes(name))).toEqual([]);
});

test('every operator has at least two cases here', () => {
  const operators = '* / div mod + - & | <= < > >= = ~ != !~ in contains and or xor implies is as'.split(' ');
  const rare = operators.filter(
    (operator) => [...CASES, ...EDGE_CASES].filter(([text]) => text.includes(` ${operator} `)).length < 2,
  );
  expect(rare).toEqual([]);
});
