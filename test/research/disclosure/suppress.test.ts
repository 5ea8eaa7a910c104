/** Small numbers are withheld so that nobody can work them out from what is shown beside them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { suppressTables, tell } from '../../../src/research/disclosure/suppress.ts';
import {
  type CountTable,
  flaggedRows,
  isSuppressed,
  markedRows,
  SMALL_NUMBERS,
  type SmallNumbers,
} from '../../../src/research/disclosure/table.ts';
import { givenAway } from './attacker.ts';

const EXACT: SmallNumbers = { below: 5, roundTo: 1, keepZero: true };

function oneWay(counts: readonly number[], withTotal = true, name = 'wait'): CountTable {
  const rows = counts.map((count, at) => [`g${at}`, count]);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    name,
    columns: [
      { name: 'group', role: 'dimension' },
      { name: 'people', role: 'count' },
    ],
    rows: withTotal ? [...rows, ['All', total]] : rows,
  };
}

function shown(table: CountTable, settings: SmallNumbers = EXACT): unknown[] {
  return markedRows(suppressTables([table], settings)[0]!).map((row) => row[1]);
}

describe('one dimension', () => {
  test('a small number is withheld, and the smallest other one with it', () => {
    expect(shown(oneWay([3, 8, 20]))).toEqual(['[c]', '[c]', 20, 31]);
  });

  test('without a total in the table too, since another report may tell it', () => {
    expect(shown(oneWay([3, 8, 20], false))).toEqual(['[c]', '[c]', 20]);
  });

  test('two small numbers protect each other, unless their sum gives them away', () => {
    expect(shown(oneWay([3, 4, 20]))).toEqual(['[c]', '[c]', 20, 27]);
    expect(shown(oneWay([1, 1, 20]))).toEqual(['[c]', '[c]', '[c]', 22]);
  });

  test('zero is shown, or withheld where that is asked for', () => {
    expect(shown(oneWay([0, 8, 20]))).toEqual([0, 8, 20, 28]);
    expect(shown(oneWay([0, 8, 20]), { ...EXACT, keepZero: false })[0]).toBe('[c]');
  });

  test('a total goes where nothing else is left to withhold', () => {
    expect(shown(oneWay([3, 0, 0]))).toEqual(['[c]', 0, 0, '[c]']);
  });

  test('numbers are rounded, and nothing that is not zero looks like it', () => {
    expect(shown(oneWay([6, 12, 13, 0]), SMALL_NUMBERS)).toEqual([5, 10, 15, 0, 30]);
    expect(shown(oneWay([20, 30]), { below: 5, roundTo: 100, keepZero: true })).toEqual([100, 100, 100]);
  });

  test('where rounding leaves too little room, more is withheld', () => {
    expect(shown(oneWay([1, 1, 6]), SMALL_NUMBERS)).toEqual(['[c]', '[c]', 5, 10]);
    expect(shown(oneWay([1, 1, 5]), SMALL_NUMBERS)).toEqual(['[c]', '[c]', '[c]', 5]);
  });
});

/** 2 to 3 rows and columns, with totals: small enough that every grid of numbers can be tried. */
const grids = fc
  .tuple(fc.integer({ min: 2, max: 3 }), fc.integer({ min: 2, max: 3 }))
  .chain(([height, width]) =>
    fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: width, maxLength: width }), {
      minLength: height,
      maxLength: height,
    }),
  );

function twoWay(grid: readonly (readonly number[])[]): {
  table: CountTable;
  rows: string[];
  columns: string[];
} {
  const rows = grid.map((_, at) => `r${at}`);
  const columns = grid[0]!.map((_, at) => `c${at}`);
  const cells = grid.flatMap((line, row) =>
    line.map((count, column) => [rows[row]!, columns[column]!, count] as const),
  );
  const sum = (chosen: readonly (readonly [string, string, number])[]): number =>
    chosen.reduce((total, [, , count]) => total + count, 0);
  return {
    rows,
    columns,
    table: {
      name: 't',
      columns: [
        { name: 'row', role: 'dimension' },
        { name: 'column', role: 'dimension' },
        { name: 'people', role: 'count' },
      ],
      rows: [
        ...cells.map((cell) => [...cell]),
        ...rows.map((row) => [row, 'All', sum(cells.filter(([own]) => own === row))]),
        ...columns.map((column) => ['All', column, sum(cells.filter(([, own]) => own === column))]),
        ['All', 'All', sum(cells)],
      ],
    },
  };
}

