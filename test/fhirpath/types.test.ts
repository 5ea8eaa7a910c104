/** What a known type changes: choices, ancestry, references, siblings of primitives, and names that do not exist. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';

const definitions = loadBaseDefinitions();

const OBSERVATION = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '1' }] },
  subject: { reference: 'https://ehr.example/fhir/Patient/1/_history/2' },
  performer: [
    { reference: '#org' },
    { reference: 'Practitioner/7' },
    { identifier: { value: 'x' }, type: 'Organization' },
  ],
  contained: [{ resourceType: 'Organization', id: 'org', name: 'Garden' }],
  effectiveDateTime: '2025-03-01T10:00:00Z',
  valueQuantity: { value: 4, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
};

function run(expression: string, focus: unknown, type: string): unknown[] {
  const compiled = compileExpression(expression, { type, definitions });
  if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
  return compiled.value(focus, { now: 0 });
}

function refusal(expression: string, type?: string): string | undefined {
  const compiled = compileExpression(expression, type ? { type, definitions } : {});
  return compiled.ok ? undefined : ruleOf(compiled.outcome.issue[0]!);
}

const CHOICES: readonly (readonly [string, ...unknown[]])[] = [
  ['value.unit', 'kg'],
  ['Observation.value is Quantity', true],
  ['value is string', false],
  ['value.is(FHIR.Quantity)', true],
  ['(value as Quantity).code', 'kg'],
  ['value.as(CodeableConcept)'],
  ['value.ofType(Quantity).value', 4],
  ["value > 3000 'g'", true],
  ["value = 4 'kg'", true],
  ['effective.exists()', true],
  ['effective.is(dateTime)', true],
  ['(effective as dateTime) < @2025-03-01T12:00:00+01:00', true],
  ['(effective as Period).start'],
  ['status.is(code)', true],
  ['status.is(string)', true],
  ['status.ofType(string)'],
  ['status.type().name', 'code'],
  ['Observation.is(DomainResource)', true],
  ['Patient.name'],
  ['Patient.name | Observation.status', 'final'],
  ['Resource.meta.exists()', false],
  ['contained.name', 'Garden'],
  ['contained.ofType(Organization).name', 'Garden'],
  ['contained.where($this is Patient)'],
  ['descendants().ofType(Coding).system', 'http://loinc.org'],
];
for (const [expression, ...wanted] of CHOICES)
  test(`${expression} on an Observation gives ${JSON.stringify(wanted)}`, () => {
    expect(run(expression, OBSERVATION, 'Observation')).toEqual(wanted);
  });

test('resolve() is X is decided by the text of the reference, its stated type or the contained resource', () => {
  expect(run('subject.where(resolve() is Patient).exists()', OBSERVATION, 'Observation')).toEqual([true]);
  expect(run('subject.where(resolve() is Group).exists()', OBSERVATION, 'Observation')).toEqual([false]);
  expect(run('performer.where(resolve() is Organization).count()', OBSERVATION, 'Observation')).toEqual([2]);
  expect(run('performer.where(resolve() is Practitioner).reference', OBSERVATION, 'Observation')).toEqual([
    'Practitioner/7',
  ]);
});

test('resolve() follows references through the function it is given', () => {
  const patient = { resourceType: 'Patient', id: '1', name: [{ family: 'Sorrel' }] };
  const resolve = (reference: string): unknown => (reference.includes('Patient/1') ? patient : undefined);
  const compiled = compileExpression('subject.resolve().name.family', {
    type: 'Observation',
    definitions,
    resolve,
  });
  expect(compiled.ok && compiled.value(OBSERVATION)).toEqual(['Sorrel']);
  const typed = compileExpression('subject.where(resolve() is Patient).exists()', {
    type: 'Observation',
    definitions,
    resolve,
  });
  expect(typed.ok && typed.value(OBSERVATION)).toEqual([true]);
});

test('a primitive that has only extensions exists, but has no value', () => {
  const patient = {
    resourceType: 'Patient',
    name: [{ given: [null, 'Ada'], _given: [{ extension: [{ url: 'u' }] }, null] }],
    _birthDate: { extension: [{ url: 'u', valueCode: 'unknown' }] },
  };
  expect(run('birthDate.exists()', patient, 'Patient')).toEqual([true]);
  expect(run('birthDate.empty()', patient, 'Patient')).toEqual([false]);
  expect(run('birthDate.hasValue()', patient, 'Patient')).toEqual([false]);
  expect(run('birthDate', patient, 'Patient')).toEqual([]);
  expect(run("birthDate.extension('u').value", patient, 'Patient')).toEqual(['unknown']);
  expect(run('birthDate.extension.url', patient, 'Patient')).toEqual(['u']);
  expect(run('name.given.count()', patient, 'Patient')).toEqual([2]);
  expect(run('name.given', patient, 'Patient')).toEqual(['Ada']);
  expect(run('name.given.select(hasValue())', patient, 'Patient')).toEqual([false, true]);
});

test('the focus may be an element, a data type or a primitive', () => {
  expect(run('relationship.exists() or name.exists()', { name: { family: 'x' } }, 'Patient.contact')).toEqual(
    [true],
  );
  expect(
    run(
      'start.hasValue().not() or end.hasValue().not() or (start <= end)',
      { start: '2025-01-02', end: '2025-01-01' },
      'Period',
    ),
  ).toEqual([false]);
  expect(run("$this.matches('^[a-z]+$')", 'abc', 'string')).toEqual([true]);
  expect(run('value', true, 'boolean')).toEqual([true]);
});

test('a name that the type does not have is refused, and says which', () => {
  const compiled = compileExpression('name.first().givn', { type: 'Patient', definitions });
  expect(compiled.ok ? undefined : compiled.outcome.issue[0]!.diagnostics).toContain(
    'line 1, column 14: HumanName has no element givn',
  );
  expect(refusal('valueQuantity', 'Observation')).toBe('fhirpath-element');
  expect(refusal('value is string1', 'Observation')).toBe('fhirpath-type');
  expect(refusal("identifier.startsWith('a')", 'Patient')).toBe('fhirpath-type');
  expect(refusal('name', 'Hedge')).toBe('fhirpath-type');
});

test('functions that the engine cannot answer are refused by name', () => {
  for (const name of ['elementDefinition', 'frobnicate', 'constructor', '__proto__', 'toString2'])
    expect(refusal(`code.${name}('x')`)).toBe('fhirpath-unsupported');
  expect(refusal('subject.resolve().name', 'Observation')).toBe('fhirpath-unsupported');
  expect(refusal('name.where()', 'Patient')).toBe('fhirpath-syntax');
  expect(refusal('%nowhere', 'Patient')).toBe('fhirpath-variable');
});

test('a member that JSON writes once where the type repeats it, and the reverse, is still found', () => {
  expect(run('name.given', { resourceType: 'Patient', name: { given: 'Ada' } }, 'Patient')).toEqual(['Ada']);
  expect(run('name.exists()', { resourceType: 'Patient', name: [] }, 'Patient')).toEqual([false]);
  expect(run('name.family', { resourceType: 'Patient', name: [null, { family: 'x' }] }, 'Patient')).toEqual([
    'x',
  ]);
  expect(run('name.family', { resourceType: 'Patient', name: 'text' }, 'Patient')).toEqual([]);
});
