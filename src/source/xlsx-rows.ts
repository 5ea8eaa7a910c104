/** Turns a sheet's XML into rows of cells, in constant memory; formulas give the value they were saved with and are never run. */
import type { Fault } from '../fhir/outcome.ts';
import type { Cell } from './convert.ts';
import type { ReadLimits } from './limits.ts';
import { serialDate } from './sheet-date.ts';
import { type Sheet, TextItem, unescapeText, type Workbook } from './xlsx-workbook.ts';
import { parseXml, type XmlHandler } from './xml.ts';
import { readEntry } from './zip.ts';

export interface SheetRow {
  /** number of the row as the workbook shows it */
  readonly line: number;
  /** by column, from 0; undefined where blank */
  readonly cells: readonly Cell[];
  /** why the row was not kept: it is longer or wider than a record may be */
  readonly fault?: Fault;
}

/** Reads the rows that have any value. @throws AdapterError when the part is damaged, after the rows before the damage */
export async function* sheetRows(
  workbook: Workbook,
  sheet: Sheet,
  limits: ReadLimits,
): AsyncGenerator<SheetRow> {
  const builder = new RowBuilder(workbook, limits);
  try {
    for await (const _ of parseXml(readEntry(workbook.zip, sheet.entry), builder)) yield* builder.take();
  } catch (error) {
    yield* builder.take();
    throw error;
  }
}

/** Gathers one cell, then one row, from a sheet's elements. */
class RowBuilder implements XmlHandler {
  readonly #workbook: Workbook;
  readonly #limits: ReadLimits;
  #rows: SheetRow[] = [];
  #line = 0;
  #cells: Cell[] = [];
  #length = 0;
  #fault: Fault | undefined;
  #column = -1;
  #type = 'n';
  #style = 0;
  #value: string | undefined;
  #isFormula = false;
  #within: 'value' | 'inline' | undefined;
  readonly #inline = new TextItem();

  constructor(workbook: Workbook, limits: ReadLimits) {
    this.#workbook = workbook;
    this.#limits = limits;
  }

  take(): SheetRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'row') this.#startRow(attributes);
    else if (name === 'c') this.#startCell(attributes);
    else if (name === 'f') this.#isFormula = true;
    else if (name === 'v') {
      this.#within = 'value';
      this.#value = '';
    } else if (name === 'is') {
      this.#within = 'inline';
      this.#inline.start();
    } else if (this.#within === 'inline') this.#inline.open(name);
  }

  text(text: string): void {
    if (this.#within === undefined) return;
    this.#length += text.length;
    if (this.#length > this.#limits.recordBytes) this.#fault ??= tooLong(this.#limits);
    else if (this.#within === 'value') this.#value += text;
    else this.#inline.add(text);
  }

  close(name: string): void {
    if (name === 'v') this.#within = undefined;
    else if (name === 'is') {
      this.#value = this.#inline.take();
      this.#within = undefined;
    } else if (name === 'c') this.#endCell();
    else if (name === 'row') this.#endRow();
    else if (this.#within === 'inline') this.#inline.close(name);
  }

  #startRow(attributes: Readonly<Record<string, string>>): void {
    const number = Number(attributes.r);
    this.#line = Number.isInteger(number) && number > 0 ? number : this.#line + 1;
    this.#cells = [];
    this.#column = -1;
    this.#length = 0;
    this.#fault = undefined;
  }

  #startCell(attributes: Readonly<Record<string, string>>): void {
    this.#column = columnOf(attributes.r) ?? this.#column + 1;
    this.#type = attributes.t ?? 'n';
    this.#style = Number(attributes.s ?? 0);
    this.#value = undefined;
    this.#isFormula = false;
  }

  #endCell(): void {
    const cell = this.#cell();
    if (cell === undefined || cell === '') return;
    if (this.#column >= this.#limits.columns) this.#fault ??= tooWide(this.#limits);
    if (this.#fault) return;
    while (this.#cells.length < this.#column) this.#cells.push(undefined);
    this.#cells[this.#column] = cell;
  }

  #endRow(): void {
    if (this.#fault) this.#rows.push({ line: this.#line, cells: [], fault: this.#fault });
    else if (this.#cells.length > 0) this.#rows.push({ line: this.#line, cells: this.#cells });
  }

  #cell(): Cell {
    const value = this.#value;
    if (value === undefined || (value === '' && this.#type !== 'str'))
      return this.#isFormula ? NOT_CALCULATED : undefined;
    switch (this.#type) {
      case 's':
        return this.#workbook.sharedTexts[Number(value)] ?? BROKEN;
      case 'inlineStr':
        return value;
      case 'str':
        return unescapeText(value);
      case 'b':
        return value === '1' || value === 'true';
      case 'e':
        return {
          rule: 'read-cell-error',
          hint: `the cell shows ${errorName(value)}: correct its formula, or write the value`,
        };
      case 'd':
        return value;
      default:
        return this.#number(value);
    }
  }

  #number(value: string): Cell {
    const number = Number(value);
    if (!Number.isFinite(number)) return BROKEN;
    return this.#workbook.dateStyles.has(this.#style) ? serialDate(number, this.#workbook.is1904) : number;
  }
}

const NOT_CALCULATED = {
  rule: 'read-cell-formula',
  hint: 'the formula has no value yet: open the workbook in a spreadsheet program and save it, or write the value',
};
const BROKEN = { rule: 'read-cell', hint: 'the cell is damaged: write its value again' };

/** Only names that Excel itself writes are repeated. */
function errorName(value: string): string {
  return /^#[A-Z/0!?]{2,12}$/.test(value) ? value : 'an error';
}

/** @param reference `C12` @returns 2; undefined where there is no reference */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}(?=\d)/.exec(reference ?? '')?.[0];
  if (letters === undefined) return undefined;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}

function tooLong(limits: ReadLimits): Fault {
  const diagnostics = `the row is longer than ${limits.recordBytes} characters: shorten it`;
  return { rule: 'read-too-long', code: 'too-long', diagnostics };
}

function tooWide(limits: ReadLimits): Fault {
  const diagnostics = `the row has a value beyond column ${limits.columns}: remove it`;
  return { rule: 'read-columns', code: 'too-costly', diagnostics };
}
