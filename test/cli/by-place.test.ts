/** Findings are told in the order in which a reader meets their places. */
import { expect, test } from 'vitest';
import { byPlace } from '../../src/cli/by-place.ts';
import { issueOf } from '../../src/fhir/outcome.ts';

const sorted = (...texts: string[]): (string | undefined)[] =>
  byPlace(texts.map((diagnostics) => issueOf({ rule: 'map-x', diagnostics }))).map((one) => one.diagnostics);

test('sorts by file, then by line and column as numbers', () => {
  const first = ['a/a.map:2:10: x', 'a/a.map:10:2: x', 'a/a.map:10:11: x', 'b/a.map:1:1: x'];
  expect(sorted(...first.toReversed())).toEqual(first);
});

test('what names a file alone stands before its lines, what names none comes last, and equals keep their order', () => {
  expect(
    sorted(
      'somewhere something',
      'a.map:1:1: z',
      'a.map:1:1: b',
      'a.schema.json: no rule reads x',
      'a.map: y',
    ),
  ).toEqual([
    'a.map: y',
    'a.map:1:1: z',
    'a.map:1:1: b',
    'a.schema.json: no rule reads x',
    'somewhere something',
  ]);
});
