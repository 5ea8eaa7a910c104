/** Scores of every instrument, against every row of the published tables. */
import type { Observation } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { INSTRUMENTS } from '../../src/referral/instruments.ts';
import { score } from '../../src/referral/scores.ts';
import { numbered, responseOf, rules, scored, summingTo } from './responses.ts';

const SWEMWBS_ROWS = [
  [7, 7.0],
  [8, 9.51],
  [9, 11.25],
  [10, 12.4],
  [11, 13.33],
  [12, 14.08],
  [13, 14.75],
  [14, 15.32],
  [15, 15.84],
  [16, 16.36],
  [17, 16.88],
  [18, 17.43],
  [19, 17.98],
  [20, 18.59],
  [21, 19.25],
  [22, 19.98],
  [23, 20.73],
  [24, 21.54],
  [25, 22.35],
  [26, 23.21],
  [27, 24.11],
  [28, 25.03],
  [29, 26.02],
  [30, 27.03],
  [31, 28.13],
  [32, 29.31],
  [33, 30.7],
  [34, 32.55],
  [35, 35.0],
] as const;

test('the SWEMWBS table has all 29 rows', () => {
  expect(SWEMWBS_ROWS.map(([raw]) => raw)).toEqual(Array.from({ length: 29 }, (_, at) => at + 7));
});

test.each(SWEMWBS_ROWS)('SWEMWBS raw %d is metric %d, with the raw score as a component', (raw, metric) => {
  const { observations, issues } = score(responseOf('swemwbs', summingTo(7, 1, 5, raw)));
  expect(observations).toHaveLength(1);
  expect(observations[0]!.valueQuantity?.value).toBe(metric);
  expect(observations[0]!.component?.[0]?.valueQuantity?.value).toBe(raw);
  expect(observations[0]!.component?.[0]?.code.coding?.[0]?.code).toBe('swemwbs-raw');
  expect(issues).toEqual([]);
});

test.each([
  [0, 'minimal'],
  [4, 'minimal'],
  [5, 'mild'],
  [9, 'mild'],
  [10, 'moderate'],
  [14, 'moderate'],
  [15, 'moderately-severe'],
  [19, 'moderately-severe'],
  [20, 'severe'],
  [27, 'severe'],
])('PHQ-9 total %d is %s', (total, band) => {
  expect(scored('phq-9', summingTo(9, 0, 3, total))).toEqual({ 'phq-9-total': [total, band] });
});

test.each([
  [0, 'minimal'],
  [4, 'minimal'],
  [5, 'mild'],
  [9, 'mild'],
  [10, 'moderate'],
  [14, 'moderate'],
  [15, 'severe'],
  [21, 'severe'],
])('GAD-7 total %d is %s', (total, band) => {
  expect(scored('gad-7', summingTo(7, 0, 3, total))).toEqual({ 'gad-7-total': [total, band] });
});

test.each([14, 15, 41, 69, 70])('WEMWBS total %d is the sum of its 14 items', (total) => {
  expect(scored('wemwbs', summingTo(14, 1, 5, total))).toEqual({ 'wemwbs-total': [total, undefined] });
});

test.each([
  [3, 'not-lonely'],
  [5, 'not-lonely'],
  [6, 'lonely'],
  [9, 'lonely'],
])('UCLA-3 total %d is %s', (total, band) => {
  expect(scored('ucla-3', summingTo(3, 1, 3, total))).toEqual({ 'ucla-3-total': [total, band] });
});

test.each([
  [0, 'low', 'very-low'],
  [1, 'low', 'very-low'],
  [2, 'low', 'low'],
  [3, 'low', 'low'],
  [4, 'low', 'medium'],
  [5, 'medium', 'medium'],
  [6, 'medium', 'high'],
  [7, 'high', 'high'],
  [8, 'high', 'high'],
  [9, 'very-high', 'high'],
  [10, 'very-high', 'high'],
])('ONS4 answer %d is wellbeing %s and anxiety %s, and there is no total', (answer, wellbeing, anxiety) => {
  expect(scored('ons4', numbered(4, answer))).toEqual({
    'ons4-satisfaction': [answer, wellbeing],
    'ons4-worthwhile': [answer, wellbeing],
    'ons4-happiness': [answer, wellbeing],
    'ons4-anxiety': [answer, anxiety],
  });
});

