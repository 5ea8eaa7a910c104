/** Turns rows into the parts of an answer: a head, one text a row, and a tail. */
import type { ViewColumn } from '../../research/view/compile.ts';
import { csvHead, csvLine, jsonLine } from '../../research/view/text-lines.ts';
import type { TableFormat } from './table-format.ts';

export interface RowWriter {
  readonly head: string;
  row(values: readonly unknown[]): string;
  readonly tail: string;
}

/** @param header first line of CSV with the names */
export function rowWriter(
  format: Exclude<TableFormat, 'parquet'>,
  columns: readonly ViewColumn[],
  header: boolean,
): RowWriter {
  if (format === 'csv') return { head: csvHead(columns, { header }), row: csvLine({}), tail: '' };
  const line = jsonLine(columns);
  if (format === 'ndjson') return { head: '', row: line, tail: '' };
  if (format === 'json') return { head: '[', row: parted((row) => line(row).trimEnd()), tail: ']' };
  return fhirWriter(columns);
}

/** JSON of FHIR has no empty arrays: where there is no row there is no `parameter`. */
function fhirWriter(columns: readonly ViewColumn[]): RowWriter {
  let hasRows = false;
  const row = (values: readonly unknown[]): string => {
    const before = hasRows ? ',' : ',"parameter":[';
    hasRows = true;
    return before + JSON.stringify(rowParameter(columns, values));
  };
  return {
    head: '{"resourceType":"Parameters"',
    row,
    get tail() {
      return hasRows ? ']}' : '}';
    },
  };
}

function parted(write: (values: readonly unknown[]) => string): (values: readonly unknown[]) => string {
  let isFirst = true;
  return (values) => {
    const text = isFirst ? write(values) : `,${write(values)}`;
    isFirst = false;
    return text;
  };
}

/** A null is no part; a collection is a part for each. */
function rowParameter(columns: readonly ViewColumn[], values: readonly unknown[]): object {
  const part = columns.flatMap(({ name, type, isCollection }, i) => {
    const value = values[i];
    const all = isCollection && Array.isArray(value) ? value : value === null ? [] : [value];
    return all.map((one: unknown) => ({ name, ...valueX(one, type) }));
  });
  return part.length === 0 ? { name: 'row' } : { name: 'row', part };
}

/** What has no place in a Parameters, such as an element of a resource, is JSON as text. */
function valueX(value: unknown, type: string | undefined): Readonly<Record<string, unknown>> {
  const isElement = typeof value === 'object';
  if (type === undefined || type.includes('.') || (isElement && !DATA_TYPES.has(type)))
    return { valueString: isElement ? JSON.stringify(value) : String(value) };
  return { [`value${type.charAt(0).toUpperCase()}${type.slice(1)}`]: value };
}

const DATA_TYPES: ReadonlySet<string> = new Set([
  ...['Address', 'Age', 'Annotation', 'Attachment', 'CodeableConcept', 'Coding', 'ContactPoint', 'Count'],
  ...['Distance', 'Duration', 'HumanName', 'Identifier', 'Money', 'Period', 'Quantity', 'Range', 'Ratio'],
  ...['Reference', 'SampledData', 'Signature', 'Timing', 'Meta', 'Dosage', 'ContactDetail', 'UsageContext'],
]);
