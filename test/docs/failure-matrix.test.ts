/** The failure matrix is shown as it is run: the page of its own, and the table in the README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { wholeMatrix } from '../faults/matrix-cells.ts';
import { pageOf, tableOf } from '../faults/matrix-table.ts';

const TABLE = /<!-- failure-matrix -->\n([\s\S]*?)\n<!-- \/failure-matrix -->/;

test('the page says which cells are run, and why others have nothing to run', () => {
  expect(readFileSync(join(ROOT, 'docs/failure-matrix.md'), 'utf8')).toBe(pageOf(wholeMatrix()));
});

test("the README's table is the page's", () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  expect(TABLE.exec(readme)?.[1]?.trim()).toBe(tableOf(wholeMatrix()));
});
