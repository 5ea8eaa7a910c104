/** Turns rows into CSV text as office programs write it. */

/** What a cell may hold; absent is blank. */
export type CsvCell = string | number | undefined;

/** How a program writes CSV. */
export interface CsvStyle {
  readonly newline: '\r\n' | '\n';
  /** a byte order mark in front, as Excel's "CSV UTF-8" has it */
  readonly mark: boolean;
}

/** @param columns headings, in order; every row's cells must be among them */
export function csvText(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, CsvCell>>[],
  style: CsvStyle,
): string {
  const lines = [columns.map(csvCell).join(','), ...rows.map((row) => csvLine(columns, row))];
  return (style.mark ? '\uFEFF' : '') + lines.join(style.newline) + style.newline;
}

/** @returns one line without its end @throws RangeError for a cell that no column would show */
export function csvLine(columns: readonly string[], row: Readonly<Record<string, CsvCell>>): string {
  for (const name of Object.keys(row)) if (!columns.includes(name)) throw new RangeError(`no column ${name}`);
  return columns.map((name) => csvCell(row[name])).join(',');
}

/** @returns the cell, in quotes where it holds a comma, a quote or a line end */
function csvCell(cell: CsvCell): string {
  if (cell === undefined) return '';
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
