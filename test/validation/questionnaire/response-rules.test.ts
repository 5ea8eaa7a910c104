/** Questionnaire responses held against their questionnaire: places, types, options, what is required. */
import type { QuestionnaireResponse } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { knownCanonicals, ROOT } from '../../../src/cli/load.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import type { Json } from '../../../src/validation/run.ts';
import { createValidator } from '../../../src/validation/validator.ts';
import { knownValidator } from '../known.ts';
import { linesOf } from '../verdicts.ts';

const GENDER = 'http://hl7.org/fhir/administrative-gender';

const item = (linkId: string, type: string, more: Json = {}): Json => ({
  linkId,
  type,
  text: linkId,
  ...more,
});
const given = (linkId: string, ...answer: readonly Json[]): Json => ({ linkId, answer });
const inGroup = (linkId: string, ...items: readonly Json[]): Json => ({ linkId, item: items });

/** A response with its questionnaire in it. */
const response = (asked: readonly Json[], answered: readonly Json[], more: Json = {}): Json => ({
  resourceType: 'QuestionnaireResponse',
  contained: [{ resourceType: 'Questionnaire', id: 'q', status: 'active', item: asked }],
  questionnaire: '#q',
  status: 'completed',
  ...more,
  ...(answered.length > 0 && { item: answered }),
});
const found = (asked: readonly Json[], answered: readonly Json[], more: Json = {}): readonly string[] =>
  linesOf(response(asked, answered, more)).map((line) => line.replace('QuestionnaireResponse.', ''));

const TYPES: readonly (readonly [type: string, good: Json, bad: Json])[] = [
  ['boolean', { valueBoolean: true }, { valueString: 'true' }],
  ['decimal', { valueDecimal: 1.5 }, { valueInteger: 1 }],
  ['integer', { valueInteger: 1 }, { valueDecimal: 1.5 }],
  ['date', { valueDate: '2026-01-01' }, { valueDateTime: '2026-01-01' }],
  ['dateTime', { valueDateTime: '2026-01-01T10:00:00Z' }, { valueDate: '2026-01-01' }],
  ['time', { valueTime: '10:00:00' }, { valueString: '10:00' }],
  ['string', { valueString: 'a' }, { valueInteger: 1 }],
  ['text', { valueString: 'a' }, { valueCoding: { code: 'a' } }],
  ['url', { valueUri: 'https://example.org' }, { valueString: 'a' }],
  ['choice', { valueCoding: { code: 'a' } }, { valueString: 'a' }],
  ['open-choice', { valueString: 'a' }, { valueBoolean: true }],
  ['attachment', { valueAttachment: { title: 'a' } }, { valueUri: 'https://example.org' }],
  ['reference', { valueReference: { display: 'a' } }, { valueString: 'a' }],
  ['quantity', { valueQuantity: { value: 1 } }, { valueDecimal: 1 }],
];

test.each(TYPES)('a question of type %s takes %j and not %j', (type, good, bad) => {
  const asked = [item('1', type)];
  expect(found(asked, [given('1', good)])).toEqual([]);
  expect(found(asked, [given('1', bad)])).toEqual([
    'error questionnaire-answer-type item[0].answer[0].value',
  ]);
});

test('an answer that is an extension alone, which says why there is none, has no type to be wrong', () => {
  const extension = [{ url: 'https://example.org/why', valueCode: 'asked-declined' }];
  expect(found([item('1', 'integer', { required: true })], [given('1', { extension })])).toEqual([]);
});

test('a linkId is one of the questionnaire, in its place', () => {
  const asked = [
    item('g', 'group', { item: [item('g.1', 'string')] }),
    item('1', 'boolean', { item: [item('1.1', 'string')] }),
  ];
  const [first, second] = [given('g.1', { valueString: 'a' }), given('1.1', { valueString: 'a' })];
  expect(found(asked, [inGroup('g', first), given('1', { valueBoolean: true, item: [second] })])).toEqual([]);
  expect(found(asked, [given('x', { valueString: 'a' })])).toEqual([
    'error questionnaire-item-unknown item[0].linkId',
  ]);
  expect(found(asked, [first])).toEqual(['error questionnaire-item-place item[0].linkId']);
  expect(found(asked, [inGroup('g', second)])).toEqual([
    'error questionnaire-item-place item[0].item[0].linkId',
  ]);
  expect(found(asked, [inGroup('1', second)])).toEqual(['error questionnaire-item-place item[0].item']);
});

test('items keep the order of the questionnaire', () => {
  const asked = [item('1', 'string'), item('2', 'string')];
  const [one, two] = [given('1', { valueString: 'a' }), given('2', { valueString: 'b' })];
  expect(found(asked, [one, two])).toEqual([]);
  expect(found(asked, [two, one])).toEqual(['information questionnaire-item-order item[1]']);
});

