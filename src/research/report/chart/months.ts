/** Turns a number for each month into columns, with the years below. */
import type { Mark } from 'vega';
import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { figure } from '../figures.ts';
import { numberOf, type Told } from '../input.ts';
import { HATCH, MAIN, QUIET } from './ink.ts';
import { WIDTH } from './layout.ts';
import { textWidth } from './lettering.ts';
import { type BoxAt, boxes, type ChartSpec, frame, scaleOf, type TextAt, textData, texts } from './parts.ts';

export interface MonthColumn {
  /** `2025-04` */
  readonly month: string;
  /** undefined where it is not known */
  readonly value: Told | undefined;
}

const SHORT = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const TOP = 28;
const PLOT = 200;
const BOTTOM = TOP + PLOT;
const STUB = 24;
const LEFT = 4;
const FILLED = 0.7;

/** A column in its place. */
interface Placed extends MonthColumn {
  readonly x: number;
  readonly height: number;
  readonly words: string;
}

/** @returns undefined where nothing would be drawn */
export function monthsSpec(columns: readonly MonthColumn[]): ChartSpec | undefined {
  if (columns.every(({ value }) => value === undefined || value === 0)) return undefined;
  const step = (WIDTH - 2 * LEFT) / columns.length;
  const width = step * FILLED;
  const most = Math.max(...columns.map(({ value }) => numberOf(value) ?? 0), 1);
  const at = columns.map((column, index): Placed => {
    const x = LEFT + (index + (1 - FILLED) / 2) * step;
    const { value } = column;
    if (typeof value === 'number')
      return { ...column, x, height: (value / most) * PLOT, words: figure(value) };
    return { ...column, x, height: STUB, words: isSuppressed(value) ? SUPPRESSED_MARK : '' };
  });
  const hidden: BoxAt[] = at.flatMap(({ x, value }) =>
    isSuppressed(value) ? [{ x, y: BOTTOM - STUB, width, height: STUB, fill: HATCH }] : [],
  );
  return frame(BOTTOM + 50, {
    data: [
      { name: 'told', values: at.filter(({ value }) => typeof value === 'number') },
      { name: 'hidden', values: hidden },
      textData('above', above(at, width, step)),
      textData('below', below(at, width, step)),
    ],
    scales: [{ ...scaleOf({ scale: 'y', title: '', range: [BOTTOM, TOP], domain: [0, most] }), nice: false }],
    marks: [columnMark(width), boxes('hidden'), baseline(), texts('above'), texts('below')],
  });
}

function columnMark(width: number): Mark {
  return {
    type: 'rect',
    aria: false,
    from: { data: 'told' },
    encode: {
      enter: {
        x: { field: 'x' },
        width: { value: width },
        y: { scale: 'y', field: 'value' },
        y2: { scale: 'y', value: 0 },
        fill: { value: MAIN },
      },
    },
  };
}

function baseline(): Mark {
  return {
    type: 'rule',
    aria: false,
    encode: {
      enter: { x: { value: 0 }, x2: { value: WIDTH }, y: { value: BOTTOM + 0.5 }, stroke: { value: QUIET } },
    },
  };
}

/** The number of each month; of the highest alone where there are too many: the table has them. */
function above(at: readonly Placed[], width: number, step: number): TextAt[] {
  const isRoomy = Math.max(...at.map(({ words }) => textWidth(words))) < step - 2;
  const peak = peakOf(at);
  return at.flatMap(({ x, height, words }, index) =>
    words !== '' && (isRoomy || index === peak)
      ? [{ x: centred(x + width / 2, words), y: BOTTOM - height - 11, text: words, align: 'center' }]
      : [],
  );
}

/** @returns the middle of a text that stays within the chart */
function centred(middle: number, words: string): number {
  const half = textWidth(words) / 2;
  return Math.min(Math.max(middle, half), WIDTH - half);
}

function peakOf(columns: readonly MonthColumn[]): number {
  const values = columns.map(({ value }) => numberOf(value) ?? -1);
  return values.indexOf(Math.max(...values));
}

/** Months that there is room for, and each year under its first month. */
function below(
  at: readonly { readonly month: string; readonly x: number }[],
  width: number,
  step: number,
): TextAt[] {
  const every = Math.max(1, Math.ceil((textWidth('May') + 8) / step));
  const months: TextAt[] = [];
  const years: TextAt[] = [];
  let year = '';
  for (const [index, { month, x }] of at.entries()) {
    const [ofYear, ofMonth] = month.split('-') as [string, string];
    const middle = x + width / 2;
    const name = SHORT[Number(ofMonth) - 1] ?? month;
    if (index % every === 0)
      months.push({ x: centred(middle, name), y: BOTTOM + 16, text: name, align: 'center' });
    if (ofYear === year) continue;
    year = ofYear;
    // a year of which there is hardly a month makes room for the next
    if (years.length > 0 && x - years.at(-1)!.x < textWidth(ofYear) + 12) years.pop();
    years.push({ x: Math.min(x, WIDTH - textWidth(ofYear)), y: BOTTOM + 36, text: ofYear, weight: 'bold' });
  }
  return [...months, ...years];
}
