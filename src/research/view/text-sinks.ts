/** Turns rows into CSV and NDJSON files. */
import { rename } from 'node:fs/promises';
import type { ViewColumn } from './compile.ts';
import { type RowForm, rowText } from './row-text.ts';
import { type OpenSink, partOf, TextFile, type ViewSink } from './sink.ts';
import { type CsvOptions, csvHead } from './text-lines.ts';

/**
 * A CSV file: UTF-8 with a header, CRLF, nulls empty, the empty text in quotes, collections and elements as JSON.
 * @source RFC 4180; OWASP, CSV Injection
 */
export function csvSink(path: string, options: CsvOptions = {}): OpenSink {
  return (columns) => openTextSink(path, csvHead(columns, options), { kind: 'csv', options }, columns);
}

/** An NDJSON file: one object a line, with every column, in order; nulls are written. */
export function ndjsonSink(path: string): OpenSink {
  return (columns) => openTextSink(path, '', { kind: 'json' }, columns);
}

async function openTextSink(
  path: string,
  head: string,
  form: RowForm,
  columns: readonly ViewColumn[],
): Promise<ViewSink> {
  const file = await TextFile.open(partOf(path));
  file.add(head);
  const write = rowText(form, columns, () => {}, { hasBreaks: false, longest: 0 });
  return {
    row: (values) => file.add(write(values)),
    drain: () => file.drain(),
    made: { form, add: (bytes) => file.write(bytes) },
    finish: async () => {
      await file.close();
      await rename(file.path, path);
    },
    abort: () => file.remove(),
  };
}
