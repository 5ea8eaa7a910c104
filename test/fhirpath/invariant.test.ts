/** Invariants as a validator states them: on an element deep in a resource, with what it knows and what it does not. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import {
  compileInvariant,
  type Invariant,
  type InvariantContext,
  type InvariantPlace,
} from '../../src/fhirpath/invariant.ts';
import { typesAt } from '../../src/fhirpath/place.ts';
import { CORRECTIONS } from '../../src/validation/invariant-corrections.ts';
import { allTypes } from './all-types.ts';

const definitions = allTypes();

function invariant(expression: string, place: InvariantPlace): Invariant {
  const compiled = compileInvariant(expression, place, definitions);
  if (!compiled.ok) throw new Error(compiled.outcome.issue[0]!.diagnostics);
  return compiled.value;
}

/** @returns the verdict on an element that is its own resource, unless the context says more */
function verdict(
  expression: string,
  path: string,
  focus: unknown,
  context: Partial<InvariantContext> = {},
): boolean | undefined {
  return invariant(expression, { path })(focus, { resource: focus, rootResource: focus, ...context });
}

test('a path leads to the types of its element: backbones, choices, references to another element, slices and ids', () => {
  expect(typesAt(definitions, 'Patient.contact')).toEqual(['Patient.contact']);
  expect(typesAt(definitions, 'Patient.contact.name.family')).toEqual(['string']);
  expect(typesAt(definitions, 'Questionnaire.item.item.item')).toEqual(['Questionnaire.item']);
  expect(typesAt(definitions, 'Observation.effective[x]')).toEqual([
    'dateTime',
    'Period',
    'Timing',
    'instant',
  ]);
  expect(typesAt(definitions, 'Observation.valueQuantity.code')).toEqual(['code']);
  expect(typesAt(definitions, 'Patient.identifier:nhsNumber.system')).toEqual(['uri']);
  expect(typesAt(definitions, 'Patient.extension:birthPlace.value[x]:valueAddress.city')).toContain('string');
  expect(typesAt(definitions, 'HumanName')).toEqual(['HumanName']);
  expect(typesAt(definitions, 'Patient.hedge')).toBeUndefined();
  expect(typesAt(definitions, 'Hedge')).toBeUndefined();
});

test('an invariant is met when it is true, and not met when it is false or empty', () => {
  const place = 'Patient.contact';
  expect(verdict('name.exists() or telecom.exists()', place, { name: { family: 'Sorrel' } })).toBe(true);
  expect(verdict('name.exists() or telecom.exists()', place, { gender: 'other' })).toBe(false);
  expect(verdict("gender != 'other'", place, {})).toBe(false);
  expect(verdict('telecom.count() = 0 or name', place, { telecom: [{}], name: { family: 'x' } })).toBe(true);
});

test('an element that the type does not have is refused, and one that another type of the choice has is empty', () => {
  const misspelt = compileInvariant('nam.exists()', { path: 'Patient.contact' }, definitions);
  expect(!misspelt.ok && ruleOf(misspelt.outcome.issue[0]!)).toBe('fhirpath-element');
  const path = 'RiskAssessment.prediction.probability[x]';
  const range = "low.empty() or low.code = '%'";
  for (const types of [undefined, ['decimal'], ['Range']])
    expect(compileInvariant(range, { path, types }, definitions).ok, String(types)).toBe(true);
  expect(invariant(range, { path, types: ['decimal'] })(0.5, { resource: {}, rootResource: {} })).toBe(true);
  const none = compileInvariant('middle.empty()', { path, types: ['decimal'] }, definitions);
  expect(!none.ok && ruleOf(none.outcome.issue[0]!)).toBe('fhirpath-element');
});

test('an element whose type is not known is walked as plain JSON', () => {
  expect(verdict('parts.where(size > 3).exists()', 'Hedge.row', { parts: [{ size: 4 }] })).toBe(true);
  expect(verdict('parts.where(size > 3).exists()', 'Hedge.row', { parts: [{ size: 2 }] })).toBe(false);
});

test('a type that the definitions do not have leaves the element open, whatever its path', () => {
  const size = invariant('size > 3', { path: 'Extension.value[x]', types: ['HedgeSize'] });
  expect(size({ size: 4 }, { resource: {}, rootResource: {} })).toBe(true);
});

test('%resource is the nearest resource, %rootResource its container, and %context the element', () => {
  const contained = { resourceType: 'Patient', id: 'p', name: [{ family: 'Sorrel' }] };
  const observation = { resourceType: 'Observation', status: 'final', contained: [contained] };
  const context = { resource: contained, rootResource: observation };
  const expression = "%resource.id = 'p' and %rootResource.status = 'final' and %context.family = family";
  expect(verdict(expression, 'Patient.name', contained.name[0], context)).toBe(true);
});

