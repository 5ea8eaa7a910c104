/** Turns tables of counts into cells, and the sums that a reader knows to hold between them. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { type CountColumn, type CountTable, isNumberColumn, type SmallNumbers, type Value } from './table.ts';

export interface Cell {
  readonly value: number;
  /** where it stands: of a total that several tables have, in each. Nowhere for totals and differences that are only implied */
  readonly places: { readonly table: number; readonly row: number; readonly column: number }[];
  /** implied: somebody who adds up what other reports say may know it */
  isKnown: boolean;
  isSuppressed: boolean;
  /** sums that it is in */
  readonly sums: Sum[];
  /** sums of others are withheld last */
  isTotal: boolean;
}

/** The parts add up to the whole. */
export interface Sum {
  readonly whole: Cell;
  readonly parts: readonly Cell[];
}

const TOTAL = 'All';

/** @returns every cell of the tables, and every sum; a total of the same number under the same name is one cell in all tables */
export function cellsOf(tables: readonly CountTable[], settings: SmallNumbers): Cell[] {
  const grid = new Grid(settings);
  for (const [at, table] of tables.entries()) grid.add(table, at);
  return grid.cells;
}

/** A cell by the values of its dimensions; `undefined` for all of a dimension. */
type Place = readonly (Value | undefined)[];

interface Placed {
  readonly place: Place;
  readonly cell: Cell;
}

class Grid {
  readonly cells: Cell[] = [];
  readonly #settings: SmallNumbers;
  readonly #totals = new Map<string, Cell>();

  constructor(settings: SmallNumbers) {
    this.#settings = settings;
  }

  add(table: CountTable, at: number): void {
    const byColumn = new Map<string, (Cell | undefined)[]>();
    for (const [column, { name }] of table.columns.entries())
      if (isNumberColumn(table.columns[column]!)) byColumn.set(name, this.#column(table, at, column));
    for (const { name, within } of table.columns)
      if (within !== undefined) this.#differences(byColumn.get(within), byColumn.get(name));
  }

  #column(table: CountTable, at: number, column: number): (Cell | undefined)[] {
    const dimensions = table.columns.flatMap((one, place) =>
      one.role === 'dimension' ? [{ ...one, place }] : [],
    );
    const placed = new Map<string, Placed>();
    const cells = table.rows.map((row, rowAt) => {
      const value = row[column] ?? null;
      if (value === null) return undefined;
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
        throw noCount(table.name, table.columns[column]!.name);
      const place = dimensions.map((one) => this.#placeOf(one, row[one.place] ?? null));
      const cell = this.#cellAt(table, column, dimensions, place, value);
      cell.places.push({ table: at, row: rowAt, column });
      placed.set(keyOf(place), { place, cell });
      return cell;
    });
    for (const [index, { sums }] of dimensions.entries()) if (sums === 'nested') this.#nested(placed, index);
    this.#sums(table, column, dimensions, placed);
    return cells;
  }

  #placeOf({ sums }: CountColumn, value: Value): Value | undefined {
    const total = this.#settings.total ?? TOTAL;
    return sums !== 'family' && value === total ? undefined : value;
  }

  /** First every total that there could be, from the rows that are no totals; then what adds up to what. */
  #sums(
    table: CountTable,
    column: number,
    dimensions: readonly CountColumn[],
    placed: Map<string, Placed>,
  ): void {
    const summed = dimensions.flatMap(({ sums = 'partition' }, index) =>
      sums === 'partition' ? [index] : [],
    );
    for (const index of summed) {
      const later = summed.filter((other) => other > index);
      const isWhole = ({ place }: Placed): boolean => later.every((other) => place[other] !== undefined);
      for (const [key, line] of linesOf(placed, index)) {
        const parts = line.filter(isWhole);
        if (parts.length === 0 || placed.has(key)) continue;
        const place = parts[0]!.place.with(index, undefined);
        placed.set(key, { place, cell: this.#totalOf(table, column, dimensions, place, parts) });
      }
    }
    for (const index of summed)
      for (const [key, line] of linesOf(placed, index))
        addUp(
          placed.get(key)?.cell,
          line.map(({ cell }) => cell),
        );
  }

  #totalOf(
    table: CountTable,
    column: number,
    dimensions: readonly CountColumn[],
    place: Place,
    parts: readonly Placed[],
  ): Cell {
    // the total of one row is that row: it is no second number
    if (parts.length === 1 && place.some((one, at) => one !== undefined && dimensions[at]!.sums !== 'family'))
      return parts[0]!.cell;
    const value = parts.reduce((sum, { cell }) => sum + cell.value, 0);
    return this.#cellAt(table, column, dimensions, place, value);
  }

  /** Each row is part of the one before it. */
  #nested(placed: ReadonlyMap<string, Placed>, index: number): void {
    for (const [, line] of linesOf(placed, index))
      for (const [at, { cell }] of line.entries()) if (at > 0) this.#difference(line[at - 1]!.cell, cell);
  }

  #differences(wholes: readonly (Cell | undefined)[] = [], parts: readonly (Cell | undefined)[] = []): void {
    for (const [at, whole] of wholes.entries()) {
      const part = parts[at];
      if (whole && part) this.#difference(whole, part);
    }
  }

  #difference(whole: Cell, part: Cell): void {
    if (part.value > whole.value) return;
    const rest = this.#made(whole.value - part.value);
    link({ whole, parts: [part, rest] });
  }

  /** The sum of everything is one cell in all tables where it is the same number of the same things. */
  #cellAt(
    table: CountTable,
    column: number,
    dimensions: readonly CountColumn[],
    place: Place,
    value: number,
  ): Cell {
    const isAll = place.every((one, at) => one === undefined || dimensions[at]!.sums === 'family');
    if (!isAll || dimensions.length === 0) return this.#made(value);
    const key = `${table.columns[column]!.name} ${value}`;
    const known = this.#totals.get(key);
    if (known) return known;
    const made = this.#made(value);
    this.#totals.set(key, made);
    return made;
  }

  #made(value: number): Cell {
    const cell = { value, places: [], isKnown: false, isSuppressed: false, sums: [], isTotal: false };
    this.cells.push(cell);
    return cell;
  }
}

/** @returns cells that differ in one dimension only, without their totals */
function linesOf(placed: ReadonlyMap<string, Placed>, index: number): Map<string, Placed[]> {
  const lines = new Map<string, Placed[]>();
  for (const one of placed.values()) {
    if (one.place[index] === undefined) continue;
    const key = keyOf(one.place.with(index, undefined));
    const line = lines.get(key);
    if (line) line.push(one);
    else lines.set(key, [one]);
  }
  return lines;
}

/** Rows that overlap do not add up, whatever their column says: then nothing follows from their sum. */
function addUp(whole: Cell | undefined, parts: readonly Cell[]): void {
  if (!whole || parts.includes(whole)) return;
  whole.isTotal = true;
  if (parts.reduce((sum, { value }) => sum + value, 0) === whole.value) link({ whole, parts });
}

function link(sum: Sum): void {
  for (const cell of [sum.whole, ...sum.parts]) cell.sums.push(sum);
}

function keyOf(place: Place): string {
  return JSON.stringify(place.map((one) => (one === undefined ? [] : one)));
}

function noCount(table: string, column: string): AdapterError {
  const diagnostics = `The table ${table} has something else than a whole number from 0 in its column ${column}, so that small numbers cannot be suppressed. Mend the view, or give the column the role "measure".`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'suppression-count', diagnostics, expression: `${table}.${column}` }),
  );
}
