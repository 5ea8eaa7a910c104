/** Turns rows into lines of CSV and of NDJSON. */
import type { ViewColumn } from './compile.ts';

export interface CsvOptions {
  /** a first line with the names of the columns; default true */
  readonly header?: boolean;
  /**
   * Text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay as they are. Default true;
   * false for files that programs alone read
   */
  readonly spreadsheetSafe?: boolean;
}

/** @returns the first line; nothing where none is wanted */
export function csvHead(columns: readonly ViewColumn[], { header = true }: CsvOptions): string {
  return header ? `${columns.map(({ name }) => name).join(',')}\r\n` : '';
}

/** @returns a function from a row to its line */
export function csvLine({ spreadsheetSafe = true }: CsvOptions): (values: readonly unknown[]) => string {
  const field = spreadsheetSafe ? safeField : csvField;
  return (values) => {
    let text = '';
    for (let i = 0; i < values.length; i++) text += i === 0 ? field(values[i]) : `,${field(values[i])}`;
    return `${text}\r\n`;
  };
}

/** What spreadsheets take for the start of a formula; with apostrophes before it, so that what was added can be taken off again. */
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

function safeField(value: unknown): string {
  return typeof value === 'string' && FORMULA.test(value) && !NUMBER.test(value)
    ? csvField(`'${value}`)
    : csvField(value);
}

/** The empty text is quoted, so that it is told from null. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @returns a function from a row to its object and a line end */
export function jsonLine(columns: readonly ViewColumn[]): (values: readonly unknown[]) => string {
  const names = columns.map(({ name }, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (values) => {
    let text = '';
    for (let i = 0; i < names.length; i++) text += names[i]! + JSON.stringify(values[i] ?? null);
    return `${text}}\n`;
  };
}
