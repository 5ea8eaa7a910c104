/** Names as two systems write them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldedName, sharesBirthDate, sharesSurname } from '../../../src/nhs/pds/names.ts';

test.each([
  ["O'Neill", 'O’NEILL'],
  ['Smith-Jones', 'SMITH JONES'],
  ['Kociński', 'KOCINSKI'],
  ['Łukasz', 'LUKASZ'],
  ['Müller', 'MULLER'],
  ['St. John', 'ST JOHN'],
  ['Ǻrøe', 'Aroe'],
])('%s and %s are one surname', (ours, theirs) => {
  expect(sharesSurname([{ family: ours }], [{ family: theirs }])).toBe(true);
});

test.each([
  ['Smith', 'Smythe'],
  ['Smith', 'Smithson'],
  ['', ''],
  ['--', "''"],
])('"%s" and "%s" are not one surname', (ours, theirs) => {
  expect(sharesSurname([{ family: ours }], [{ family: theirs }])).toBe(false);
});

test('a former name on either side is enough, and one that hides the person is none', () => {
  const names = [
    { use: 'usual', family: 'New' },
    { use: 'maiden', family: 'Born' },
  ] as const;
  expect(sharesSurname([...names], [{ use: 'usual', family: 'Born' }])).toBe(true);
  expect(sharesSurname([{ family: 'New' }], [{ use: 'old', family: 'NEW' }])).toBe(true);
  expect(sharesSurname([{ use: 'anonymous', family: 'Born' }], [{ family: 'Born' }])).toBe(false);
  expect(sharesSurname(undefined, [{ family: 'Born' }])).toBe(false);
});

test('birth dates agree as far as the less precise one goes', () => {
  expect(sharesBirthDate('1961-04-09', '1961-04-09')).toBe(true);
  expect(sharesBirthDate('1961', '1961-04-09')).toBe(true);
  expect(sharesBirthDate('1961-04-09', '1961-09-04')).toBe(false);
  expect(sharesBirthDate(undefined, '1961')).toBe(false);
});

test('how a name is written never matters, and folding twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const folded = foldedName(name);
      expect(foldedName(folded)).toBe(folded);
      expect(foldedName(`${name}'`)).toBe(folded);
      expect(folded).not.toMatch(/[\s'’-]/u);
    }),
  );
});
