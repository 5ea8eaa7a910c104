/** Turns the cells of a row or the members of a JSON object into a record of its kind, or the outcome that says why not. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { Cell, Conversion } from './convert.ts';
import { convertCell, convertJson } from './convert.ts';
import type { KindManifest } from './kind.ts';
import type { ReadLimits } from './limits.ts';
import type { FieldFault, FieldWord, Path } from './place.ts';
import { expressionOf, issueAt, nameInWords } from './place.ts';
import type { ReadRecord, SourceRecord, UnreadRecord } from './record.ts';
import type { SchemaCheck } from './schema-check.ts';
import type { SchemaPlan } from './schema-plan.ts';
import { sourceTimeMs } from './source-time.ts';
import { isObject, valueAt } from './value-at.ts';

/** One kind of one source, ready to read. */
export interface KindReader {
  readonly source: string;
  readonly kind: string;
  readonly manifest: KindManifest;
  /** IANA zone of times written without one */
  readonly timeZone: string;
  readonly plan: SchemaPlan;
  readonly check: SchemaCheck;
}

/** What a reader is told of the file or request it reads. */
export interface ReadOptions {
  /** time of reading, for records that name none of their own */
  readonly nowMs: number;
  /** name to give as the records' file; a bare name, no folder */
  readonly file?: string;
  /** default `READ_LIMITS` */
  readonly limits?: ReadLimits;
  /** the record was read before: dates may stand in ISO already; default false */
  readonly isAgain?: boolean;
}

/** What is remembered from record to record of one file. */
export interface Reading {
  readonly reader: KindReader;
  readonly nowMs: number;
  readonly file: string | undefined;
  readonly isAgain: boolean;
  /** fields that no schema names, each told once */
  readonly told: Set<string>;
}

/** A column of a file, found in the schema. */
export interface Column {
  /** the schema's name of it */
  readonly name: string;
  readonly plan: SchemaPlan;
}

/** Begins a file or a request. */
export function startReading(reader: KindReader, options: ReadOptions): Reading {
  return {
    reader,
    nowMs: options.nowMs,
    file: options.file,
    isAgain: options.isAgain === true,
    told: new Set(),
  };
}

/**
 * Reads one row.
 * @param columns in the file's order; undefined where the schema names none
 * @param warnings of the file, to be told with this record
 * @returns undefined for a row of blanks
 */
export function readRow(
  reading: Reading,
  columns: readonly (Column | undefined)[],
  cells: readonly Cell[],
  line: number,
  warnings: readonly OperationOutcomeIssue[] = [],
): ReadRecord | undefined {
  const payload: Record<string, unknown> = {};
  const to: Conversion = { timeZone: reading.reader.timeZone, faults: [] };
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    if (!column) continue;
    const faults = to.faults.length;
    const value = convertCell(cells[i], column.plan, [column.name], to);
    if (value !== undefined) payload[column.name] = value;
    // What could not be read stays as it was written, so that whoever amends the record sees it.
    else if (to.faults.length > faults && typeof cells[i] !== 'object') payload[column.name] = cells[i];
  }
  if (Object.keys(payload).length === 0 && to.faults.length === 0) return undefined;
  return finish(reading, payload, to.faults, line, 'column', warnings);
}

/**
 * Reads one JSON value; an object is changed in place.
 * @param line where the record starts in its file; undefined for a request
 * @param warnings found in its text, to be told with this record
 */
export function readObject(
  reading: Reading,
  value: unknown,
  line: number | undefined,
  warnings: readonly OperationOutcomeIssue[] = [],
): ReadRecord {
  const { plan, timeZone } = reading.reader;
  const { isAgain } = reading;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const fault = {
      rule: 'read-json-object',
      diagnostics: 'a record must be a JSON object: { "field": value, … }',
    };
    return unread(reading, outcomeOf(issueOf({ ...fault, code: 'structure' })), line);
  }
  const to: Conversion = { timeZone, faults: [], isAgain };
  const unknown = unknownFields(reading, value, plan, []);
  const payload = convertJson(value, plan, [], to) as Record<string, unknown>;
  return finish(reading, payload, to.faults, line, 'field', [...warnings, ...unknown]);
}

