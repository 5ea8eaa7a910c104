/** Turns rows into the text that a sink writes, in whichever thread they are made. */
import type { ViewColumn } from './compile.ts';
import { fitOf, MISFIT, type OnMisfit } from './fit.ts';
import { type SqlType, sqlType } from './sql-type.ts';
import { type CsvOptions, csvLine, jsonLine } from './text-lines.ts';

/** How a sink has its rows written; it can be sent to another thread. */
export type RowForm =
  | { readonly kind: 'csv'; readonly options: CsvOptions }
  | { readonly kind: 'json' }
  /** for DuckDB: see `TypedText` */
  | { readonly kind: 'typed' };

/** What a reader of the text has to know of all of it. */
export interface Shape {
  /** a text has line ends of its own */
  hasBreaks: boolean;
  /** characters of the longest line */
  longest: number;
}

/** Writes the text of one row, line end included. */
export type WriteRow = (values: readonly unknown[]) => string;

/** @param shape is kept up to date for `typed` */
export function rowText(
  form: RowForm,
  columns: readonly ViewColumn[],
  onMisfit: OnMisfit,
  shape: Shape,
): WriteRow {
  if (form.kind === 'csv') return csvLine(form.options);
  if (form.kind === 'json') return jsonLine(columns);
  return new TypedText(columns, onMisfit, shape).write;
}

/** Comma-separated for a reader that knows the types: text is quoted always, null is nothing. */
class TypedText {
  readonly #columns: readonly ViewColumn[];
  readonly #fits: readonly ((value: unknown) => unknown)[];
  readonly #onMisfit: OnMisfit;
  readonly #shape: Shape;

  constructor(columns: readonly ViewColumn[], onMisfit: OnMisfit, shape: Shape) {
    this.#columns = columns;
    this.#fits = columns.map((column): ((value: unknown) => unknown) => fitOf(sqlType(column)));
    this.#onMisfit = onMisfit;
    this.#shape = shape;
  }

  readonly write: WriteRow = (values) => {
    let line = '';
    for (let i = 0; i < this.#fits.length; i++) line += (i === 0 ? '' : ',') + this.#field(values[i], i);
    if (line.length > this.#shape.longest) this.#shape.longest = line.length;
    return `${line}\n`;
  };

  #field(value: unknown, at: number): string {
    if (value === null || value === undefined) return '';
    const fit = this.#fits[at]!(value);
    if (typeof fit === 'string') return this.#quoted(fit);
    if (fit !== MISFIT) return String(fit);
    this.#onMisfit(this.#columns[at]!);
    return '';
  }

  #quoted(text: string): string {
    if (!SPECIAL.test(text)) return `"${text}"`;
    if (BREAK.test(text)) this.#shape.hasBreaks = true;
    return `"${text.replaceAll('"', '""')}"`;
  }
}

const SPECIAL = /["\r\n]/;
const BREAK = /[\r\n]/;

/** Types that DuckDB reads from the text as they are; it casts the others out of text. */
export const READ_TYPED: ReadonlySet<SqlType> = new Set(['BOOLEAN', 'INTEGER', 'BIGINT', 'DOUBLE']);
