/** Two versions of a resource differ where a person would say so. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { changesBetween } from '../../src/fhir/element-diff.ts';

const BEFORE: Patient = {
  resourceType: 'Patient',
  id: 'p',
  meta: { versionId: '1', lastUpdated: '2025-03-03T09:00:00Z' },
  name: [{ family: 'Example', given: ['Robin'] }, { text: 'Robbie' }],
  birthDate: '1980-01-01',
};

test('the same content under another version and time does not differ', () => {
  const later = { ...BEFORE, meta: { versionId: '2', lastUpdated: '2025-04-04T09:00:00Z' } };
  expect(changesBetween(BEFORE, later)).toEqual([]);
});

test('each element is told by its path, with what it was and what it is', () => {
  const after: Patient = {
    ...BEFORE,
    active: true,
    name: [{ family: 'Sample', given: ['Robin'] }, { text: 'Robbie' }],
  };
  delete after.birthDate;
  expect(changesBetween(BEFORE, after)).toEqual([
    { path: 'active', new: true },
    { path: 'birthDate', old: '1980-01-01' },
    { path: 'name[0].family', old: 'Example', new: 'Sample' },
  ]);
});

test('an item that was put before the others is told alone', () => {
  const after = { ...BEFORE, name: [{ text: 'Rob' }, ...BEFORE.name!] };
  expect(changesBetween(BEFORE, after)).toEqual([{ path: 'name[0]', new: { text: 'Rob' } }]);
});

test('another order is a change of the whole list', () => {
  const after = { ...BEFORE, name: BEFORE.name!.toReversed() };
  expect(changesBetween(BEFORE, after)).toEqual([{ path: 'name', old: BEFORE.name, new: after.name }]);
});

test('a resource that is new is told element by element', () => {
  expect(changesBetween(undefined, BEFORE).map(({ path }) => path)).toEqual(['birthDate', 'name']);
});
