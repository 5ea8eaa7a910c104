/** Turns the labels of a chart's rows into where each row stands. */
import { LINE_HEIGHT, textWidth, wrapped } from './lettering.ts';

/** All charts are so wide: what stands beside a table on a page of A4. */
export const WIDTH = 720;
/** A longer label goes on in the next line. */
export const WIDEST_LABEL = 200;
const GAP = 12;
const ROW_GAP = 10;
const LEAST_ROW = 34;

export interface PlacedRow {
  readonly lines: readonly string[];
  readonly top: number;
  readonly middle: number;
  readonly height: number;
}

export interface Placed {
  readonly rows: readonly PlacedRow[];
  /** where the marks begin, right of the labels */
  readonly left: number;
  readonly bottom: number;
}

/** @param top where the first row begins */
export function placed(labels: readonly string[], top: number): Placed {
  const rows: PlacedRow[] = [];
  let at = top;
  let widest = 0;
  for (const label of labels) {
    const lines = wrapped(label, WIDEST_LABEL);
    widest = Math.max(widest, ...lines.map((line) => textWidth(line)));
    const height = Math.max(LEAST_ROW, lines.length * LINE_HEIGHT + ROW_GAP);
    rows.push({ lines, top: at, middle: at + height / 2, height });
    at += height;
  }
  return { rows, left: Math.ceil(widest) + GAP, bottom: at };
}
