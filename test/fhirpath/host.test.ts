/** What the caller answers: references, terminology, profiles and the trace; and how it is refused where the caller does not. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { type CompileOptions, compileExpression } from '../../src/fhirpath/compile.ts';

const definitions = loadBaseDefinitions();
const PATIENT = { resourceType: 'Patient', id: '1', name: [{ family: 'Sorrel' }] };
const OBSERVATION = {
  resourceType: 'Observation',
  code: { coding: [{ system: 'http://loinc.org', code: '1' }, { code: '2' }] },
  status: 'final',
  subject: { reference: 'Patient/1' },
  performer: [{ reference: '#org' }, { reference: 'Practitioner/9' }, { display: 'someone' }],
  contained: [{ resourceType: 'Organization', id: 'org', name: 'Garden' }],
  modifierExtension: [{ url: 'https://example.org/not', valueBoolean: true }],
};

/** @returns the result, or the text of the refusal or error */
function run(expression: string, options: CompileOptions = {}, focus: unknown = OBSERVATION): unknown {
  const compiled = compileExpression(expression, { type: 'Observation', definitions, ...options });
  if (!compiled.ok) return compiled.outcome.issue[0]!.diagnostics;
  try {
    return compiled.value(focus);
  } catch (error) {
    if (error instanceof AdapterError) return error.message;
    throw error;
  }
}

test('each function that the caller answers is refused without it, and says what it needs', () => {
  expect(run('subject.resolve().id')).toContain(
    'line 1, column 9: resolve() needs a function that resolves references',
  );
  expect(run("code.memberOf('v')")).toContain('memberOf() needs a terminology (option memberOf)');
  expect(run('code.subsumes(code)')).toContain('subsumes() needs a terminology');
  expect(run('code.subsumedBy(code)')).toContain('subsumedBy() needs a terminology');
  expect(run("conformsTo('p')")).toContain('conformsTo() needs a validator');
});

test('resolve() finds contained resources itself, and asks the caller for all others', () => {
  const asked: string[] = [];
  const resolve = (reference: string): unknown => {
    asked.push(reference);
    return reference === 'Patient/1' ? PATIENT : undefined;
  };
  expect(run('subject.resolve().ofType(Patient).name.family', { resolve })).toEqual(['Sorrel']);
  expect(run('performer.resolve().name', { resolve })).toEqual(['Garden']);
  expect(asked).toEqual(['Patient/1', 'Practitioner/9']);
  expect(run('performer.where(resolve() is Organization).reference', { resolve })).toEqual(['#org']);
  expect(run("'Patient/1'.resolve().id", { resolve })).toEqual(['1']);
  expect(run("'#'.resolve().status", { resolve })).toEqual(['final']);
});

test('memberOf asks about one code, and is empty for several, for none and where the value set is not known', () => {
  const memberOf = (coded: unknown, valueSet: string): boolean | undefined =>
    valueSet === 'known' ? JSON.stringify(coded).includes('"1"') : undefined;
  expect(run("code.memberOf('known')", { memberOf })).toEqual([true]);
  expect(run("code.coding[1].memberOf('known')", { memberOf })).toEqual([false]);
  expect(run("status.memberOf('known')", { memberOf })).toEqual([false]);
  expect(run("code.coding.memberOf('known')", { memberOf })).toEqual([]);
  expect(run("method.memberOf('known')", { memberOf })).toEqual([]);
  expect(run("code.memberOf('other')", { memberOf })).toEqual([]);
  expect(run('code.memberOf({})', { memberOf })).toEqual([]);
  expect(run("code.coding.where(memberOf('known')).code", { memberOf })).toEqual(['1']);
});

