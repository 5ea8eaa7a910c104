/** Given scores against computed ones (hr-6). */
import type { Observation } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { reconcileGiven, scoreCodeOf } from '../../src/referral/given-scores.ts';
import { score } from '../../src/referral/scores.ts';
import { numbered, responseOf } from './responses.ts';

const SCORES = 'https://hedgerow.example/fhir/CodeSystem/score';

function given(code: string, value: number, coding = { system: SCORES, code }): Observation {
  return {
    resourceType: 'Observation',
    id: `Observation:given-score:Q1|${code}`,
    status: 'final',
    code: { coding: [coding] },
    valueQuantity: { value },
    derivedFrom: [{ reference: 'QuestionnaireResponse:response:Q1' }],
  };
}

test('a given score that equals the computed one is dropped without a word', () => {
  const { observations } = score(responseOf('gad-7', numbered(7, 1)));
  expect(reconcileGiven([given('gad-7-total', 7)], observations)).toEqual({ keep: observations, issues: [] });
});

test('a given score that differs is dropped with a warning hr-6 that names the score and no value', () => {
  const { observations } = score(responseOf('gad-7', numbered(7, 1)));
  const { keep, issues } = reconcileGiven([given('gad-7-total', 19)], observations);
  expect(keep).toEqual(observations);
  expect(issues.map(ruleOf)).toEqual(['hr-6']);
  expect(issues[0]).toMatchObject({ severity: 'warning' });
  expect(issues[0]!.diagnostics).toContain('gad-7-total');
  expect(issues[0]!.diagnostics).not.toMatch(/19/);
});

test('a given score without a computed one is kept', () => {
  const pam = given('pam-score', 61.9);
  expect(reconcileGiven([pam], []).keep).toEqual([pam]);
  const { observations } = score(responseOf('gad-7', numbered(7, 1, { 2: undefined })));
  const total = given('gad-7-total', 8);
  expect(reconcileGiven([total], observations)).toEqual({ keep: [total], issues: [] });
});

test('SWEMWBS raw and metric scores are both compared with what was computed', () => {
  const { observations } = score(responseOf('swemwbs', numbered(7, 3)));
  const good = reconcileGiven([given('swemwbs-raw', 21), given('swemwbs-metric', 19.25)], observations);
  expect(good).toEqual({ keep: observations, issues: [] });
  const bad = reconcileGiven([given('swemwbs-raw', 22), given('swemwbs-metric', 19.98)], observations);
  expect(bad.issues.map(ruleOf)).toEqual(['hr-6', 'hr-6']);
});

test.each([
  ['718426000', 'wemwbs-total'],
  ['885541000000103', 'wemwbs-total'],
  ['718466001', 'swemwbs-metric'],
  ['960481000000107', 'swemwbs-metric'],
  ['720433000', 'phq-9-total'],
  ['506701000000100', 'phq-9-total'],
  ['445455005', 'gad-7-total'],
  ['962851000000103', 'pam-level'],
  ['736534008', 'eq-5d-5l-index'],
  ['736535009', 'eq-5d-5l-vas'],
])('SNOMED CT id %s is read as %s', (code, expected) => {
  expect(scoreCodeOf({ coding: [{ system: 'http://snomed.info/sct', code }] })).toBe(expected);
});

test('LOINC totals are read too, and an unknown code as none', () => {
  expect(scoreCodeOf({ coding: [{ system: 'http://loinc.org', code: '44261-6' }] })).toBe('phq-9-total');
  expect(scoreCodeOf({ coding: [{ system: 'http://loinc.org', code: '8302-2' }] })).toBeUndefined();
  expect(scoreCodeOf(undefined)).toBeUndefined();
});

test('a kept score is written under the international SNOMED CT id, never the earlier one', () => {
  const old = given('phq-9-total', 12, { system: 'http://snomed.info/sct', code: '506701000000100' });
  expect(reconcileGiven([old], []).keep[0]!.code.coding).toEqual([
    { system: 'http://snomed.info/sct', code: '720433000', display: 'Patient health questionnaire 9 score' },
  ]);
});

test('a score given for another response is not compared', () => {
  const { observations } = score(responseOf('gad-7', numbered(7, 1)));
  const other = {
    ...given('gad-7-total', 3),
    derivedFrom: [{ reference: 'QuestionnaireResponse:response:Q2' }],
  };
  expect(reconcileGiven([other], observations)).toEqual({ keep: [...observations, other], issues: [] });
});

test('a score of unknown code is kept', () => {
  const other = given('step-count', 3, { system: 'https://example.org', code: 'step-count' });
  expect(reconcileGiven([other], []).keep).toEqual([other]);
});
