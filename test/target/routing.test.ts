/** Which targets a version goes to, by who said it. */
import { expect, test } from 'vitest';
import { routing } from '../../src/target/route.ts';

const { route, ownTargets, followers } = routing([
  { name: 'ehr' },
  { name: 'cases', send: { types: ['ServiceRequest', 'Task'], origin: 'ehr' }, sources: ['platform'] },
  { name: 'mirror', send: { origin: 'elsewhere' }, sources: ['platform', 'sheets'] },
]);
const REQUEST = { resourceType: 'ServiceRequest' } as const;

test('what an EHR says goes everywhere else, and to those of its types only', () => {
  expect(route(REQUEST, 'ehr', 'ehr')).toEqual(['cases', 'mirror']);
  expect(route({ resourceType: 'Encounter' }, 'ehr', 'ehr')).toEqual(['mirror']);
});

test('an EHR that lacks something of it gets that too', () => {
  expect(route(REQUEST, undefined, 'ehr')).toEqual(['ehr', 'cases', 'mirror']);
});

test('a source is not told its own words, and who hears EHRs alone is not told of other sources', () => {
  expect(route(REQUEST, undefined, 'platform')).toEqual(['ehr']);
  expect(route(REQUEST, undefined, 'sheets')).toEqual(['ehr']);
  expect(route(REQUEST, undefined, 'charity')).toEqual(['ehr', 'mirror']);
  expect([ownTargets('platform'), ownTargets('sheets'), ownTargets('ehr')]).toEqual([
    ['cases', 'mirror'],
    ['mirror'],
    [],
  ]);
  expect([followers('charity'), followers('platform'), followers('ehr')]).toEqual([['cases'], [], []]);
});

test('where nobody is named, the type alone decides', () => {
  expect(route(REQUEST)).toEqual(['ehr', 'cases', 'mirror']);
});
