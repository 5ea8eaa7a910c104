/** Turns the text of a derived table (SQL under a header of comments) into what it is called, what it needs and what its columns mean. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { CountColumn } from '../disclosure/table.ts';

export const COLUMN_TYPES = ['text', 'integer', 'decimal', 'boolean', 'date', 'dateTime'] as const;
export type TableColumnType = (typeof COLUMN_TYPES)[number];

/** A column, as the data dictionary tells it and small-number suppression needs it. */
export interface TableColumn extends CountColumn {
  readonly type: TableColumnType;
  readonly description: string;
}

/** A table made from others. */
export interface DerivedTable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** row: of people or things, made from what is de-identified. aggregate: counts, of which small ones are suppressed */
  readonly kind: 'row' | 'aggregate';
  /** tables that it reads */
  readonly depends: readonly string[];
  /** in the order of the SELECT */
  readonly columns: readonly TableColumn[];
  /** one SELECT */
  readonly sql: string;
}

const HEADER = /^--\s*(title|description|kind|depends|column|note):\s*(.*)$/;
const ROLE = /^(dimension|count|denominator|measure|key)(?:\((.*)\))?$/;
const RATIO = /^(\w+)\s*\/\s*(\w+)(?:\s*\*\s*(\d+))?$/;
const SUMS: readonly string[] = ['overlap', 'nested', 'family'];

/**
 * @param name of the table: that of the file
 * @param text the header, a line each: `-- title:`, `-- description:`, `-- kind: row|aggregate`, `-- depends: a, b`,
 *   `-- column: name | type | role | description`; then one SELECT
 * @returns the table; or every line at fault: rule `table-file`
 */
export function readTableFile(name: string, text: string): Checked<DerivedTable> {
  const issues: OperationOutcomeIssue[] = [];
  const fault = (what: string): void => void issues.push(faultOf(name, what));
  const said = new Map<string, string>();
  const columns: TableColumn[] = [];
  const lines = text.split(/\r?\n/);
  let end = 0;
  for (; end < lines.length && /^\s*(--.*)?$/.test(lines[end]!); end++) {
    const [, word, value = ''] = HEADER.exec(lines[end]!) ?? [];
    if (word === 'column') {
      const column = readColumn(value);
      if (typeof column === 'string') fault(`line ${end + 1} ${column}`);
      else columns.push(column);
    } else if (word !== undefined) said.set(word, value.trim());
  }
  const sql = lines.slice(end).join('\n').trim().replace(/;$/, '');
  const kind = said.get('kind');
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    fault('a name has small letters, digits and underscores: rename the file');
  if (kind !== 'row' && kind !== 'aggregate') fault('"-- kind:" is row or aggregate');
  for (const word of ['title', 'description']) if (!said.get(word)) fault(`"-- ${word}:" is missing`);
  if (columns.length === 0) fault('there is no "-- column: name | type | role | description"');
  if (!/^(select|with)\b/i.test(sql)) fault('what follows the header is one SELECT, or WITH … SELECT');
  for (const column of danglingIn(columns)) fault(`column ${column} names a column that is not there`);
  if (issues.length > 0) return { ok: false, outcome: outcomeOf(...issues) };
  return {
    ok: true,
    value: {
      ...{ name, columns, sql },
      title: said.get('title')!,
      description: said.get('description')!,
      kind: kind as DerivedTable['kind'],
      depends: (said.get('depends') ?? '').split(',').flatMap((one) => one.trim() || []),
    },
  };
}

/** @returns the column, or what is wrong with the line */
function readColumn(value: string): TableColumn | string {
  const [name = '', type = '', written = ''] = value.split('|', 3).map((part) => part.trim());
  const description = value.split('|').slice(3).join('|').trim();
  const [, role, detail] = ROLE.exec(written) ?? [];
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) return 'names no column: write name | type | role | description';
  if (!COLUMN_TYPES.includes(type as TableColumnType)) return `has no type of ${COLUMN_TYPES.join(', ')}`;
  if (role === undefined) return 'has no role of dimension, count, denominator, measure, key';
  if (description === '') return 'has no description';
  const more = detailOf(role, detail);
  if (more === undefined) return `has something in brackets that a ${role} does not take`;
  return { name, type: type as TableColumnType, role: role as TableColumn['role'], description, ...more };
}

function detailOf(role: string, detail: string | undefined): Partial<CountColumn> | undefined {
  if (detail === undefined) return {};
  if (role === 'dimension')
    return SUMS.includes(detail) ? { sums: detail as NonNullable<CountColumn['sums']> } : undefined;
  if (role === 'count') {
    const [, within] = /^within (\w+)$/.exec(detail) ?? [];
    return within === undefined ? undefined : { within };
  }
  if (role !== 'measure') return undefined;
  const [, of, to, per = '1'] = RATIO.exec(detail) ?? [];
  if (of !== undefined && to !== undefined)
    return { ratio: { of, to, per: Number(per), ...(per === '1' ? { digits: 3 } : {}) } };
  return /^\w+$/.test(detail) ? {} : undefined; // a statistic over so many people: withheld where any number of the row is
}

function danglingIn(columns: readonly TableColumn[]): string[] {
  const names = new Set(columns.map(({ name }) => name));
  return columns.flatMap(({ name, within, ratio }) =>
    [within, ratio?.of, ratio?.to].some((one) => one !== undefined && !names.has(one)) ? [name] : [],
  );
}

function faultOf(name: string, what: string): OperationOutcomeIssue {
  const file = `${name.replaceAll(/[^\w.-]/g, '?').slice(0, 64)}.sql`;
  return issueOf({
    rule: 'table-file',
    code: 'structure',
    expression: file,
    diagnostics: `${file}: ${what}.`,
  });
}
