/** Turns a CSV stream into records, in constant memory. */
import { AdapterError, issueOf, outcomeOf } from '../fhir/outcome.ts';
import { type Columns, matchColumns } from './columns.ts';
import { type CsvRow, csvRows } from './csv-rows.ts';
import { decodeText } from './decode.ts';
import {
  type KindReader,
  type Reading,
  type ReadOptions,
  readRow,
  startReading,
  unread,
} from './kind-reader.ts';
import { READ_LIMITS, type ReadLimits } from './limits.ts';
import type { ReadRecord } from './record.ts';

/**
 * Reads CSV with a header row.
 * @param chunks UTF-8, or UTF-16 with a byte order mark
 * @returns a record a row; a header that does not fit is one refusal, and nothing else is read; a bad row is one
 *   refusal, and the next is read
 */
export async function* readCsv(
  reader: KindReader,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<ReadRecord> {
  const limits = options.limits ?? READ_LIMITS;
  const reading = startReading(reader, options);
  const table = new Table(reading, limits);
  let line = 1;
  try {
    for await (const rows of csvRows(decodeText(chunks), limits)) {
      for (const row of rows) {
        line = row.line;
        const record = table.read(row);
        if (record) yield record;
        if (table.isRefused) return;
      }
    }
    if (!table.hasHeader) yield unread(reading, emptyFile(), 1);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    yield unread(reading, error.outcome, line);
  }
}

/** Remembers the header row. */
class Table {
  readonly #reading: Reading;
  readonly #limits: ReadLimits;
  #columns: Columns | undefined;
  #toldWarnings = false;
  isRefused = false;

  constructor(reading: Reading, limits: ReadLimits) {
    this.#reading = reading;
    this.#limits = limits;
  }

  get hasHeader(): boolean {
    return this.#columns !== undefined || this.isRefused;
  }

  read(row: CsvRow): ReadRecord | undefined {
    if (!row.ok) {
      this.isRefused = this.#columns === undefined;
      const issue = issueOf({
        rule: row.rule,
        code: row.rule === 'read-too-long' ? 'too-long' : 'structure',
        diagnostics: row.hint,
      });
      return unread(this.#reading, outcomeOf(issue), row.line);
    }
    if (!this.#columns) return this.#readHeader(row.cells, row.line);
    const { columns, warnings } = this.#columns;
    const misfit = cellCountFault(row.cells, columns.length);
    if (misfit !== undefined) {
      if (row.cells.every((cell) => cell.trim() === '')) return undefined;
      const issue = issueOf({ rule: 'read-cells', code: 'structure', diagnostics: misfit });
      return unread(this.#reading, outcomeOf(issue), row.line, row.cells);
    }
    const record = readRow(this.#reading, columns, row.cells, row.line, this.#toldWarnings ? [] : warnings);
    if (record) this.#toldWarnings = true;
    return record;
  }

  #readHeader(cells: readonly string[], line: number): ReadRecord | undefined {
    const matched =
      cells.length > this.#limits.columns
        ? tooWide(this.#limits.columns)
        : matchColumns(this.#reading.reader, cells);
    if (matched.ok) {
      this.#columns = matched.value;
      return undefined;
    }
    this.isRefused = true;
    return unread(this.#reading, matched.outcome, line);
  }
}

/** Blank cells behind the last column are what spreadsheets leave there. */
function cellCountFault(cells: readonly string[], count: number): string | undefined {
  const isFew = cells.length < count;
  if (!isFew && cells.slice(count).every((cell) => cell.trim() === '')) return undefined;
  const hint = isFew
    ? 'is a line break within a cell without quotes?'
    : 'is a comma within a cell without quotes?';
  return `the row has ${cells.length} cells, the header row ${count}: ${hint}`;
}

function tooWide(most: number): ReturnType<typeof matchColumns> {
  const issue = issueOf({
    rule: 'read-columns',
    code: 'too-costly',
    diagnostics: `more than ${most} columns: leave out those that are not needed`,
  });
  return { ok: false, outcome: outcomeOf(issue) };
}

function emptyFile(): ReturnType<typeof outcomeOf> {
  return outcomeOf(
    issueOf({
      rule: 'read-empty',
      code: 'structure',
      diagnostics: 'the file is empty: its first row must hold the column names',
    }),
  );
}
