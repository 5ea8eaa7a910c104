/** Withholds small numbers of tables, and as many others as it takes that none can be worked out, and rounds the rest. */
import { type Cell, cellsOf } from './cells.ts';
import { measures } from './measures.ts';
import {
  type CountTable,
  type ShownTable,
  SMALL_NUMBERS,
  type SmallNumbers,
  SUPPRESSED,
  type Suppressed,
  type Value,
} from './table.ts';
import { type Bounds, canVary, cellsToWithhold } from './witness.ts';

/**
 * @param tables that are published together: what they share is looked at together
 * @throws AdapterError rule `suppression-count` where a count is no whole number
 */
export function suppressTables(
  tables: readonly CountTable[],
  settings: SmallNumbers = SMALL_NUMBERS,
): ShownTable[] {
  const cells = cellsOf(tables, settings);
  const rounding = new Rounding(settings);
  withhold(cells, settings, rounding);
  const shown = tables.map(({ rows }) => rows.map((row): (Value | Suppressed)[] => [...row]));
  for (const { places, value, isSuppressed } of cells)
    for (const { table, row, column } of places)
      shown[table]![row]![column] = isSuppressed ? SUPPRESSED : rounding.shown(value);
  return tables.map((table, at) => ({
    name: table.name,
    columns: table.columns,
    rows: measures(table, shown[at]!),
  }));
}

/** @returns one number of people as it may be told, such as how many were left out */
export function tell(count: number, settings: SmallNumbers = SMALL_NUMBERS): number | Suppressed {
  return isSmall(count, settings) ? SUPPRESSED : new Rounding(settings).shown(count);
}

function isSmall(count: number, { below, keepZero }: SmallNumbers): boolean {
  return count < below && (count > 0 || !keepZero);
}

function withhold(cells: readonly Cell[], settings: SmallNumbers, rounding: Rounding): void {
  const bounds: Bounds = (cell) => rounding.bounds(cell);
  const waiting: Cell[] = [];
  for (const cell of cells) {
    const isShown = cell.places.length > 0;
    if (isShown) cell.isSuppressed = isSmall(cell.value, settings);
    // a total that no table shows may be in another report
    else cell.isKnown = cell.isTotal && cell.value >= settings.below;
    if (cell.isSuppressed || (!isShown && !cell.isTotal && isSmall(cell.value, settings))) waiting.push(cell);
  }
  // what is withheld later only leaves more room: nobody need be looked at twice
  for (let cell = waiting.pop(); cell; cell = waiting.pop()) {
    while (!canVary(cell, bounds)) {
      const others = nextToWithhold(cell, bounds, settings);
      if (others.length === 0) break;
      for (const other of others) {
        other.isKnown = false;
        if (other.places.length === 0) continue;
        other.isSuppressed = true;
        waiting.push(other);
      }
    }
  }
}

/**
 * Chooses what else is withheld: few and small numbers, totals after others. That a total which no table shows is known from
 * elsewhere is given up last: nothing here could hide it.
 */
function nextToWithhold(cell: Cell, bounds: Bounds, { keepZero }: SmallNumbers): readonly Cell[] {
  const isShown = (one: Cell): boolean =>
    one.places.length > 0 && !one.isSuppressed && (one.value > 0 || !keepZero);
  return (
    cellsToWithhold(cell, bounds, isShown) ??
    cellsToWithhold(cell, bounds, (one) => isShown(one) || one.isKnown) ??
    nearest(cell, (one) => isShown(one) || one.isKnown)
  );
}

/** Where the search was given up: one number after the other, from the nearest on. */
function nearest(cell: Cell, isOpen: (cell: Cell) => boolean): readonly Cell[] {
  const reached = new Set([cell]);
  for (const at of reached) {
    if (at !== cell && isOpen(at)) return [at];
    for (const { whole, parts } of at.sums) for (const one of [...parts, whole]) reached.add(one);
  }
  return [];
}

/** How numbers are shown, and what a reader knows of a number by how it is shown. */
class Rounding {
  readonly #settings: SmallNumbers;

  constructor(settings: SmallNumbers) {
    this.#settings = settings;
  }

  shown(value: number): number {
    const { roundTo } = this.#settings;
    // what is not zero is not shown as zero
    return value === 0 ? 0 : Math.max(roundTo, Math.round(value / roundTo) * roundTo);
  }

  bounds({ value, places, isSuppressed, isKnown }: Cell): readonly [number, number] {
    const { keepZero } = this.#settings;
    if (places.length === 0) return isKnown ? [value, value] : [0, Infinity];
    if (isSuppressed) return [keepZero ? 1 : 0, Infinity];
    let [lowest, highest] = [value, value];
    while (this.#looksLike(lowest - 1, value)) lowest--;
    while (this.#looksLike(highest + 1, value)) highest++;
    return [lowest, highest];
  }

  #looksLike(other: number, value: number): boolean {
    return other >= 0 && !isSmall(other, this.#settings) && this.shown(other) === this.shown(value);
  }
}