test('groups and display items have no answers', () => {
  const answer = [{ valueString: 'a' }];
  const asked = [item('g', 'group', { item: [item('g.1', 'string')] }), item('d', 'display')];
  expect(found(asked, [{ linkId: 'g' }, { linkId: 'd' }])).toEqual([]);
  expect(found(asked, [{ linkId: 'g', answer }])).toEqual([
    'error questionnaire-group-answer item[0].answer',
  ]);
  expect(found(asked, [{ linkId: 'd', answer }])).toEqual([
    'error questionnaire-display-answer item[0].answer',
  ]);
});

test('what repeats is said by the questionnaire: answers of a question, occurrences of a group', () => {
  const [a, b] = [{ valueString: 'a' }, { valueString: 'b' }];
  const one = given('1', a, b);
  expect(found([item('1', 'string', { repeats: true })], [one])).toEqual([]);
  expect(found([item('1', 'string')], [one])).toEqual(['error questionnaire-repeats item[0].answer']);
  expect(found([item('1', 'string', { repeats: true })], [given('1', a), given('1', b)])).toEqual([
    'error questionnaire-item-repeated item[1]',
  ]);
  const group = (repeats: boolean): Json => item('g', 'group', { repeats, item: [item('1', 'string')] });
  const twice = [inGroup('g', given('1', a)), inGroup('g', given('1', b))];
  expect(found([group(true)], twice)).toEqual([]);
  expect(found([group(false)], twice)).toEqual(['error questionnaire-repeats item[1]']);
});

test('what is required is answered in a completed or amended response, and in no other', () => {
  const asked = [item('1', 'string', { required: true }), item('2', 'string')];
  const missing = ['error questionnaire-required item'];
  const two = [given('2', { valueString: 'b' })];
  expect(found(asked, [given('1', { valueString: 'a' })])).toEqual([]);
  expect(found(asked, two)).toEqual(missing);
  expect(found(asked, [])).toEqual(missing);
  expect(found(asked, [{ linkId: '1' }, ...two])).toEqual(missing);
  expect(found(asked, two, { status: 'amended' })).toEqual(missing);
  expect(found(asked, two, { status: 'in-progress' })).toEqual([]);
});

test('what is required within a group or an answer is so where that is there', () => {
  const below = [item('b', 'string', { required: true })];
  const group = [item('g', 'group', { item: below }), item('z', 'string')];
  expect(found(group, [given('z', { valueString: 'a' })])).toEqual([]);
  expect(found(group, [{ linkId: 'g' }])).toEqual(['error questionnaire-required item[0].item']);
  const question = [item('1', 'boolean', { item: below })];
  expect(found(question, [given('1', { valueBoolean: true })])).toEqual([
    'error questionnaire-required item[0].answer[0].item',
  ]);
});

test('an answer is one of the options, by system and code or by value', () => {
  const coding = [
    { valueCoding: { system: 'https://example.org/s', code: 'a' } },
    { valueCoding: { code: 'b' } },
  ];
  const wrong = ['error questionnaire-answer-option item[0].answer[0].value'];
  for (const type of ['choice', 'open-choice']) {
    const of = (valueCoding: Json): readonly string[] =>
      found([item('1', type, { answerOption: coding })], [given('1', { valueCoding })]);
    expect(of({ system: 'https://example.org/s', code: 'a', display: 'other words' })).toEqual([]);
    expect(of({ system: 'https://example.org/t', code: 'a' })).toEqual(wrong);
    expect(of({ code: 'a' })).toEqual(wrong);
    expect(of({ system: 'https://example.org/t', code: 'b' })).toEqual([]);
    expect(of({ display: 'a' })).toEqual(wrong);
  }
  const free = [item('1', 'open-choice', { answerOption: coding })];
  expect(found(free, [given('1', { valueString: 'something else' })])).toEqual([]);
  const numbers = [item('1', 'choice', { answerOption: [{ valueInteger: 0 }, { valueInteger: 1 }] })];
  expect(found(numbers, [given('1', { valueInteger: 1 })])).toEqual([]);
  expect(found(numbers, [given('1', { valueInteger: 2 })])).toEqual(wrong);
  expect(found(numbers, [given('1', { valueCoding: { code: '1' } })])).toEqual([
    'error questionnaire-answer-type item[0].answer[0].value',
  ]);
});

test('an answer is in the value set, where that is known; else it is said that nobody looked', () => {
  const of = (answerValueSet: string, valueCoding: Json): readonly string[] =>
    found([item('1', 'choice', { answerValueSet })], [given('1', { valueCoding })]);
  const gender = 'http://hl7.org/fhir/ValueSet/administrative-gender';
  expect(of(gender, { system: GENDER, code: 'female' })).toEqual([]);
  expect(of(gender, { system: 'https://example.org/s', code: 'female' })).toEqual([
    'error questionnaire-answer-value-set item[0].answer[0].value',
  ]);
  expect(of('https://example.org/ValueSet/x', { system: 'https://example.org/s', code: 'a' })).toEqual([
    'information terminology-not-checked item[0].answer[0].value',
  ]);
});

