/** Turns each row's parts into one bar of a hundred per cent, with a legend above. */
import type { Mark } from 'vega';
import { isSuppressed, SUPPRESSED_MARK } from '../../disclosure/table.ts';
import { percent } from '../figures.ts';
import type { Told } from '../input.ts';
import { HATCH, INK, PAPER, TONES, type Tone } from './ink.ts';
import { placed, WIDTH } from './layout.ts';
import { textWidth } from './lettering.ts';
import {
  type BoxAt,
  boxes,
  type ChartSpec,
  frame,
  labels,
  type RowAt,
  rowsAt,
  scaleOf,
  type TextAt,
  textData,
  texts,
} from './parts.ts';

export interface Part {
  readonly name: string;
  readonly tone: Tone;
}

export interface ShareRow {
  readonly label: string;
  /** one for each part; where any is suppressed none is drawn: the others would give it away */
  readonly values: readonly (Told | undefined)[];
  /** written behind the bar: of how many */
  readonly note: string;
}

const LEGEND = 34;
const SWATCH = 16;
const GAP = 8;

/** @returns undefined where nothing would be drawn */
export function sharesSpec(parts: readonly Part[], all: readonly ShareRow[]): ChartSpec | undefined {
  const place = placed(
    all.map(({ label }) => label),
    LEGEND,
  );
  const rows = rowsAt(place);
  const left = place.left;
  const right = WIDTH - Math.ceil(Math.max(...all.map(({ note }) => textWidth(note)))) - 2 * GAP;
  const segments = all.flatMap(({ values }, at) => segmentsOf(parts, values, rows[at]!, { left, right }));
  const hidden = all.flatMap(({ values }, at) =>
    values.some(isSuppressed)
      ? [{ x: left, y: rows[at]!.bar, width: right - left, height: rows[at]!.barHeight, fill: HATCH }]
      : [],
  );
  if (segments.length + hidden.length === 0) return undefined;
  const key = legendOf(parts, hidden.length > 0);
  const notes = all.map(({ note }, at) => ({ x: right + GAP, y: rows[at]!.middle, text: note }));
  const inside = segments.flatMap(({ text }) => (text === undefined ? [] : [text]));
  const axis = { scale: 'x', title: '', range: [left, right], domain: [0, 1] } as const;
  return frame(place.bottom + 4, {
    data: [
      { name: 'rows', values: rows },
      { name: 'segments', values: segments },
      { name: 'hidden', values: [...hidden, ...key.boxes] },
      textData('inside', inside),
      textData('notes', [...notes, ...key.texts]),
    ],
    scales: [{ ...scaleOf(axis), nice: false }],
    marks: [segmentMark(), boxes('hidden'), labels('rows'), texts('inside'), texts('notes')],
  });
}

function segmentMark(): Mark {
  return {
    type: 'rect',
    aria: false,
    from: { data: 'segments' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'from' },
        x2: { scale: 'x', field: 'to' },
        y: { field: 'bar' },
        height: { field: 'barHeight' },
        fill: { field: 'fill' },
        stroke: { value: PAPER },
      },
    },
  };
}

interface Segment extends RowAt {
  readonly from: number;
  readonly to: number;
  readonly fill: string;
  readonly text: TextAt | undefined;
}

function segmentsOf(
  parts: readonly Part[],
  values: ShareRow['values'],
  row: RowAt,
  { left, right }: { readonly left: number; readonly right: number },
): Segment[] {
  if (!values.every((value) => typeof value === 'number')) return [];
  const total = values.reduce((sum, value) => sum + value, 0);
  if (total === 0) return [];
  let from = 0;
  return values.flatMap((value, at) => {
    const start = from;
    from += value / total;
    if (value === 0) return [];
    const { fill, text: colour } = TONES[parts[at]!.tone];
    const words = percent(value / total);
    const width = (from - start) * (right - left);
    const x = left + ((start + from) / 2) * (right - left);
    const fits = textWidth(words) + GAP < width;
    const text = fits ? ({ x, y: row.middle, text: words, align: 'center', colour } as const) : undefined;
    return [{ ...row, from: start, to: from, fill, text }];
  });
}

function legendOf(parts: readonly Part[], hasHidden: boolean): { boxes: BoxAt[]; texts: TextAt[] } {
  const all = parts.map(({ name, tone }) => ({ name, fill: TONES[tone].fill }));
  if (hasHidden) all.push({ name: `${SUPPRESSED_MARK} too few to tell`, fill: HATCH });
  const made: { boxes: BoxAt[]; texts: TextAt[] } = { boxes: [], texts: [] };
  let x = 0;
  for (const { name, fill } of all) {
    made.boxes.push({ x: x + 0.5, y: 4.5, width: SWATCH, height: SWATCH, fill });
    made.texts.push({ x: x + SWATCH + GAP, y: 13, text: name, colour: INK });
    x += SWATCH + GAP + textWidth(name) + 2 * GAP;
  }
  return made;
}
