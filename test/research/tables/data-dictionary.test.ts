/** The data dictionary says what the shipped tables are. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dataDictionary, PAGE, shippedTables } from '../../../tooling/data-dictionary.ts';

const tables = await shippedTables();

test('docs/data-dictionary.md is current: node tooling/data-dictionary.ts writes it', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(dataDictionary(tables));
});

test('it tells of every table and column what it is', () => {
  const page = dataDictionary(tables);
  for (const { name, columns } of tables.derived.values()) {
    expect(page).toContain(`### ${name}\n`);
    for (const column of columns) expect(page).toContain(column.description.replaceAll('|', '\\|'));
  }
  for (const { name, view } of tables.base.values()) {
    expect(page).toContain(`### ${name}\n`);
    for (const column of view.columns) expect(page).toContain(`\`${column.name}\` | ${column.type}`);
  }
});