test.each([
  [1, 'often-always'],
  [2, 'some-of-the-time'],
  [3, 'occasionally'],
  [4, 'hardly-ever'],
  [5, 'never'],
])('the direct measure of loneliness %d is %s', (answer, band) => {
  expect(scored('loneliness-direct', { 1: answer })).toEqual({ 'loneliness-direct': [answer, band] });
});

/** Emotional items count 'yes' (1) and 'more or less' (2), social items 'more or less' and 'no' (3). */
test.each([
  [[3, 3, 3], [1, 1, 1], 0, 'not-lonely', 0, 0],
  [[1, 3, 3], [1, 1, 1], 1, 'not-lonely', 1, 0],
  [[2, 3, 3], [2, 1, 1], 2, 'moderately-lonely', 1, 1],
  [[2, 1, 3], [2, 3, 1], 4, 'moderately-lonely', 2, 2],
  [[1, 1, 1], [3, 3, 1], 5, 'severely-lonely', 3, 2],
  [[2, 2, 2], [2, 2, 2], 6, 'severely-lonely', 3, 3],
] as const)('De Jong Gierveld %j and %j is %d, %s', (emotional, social, total, band, first, second) => {
  const answers = Object.fromEntries([...emotional, ...social].map((value, at) => [String(at + 1), value]));
  const lonely = (value: number) => (value === 0 ? 'not-lonely' : 'lonely');
  expect(scored('dejong-gierveld-6', answers)).toEqual({
    'dejong-gierveld-6-total': [total, band],
    'dejong-gierveld-6-emotional': [first, lonely(first)],
    'dejong-gierveld-6-social': [second, lonely(second)],
  });
});

test('De Jong Gierveld allows one missing item for the total, none for the subscale it belongs to', () => {
  const { 1: _, ...five } = numbered(6, 2);
  expect(scored('dejong-gierveld-6', five)).toEqual({
    'dejong-gierveld-6-total': [5, 'severely-lonely'],
    'dejong-gierveld-6-social': [3, 'lonely'],
  });
  const { 4: __, ...four } = five;
  expect(scored('dejong-gierveld-6', four)).toEqual({});
  expect(rules('dejong-gierveld-6', four)).toEqual(Array(3).fill('score-missing-item'));
});

test('PAM score and level are taken as given and never computed', () => {
  expect(scored('pam', { score: 56.4, level: 3 })).toEqual({
    'pam-score': [56.4, undefined],
    'pam-level': [3, undefined],
  });
  expect(scored('pam', { score: 56.4 })).toEqual({ 'pam-score': [56.4, undefined] });
  expect(scored('pam', { level: 2 })).toEqual({ 'pam-level': [2, undefined] });
});

test.each([
  [0, 1],
  [47, 1],
  [47.1, 2],
  [55.1, 2],
  [55.2, 3],
  [72.4, 3],
  [72.5, 4],
  [100, 4],
])('PAM score %d at level %d agrees, and at no other level under the same scorer', (given, level) => {
  expect(rules('pam', { score: given, level, 'scorer-version': '72.4' })).toEqual([]);
  for (const other of [1, 2, 3, 4].filter((one) => one !== level))
    expect(rules('pam', { score: given, level: other, 'scorer-version': '72.4' })).toEqual([
      'score-pam-level',
    ]);
});

test('a PAM level is judged by the scorer named, and where none is named by any that is known', () => {
  expect(rules('pam', { score: 70, level: 4 })).toEqual([]);
  expect(rules('pam', { score: 70, level: 3 })).toEqual([]);
  expect(rules('pam', { score: 70, level: 2 })).toEqual(['score-pam-level']);
  expect(rules('pam', { score: 70, level: 3, 'scorer-version': '67.0' })).toEqual(['score-pam-level']);
});

test('EQ-5D-5L gives a profile and the scale; an index is never computed', () => {
  const dimensions = {
    mobility: 1,
    'self-care': 2,
    'usual-activities': 3,
    'pain-discomfort': 4,
    'anxiety-depression': 5,
  };
  expect(scored('eq-5d-5l', { ...dimensions, vas: 80 })).toEqual({
    'eq-5d-5l-profile': ['12345', undefined],
    'eq-5d-5l-vas': [80, undefined],
  });
  expect(scored('eq-5d-5l', { ...dimensions, mobility: undefined, vas: 0 })).toEqual({
    'eq-5d-5l-vas': [0, undefined],
  });
});

