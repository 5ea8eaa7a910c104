/** Turns numbers into bars that lie beside each other, longest at the scale's end, each with its number written behind it. */
import type { Mark } from 'vega';
import { isSuppressed } from '../../disclosure/table.ts';
import type { Told } from '../input.ts';
import { GRID, HATCH, TONES, type Tone } from './ink.ts';
import { placed, WIDTH } from './layout.ts';
import { textWidth } from './lettering.ts';
import { boxes, type ChartSpec, frame, labels, rowsAt, scaleOf, textData, texts } from './parts.ts';

export interface Bar {
  readonly label: string;
  /** undefined where it is not known */
  readonly value: Told | undefined;
  /** written behind the bar: `120 people (60%)`, or why there is no number */
  readonly note: string;
  readonly tone?: Tone;
}

const STUB = 36;
const GAP = 8;
const MARGIN = 4;

/** @returns undefined where nothing would be drawn */
export function barsSpec(bars: readonly Bar[]): ChartSpec | undefined {
  if (bars.every(({ value }) => value === undefined || value === 0)) return undefined;
  const place = placed(
    bars.map(({ label }) => label),
    MARGIN,
  );
  const rows = rowsAt(place);
  const right = WIDTH - Math.ceil(Math.max(...bars.map(({ note }) => textWidth(note)))) - 2 * GAP;
  const most = Math.max(...bars.map(({ value }) => (typeof value === 'number' ? value : 0)), 1);
  const widthOf = (value: Told | undefined): number =>
    typeof value === 'number' ? (value / most) * (right - place.left) : isSuppressed(value) ? STUB : 0;
  const told = bars.flatMap(({ value, tone = 'main' }, at) =>
    typeof value === 'number' ? [{ ...rows[at]!, value, fill: TONES[tone].fill }] : [],
  );
  const hidden = bars.flatMap(({ value }, at) =>
    isSuppressed(value)
      ? [{ x: place.left, y: rows[at]!.bar, width: STUB, height: rows[at]!.barHeight, fill: HATCH }]
      : [],
  );
  const notes = bars.map(({ value, note }, at) => ({
    x: place.left + widthOf(value) + GAP,
    y: rows[at]!.middle,
    text: note,
  }));
  const axis = { scale: 'x', title: '', range: [place.left, right], domain: [0, most] } as const;
  return frame(place.bottom + MARGIN, {
    data: [
      { name: 'rows', values: rows },
      { name: 'told', values: told },
      { name: 'hidden', values: hidden },
      textData('notes', notes),
    ],
    scales: [{ ...scaleOf(axis), nice: false }],
    marks: [
      baseline(place.left, place.bottom + MARGIN),
      barMark(),
      boxes('hidden'),
      labels('rows'),
      texts('notes'),
    ],
  });
}

function baseline(x: number, bottom: number): Mark {
  return {
    type: 'rule',
    aria: false,
    encode: { enter: { x: { value: x }, y: { value: 0 }, y2: { value: bottom }, stroke: { value: GRID } } },
  };
}

function barMark(): Mark {
  return {
    type: 'rect',
    aria: false,
    from: { data: 'told' },
    encode: {
      enter: {
        x: { scale: 'x', value: 0 },
        x2: { scale: 'x', field: 'value' },
        y: { field: 'bar' },
        height: { field: 'barHeight' },
        fill: { field: 'fill' },
      },
    },
  };
}
