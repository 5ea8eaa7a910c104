/** Turns the shipped tables into docs/data-dictionary.md, for whoever works with them; a test holds the page against the tables. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { AdapterError } from '../src/fhir/outcome.ts';
import {
  type BaseTable,
  loadTables,
  type ReferenceTable,
  type TableSet,
} from '../src/research/tables/load.ts';
import type { DerivedTable, TableColumn } from '../src/research/tables/table-file.ts';

export const PAGE = join(import.meta.dirname, '../docs/data-dictionary.md');
const VIEWS = join(import.meta.dirname, '../views');

/** @throws AdapterError where a shipped table cannot be read */
export async function shippedTables(): Promise<TableSet> {
  const loaded = await loadTables([VIEWS], loadBaseDefinitions());
  if (!loaded.ok) throw new AdapterError('permanent', loaded.outcome.issue[0]!);
  return loaded.value;
}

/** @returns text of the page */
export function dataDictionary({ base, reference, derived }: TableSet): string {
  const tables = [...derived.values()].sort(byName);
  const rows = tables.filter(({ kind }) => kind === 'row');
  const counts = tables.filter(({ kind }) => kind === 'aggregate');
  const views = [...base.values()].sort(byName);
  return `${[
    '# Data dictionary',
    'Made from the files in `views/` by `node tooling/data-dictionary.ts`; change those, not this page. What the tables are good for is in [research-tables.md](research-tables.md), how people are kept out of sight in [de-identification.md](de-identification.md).',
    'Dates are texts as the source wrote them: a day, a month, a year, or a time with its zone. Codes are of the CodeSystems in `profiles/`, unless the column says otherwise.',
    contents('Tables of rows', rows),
    contents('Tables of counts', counts),
    contents(
      'Views',
      views.map(({ name, definition }) => ({ name, title: definition.title ?? name })),
    ),
    '## Tables of rows',
    'A row is about one person or thing. They are made of de-identified resources: keys are pseudonyms, and the days of a person are shifted.',
    ...rows.flatMap(derivedSection),
    '## Tables of counts',
    'A row is about a group. They are made of the store as it is, and small numbers are withheld afterwards: `[c]` in CSV; elsewhere nothing, with a column `…_suppressed` that says so.',
    ...counts.flatMap(derivedSection),
    '## Views',
    'ViewDefinitions of SQL on FHIR, `views/<name>.view.json`, that the tables above are made of. They run as they are in any engine of the standard.',
    ...views.flatMap(viewSection),
    '## Lists',
    'What tables are held against, `views/reference/<name>.csv`. Two more are made of the settings: `setting` (name, value) and `population` (kind, code, people).',
    ...[...reference.values()].sort(byName).flatMap(listSection),
  ].join('\n\n')}\n`;
}

type Named = { readonly name: string };

function byName(one: Named, other: Named): number {
  return one.name < other.name ? -1 : 1;
}

function contents(heading: string, tables: readonly (Named & { readonly title: string })[]): string {
  const links = tables.map(({ name, title }) => `[${name}](#${name}) (${title})`);
  return `${heading}: ${links.join(', ')}.`;
}

function derivedSection({ name, description, depends, columns }: DerivedTable): string[] {
  return [
    `### ${name}`,
    `${description}${depends.length > 0 ? ` Made of ${depends.join(', ')}.` : ''}`,
    table(
      ['Column', 'Type', 'Role', 'What it is'],
      columns.map((column) => [`\`${column.name}\``, column.type, roleOf(column), column.description]),
    ),
  ];
}

const SUMS: Readonly<Record<NonNullable<TableColumn['sums']>, string>> = {
  partition: '',
  overlap: ', people may be in several',
  nested: ', each row part of the one before',
  family: ', says what the groups are of',
};

function roleOf({ role, sums, within, ratio }: TableColumn): string {
  if (ratio) return `${ratio.of} of ${ratio.to}${ratio.per === 1 ? '' : `, for each ${ratio.per}`}`;
  if (within) return `${role}, part of ${within}`;
  return `${role}${sums ? SUMS[sums] : ''}`;
}

function viewSection({ name, definition, view }: BaseTable): string[] {
  return [
    `### ${name}`,
    `${definition.description ?? definition.title ?? name}, from ${view.resource}.`,
    table(
      ['Column', 'Type', 'What it is'],
      view.columns.map((column) => [`\`${column.name}\``, column.type ?? '', column.description ?? '']),
    ),
  ];
}

function listSection({ name, columns, rows }: ReferenceTable): string[] {
  return [`### ${name}`, table(columns, rows)];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) writeFileSync(PAGE, dataDictionary(await shippedTables()));