test('MYCaW gives each rating by itself and ignores the words', () => {
  const answers = { 'concern-1': 5, 'concern-1-text': 'sleeping badly', wellbeing: 0 };
  expect(scored('mycaw', answers)).toEqual({
    'mycaw-concern-1': [5, undefined],
    'mycaw-wellbeing': [0, undefined],
  });
  expect(JSON.stringify(score(responseOf('mycaw', answers)).observations)).not.toContain('sleeping');
});

test('PHQ-9 item 9 above 0 raises a flag, whatever the total and even without one', () => {
  for (const answers of [summingTo(9, 0, 3, 0), numbered(9, 3)]) {
    const raised = score(responseOf('phq-9', { ...answers, 9: 1 }));
    expect(raised.flags).toMatchObject([
      {
        id: 'Flag:phq9-item9:Q1',
        status: 'active',
        subject: { reference: 'Patient:person:P1' },
        period: { start: '2025-03-04' },
      },
    ]);
    expect(raised.issues.map(ruleOf)).toContain('score-phq-9-item-9');
  }
  const alone = score(responseOf('phq-9', { 9: 2 }));
  expect([alone.observations.length, alone.flags.length]).toEqual([0, 1]);
  expect(score(responseOf('phq-9', { 9: 0 })).flags).toEqual([]);
  expect(score(responseOf('phq-9', numbered(8, 3))).flags).toEqual([]);
});

test('a PHQ-9 item 9 that cannot be read raises no flag, but calls for a person', () => {
  const { flags, issues } = score(responseOf('phq-9', numbered(9, 1, { 9: { valueInteger: 7 } })));
  expect(flags).toEqual([]);
  expect(issues.map(ruleOf)).toContain('score-phq-9-item-9');
  expect(rules('phq-9', numbered(9, 0))).toEqual([]);
});

test('the question on difficulty is not scored', () => {
  expect(scored('phq-9', { ...numbered(9, 0), difficulty: 3 })).toEqual({ 'phq-9-total': [0, 'minimal'] });
  expect(scored('gad-7', { ...numbered(7, 0), difficulty: 3 })).toEqual({ 'gad-7-total': [0, 'minimal'] });
});

test('a score says whom, when and from what, and is as final as its response', () => {
  const response = {
    ...responseOf('gad-7', numbered(7, 1)),
    questionnaire: 'https://hedgerow.example/fhir/Questionnaire/gad-7|1.2',
  };
  const [one] = score(response).observations as [Observation];
  expect(one).toMatchObject({
    id: 'Observation:score:Q1|gad-7-total',
    status: 'final',
    subject: { reference: 'Patient:person:P1' },
    encounter: { reference: 'Encounter:contact:C1' },
    effectiveDateTime: '2025-03-04',
    derivedFrom: [{ reference: 'QuestionnaireResponse:response:Q1' }],
  });
  expect(one.code.coding?.map(({ code }) => code)).toEqual(['445455005', '70274-6', 'gad-7-total']);
  expect(score({ ...response, status: 'amended' }).observations[0]?.status).toBe('amended');
  expect(score({ ...response, status: 'in-progress' }).observations[0]?.status).toBe('preliminary');
  expect(score({ ...response, status: 'entered-in-error' }).observations[0]?.status).toBe('entered-in-error');
});

test('scoring does not change the response', () => {
  const response = responseOf('phq-9', numbered(9, 1));
  const before = structuredClone(response);
  score(response);
  expect(response).toEqual(before);
});

test.each([
  'https://example.org/Questionnaire/phq-9',
  'https://hedgerow.example/fhir/Questionnaire/audit',
  undefined,
])('an unknown questionnaire (%s) yields nothing and says so', (questionnaire) => {
  const result = score({ ...responseOf('phq-9', numbered(9, 3)), questionnaire });
  expect([result.observations, result.flags]).toEqual([[], []]);
  expect(result.issues).toMatchObject([
    { severity: 'warning', expression: ['QuestionnaireResponse.questionnaire'] },
  ]);
  expect(result.issues.map(ruleOf)).toEqual(['score-unknown-questionnaire']);
});

test('a response without id yields nothing and says so', () => {
  const { id: _, ...response } = responseOf('ucla-3', numbered(3, 1));
  expect(score(response).issues.map(ruleOf)).toEqual(['score-no-id']);
});

test('bands of a score neither overlap nor leave a whole number out', () => {
  for (const { slug, scores } of INSTRUMENTS) {
    for (const { code, bands = [] } of scores) {
      bands.slice(1).forEach((band, at) => {
        expect(band.low, `${slug} ${code}`).toBe(bands[at]!.high + 1);
      });
    }
  }
});