test('a reference in a contained resource is looked for in its container; # is the container itself', () => {
  const organisation = { resourceType: 'Organization', id: 'o', name: 'Garden' };
  const role = { resourceType: 'PractitionerRole', id: 'r', organization: { reference: '#o' } };
  const root = { resourceType: 'Observation', status: 'final', contained: [role, organisation] };
  const context = { resource: role, rootResource: root };
  expect(verdict("organization.resolve().name = 'Garden'", 'PractitionerRole', role, context)).toBe(true);
  expect(verdict('organization.resolve() is Organization', 'PractitionerRole', role, context)).toBe(true);
  expect(verdict("resolve().status = 'final'", 'Reference', { reference: '#' }, context)).toBe(true);
});

test('the resolver of the context finds entries of a Bundle; what it does not find leaves the answer open', () => {
  const entries = new Map([['urn:uuid:1', { resourceType: 'Patient', active: true }]]);
  const resolve = (reference: string): unknown => entries.get(reference);
  const found = { reference: 'urn:uuid:1' };
  const lost = { reference: 'urn:uuid:2' };
  for (const [expression, ifFound, ifLost] of [
    ['resolve().active', true, undefined],
    ['resolve() is Patient', true, undefined],
    ['resolve().is(Practitioner)', false, undefined],
    ['resolve().empty()', undefined, true],
    ['resolve().ofType(Patient).exists()', true, undefined],
  ] as const) {
    expect(verdict(expression, 'Task.for', found, { resolve }), expression).toBe(ifFound ?? false);
    expect(verdict(expression, 'Task.for', lost, { resolve }), expression).toBe(ifLost);
    expect(verdict(expression, 'Task.for', lost), expression).toBe(ifLost);
  }
});

test('the type that a reference names decides without the resource', () => {
  const never = (): never => {
    throw new Error('asked for a resource');
  };
  const context = { resolve: never };
  expect(verdict('resolve() is Patient', 'Task.for', { reference: 'Patient/1' }, context)).toBe(true);
  expect(verdict('resolve() is Patient', 'Task.for', { reference: 'Group/1' }, context)).toBe(false);
  const stated = { type: 'Patient', identifier: { value: '1' } };
  expect(verdict('resolve() is Patient', 'Task.for', stated, context)).toBe(true);
});

test('what a terminology or a validator does not know leaves the answer open, unless nobody had to ask', () => {
  const code = { coding: [{ code: 'a' }] };
  const memberOf = (_: unknown, valueSet: string): boolean | undefined =>
    ({ yes: true, no: false })[valueSet];
  for (const [valueSet, expected] of [
    ['yes', true],
    ['no', false],
    ['other', undefined],
  ] as const) {
    expect(verdict(`memberOf('${valueSet}')`, 'Task.code', code, { memberOf })).toBe(expected);
    expect(verdict(`coding.where(memberOf('${valueSet}')).exists()`, 'Task.code', code, { memberOf })).toBe(
      expected,
    );
  }
  expect(verdict("coding.where(memberOf('other')).empty()", 'Task.code', code, { memberOf })).toBeUndefined();
  expect(verdict("coding.exists() or memberOf('other')", 'Task.code', code, { memberOf })).toBe(true);
  expect(verdict("memberOf('yes')", 'Task.code', code)).toBeUndefined();
  expect(verdict("conformsTo('p')", 'Task.code', code)).toBeUndefined();
  expect(verdict("conformsTo('p')", 'Task.code', code, { conformsTo: () => false })).toBe(false);
  expect(verdict('coding.first().subsumes(%context.coding.first())', 'Task.code', code)).toBeUndefined();
});

test('an invariant may come back to itself through conformsTo, and each evaluation keeps what it did not know', () => {
  const nested = invariant("part.all(conformsTo('p')) and memberOf(name)", { path: 'Hedge' });
  const leaf = { name: 'other', part: [] };
  const known = { name: 'known', part: [leaf] };
  const seen: unknown[] = [];
  const context: InvariantContext = {
    resource: known,
    rootResource: known,
    memberOf: (_, valueSet) => (valueSet === 'known' ? true : undefined),
    conformsTo: (item) => {
      const inner = nested(item, context);
      seen.push(inner);
      return inner === undefined;
    },
  };
  expect(nested(known, context)).toBe(true);
  expect(seen).toEqual([undefined]);
});

