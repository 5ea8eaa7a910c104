/** The tokens of x-date, and what they let through. */
import { expect, test } from 'vitest';
import { compileDatePattern } from '../../src/fhir/date-pattern.ts';

const local = (year: number, month: number, day: number, hour = 0, minute = 0, second = 0): object => ({
  year,
  month,
  day,
  hour,
  minute,
  second,
  fraction: '',
});

test.each([
  ['dd/MM/yyyy', '07/03/1950', local(1950, 3, 7)],
  ['d/M/yyyy', '7/3/1950', local(1950, 3, 7)],
  ['d/M/yyyy', '17/12/1950', local(1950, 12, 17)],
  ['yyyyMMdd', '19500307', local(1950, 3, 7)],
  ['dd.MM.yyyy HH:mm:ss', '07.03.1950 23:05:09', local(1950, 3, 7, 23, 5, 9)],
  ['MM-dd-yyyy H:mm', '03-07-1950 9:05', local(1950, 3, 7, 9, 5)],
  ['dd/MM/yyyy', '31/02/2025', local(2025, 2, 31)],
])('%s reads %s', (pattern, text, expected) => {
  expect(compileDatePattern(pattern)?.read(text)).toEqual(expected);
});

test.each([
  ['dd/MM/yyyy', '7/3/1950'],
  ['dd/MM/yyyy', '07/03/19501'],
  ['dd/MM/yyyy', ' 07/03/1950'],
  ['dd/MM/yyyy', '07/03/1950\n'],
  ['dd.MM.yyyy', '07/03/1950'],
  ['dd/MM/yyyy', '０7/03/1950'],
])('%s does not read %j', (pattern, text) => {
  expect(compileDatePattern(pattern)?.read(text)).toBeUndefined();
});

test.each([
  '',
  'dd/MM',
  'dd/MM/yy',
  'DD/MM/YYYY',
  'dd/MM/yyyy mm',
  'dd/MM/yyyy HH',
  'dd/dd/MM/yyyy',
  'dd MMM yyyy',
])('%j is no pattern', (pattern) => {
  expect(compileDatePattern(pattern)).toBeUndefined();
});
