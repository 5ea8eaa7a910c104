/** Resources that contain hundreds, with references to them in their thousands, are told like small ones. */
import { expect, test } from 'vitest';
import type { Json } from '../../src/validation/run.ts';
import { observation } from './oracle/parts.ts';
import { linesOf } from './verdicts.ts';

/** @param unused contained resources that nothing refers to */
function crowd(count: number, references: number, unused: number): Json {
  const contained = Array.from({ length: count }, (_, at) => ({ ...observation({}), id: `c${at}` }));
  const hasMember = Array.from({ length: references }, (_, at) => ({
    reference: `#c${at % (count - unused)}`,
  }));
  return observation({ contained, hasMember });
}

test('90,000 references to 300 contained resources are followed', () => {
  expect(linesOf(crowd(300, 90_000, 0))).toEqual([]);
});

test('one contained resource of 300 that nothing refers to is found', () => {
  expect(linesOf(crowd(300, 90_000, 1))).toEqual(['error invariant-dom-3 Observation']);
});

test('10,000 contained resources are each found by their id', () => {
  expect(linesOf(crowd(10_000, 10_000, 0))).toEqual([]);
});

test('contained resources count as referred to by a canonical, by one another, and by what refers to the container', () => {
  const questionnaire = { resourceType: 'Questionnaire', id: 'q', status: 'active' };
  const answered = { resourceType: 'QuestionnaireResponse', status: 'completed', questionnaire: '#q' };
  expect(linesOf({ ...answered, contained: [questionnaire] })).toEqual([]);
  const outward = { ...observation({ derivedFrom: [{ reference: '#' }] }), id: 'out' };
  expect(linesOf(observation({ contained: [outward] }))).toEqual([]);
  const chain = [
    { ...observation({ hasMember: [{ reference: '#b' }] }), id: 'a' },
    { ...observation({}), id: 'b' },
  ];
  expect(linesOf(observation({ contained: chain, hasMember: [{ reference: '#a' }] }))).toEqual([]);
  const { questionnaire: _questionnaire, ...silent } = answered;
  expect(linesOf({ ...silent, contained: [questionnaire] })).toEqual([
    'error invariant-dom-3 QuestionnaireResponse',
  ]);
});
