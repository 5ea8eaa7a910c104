/** Turns a table into CSV: what its readers see, number for number. */
import { csvLine } from '../view/text-lines.ts';
import { cellText } from './figures.ts';
import type { ReportTable } from './input.ts';

export function csvOf({ columns, rows }: ReportTable): string {
  const line = csvLine({});
  const head = line(columns.map(({ name }) => name));
  return head + rows.map((cells) => line(columns.map((_, at) => cells[at] ?? null).map(fieldOf))).join('');
}

/** What is not known is an empty field, not an empty text. */
function fieldOf(cell: unknown): string | null {
  return cell === null ? null : cellText(cell);
}