test('subsumes and subsumedBy ask the same question the other way round', () => {
  const subsumes = (general: unknown, specific: unknown): boolean =>
    (general as { code: string }).code <= (specific as { code: string }).code;
  expect(run('code.coding[0].subsumes(%resource.code.coding[1])', { subsumes })).toEqual([true]);
  expect(run('code.coding[0].subsumedBy(%resource.code.coding[1])', { subsumes })).toEqual([false]);
  expect(run('code.coding.subsumes(code.coding)', { subsumes })).toEqual([]);
  expect(run('method.subsumedBy(code)', { subsumes })).toEqual([]);
});

test('conformsTo answers for one item, and an unknown profile is an error', () => {
  const conformsTo = (item: unknown, profile: string): boolean | undefined =>
    profile === 'trash' ? undefined : (item as { resourceType?: string }).resourceType === profile;
  expect(run("conformsTo('Observation')", { conformsTo })).toEqual([true]);
  expect(run("contained.all(conformsTo('Patient'))", { conformsTo })).toEqual([false]);
  expect(run("performer.conformsTo('Observation')", { conformsTo })).toEqual([]);
  expect(run("conformsTo('trash')", { conformsTo })).toContain('line 1, column 1: there is no such profile');
});

test('trace hands the values to the caller, and gives on what it was given', () => {
  const seen: unknown[] = [];
  const trace = (name: string, values: readonly unknown[]): void => void seen.push([name, ...values]);
  expect(run("code.coding.trace('codings', code).count()", { trace })).toEqual([2]);
  expect(run("status.trace('status')", { trace })).toEqual(['final']);
  expect(run("method.trace('none').exists()", { trace })).toEqual([false]);
  expect(seen).toEqual([['codings', '1', '2'], ['status', 'final'], ['none']]);
});

test('checkModifiers passes items on, or ends in an error when one has a modifier extension that is not named', () => {
  expect(run("checkModifiers('https://example.org/not').status")).toEqual(['final']);
  expect(run('subject.checkModifiers().reference')).toEqual(['Patient/1']);
  expect(run('checkModifiers().status')).toContain('modifier extension that the expression does not know');
});

test('what the caller throws passes through as it is', () => {
  const resolve = (): never => {
    throw new TypeError('the resolver is broken');
  };
  const compiled = compileExpression('subject.resolve()', { type: 'Observation', definitions, resolve });
  expect(() => compiled.ok && compiled.value(OBSERVATION)).toThrow('the resolver is broken');
});

test('%resource, %rootResource and %context are what the caller says, or the focus', () => {
  const resource = { resourceType: 'Organization', id: 'inner' };
  const rootResource = { resourceType: 'Observation', id: 'outer' };
  const compiled = compileExpression('(%resource.id | %rootResource.id) & %context.family', {
    type: 'HumanName',
    definitions,
    variables: [],
  });
  expect(compiled.ok).toBe(true);
  const names = compileExpression('%resource.id | %rootResource.id | %context.family', {
    type: 'HumanName',
    definitions,
  });
  expect(names.ok && names.value({ family: 'x' }, { resource, rootResource })).toEqual([
    'inner',
    'outer',
    'x',
  ]);
  expect(names.ok && names.value({ family: 'x' }, { resource })).toEqual(['inner', 'x']);
});

test('strict expressions may not take several with as, start at another type, or count on the order of children', () => {
  const strict = { strict: true };
  expect(run('performer.as(Reference).reference', strict)).toContain(
    'one value is expected where there are several',
  );
  expect(run('(performer as Reference).reference', strict)).toContain('one value is expected');
  expect(run('performer.as(Reference).reference')).toEqual(['#org', 'Practitioner/9']);
  expect(run('Patient.name', strict)).toContain('the path starts at Patient');
  expect(run('Patient.name')).toEqual([]);
  for (const place of ['first()', 'last()', 'tail()', 'skip(1)', 'take(1)'])
    expect(run(`children().${place}`, strict)).toContain('come in no order');
  expect(run('children().where(true)[0]', strict)).toContain('come in no order');
  expect(run('subject.as(Reference).reference', strict)).toEqual(['Patient/1']);
});
