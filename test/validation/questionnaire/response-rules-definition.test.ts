/** Questionnaires themselves: what their conditions, options and initial values must fit. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Json } from '../../../src/validation/run.ts';
import { knownValidator } from '../known.ts';
import { linesOf } from '../verdicts.ts';

const item = (linkId: string, type: string, more: Json = {}): Json => ({
  linkId,
  type,
  text: linkId,
  ...more,
});
const found = (...items: readonly Json[]): readonly string[] =>
  linesOf({ resourceType: 'Questionnaire', status: 'active', item: items }).map((line) =>
    line.replace('Questionnaire.', ''),
  );
const asking = (question: string, more: Json): Json =>
  item('z', 'string', { enableWhen: [{ question, ...more }] });

test('a condition names a question of the questionnaire that is not below it', () => {
  const exists = { operator: 'exists', answerBoolean: true };
  const refused = (at: string): readonly string[] => [
    `error questionnaire-enable-question ${at}.enableWhen[0].question`,
  ];
  expect(found(item('1', 'string'), asking('1', exists))).toEqual([]);
  expect(found(asking('1', exists))).toEqual(refused('item[0]'));
  expect(found(asking('z', exists))).toEqual(refused('item[0]'));
  expect(found({ ...asking('1', exists), item: [item('1', 'string')] })).toEqual(refused('item[0]'));
  expect(found(item('1', 'display'), asking('1', exists))).toEqual(refused('item[1]'));
});

const CONDITIONS: readonly (readonly [type: string, good: Json, bad: Json | undefined])[] = [
  ['boolean', { answerBoolean: true }, { answerString: 'true' }],
  ['integer', { answerInteger: 1 }, { answerDecimal: 1.5 }],
  ['decimal', { answerDecimal: 1.5 }, { answerInteger: 1 }],
  ['date', { answerDate: '2026-01-01' }, { answerDateTime: '2026-01-01' }],
  ['dateTime', { answerDateTime: '2026-01-01' }, { answerDate: '2026-01-01' }],
  ['time', { answerTime: '10:00:00' }, { answerString: '10:00' }],
  ['string', { answerString: 'a' }, { answerCoding: { code: 'a' } }],
  ['url', { answerString: 'https://example.org' }, { answerInteger: 1 }],
  ['choice', { answerCoding: { code: 'a' } }, { answerString: 'a' }],
  ['open-choice', { answerString: 'a' }, { answerBoolean: true }],
  ['quantity', { answerQuantity: { value: 1 } }, { answerDecimal: 1 }],
  ['reference', { answerReference: { display: 'a' } }, { answerString: 'a' }],
];

test.each(CONDITIONS)('a condition on a %s may ask for %j, and not for %j', (type, good, bad) => {
  const one = item('1', type);
  expect(found(one, asking('1', { operator: '=', ...good }))).toEqual([]);
  expect(found(one, asking('1', { operator: '=', ...bad }))).toEqual([
    'error questionnaire-enable-type item[1].enableWhen[0].answer',
  ]);
});

test('of an attachment only whether it is there can be asked', () => {
  const one = item('1', 'attachment');
  expect(found(one, asking('1', { operator: 'exists', answerBoolean: true }))).toEqual([]);
  expect(found(one, asking('1', { operator: '=', answerString: 'a' }))).toEqual([
    'error questionnaire-enable-type item[1].enableWhen[0].answer',
  ]);
});

test('a choice with options of another type is asked for in that type', () => {
  const one = item('1', 'choice', { answerOption: [{ valueInteger: 1 }] });
  expect(found(one, asking('1', { operator: '>', answerInteger: 0 }))).toEqual([]);
  expect(found(one, asking('1', { operator: '=', answerCoding: { code: '1' } }))).toEqual([
    'error questionnaire-enable-type item[1].enableWhen[0].answer',
  ]);
});

test('codes and truth have no order', () => {
  expect(found(item('1', 'boolean'), asking('1', { operator: '>', answerBoolean: true }))).toEqual([
    'error questionnaire-enable-operator item[1].enableWhen[0].operator',
  ]);
});

test('two conditions say how they join', () => {
  const enableWhen = ['1', '2'].map((question) => ({ question, operator: 'exists', answerBoolean: true }));
  const of = (more: Json): readonly string[] =>
    found(item('1', 'string'), item('2', 'string'), item('3', 'string', { enableWhen, ...more }));
  expect(of({ enableBehavior: 'all' })).toEqual([]);
  expect(of({})).toEqual(['warning questionnaire-enable-behavior item[2].enableBehavior']);
});

test('options and initial values fit the type of their item', () => {
  expect(found(item('1', 'integer', { answerOption: [{ valueInteger: 1 }] }))).toEqual([]);
  expect(found(item('1', 'integer', { answerOption: [{ valueInteger: 1 }, { valueString: '1' }] }))).toEqual([
    'error questionnaire-option-type item[0].answerOption[1].value',
  ]);
  expect(found(item('1', 'choice', { answerOption: [{ valueString: 'a' }] }))).toEqual([]);
  expect(found(item('1', 'url', { initial: [{ valueUri: 'https://example.org' }] }))).toEqual([]);
  expect(found(item('1', 'boolean', { initial: [{ valueString: 'true' }] }))).toEqual([
    'error questionnaire-initial-type item[0].initial[0].value',
  ]);
});

test('a linkId twice is said by its invariant alone', () => {
  expect(found(item('1', 'string'), item('1', 'string'))).toEqual(['error invariant-que-2 Questionnaire']);
});

for (const path of globSync('profiles/questionnaires/*.json', { cwd: ROOT }))
  test(`${path} breaks no rule of questionnaires`, () => {
    const issues = knownValidator().validate(JSON.parse(readFileSync(join(ROOT, path), 'utf8')), {
      isThorough: true,
    });
    expect(issues.filter((issue) => ruleOf(issue)?.startsWith('questionnaire-'))).toEqual([]);
  });
