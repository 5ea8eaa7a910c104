/** Turns rows into CSV and NDJSON files. */
import { type OpenSink, openTextSink } from './sink.ts';

/**
 * A CSV file: UTF-8 with a header, CRLF, nulls empty, collections and elements as JSON.
 * Text that spreadsheets read as a formula (`=`, `+`, `-`, `@` first) is left as it is: the file is data, and is to be opened as text.
 * @source RFC 4180
 */
export function csvSink(path: string): OpenSink {
  return (columns) => {
    const line = (values: readonly unknown[]): string => {
      let text = '';
      for (let i = 0; i < values.length; i++)
        text += i === 0 ? csvField(values[i]) : `,${csvField(values[i])}`;
      return `${text}\r\n`;
    };
    return openTextSink(path, line(columns.map(({ name }) => name)), line);
  };
}

/** The empty text is quoted, so that it is told from null. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An NDJSON file: one object a line, with every column, in order; nulls are written. */
export function ndjsonSink(path: string): OpenSink {
  return (columns) => {
    const names = columns.map(({ name }, i) => `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    return openTextSink(path, '', (values) => {
      let text = '';
      for (let i = 0; i < names.length; i++) text += names[i]! + JSON.stringify(values[i] ?? null);
      return `${text}}\n`;
    });
  };
}
