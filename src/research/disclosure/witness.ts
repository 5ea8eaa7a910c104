/** Looks for other numbers that fit everything shown: where there are some, a withheld number is not given away. */
import type { Cell, Sum } from './cells.ts';

/** What a reader knows of a cell: that it lies between these. */
export type Bounds = (cell: Cell) => readonly [lowest: number, highest: number];

/** Steps of one search. A search that is given up counts as a number given away: then more is withheld. */
const MOST_STEPS = 5_000;
const MOST_CHANGES = 60;
/** Numbers that are withheld at once for the sake of one: a square of four cells needs three. */
const MOST_PAID = 7;

/** @returns whether a cell may have another value than its own, all that is shown staying as it is */
export function canVary(cell: Cell, bounds: Bounds): boolean {
  return variation(cell, bounds, () => false, 0) !== undefined;
}

/**
 * @param mayPay whether a cell may be withheld
 * @returns few cells that, once withheld, let the cell vary; undefined where none were found
 */
export function cellsToWithhold(
  cell: Cell,
  bounds: Bounds,
  mayPay: (cell: Cell) => boolean,
): readonly Cell[] | undefined {
  for (let most = 1; most <= MOST_PAID; most++) {
    const paid = variation(cell, bounds, mayPay, most);
    if (paid) return paid;
  }
  return undefined;
}

function variation(
  cell: Cell,
  bounds: Bounds,
  mayPay: (cell: Cell) => boolean,
  most: number,
): readonly Cell[] | undefined {
  for (const change of [1, -1]) {
    const paid = new Search(bounds, mayPay, most).from(cell, change);
    if (paid) return paid;
  }
  return undefined;
}

class Search {
  readonly #bounds: Bounds;
  readonly #mayPay: (cell: Cell) => boolean;
  readonly #most: number;
  readonly #changed = new Set<Cell>();
  readonly #paid = new Set<Cell>();
  /** sums that do not hold any more, and by how much */
  readonly #broken = new Map<Sum, number>();
  #steps = 0;

  constructor(bounds: Bounds, mayPay: (cell: Cell) => boolean, most: number) {
    this.#bounds = bounds;
    this.#mayPay = mayPay;
    this.#most = most;
  }

  from(cell: Cell, change: number): readonly Cell[] | undefined {
    return this.#with(cell, change) ? [...this.#paid] : undefined;
  }

  #with(cell: Cell, change: number): boolean {
    const isFree = this.#isFree(cell, change);
    if (!isFree && !(this.#paid.size < this.#most && cell.value + change > 0 && this.#mayPay(cell)))
      return false;
    this.#apply(cell, change);
    this.#changed.add(cell);
    if (!isFree) this.#paid.add(cell);
    if (this.#mended()) return true;
    this.#paid.delete(cell);
    this.#changed.delete(cell);
    this.#apply(cell, -change);
    return false;
  }

  /** Mends one broken sum by one other cell of it, and goes on with the sums that this breaks. */
  #mended(): boolean {
    const [broken] = this.#broken;
    if (!broken) return true;
    if (++this.#steps > MOST_STEPS || this.#changed.size > MOST_CHANGES) return false;
    const [sum, excess] = broken;
    const changeOf = (cell: Cell): number => (cell === sum.whole ? Math.sign(excess) : -Math.sign(excess));
    return this.#byFree(sum, changeOf) || this.#byPaid(sum, changeOf);
  }

  /** What stands in this sum alone breaks no other one. Sums may be long: most searches end at the first cells. */
  #byFree(sum: Sum, changeOf: (cell: Cell) => number): boolean {
    for (const isAlone of [true, false])
      for (const cell of cellsIn(sum))
        if (
          (cell.sums.length === 1) === isAlone &&
          !this.#changed.has(cell) &&
          this.#isFree(cell, changeOf(cell)) &&
          this.#with(cell, changeOf(cell))
        )
          return true;
    return false;
  }

  /** Small numbers first, then totals. */
  #byPaid(sum: Sum, changeOf: (cell: Cell) => number): boolean {
    if (this.#paid.size >= this.#most) return false;
    const cells = [...cellsIn(sum)].filter(
      (cell) => !this.#changed.has(cell) && this.#mayPay(cell) && !this.#isFree(cell, changeOf(cell)),
    );
    cells.sort((one, other) => Number(one.isTotal) - Number(other.isTotal) || one.value - other.value);
    return cells.some((cell) => this.#with(cell, changeOf(cell)));
  }

  #isFree(cell: Cell, change: number): boolean {
    const [lowest, highest] = this.#bounds(cell);
    const value = cell.value + change;
    return value >= lowest && value <= highest;
  }

  #apply(cell: Cell, change: number): void {
    for (const sum of cell.sums) {
      const excess = (this.#broken.get(sum) ?? 0) + (cell === sum.whole ? -change : change);
      if (excess === 0) this.#broken.delete(sum);
      else this.#broken.set(sum, excess);
    }
  }
}

function* cellsIn({ parts, whole }: Sum): Generator<Cell> {
  yield* parts;
  yield whole;
}