test('a primitive is met with its extensions, also where it has no value', () => {
  const place = 'Patient.birthDate';
  const sibling = { extension: [{ url: 'u', valueCode: 'unknown' }] };
  const expression = "hasValue() or extension('u').value = 'unknown'";
  expect(verdict(expression, place, undefined, { sibling })).toBe(true);
  expect(verdict(expression, place, null, { sibling })).toBe(true);
  expect(verdict(expression, place, undefined, { sibling: { id: 'x' } })).toBe(false);
  expect(verdict(expression, place, '1974-12-25')).toBe(true);
  const typed = '$this is date and $this < @1980 and toString().length() = 10 and extension.count() = 1';
  expect(verdict(typed, place, '1974-12-25', { sibling })).toBe(true);
  const element = 'hasValue() or (children().count() > id.count())';
  expect(verdict(element, place, undefined, { sibling })).toBe(true);
  expect(verdict(element, place, undefined, { sibling: { id: 'x' } })).toBe(false);
});

test('an evaluation that ends in an error says where, and the clock comes from the context', () => {
  const single = invariant('name.single().exists()', { path: 'Patient' });
  const patient = { resourceType: 'Patient', name: [{}, {}] };
  expect(() => single(patient, { resource: patient, rootResource: patient })).toThrow('line 1, column 6');
  const past = invariant('$this < today()', { path: 'Patient.birthDate' });
  expect(past('1974-12-25', { resource: {}, rootResource: {}, now: 0 })).toBe(false);
  expect(past('1974-12-25', { resource: {}, rootResource: {}, now: '2026-01-15T10:00:00Z' })).toBe(true);
});

const consent = {
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'adr' }] },
};

/** An element that the published expression judges wrongly: its path, the element, and what the corrected one says. */
const MISJUDGED: readonly (readonly [key: string, path: string, focus: unknown, isMet: boolean])[] = [
  ['ref-1', 'Reference', { display: 'someone' }, true],
  ['ref-1', 'Reference', { reference: '#' }, true],
  ['per-1', 'Period', { start: '2024', end: '2024-05' }, true],
  ['per-1', 'Period', { start: '2024-05-01', end: '2024-05-01T09:00:00Z' }, true],
  [
    'inv-1',
    'Task',
    { resourceType: 'Task', authoredOn: '2024-05-01', lastModified: '2024-05-01T09:00:00Z' },
    true,
  ],
  ['mdd-1', 'MedicationDispense', { whenPrepared: '2024-05-01', whenHandedOver: '2024-05' }, true],
  ['rng-2', 'Range', { low: { value: 1, unit: 'h' }, high: { value: 2 } }, true],
  ['que-7', 'Questionnaire.item.enableWhen', { operator: 'exists', answerBoolean: true }, true],
  ['md-1', 'MessageDefinition.focus', { code: 'Task', min: 0 }, true],
  ['vs-1', 'Observation.effective[x]', { start: '2024' }, true],
  ['adf-0', 'ActivityDefinition', { resourceType: 'ActivityDefinition' }, true],
  ['ppc-4', 'Consent', consent, false],
];

/** The same rules still hold where they are broken. */
const BROKEN: typeof MISJUDGED = [
  ['ref-1', 'Reference', { reference: '#lost' }, false],
  ['per-1', 'Period', { start: '2024-06', end: '2024-05-01' }, false],
  [
    'inv-1',
    'Task',
    { resourceType: 'Task', authoredOn: '2024-05-02', lastModified: '2024-05-01T09:00:00Z' },
    false,
  ],
  ['mdd-1', 'MedicationDispense', { whenPrepared: '2024-05-01', whenHandedOver: '2024-04' }, false],
  ['rng-2', 'Range', { low: { value: 3 }, high: { value: 2 } }, false],
  ['que-7', 'Questionnaire.item.enableWhen', { operator: 'exists', answerString: 'true' }, false],
  ['md-1', 'MessageDefinition.focus', { max: '0' }, false],
  ['vs-1', 'Observation.effective[x]', '2024', false],
  ['adf-0', 'ActivityDefinition', { resourceType: 'ActivityDefinition', name: 'a b' }, false],
];

test('each correction decides what the published expression gets wrong, and still finds what breaks the rule', () => {
  for (const [key, path, focus, isMet] of [...MISJUDGED, ...BROKEN]) {
    const { corrected } = CORRECTIONS.find(
      (one) => one.key === key && compileInvariant(one.published, { path }, definitions).ok,
    )!;
    expect(verdict(corrected, path, focus), `${key} ${JSON.stringify(focus)}`).toBe(isMet);
  }
  for (const [key, path, focus, isMet] of MISJUDGED) {
    const { published } = CORRECTIONS.find(
      (one) => one.key === key && compileInvariant(one.published, { path }, definitions).ok,
    )!;
    expect(verdict(published, path, focus), `${key} ${JSON.stringify(focus)}`).toBe(!isMet);
  }
});
