/** The report and the measures against the tables that are shipped: every column that they read is there, in the same role. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Measure } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { type DerivedTable, readTableFile } from '../../../src/research/tables/table-file.ts';
import { TABLES } from './samples.ts';

const shipped = new Map(
  globSync('views/*.sql').map((file): [string, DerivedTable] => {
    const read = readTableFile(basename(file, '.sql'), readFileSync(file, 'utf8'));
    if (!read.ok) throw new Error(read.outcome.issue[0]!.diagnostics);
    return [read.value.name, read.value];
  }),
);

test.each(TABLES.map((table) => [table.name, table] as const))(
  '%s is shipped as the report reads it',
  (name, table) => {
    const { kind, columns } = shipped.get(name)!;
    expect(kind).toBe('aggregate');
    const roles = new Map(columns.map((column) => [column.name, column.role]));
    expect(table.columns.map((column) => [column.name, roles.get(column.name)])).toEqual(
      table.columns.map((column) => [column.name, column.role]),
    );
  },
);

const criteria = globSync('measures/Measure-*.json').flatMap((file) => {
  const measure = JSON.parse(readFileSync(file, 'utf8')) as Measure;
  return measure.group!.flatMap(({ population, stratifier }) =>
    [...population!, ...stratifier!].map((one) => [file, one.criteria!.expression!] as const),
  );
});

test.each(criteria)('%s: %s asks for columns that are there', (_, sql) => {
  const [, asked, from, , where] = /^SELECT (.+) FROM (\w+)( WHERE (\w+) = '[\w-]+')?$/.exec(sql)!;
  const names = shipped.get(from!)!.columns.map(({ name }) => name);
  const columns = asked!
    .split(', ')
    .map((one) => one.replace(/^(?:sum|min|max)\((\w+)\)$/, '$1').replaceAll('"', ''));
  expect(names).toEqual(expect.arrayContaining(where === undefined ? columns : [...columns, where]));
});