/** @returns a refusal in the reading's name */
export function unread(
  reading: Reading,
  outcome: OperationOutcome,
  line?: number,
  payload?: unknown,
  key?: string,
): UnreadRecord {
  const { source, kind } = reading.reader;
  return { ok: false, source, kind, key, payload, ...placeOf(reading.file, line), outcome };
}

function finish(
  reading: Reading,
  payload: Record<string, unknown>,
  found: readonly FieldFault[],
  line: number | undefined,
  word: FieldWord,
  warnings: readonly OperationOutcomeIssue[],
): ReadRecord {
  const { reader } = reading;
  const at = new Set(
    found.filter((fault) => fault.severity !== 'warning').map((fault) => expressionOf(fault.path)),
  );
  const misfits = reader.check(payload).filter((fault) => !at.has(expressionOf(fault.path)));
  const faults = [...found, ...misfits];
  const key = keyOf(payload, reader.manifest.key);
  if (key === undefined) {
    // A schema that requires the key has told of it already.
    const told = new Set(faults.map((fault) => expressionOf(fault.path)));
    faults.push(
      ...missingKeys(payload, reader.manifest.key).filter((fault) => !told.has(expressionOf(fault.path))),
    );
  }
  const issues = [...faults.map((fault) => issueAt(fault, word)), ...warnings];
  if (key === undefined || issues.some((issue) => issue.severity === 'error'))
    return unread(reading, outcomeOf(...issues), line, payload, key);
  const { source, kind } = reader;
  const time = timeOf(reading, payload);
  return { ok: true, source, kind, key, payload, ...time, ...placeOf(reading.file, line), warnings: issues };
}

function timeOf({ reader, nowMs }: Reading, payload: unknown): Pick<SourceRecord, 'sourceTimeMs' | 'timeOf'> {
  const ownMs = sourceTimeMs(payload, reader.manifest.time, reader.timeZone);
  return ownMs === undefined
    ? { sourceTimeMs: nowMs, timeOf: 'reading' }
    : { sourceTimeMs: ownMs, timeOf: 'source' };
}

function placeOf(file: string | undefined, line: number | undefined): { file?: string; line?: number } {
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

/** @returns the key fields' values joined by '|', one within a value escaped so that no two keys meet; undefined when any is missing */
function keyOf(payload: unknown, fields: readonly string[]): string | undefined {
  const values = fields.map((field) => keyValue(payload, field));
  if (values.some((value) => value === undefined)) return undefined;
  if (values.length === 1) return values[0];
  return values.map((value) => value!.replaceAll(/[\\|]/g, '\\$&')).join('|');
}

function keyValue(payload: unknown, field: string): string | undefined {
  const value = valueAt(payload, field);
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

function missingKeys(payload: unknown, fields: readonly string[]): FieldFault[] {
  return fields
    .filter((field) => keyValue(payload, field) === undefined)
    .map((field) => ({
      path: field.split('.'),
      rule: 'read-key',
      code: 'required' as const,
      hint: 'missing: the record is known by it; fill it in',
    }));
}

function unknownFields(
  reading: Reading,
  value: unknown,
  plan: SchemaPlan,
  path: Path,
): OperationOutcomeIssue[] {
  if (Array.isArray(value))
    return plan.items ? value.flatMap((item) => unknownFields(reading, item, plan.items!, path)) : [];
  if (!isObject(value) || plan.properties.size === 0) return [];
  return Object.keys(value).flatMap((name) => {
    const at = [...path, name];
    const inner = plan.properties.get(name);
    if (inner) return unknownFields(reading, value[name], inner, at);
    const place = expressionOf(at);
    if (!plan.namesAll || reading.told.has(place)) return [];
    reading.told.add(place);
    const owner = path.length === 0 ? 'the record' : `'${expressionOf(path)}'`;
    const diagnostics = `${owner} has a field that the schema does not name, ${nameInWords(name)}: it is kept and not mapped; add it to ${reading.reader.manifest.schema}, or leave it out`;
    return [issueOf({ severity: 'warning', code: 'informational', rule: 'read-unknown-field', diagnostics })];
  });
}
