/** Turns sheets of rows into an .xlsx file whose bytes are the same on every run. */
import ExcelJS from 'exceljs';
import type { CsvCell } from './csv.ts';

/** A formula with the value that the office program last calculated. */
export interface FormulaCell {
  readonly formula: string;
  readonly result: string | number;
}
export type WorkbookCell = CsvCell | FormulaCell;

export interface Sheet {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, WorkbookCell>>[];
}

/** Stands in every file, since the true time would make each run another file. */
const WRITTEN = new Date(Date.UTC(2026, 5, 30, 17));
/** 30 June 2026, 17:00, as zip archives write time and date. */
const DOS_TIME = 17 << 11;
const DOS_DATE = ((2026 - 1980) << 9) | (6 << 5) | 30;

/** @returns the file: dates (`dd/MM/yyyy`, with or without ` HH:mm`) become true date cells, numbers number cells */
export async function workbookBytes(sheets: readonly Sheet[]): Promise<Buffer> {
  const workbook = new ExcelJS.Workbook();
  workbook.creator = 'Hedgerow demo set';
  workbook.created = WRITTEN;
  workbook.modified = WRITTEN;
  for (const { name, columns, rows } of sheets) {
    const sheet = workbook.addWorksheet(name);
    sheet.addRow([...columns]).font = { bold: true };
    for (const row of rows) {
      const written = sheet.addRow(columns.map((column) => cellValue(row[column])));
      written.eachCell((cell) => {
        if (cell.value instanceof Date)
          cell.numFmt = cell.value.getTime() % 86_400_000 === 0 ? 'dd/mm/yyyy' : 'dd/mm/yyyy hh:mm';
      });
    }
  }
  return withFixedTimes(Buffer.from(await workbook.xlsx.writeBuffer()));
}

function cellValue(cell: WorkbookCell): ExcelJS.CellValue {
  if (typeof cell === 'object') return { formula: cell.formula, result: cell.result };
  const date = typeof cell === 'string' ? /^(\d\d)\/(\d\d)\/(\d{4})(?: (\d\d):(\d\d))?$/.exec(cell) : null;
  if (!date) return cell;
  const [, day, month, year, hour = '0', minute = '0'] = date;
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)));
}

/**
 * Writes one time over those of the archive's entries, in the local headers and in the central directory.
 * @source PKWARE APPNOTE 4.3.7, 4.3.12 and 4.3.16
 */
function withFixedTimes(zip: Buffer): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const local = zip.readUInt32LE(at + 42);
    for (const time of [at + 12, local + 10]) {
      zip.writeUInt16LE(DOS_TIME, time);
      zip.writeUInt16LE(DOS_DATE, time + 2);
    }
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return zip;
}
