/** Whatever the text: a function or a refusal, and never JavaScript that does not parse. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { AdapterError, ruleOf } from '../../src/fhir/outcome.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';

const definitions = loadBaseDefinitions();
const PATIENT = {
  resourceType: 'Patient',
  id: 'p',
  active: true,
  name: [{ given: ['Ada', null], _given: [null, { id: 'g' }] }],
  birthDate: '1974-12-25',
  multipleBirthInteger: 2,
};
const RULES = ['syntax', 'unsupported', 'type', 'element', 'variable', 'limit'].map(
  (rule) => `fhirpath-${rule}`,
);

const path = fc.constantFrom(
  'name',
  'given',
  'birthDate',
  'active',
  'multipleBirth',
  'id',
  'Patient',
  '$this',
  'extension',
  '%resource',
  '{}',
);
const literal = fc.constantFrom(
  '1',
  '0.5',
  "'a'",
  'true',
  '@2024-02',
  '@T10:30',
  "3 'mg'",
  '2 days',
  "'Ada'",
  '-1',
);
const unary = fc.constantFrom(
  'first()',
  'exists()',
  'empty()',
  'count()',
  'not()',
  'hasValue()',
  'toString()',
  'children()',
  'descendants()',
  'type()',
  'distinct()',
  'last()',
  'ofType(string)',
  'is(Patient)',
  'as(integer)',
  'toDate()',
  'abs()',
  'upper()',
  'lowBoundary()',
  'type()',
  'getValue()',
  "matches('(a|b)*')",
  'toQuantity()',
  "extension('u')",
  'resolve() is Patient',
  'isDistinct()',
  "trace('t')",
);
const lambdas = fc.constantFrom('where', 'select', 'all', 'exists', 'repeat', 'sort', 'aggregate');
const operator = fc.constantFrom(
  '+',
  '-',
  '*',
  '/',
  'div',
  'mod',
  '&',
  '|',
  '=',
  '!=',
  '~',
  '!~',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'contains',
  'and',
  'or',
  'xor',
  'implies',
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    path,
    literal,
    fc.tuple(tie('expression'), path).map(([focus, step]) => `(${focus}).${step}`),
    fc.tuple(tie('expression'), unary).map(([focus, name]) => `(${focus}).${name}`),
    fc
      .tuple(tie('expression'), lambdas, tie('expression'))
      .map(([focus, name, body]) => `(${focus}).${name}(${body})`),
    fc
      .tuple(tie('expression'), operator, tie('expression'))
      .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map((all) => `iif(${all.join(', ')})`),
  ),
}));

/** Low, so that what would run long ends soon. */
const limits = { visits: 20_000, built: 20_000 };

/** @returns nothing when the text ends in a result, a refusal with a rule of ours, or an adapter error */
function strangeEnd(text: string, focus: unknown = PATIENT): unknown {
  for (const options of [{ limits }, { type: 'Patient', definitions, limits }]) {
    const compiled = compileExpression(text, options);
    if (!compiled.ok) {
      const rule = ruleOf(compiled.outcome.issue[0]!);
      if (!rule || !RULES.includes(rule)) return compiled.outcome;
      continue;
    }
    try {
      const found = compiled.value(focus, { now: 0 });
      if (!Array.isArray(found) || found.some((item) => item === null || item === undefined)) return found;
    } catch (error) {
      if (!(error instanceof AdapterError)) return error;
    }
  }
  return undefined;
}

const TIMEOUT_MS = 60_000;

test(
  'any text compiles or is refused',
  () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(strangeEnd(text)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  },
  TIMEOUT_MS,
);

test(
  'any expression that is made of the grammar ends in a result, a refusal or an adapter error',
  () => {
    fc.assert(
      fc.property(expression, (text) => {
        expect(strangeEnd(text)).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  },
  TIMEOUT_MS,
);

/** Resources whose members are of any JSON, also where their type says otherwise. */
const resource = fc.record(
  {
    resourceType: fc.constantFrom('Patient', 'Observation', 'Hedge', 3),
    name: fc.jsonValue(),
    _birthDate: fc.jsonValue(),
    birthDate: fc.jsonValue(),
    active: fc.jsonValue(),
    multipleBirthInteger: fc.jsonValue(),
    extension: fc.jsonValue(),
    contained: fc.jsonValue(),
    id: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

test(
  'any expression over any JSON ends so too, and leaves the JSON as it was',
  () => {
    fc.assert(
      fc.property(expression, fc.oneof(resource, fc.jsonValue()), (text, focus) => {
        const before = JSON.stringify(focus);
        expect(strangeEnd(text, focus)).toBeUndefined();
        expect(JSON.stringify(focus)).toBe(before);
      }),
      { numRuns: 3000 },
    );
  },
  TIMEOUT_MS,
);
