/** Answers that are missing, wrong or written in other ways. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { score } from '../../src/referral/scores.ts';
import { numbered, responseOf, rules, scored } from './responses.ts';

const SUMS = [
  ['wemwbs', 14, 3],
  ['swemwbs', 7, 3],
  ['ucla-3', 3, 2],
  ['phq-9', 9, 1],
  ['gad-7', 7, 1],
] as const;
for (const [slug, count, value] of SUMS) {
  for (let missing = 1; missing <= count; missing++) {
    test(`${slug} without item ${missing} has no total, and says so without a warning`, () => {
      const answers = numbered(count, value, { [missing]: undefined });
      expect(scored(slug, answers)).toEqual({});
      const { issues } = score(responseOf(slug, answers));
      const about = issues.filter((issue) => ruleOf(issue) === 'score-missing-item');
      expect(about).toMatchObject([{ severity: 'information' }]);
      expect(about[0]!.diagnostics).toContain(`item ${missing}.`);
    });
  }
}

test('an ONS4 refusal is missing, never 0', () => {
  expect(Object.keys(scored('ons4', numbered(4, 0, { 3: undefined })))).toEqual([
    'ons4-satisfaction',
    'ons4-worthwhile',
    'ons4-anxiety',
  ]);
});

test('an answer that says only why it is absent is missing', () => {
  const absent = {
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'asked-declined' },
    ],
  };
  expect(scored('ucla-3', numbered(3, 2, { 2: absent }))).toEqual({});
});

test.each([
  ['out of range', { valueInteger: 4 }],
  ['below the range', { valueInteger: -1 }],
  ['not whole', { valueDecimal: 1.5 }],
  ['words', { valueString: 'several days' }],
  ['a coding without ordinal', { valueCoding: { system: 'http://example.org', code: 'x' } }],
  ['a LOINC answer of another list', { valueCoding: { system: 'http://loinc.org', code: 'LA33-6' } }],
])('a PHQ-9 answer that is %s counts as missing, with a warning that does not repeat it', (_, answer) => {
  const { observations, issues } = score(responseOf('phq-9', numbered(9, 1, { 4: answer })));
  expect(observations).toEqual([]);
  const [issue] = issues.filter((one) => ruleOf(one) === 'score-unusable-answer');
  expect(issue).toMatchObject({ severity: 'warning', expression: ['QuestionnaireResponse.item[3]'] });
  expect(JSON.stringify(issues)).not.toMatch(/several days|LA33-6|1\.5/);
});

test('an item answered twice, or one the instrument does not have, counts as missing', () => {
  const twice = responseOf('gad-7', numbered(7, 1));
  twice.item!.push({ linkId: '2', answer: [{ valueInteger: 3 }] });
  expect(score(twice).observations).toEqual([]);
  expect(score(twice).issues.map(ruleOf)).toEqual(['score-unusable-answer', 'score-missing-item']);
  expect(rules('gad-7', numbered(8, 1))).toEqual(['score-unusable-answer']);
});

test('answers may be integers, whole decimals, LOINC answers or codings with an ordinal', () => {
  const ordinal = (value: number) => [
    { url: 'http://hl7.org/fhir/StructureDefinition/ordinalValue', valueDecimal: value },
  ];
  const codes = ['LA6568-5', 'LA6569-3', 'LA6570-1', 'LA6571-9'].map((code) => ({
    valueCoding: { system: 'http://loinc.org', code },
  }));
  const answers = {
    1: codes[0],
    2: codes[1],
    3: codes[2],
    4: codes[3],
    5: { valueDecimal: 2 },
    6: { valueCoding: { code: 'a', extension: ordinal(3) } },
    7: { extension: ordinal(1), valueCoding: { code: 'b' } },
  };
  expect(scored('gad-7', answers)).toEqual({ 'gad-7-total': [12, 'moderate'] });
});

test('items may stand in groups and under answers', () => {
  const flat = responseOf('ucla-3', numbered(3, 2)).item!;
  const nested = {
    ...responseOf('ucla-3', {}),
    item: [
      { linkId: 'group', item: [flat[0]!, { ...flat[1]!, answer: [{ valueInteger: 2, item: [flat[2]!] }] }] },
    ],
  };
  expect(score(nested).observations[0]?.valueQuantity?.value).toBe(6);
});
