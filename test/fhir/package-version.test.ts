/** Versions in order, and ranges of them. */
import { expect, test } from 'vitest';
import { bestVersion, compareVersions } from '../../src/fhir/package-version.ts';

test('versions are ordered by number, pre-releases before their release, dates and words before all', () => {
  const ordered = [
    '',
    'ballot',
    '2018-08',
    '2018-08-12',
    '20180813',
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.2',
    '1.0.0-alpha.10',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0',
    '1.0.1',
    '1.2',
    '1.2.1',
    '1.10.0',
    '2',
    '20.0.0',
  ];
  expect(ordered.toReversed().toSorted(compareVersions)).toEqual(ordered);
  expect(compareVersions('1.2', '1.2.0')).toBe(0);
  expect(compareVersions('1.2.0+build.1', '1.2.0')).toBe(0);
});

test.each([
  ['1.2.0', '1.2.0'],
  ['1.2.x', '1.2.10'],
  ['1.x', '1.20.0'],
  ['1.x.x', undefined],
  ['3.0.x', '3.0.0-ballot'],
  ['latest', '2.0.0'],
  ['current', '2.0.0'],
  ['*', '2.0.0'],
  ['1.2.5', undefined],
  ['1.3.x', undefined],
  ['^1.2.0', undefined],
])('of the versions at hand, %s is %s', (wanted, found) => {
  const versions = ['1.2.0', '1.2.9', '1.2.10', '1.20.0', '2.0.0', '3.0.0-ballot', '2.0.0-rc1'];
  expect(bestVersion(wanted, versions)).toBe(found);
});
