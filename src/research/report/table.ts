/** Turns a table into HTML, with what its columns mean and a link to save it as CSV. */
import { escaped } from '../../target/document/html.ts';
import { csvOf } from './csv.ts';
import { dateText, readable, worded } from './figures.ts';
import type { ReportColumn, ReportTable } from './input.ts';

export function tableOf(table: ReportTable, id: string): string {
  const { columns, rows, title } = table;
  const heads = columns.map((column) => `<th scope="col"${kindOf(column)}>${escaped(headOf(column))}</th>`);
  const body = rows.map(
    (cells) => `<tr>${columns.map((column, at) => cellOf(column, cells[at], at)).join('')}</tr>`,
  );
  return `<div class="scroll" tabindex="0" role="group" aria-label="Table: ${escaped(title)}"><table><caption>${escaped(title)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>
<div class="under"><a class="csv" download="${id}.csv" href="data:text/csv;charset=utf-8,${encodeURIComponent(csvOf(table))}">Save as CSV: ${escaped(title)}</a>${meanings(columns, title)}</div>`;
}

/** Names of columns that would be no words to a reader. */
const HEADS: Readonly<Record<string, string>> = {
  n: 'Number',
  sd: 'Standard deviation',
  ci_low: '95% CI from',
  ci_high: '95% CI to',
  p25: 'First quarter',
  p75: 'Third quarter',
  p90: 'Nine in ten',
  imd_decile: 'IMD decile',
};

const headOf = ({ name }: ReportColumn): string => HEADS[name] ?? worded(name);

/** A month is written as one. */
function wordsOf(cell: unknown): string {
  const text = readable(cell);
  return /^\d{4}-\d\d$/.test(text) ? dateText(text) : worded(text);
}

function isNumber({ role }: ReportColumn): boolean {
  return role === 'count' || role === 'denominator' || role === 'measure';
}

const kindOf = (column: ReportColumn): string => (isNumber(column) ? ' class="number"' : '');

/** The first column names its row. */
function cellOf(column: ReportColumn, cell: unknown, at: number): string {
  const text = escaped(isNumber(column) ? readable(cell) : wordsOf(cell));
  return at === 0 ? `<th scope="row"${kindOf(column)}>${text}</th>` : `<td${kindOf(column)}>${text}</td>`;
}

function meanings(columns: readonly ReportColumn[], title: string): string {
  const all = columns.map(
    (column) => `<dt>${escaped(headOf(column))}</dt><dd>${escaped(column.description)}</dd>`,
  );
  return `<details><summary>What the columns mean: ${escaped(title)}</summary><dl>${all.join('')}</dl></details>`;
}
