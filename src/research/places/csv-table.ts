/** Turns a CSV file into rows by the names of its columns, in constant memory. */
import { createReadStream } from 'node:fs';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { csvRows } from '../../source/csv-rows.ts';
import { READ_LIMITS } from '../../source/limits.ts';

/** Cells of one row: by name, in lower case. */
export interface CsvLine {
  readonly line: number;
  /** @returns the cell of the first of these columns that the file has; empty where it has none */
  cell(...names: readonly string[]): string;
}

/**
 * @param what the file is, for messages @param needed columns; of several names one will do
 * @throws AdapterError rule `research-csv` with the line, never a cell
 */
export async function* csvLines(
  path: string,
  what: string,
  needed: readonly (readonly string[])[],
): AsyncGenerator<CsvLine> {
  let columns: ReadonlyMap<string, number> | undefined;
  const texts = createReadStream(path, 'utf8') as AsyncIterable<string>;
  for await (const rows of csvRows(texts, READ_LIMITS))
    for (const row of rows) {
      if (!row.ok) throw badCsv(what, row.line, row.hint);
      if (columns) {
        yield lineOf(row.line, row.cells, columns);
        continue;
      }
      columns = new Map(
        row.cells.map((name, at) => [
          name
            .replace(/^\uFEFF/, '')
            .trim()
            .toLowerCase(),
          at,
        ]),
      );
      for (const names of needed)
        if (!names.some((name) => columns!.has(name)))
          throw badCsv(what, row.line, `its head has no column ${names.join(' or ')}: add it`);
    }
  if (!columns) throw badCsv(what, 1, 'it is empty: its first row names the columns');
}

function lineOf(line: number, cells: readonly string[], columns: ReadonlyMap<string, number>): CsvLine {
  return {
    line,
    cell(...names) {
      const at = names.map((name) => columns.get(name)).find((place) => place !== undefined);
      return (at === undefined ? undefined : cells[at])?.trim() ?? '';
    },
  };
}

/** @param why what is wrong and what to change */
export function badCsv(what: string, line: number, why: string): AdapterError {
  const diagnostics = `The CSV of ${what}, line ${line}: ${why}.`;
  return new AdapterError('permanent', issueOf({ rule: 'research-csv', code: 'structure', diagnostics }));
}