describe('two dimensions with totals', () => {
  test.each([
    ['exact', EXACT],
    ['rounded', SMALL_NUMBERS],
    ['rounded to three, zeros withheld', { below: 4, roundTo: 3, keepZero: false }],
  ])('%s: no withheld number has only one value that fits', (_, settings) => {
    fc.assert(
      fc.property(grids, (grid) => {
        const { table, rows, columns } = twoWay(grid);
        const [published] = suppressTables([table], settings);
        for (const [at, row] of published!.rows.entries()) {
          const before = Number(table.rows[at]![2]);
          if (before > 0 && before < settings.below) expect(isSuppressed(row[2])).toBe(true);
          if (!isSuppressed(row[2])) expect(Math.abs(Number(row[2]) - before)).toBeLessThan(settings.roundTo);
        }
        expect(givenAway(published!, rows, columns, settings)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('the attacker of these tests does find what is given away', () => {
    const { table, rows, columns } = twoWay([
      [3, 8],
      [9, 9],
    ]);
    const naive = {
      ...table,
      rows: table.rows.map(([row, column, count]) => [
        row!,
        column!,
        Number(count) < 5 ? ({ suppressed: true } as const) : count!,
      ]),
    };
    expect(givenAway(naive, rows, columns, EXACT)).toEqual(['r0/c0']);
  });

  test('one small number in a square costs three others, and no total', () => {
    const { table } = twoWay([
      [3, 8, 50],
      [9, 9, 60],
      [70, 80, 90],
    ]);
    const [published] = suppressTables([table], EXACT);
    const withheld = published!.rows
      .filter((row) => isSuppressed(row[2]))
      .map(([row, column]) => `${String(row)}${String(column)}`);
    expect(withheld).toEqual(['r0c0', 'r0c1', 'r1c0', 'r1c1']);
  });
});

describe('what is between tables, rows and columns', () => {
  const area = (rows: (string | number)[][]): CountTable => ({
    name: 'areas',
    columns: [
      { name: 'board', role: 'dimension' },
      { name: 'neighbourhood', role: 'dimension' },
      { name: 'people', role: 'count' },
    ],
    rows,
  });

  test('parts of parts are protected within their part', () => {
    const rows = [
      ['north', 'a', 3],
      ['north', 'b', 10],
      ['north', 'c', 40],
      ['north', 'All', 53],
      ['south', 'd', 20],
      ['south', 'e', 8],
      ['south', 'All', 28],
      ['All', 'All', 81],
    ];
    for (const own of [rows, rows.toReversed()]) {
      const shown = markedRows(suppressTables([area(own)], EXACT)[0]!);
      expect(shown.filter((row) => row[2] === '[c]').map((row) => row[1])).toEqual(
        own === rows ? ['a', 'b'] : ['b', 'a'],
      );
    }
  });

  test('a part with one small number is withheld with its sum, and so is another part', () => {
    const rows = [
      ['north', 'a', 3],
      ['north', 'All', 3],
      ['south', 'd', 20],
      ['south', 'e', 8],
      ['south', 'All', 28],
      ['All', 'All', 31],
    ];
    const shown = markedRows(suppressTables([area(rows)], EXACT)[0]!).map((row) => row[2]);
    expect(shown.slice(0, 2)).toEqual(['[c]', '[c]']);
    expect(shown[4] === 28 && shown[5] === 31).toBe(false);
  });

  test('a table is not published against another that has the same total', () => {
    const ages = oneWay([3, 40], true, 'ages');
    const rest = oneWay([20, 23], true, 'genders');
    const [first, second] = suppressTables([ages, rest], EXACT).map((one) =>
      markedRows(one).map((row) => row[1]),
    );
    expect(first).toEqual(['[c]', '[c]', 43]);
    expect(second).toEqual([20, 23, 43]);
  });

  test('a total that is withheld in one table is withheld in the other', () => {
    const alone = oneWay([7, 0], true, 'alone');
    const small = oneWay([1, 1, 1, 1, 1, 1, 1], true, 'small');
    const [first, second] = suppressTables([alone, small], EXACT).map((one) =>
      markedRows(one).map((row) => row[1]),
    );
    expect(second!.at(-1)).toBe('[c]');
    expect(first).toEqual(['[c]', 0, '[c]']);
  });

  test('groups of several partitions of the same people are looked at together', () => {
    const table: CountTable = {
      name: 'inequalities',
      columns: [
        { name: 'dimension', role: 'dimension', sums: 'family' },
        { name: 'group', role: 'dimension' },
        { name: 'people', role: 'count' },
      ],
      rows: [
        ['gender', 'female', 20],
        ['gender', 'male', 30],
        ['age', 'under 65', 48],
        ['age', 'over 65', 2],
      ],
    };
    const rows = markedRows(suppressTables([table], EXACT)[0]!);
    expect(rows.map((row) => row[2])).toEqual([20, 30, '[c]', '[c]']);
  });

  test('a part of a number is withheld where what is left over is small', () => {
    const table: CountTable = {
      name: 'frequent_visitors',
      columns: [
        { name: 'band', role: 'dimension', sums: 'overlap' },
        { name: 'people', role: 'count' },
        { name: 'not_referred', role: 'count', within: 'people' },
      ],
      rows: [
        ['12-19', 40, 39],
        ['20+', 30, 10],
      ],
    };
    const rows = markedRows(suppressTables([table], EXACT)[0]!);
    expect(rows).toEqual([
      ['12-19', 40, '[c]'],
      ['20+', 30, 10],
    ]);
  });

  test('steps of a funnel are withheld where few people fell between them', () => {
    const table: CountTable = {
      name: 'referral_funnel',
      columns: [
        { name: 'stage', role: 'dimension', sums: 'nested' },
        { name: 'people', role: 'count' },
      ],
      rows: [
        ['referred', 50],
        ['accepted', 49],
        ['contacted', 30],
      ],
    };
    const people = markedRows(suppressTables([table], EXACT)[0]!).map((row) => row[1]);
    expect(people).toContain('[c]');
    expect(people[0] === 50 && people[1] === 49).toBe(false);
  });

  test('what is no count is refused by name', () => {
    expect(() => suppressTables([oneWay([1.5])])).toThrow(/table wait .* column people/);
  });
});

describe('measures', () => {
  const table: CountTable = {
    name: 'rates',
    columns: [
      { name: 'place', role: 'dimension' },
      { name: 'population', role: 'denominator' },
      { name: 'referred', role: 'count' },
      { name: 'rate', role: 'measure' },
      { name: 'median_days', role: 'measure' },
    ],
    rows: [
      ['a', 1001, 33, 32.97, 12],
      ['b', 2000, 3, 1.5, 9],
      ['c', 3000, 8, 2.67, null],
      ['d', 3000, 41, 13.67, 7.5],
    ],
  };

  test('rates are computed from what is shown; medians of withheld numbers are withheld', () => {
    expect(markedRows(suppressTables([table])[0]!)).toEqual([
      ['a', 1000, 35, 35, 12],
      ['b', 2000, '[c]', '[c]', '[c]'],
      ['c', 3000, 10, 3.3, null],
      ['d', 3000, 40, 13.3, 7.5],
    ]);
  });

  test('typed files have nothing for a withheld number, and a column that says so', () => {
    const { columns, rows } = flaggedRows(suppressTables([table])[0]!);
    expect(columns.slice(5)).toEqual([
      'population_suppressed',
      'referred_suppressed',
      'rate_suppressed',
      'median_days_suppressed',
    ]);
    expect(rows[1]).toEqual(['b', 2000, null, null, null, false, true, true, true]);
  });

  test('a single number is told like one in a table', () => {
    expect([tell(0), tell(12), isSuppressed(tell(3))]).toEqual([0, 10, true]);
  });
});