test('a value set within the questionnaire is looked into where it is a list', () => {
  const set = (include: Json): Json => ({
    resourceType: 'ValueSet',
    id: 'v',
    status: 'active',
    compose: { include: [include] },
  });
  const system = 'https://example.org/s';
  const of = (include: Json, code: string): readonly string[] => {
    const questionnaire = {
      resourceType: 'Questionnaire',
      url: 'https://example.org/Questionnaire/contains',
      status: 'active',
      contained: [set(include)],
      item: [item('1', 'choice', { answerValueSet: '#v' })],
    } as const;
    const canonicals = knownCanonicals(ROOT);
    canonicals.add(questionnaire as unknown as Parameters<typeof canonicals.add>[0]);
    const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
    const answered = [given('1', { valueCoding: { system, code } })];
    const value = { ...response([], answered, { questionnaire: questionnaire.url }), contained: undefined };
    return linesOf(value, validator);
  };
  const list = { system, concept: [{ code: 'a' }] };
  const at = 'QuestionnaireResponse.item[0].answer[0].value';
  expect(of(list, 'a')).toEqual([]);
  expect(of(list, 'b')).toEqual([`error questionnaire-answer-value-set ${at}`]);
  expect(of({ system }, 'b')).toEqual([`information terminology-not-checked ${at}`]);
});

test('an answer is no longer than maxLength, counted in characters', () => {
  const asked = [item('1', 'string', { maxLength: 3 })];
  expect(found(asked, [given('1', { valueString: 'abc' })])).toEqual([]);
  expect(found(asked, [given('1', { valueString: '😀😀😀' })])).toEqual([]);
  expect(found(asked, [given('1', { valueString: 'abcd' })])).toEqual([
    'error questionnaire-max-length item[0].answer[0].value',
  ]);
});

test('a questionnaire that is not at hand is said to be so, and one that ought to be contained is a fault', () => {
  const bare = { resourceType: 'QuestionnaireResponse', status: 'completed' };
  expect(linesOf(bare)).toEqual([]);
  expect(linesOf({ ...bare, questionnaire: 'https://example.org/Questionnaire/x' })).toEqual([
    'information questionnaire-unknown QuestionnaireResponse.questionnaire',
  ]);
  expect(linesOf({ ...bare, questionnaire: '#x' })).toEqual([
    'error questionnaire-unknown QuestionnaireResponse.questionnaire',
  ]);
});

test('neither answers nor unknown linkIds are repeated in what is said', () => {
  const asked = [
    item('1', 'choice', { answerOption: [{ valueString: 'a' }] }),
    item('2', 'string', { maxLength: 2 }),
  ];
  const secret = { valueString: 'SECRET' };
  const value = response(asked, [given('1', secret), given('SECRET', secret), given('2', secret)]);
  const issues = knownValidator().validate(value as unknown as QuestionnaireResponse);
  expect(issues).toHaveLength(3);
  expect(JSON.stringify(issues)).not.toContain('SECRET');
});

test('what is no response in any way is refused without a crash', () => {
  const asked = [item('g', 'group', { item: [item('1', 'string', { required: true })] })];
  for (const one of [
    null,
    1,
    'x',
    [],
    { linkId: 1 },
    { linkId: 'g', item: 'x' },
    { linkId: 'g', answer: [null] },
  ])
    expect(linesOf({ ...response(asked, []), item: [one] })).not.toEqual([]);
});

test('a response of 20,000 items is checked whole', () => {
  const many = (make: (linkId: string) => Json): readonly Json[] =>
    Array.from({ length: 20_000 }, (_one, at) => make(`l${at}`));
  const asked = many((linkId) => item(linkId, 'string', { required: true }));
  const answered = many((linkId) => given(linkId, { valueString: 'a' }));
  expect(found(asked, answered)).toEqual([]);
  expect(found(asked, answered.slice(1))).toEqual(['error questionnaire-required item']);
});

test('conditions that ask for more answers than anyone gives come to an end', () => {
  const enableWhen = [{ question: 'q', operator: '=', answerString: 'a' }];
  const many = (make: (at: number) => Json): readonly Json[] =>
    Array.from({ length: 1100 }, (_one, at) => make(at));
  const asked = [
    item('q', 'string', { repeats: true }),
    ...many((at) => item(`l${at}`, 'string', { enableWhen })),
  ];
  const answer = many(() => ({ valueString: 'a' }));
  const answered = [{ linkId: 'q', answer }, ...many((at) => given(`l${at}`, { valueString: 'a' }))];
  expect(found(asked, answered)).toEqual(['error questionnaire-too-large item']);
});

test('names that every object has are types and linkIds like any other that nobody knows', () => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const asked = [
      item(name, name, { answerOption: [{ valueString: 'a' }], initial: [{ valueString: 'a' }] }),
    ];
    expect(found(asked, [given(name, { valueString: 'a' })])).toContain(
      'error fhir-code contained[0].item[0].type',
    );
  }
});
