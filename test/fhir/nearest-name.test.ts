/** A wrong name leads to the known name that is fewest edits away, or to none. */
import { expect, test } from 'vitest';
import { nearestName } from '../../src/fhir/nearest-name.ts';

const KNOWN = ['name', 'names', 'birthDate', 'deceased'];

test('capitals count for nothing, and the first of equals is taken', () => {
  expect(nearestName('birthdate', KNOWN, 0)).toBe('birthDate');
  expect(nearestName('NAME', KNOWN, 1)).toBe('name');
  expect(nearestName('namer', KNOWN, 1)).toBe('name');
});

test('a letter more, less or other is one edit', () => {
  expect(nearestName('birthDates', KNOWN, 1)).toBe('birthDate');
  expect(nearestName('brthDate', KNOWN, 1)).toBe('birthDate');
  expect(nearestName('birthDote', KNOWN, 1)).toBe('birthDate');
  expect(nearestName('brthDote', KNOWN, 1)).toBeUndefined();
});

test('what is too far away is not guessed at, and what is too long not compared', () => {
  expect(nearestName('gender', KNOWN, 2)).toBeUndefined();
  expect(nearestName('name', [], 2)).toBeUndefined();
  const long = 'a'.repeat(101);
  expect(nearestName(long, [long], 3)).toBeUndefined();
  expect(nearestName('', KNOWN, 2)).toBeUndefined();
});
