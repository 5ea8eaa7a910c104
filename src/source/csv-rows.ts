/** Turns CSV text into rows with the line each begins at; a row that is no CSV costs its first line only. */
import type { ReadLimits } from './limits.ts';

/** @source RFC 4180; LF alone ends a row as well, and a quote within an unquoted cell is text */
export type CsvRow =
  | { readonly ok: true; readonly line: number; readonly cells: readonly string[] }
  | { readonly ok: false; readonly line: number; readonly rule: string; readonly hint: string };

const DELIMITERS = [',', ';', '\t'];

interface Taken {
  readonly cells: readonly string[];
  /** offset behind the row's line end */
  readonly end: number;
}
/** `more`: the row may go on in text that has not come yet. */
type Take = Taken | 'more' | 'open-quote' | 'after-quote';

/**
 * Splits CSV text. The first row decides between comma, semicolon and tab.
 * Not csv-parse: after a stray quote it loses the good rows behind it, and it counts a quoted CRLF as two lines (7.0.3).
 * @returns rows in the file's order, in batches; empty lines are passed over
 */
export async function* csvRows(texts: AsyncIterable<string>, limits: ReadLimits): AsyncGenerator<CsvRow[]> {
  const splitter = new Splitter(limits.csvRecordBytes);
  for await (const text of texts) {
    const rows = splitter.push(text);
    if (rows.length > 0) yield rows;
  }
  yield splitter.end();
}

/** Holds the text of the row that is not whole yet. */
class Splitter {
  readonly #longest: number;
  #held = '';
  #line = 1;
  /** true while the end of a line that was given up on has not come */
  #isSkipping = false;
  #delimiter: string | undefined;

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(text: string): CsvRow[] {
    this.#held += text;
    return this.#rows(false);
  }

  end(): CsvRow[] {
    return this.#rows(true);
  }

  #rows(isEnd: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    let at = this.#skipRest();
    while (at < this.#held.length) {
      this.#delimiter ??= delimiterOf(this.#held, at, isEnd);
      const taken = this.#delimiter === undefined ? 'more' : takeRow(this.#held, at, this.#delimiter, isEnd);
      const isLong = (typeof taken === 'object' ? taken.end : this.#held.length) - at > this.#longest;
      if (taken === 'more' && !isLong) break;
      // A fault costs one line. What an open quote was looked for in holds no other one: nothing is searched twice over.
      const next = typeof taken === 'object' && !isLong ? taken.end : lineEnd(this.#held, at);
      const row = this.#row(taken, isLong);
      if (row) rows.push(row);
      this.#isSkipping = row?.ok === false && this.#held[next - 1] !== '\n';
      this.#line += newlines(this.#held, at, next);
      at = next;
    }
    this.#held = this.#held.slice(at);
    return rows;
  }

  /** Passes over what comes of a line that was given up on. @returns offset of the next line */
  #skipRest(): number {
    if (!this.#isSkipping) return 0;
    const next = lineEnd(this.#held, 0);
    this.#isSkipping = this.#held[next - 1] !== '\n';
    if (!this.#isSkipping) this.#line++;
    return next;
  }

  #row(taken: Take, isLong: boolean): CsvRow | undefined {
    if (typeof taken === 'object' && !isLong) {
      const isEmpty = taken.cells.length === 1 && taken.cells[0] === '';
      return isEmpty ? undefined : { ok: true, line: this.#line, cells: taken.cells };
    }
    if (isLong)
      return this.#fault(
        'read-too-long',
        `the row is longer than ${this.#longest} characters: close its quotes, or shorten it`,
      );
    if (taken === 'open-quote')
      return this.#fault(
        'read-csv-quote',
        'a cell begins with a double quote that is never closed: close it',
      );
    return this.#fault(
      'read-csv-quote',
      'text follows the closing double quote of a cell: write quotes within a cell twice ("")',
    );
  }

  #fault(rule: string, hint: string): CsvRow {
    return { ok: false, line: this.#line, rule, hint };
  }
}

/** @returns the sign that the first line has most of; undefined while that line is not whole */
function delimiterOf(text: string, at: number, isEnd: boolean): string | undefined {
  const end = text.indexOf('\n', at);
  if (end < 0 && !isEnd) return undefined;
  const line = text.slice(at, end < 0 ? undefined : end).replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((sign) => line.split(sign).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

function takeRow(text: string, at: number, delimiter: string, isEnd: boolean): Take {
  const newline = text.indexOf('\n', at);
  if (newline < 0 && !isEnd) return 'more';
  const end = newline < 0 ? text.length : newline;
  const line = text.slice(at, text[end - 1] === '\r' && end > at ? end - 1 : end);
  if (line.includes('"')) return takeQuoted(text, at, delimiter, isEnd);
  return { cells: line.split(delimiter), end: Math.min(end + 1, text.length) };
}

function takeQuoted(text: string, start: number, delimiter: string, isEnd: boolean): Take {
  const cells: string[] = [];
  let at = start;
  for (;;) {
    const cell = text[at] === '"' ? quotedCell(text, at, isEnd) : plainCell(text, at, delimiter, isEnd);
    if (typeof cell === 'string') return cell;
    cells.push(cell.text);
    at = cell.end;
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    if (at >= text.length) return isEnd ? { cells, end: at } : 'more';
    if (text[at] === '\r' && at + 1 >= text.length && !isEnd) return 'more';
    if (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 >= text.length)) at++;
    if (at >= text.length || text[at] === '\n') return { cells, end: Math.min(at + 1, text.length) };
    return 'after-quote';
  }
}

interface CellText {
  readonly text: string;
  readonly end: number;
}

function quotedCell(text: string, start: number, isEnd: boolean): CellText | 'more' | 'open-quote' {
  let from = start + 1;
  let value = '';
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return isEnd ? 'open-quote' : 'more';
    if (quote + 1 >= text.length && !isEnd) return 'more';
    if (text[quote + 1] !== '"') return { text: value + text.slice(from, quote), end: quote + 1 };
    value += text.slice(from, quote + 1);
    from = quote + 2;
  }
}

function plainCell(text: string, start: number, delimiter: string, isEnd: boolean): CellText | 'more' {
  const newline = text.indexOf('\n', start);
  if (newline < 0 && !isEnd) return 'more';
  let end = newline < 0 ? text.length : newline;
  if (end > start && text[end - 1] === '\r') end--;
  const cell = text.slice(start, end);
  const cut = cell.indexOf(delimiter);
  return cut < 0 ? { text: cell, end } : { text: cell.slice(0, cut), end: start + cut };
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline + 1;
}

function newlines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
