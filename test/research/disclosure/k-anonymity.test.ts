/** Rows that few others look like are found, and left out, refused or told of. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Anonymity, type AnonymitySettings } from '../../../src/research/disclosure/k-anonymity.ts';

const COLUMNS = ['key', 'gender', 'age', 'need'];
const SETTINGS: AnonymitySettings = { k: 3, columns: ['gender', 'age'], otherwise: 'suppress' };
type Row = readonly unknown[];

function taken(rows: readonly Row[], settings: Partial<AnonymitySettings> = {}): Anonymity {
  const anonymity = new Anonymity({ ...SETTINGS, ...settings }, COLUMNS);
  for (const row of rows) anonymity.add(row);
  return anonymity;
}

const ROWS: readonly Row[] = [
  ['1', 'f', '65-74', 'debt'],
  ['2', 'f', '65-74', 'debt'],
  ['3', 'f', '65-74', 'debt'],
  ['4', 'm', '65-74', 'debt'],
  ['5', 'm', '65-74', 'housing'],
  ['6', null, '65-74', 'debt'],
];

test('groups below k are counted and left out', () => {
  const anonymity = taken(ROWS);
  expect(anonymity.report()).toMatchObject({
    rows: 6,
    groups: 3,
    smallest: 1,
    groupsBelow: 2,
    rowsBelow: 3,
    groupsAlike: undefined,
  });
  expect(ROWS.filter((row) => anonymity.mayTell(row)).map(([key]) => key)).toEqual(['1', '2', '3']);
});

test('a group in which all have the same need gives that need away', () => {
  const anonymity = taken(ROWS, { k: 2, sensitive: 'need' });
  expect(anonymity.report()).toMatchObject({ groupsBelow: 1, groupsAlike: 1, rowsAlike: 3 });
  expect(ROWS.filter((row) => anonymity.mayTell(row)).map(([key]) => key)).toEqual(['4', '5']);
});

test('a report alone leaves nothing out, a refusal lets nothing through and says what to change', () => {
  expect(ROWS.every((row) => taken(ROWS, { otherwise: 'report' }).mayTell(row))).toBe(true);
  expect(() => taken(ROWS, { otherwise: 'refuse' }).report()).toThrow(/gender, age.*coarser/);
  expect(taken(ROWS.slice(0, 3), { otherwise: 'refuse' }).report().smallest).toBe(3);
});

test('a column that is not there is named', () => {
  expect(() => taken([], { columns: ['shoe_size'] })).toThrow(/no column shoe_size.*gender/);
});

test('whatever the rows are, each that is told has enough others beside it', () => {
  const value = fc.constantFrom('a', 'b', 'c'.repeat(60), null, 1, '1', true);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), value, value, value), { maxLength: 60 }),
      fc.integer({ min: 2, max: 6 }),
      (rows, k) => {
        const anonymity = taken(rows, { k });
        const told = rows.filter((row) => anonymity.mayTell(row));
        const alike = (row: Row): number =>
          told.filter((other) => Object.is(other[1], row[1]) && Object.is(other[2], row[2])).length;
        for (const row of told) expect(alike(row)).toBeGreaterThanOrEqual(k);
        expect(rows.length - told.length).toBe(anonymity.report().rowsBelow);
      },
    ),
  );
});
