/** Turns a workbook into records: one sheet holds one kind. */

import { readFile, stat } from 'node:fs/promises';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError, type Checked, issueOf, outcomeOf, refuse } from '../fhir/outcome.ts';
import { kindByName, kindNamed, kindOfHeader, noKind } from './choose-kind.ts';
import { type Columns, matchColumns } from './columns.ts';
import type { Cell } from './convert.ts';
import { refuseTooLong } from './json.ts';
import {
  type KindReader,
  type Reading,
  type ReadOptions,
  readRow,
  startReading,
  unread,
} from './kind-reader.ts';
import { READ_LIMITS, type ReadLimits } from './limits.ts';
import type { LoadedSource } from './load.ts';
import type { ReadRecord } from './record.ts';
import { refusedFile } from './refused-file.ts';
import { type SheetRow, sheetRows } from './xlsx-rows.ts';
import { readWorkbook, type Sheet, type Workbook } from './xlsx-workbook.ts';
import { openZip } from './zip.ts';

/** How to read a workbook. */
export interface XlsxOptions extends ReadOptions {
  readonly file: string;
  /** only sheets of this kind; of a workbook whose sheets' names tell nothing, those whose columns fit it */
  readonly kind?: string;
}

/** A sheet with its first row, and the kind that its name or that row tells. */
interface Table {
  readonly sheet: Sheet;
  readonly header: SheetRow;
  readonly byName: KindReader | undefined;
  readonly reader: Checked<KindReader>;
}

/**
 * Reads a workbook, whose zip is held in memory within its bound while rows stream through.
 * Not exceljs: its streaming reader breaks letters that cross a chunk of 16 KB, and its full reader takes
 * 17 bytes of memory a byte of sheet (4.4.0).
 * @returns records with the sheet behind the file's name (`year.xlsx#Referrals`) and the row as their line;
 *   a workbook that cannot be opened is one refusal
 */
export async function* readXlsx(
  source: LoadedSource,
  path: string,
  options: XlsxOptions,
): AsyncGenerator<ReadRecord> {
  const limits = options.limits ?? READ_LIMITS;
  try {
    const opened = await openTables(source, path, options, limits);
    if (!opened.ok) {
      yield refusedFile(source, options.file, options.kind, opened.outcome);
      return;
    }
    const { workbook, read, skipped } = opened.value;
    let warnings = skippedWarnings(skipped);
    for (const table of read) {
      const isTold = yield* readTable(workbook, table, options, limits, warnings);
      if (isTold) warnings = [];
    }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    yield refusedFile(source, options.file, options.kind, error.outcome);
  }
}

async function openTables(
  source: LoadedSource,
  path: string,
  options: XlsxOptions,
  limits: ReadLimits,
): Promise<Checked<Tables & { readonly workbook: Workbook }>> {
  const { size } = await stat(path);
  if (size > limits.xlsxBytes) return refuseTooLong('the workbook', limits.xlsxBytes);
  const zip = openZip(await readFile(path), limits);
  if (!zip.ok) return zip;
  const workbook = await readWorkbook(zip.value, limits);
  if (!workbook.ok) return workbook;
  const tables = await chooseTables(source, workbook.value, options, limits);
  return tables.ok ? { ok: true, value: { ...tables.value, workbook: workbook.value } } : tables;
}

interface Tables {
  readonly read: readonly Table[];
  readonly skipped: readonly Table[];
}

async function chooseTables(
  source: LoadedSource,
  workbook: Workbook,
  options: XlsxOptions,
  limits: ReadLimits,
): Promise<Checked<Tables>> {
  const wanted = options.kind === undefined ? undefined : kindNamed(source, options.kind);
  if (wanted && !wanted.ok) return wanted;
  const tables: Table[] = [];
  for (const sheet of workbook.sheets) {
    const header = await firstRow(workbook, sheet, limits);
    if (!header) continue;
    const byName = kindByName(source, sheet.name);
    const reader: Checked<KindReader> = byName
      ? { ok: true, value: byName }
      : kindOfHeader(source, header.cells);
    tables.push({ sheet, header, byName, reader });
  }
  const isRead = (table: Table): boolean =>
    table.reader.ok && (!wanted || table.reader.value === wanted.value);
  const read = tables.filter(isRead);
  if (read.length > 0)
    return { ok: true, value: { read, skipped: tables.filter((table) => !table.reader.ok) } };
  const [first] = tables;
  // A kind that was asked for is held against the first sheet; so is a workbook that tells nothing.
  if (first && wanted) return { ok: true, value: { read: [{ ...first, reader: wanted }], skipped: [] } };
  return first && !first.reader.ok ? first.reader : noKind(source);
}

async function firstRow(workbook: Workbook, sheet: Sheet, limits: ReadLimits): Promise<SheetRow | undefined> {
  for await (const row of sheetRows(workbook, sheet, limits)) return row;
  return undefined;
}

/** @returns true once a record has carried the warnings */
async function* readTable(
  workbook: Workbook,
  table: Table,
  options: XlsxOptions,
  limits: ReadLimits,
  warnings: readonly OperationOutcomeIssue[],
): AsyncGenerator<ReadRecord, boolean> {
  if (!table.reader.ok) return false;
  const { sheet, header } = table;
  // A sheet's own name is only repeated where it is one of the source's words.
  const file = `${options.file}#${table.byName ? sheet.name : `sheet ${sheet.number}`}`;
  const reading = startReading(table.reader.value, { ...options, file });
  const matched = header.fault ? refuse(header.fault) : matchColumns(table.reader.value, header.cells);
  if (!matched.ok) {
    yield unread(reading, matched.outcome, header.line);
    return false;
  }
  let toTell: readonly OperationOutcomeIssue[] = [...warnings, ...matched.value.warnings];
  let isTold = false;
  try {
    for await (const row of sheetRows(workbook, sheet, limits)) {
      if (row.line === header.line) continue;
      const record = readSheetRow(reading, matched.value, row, toTell);
      if (!record) continue;
      toTell = [];
      isTold = true;
      yield record;
    }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    yield unread(reading, error.outcome);
  }
  return isTold;
}

function readSheetRow(
  reading: Reading,
  { columns }: Columns,
  row: SheetRow,
  warnings: readonly OperationOutcomeIssue[],
): ReadRecord | undefined {
  if (row.fault) return unread(reading, refuse(row.fault).outcome, row.line);
  if (row.cells.slice(columns.length).some((cell) => !isBlank(cell))) {
    const diagnostics = `the row has values to the right of the last column's name: name their column, or remove them`;
    return unread(
      reading,
      outcomeOf(issueOf({ rule: 'read-cells', code: 'structure', diagnostics })),
      row.line,
    );
  }
  return readRow(reading, columns, row.cells, row.line, warnings);
}

function isBlank(cell: Cell): boolean {
  return cell === undefined || (typeof cell === 'string' && cell.trim() === '');
}

function skippedWarnings(skipped: readonly Table[]): OperationOutcomeIssue[] {
  if (skipped.length === 0) return [];
  const numbers = skipped.map((table) => table.sheet.number).join(', ');
  const diagnostics = `not read, since neither name nor columns are of a kind that is read here: sheet ${numbers}`;
  return [issueOf({ severity: 'warning', code: 'informational', rule: 'read-unknown-sheet', diagnostics })];
}
