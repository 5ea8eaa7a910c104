/** Turns estimates into dots with the interval that each lies in, in one panel or several that share their rows. */
import type { Mark } from 'vega';
import type { Interval } from '../interval.ts';
import { HATCH, INK, MAIN, QUIET } from './ink.ts';
import { placed, WIDEST_LABEL, WIDTH } from './layout.ts';
import { LINE_HEIGHT, textWidth, wrapped } from './lettering.ts';
import {
  type AxisOf,
  axisOf,
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
  uprights,
  withAxis,
} from './parts.ts';

export interface Panel {
  readonly title: string;
  readonly axis: string;
  /** of d3-format */
  readonly format?: string;
  /** one for each row; undefined where there is none, or where it is suppressed: the note says which */
  readonly estimates: readonly { readonly interval: Interval | undefined; readonly note: string }[];
  /** what the ends of the axis mean, in place of its title */
  readonly ends?: readonly [low: string, high: string];
  /** a line through all rows, with what it is */
  readonly reference?: { readonly at: number; readonly name: string };
  /** the scale's ends; default from 0 to the highest there is */
  readonly domain?: readonly [number, number];
}

const GAP = 10;
const STUB = 30;
/** Of a panel's room, as its head is bold. */
const HEAD = 0.85;
const END_DEPTH = 34;

/** @returns undefined where nothing would be drawn */
export function intervalsSpec(rowLabels: readonly string[], panels: readonly Panel[]): ChartSpec | undefined {
  const heads = headsOf(panels);
  const place = placed(rowLabels, heads.height);
  const rows = rowsAt(place);
  const room = (WIDTH - place.left) / panels.length;
  const drawn = panels.map((panel, at) => panelOf(panel, rows, { at, left: place.left + at * room, room }));
  if (drawn.every(({ dots, hidden }) => dots.length + hidden.length === 0)) return undefined;
  const { bottom } = place;
  const notes = drawn.flatMap((one, at) => [...one.notes, ...endsOf(panels[at]!, one.axis, bottom)]);
  return frame(withAxis(bottom), {
    data: [
      { name: 'rows', values: rows },
      ...drawn.map(({ dots }, at) => ({ name: `dots${at}`, values: dots })),
      ...drawn.map(({ lines }, at) => ({ name: `lines${at}`, values: lines })),
      { name: 'hidden', values: drawn.flatMap(({ hidden }) => hidden) },
      textData('notes', notes),
      { name: 'heads', values: heads.lines.map((lines, at) => ({ lines, x: place.left + at * room })) },
    ],
    scales: drawn.map(({ axis }) => scaleOf(axis)),
    axes: drawn.map(({ axis }) => axisOf(axis, bottom, bottom - heads.height)),
    marks: [
      ...drawn.flatMap((_, at) => marksOf(at, heads.height, bottom)),
      boxes('hidden'),
      labels('rows'),
      texts('notes'),
      headMark(),
    ],
  });
}

function headMark(): Mark {
  return {
    type: 'text',
    aria: false,
    from: { data: 'heads' },
    encode: {
      enter: {
        x: { field: 'x' },
        y: { value: LINE_HEIGHT / 2 + 2 },
        text: { field: 'lines' },
        lineHeight: { value: LINE_HEIGHT },
        fontWeight: { value: 'bold' },
        baseline: { value: 'middle' },
      },
    },
  };
}

function headsOf(panels: readonly Panel[]): { lines: string[][]; height: number } {
  const width = HEAD * ((WIDTH - WIDEST_LABEL) / panels.length);
  const lines = panels.map(({ title, reference }) => {
    const head = title === '' ? [] : wrapped(title, width);
    return reference === undefined ? head : [...head, `╌ ${reference.name}`];
  });
  return { lines, height: Math.max(...lines.map((one) => one.length)) * LINE_HEIGHT + GAP };
}

interface DrawnPanel {
  readonly axis: AxisOf;
  readonly dots: (RowAt & Interval)[];
  readonly lines: { at: number; colour: string; dash: number[] }[];
  readonly hidden: { x: number; y: number; width: number; height: number; fill: string }[];
  readonly notes: { x: number; y: number; text: string; align: 'right' }[];
}

function panelOf(
  panel: Panel,
  rows: readonly RowAt[],
  { at, left, room }: { readonly at: number; readonly left: number; readonly room: number },
): DrawnPanel {
  const { estimates, reference } = panel;
  const noteWidth = Math.max(...estimates.map(({ note }) => textWidth(note)));
  const right = left + room - noteWidth - 2 * GAP;
  const dots = estimates.flatMap(({ interval }, row) => (interval ? [{ ...rows[row]!, ...interval }] : []));
  const highest = Math.max(...dots.map(({ high }) => high), reference?.at ?? 0, 0);
  const axis = {
    scale: `x${at}`,
    title: panel.axis,
    range: [left + 4, right],
    domain: panel.domain ?? [0, highest || 1],
    ticks: room > 300 ? 6 : 3,
    ...(panel.format === undefined ? {} : { format: panel.format }),
  } as const;
  const lines = [{ at: 0, colour: QUIET, dash: [] as number[] }];
  if (reference) lines.push({ at: reference.at, colour: INK, dash: [5, 4] });
  return {
    axis,
    dots,
    lines,
    hidden: estimates.flatMap(({ interval, note }, row) =>
      interval === undefined && note.startsWith('[')
        ? [{ x: left + 4, y: rows[row]!.middle - 6, width: STUB, height: 12, fill: HATCH }]
        : [],
    ),
    notes: estimates.map(({ note }, row) => ({
      x: left + room - GAP,
      y: rows[row]!.middle,
      text: note,
      align: 'right',
    })),
  };
}

/** Under the numbers of the axis, at its left and right end. */
function endsOf({ ends }: Panel, { range }: AxisOf, bottom: number): TextAt[] {
  if (ends === undefined) return [];
  const y = bottom + END_DEPTH;
  return [
    { x: range[0], y, text: ends[0] },
    { x: range[1], y, text: ends[1], align: 'right' },
  ];
}

function marksOf(at: number, top: number, bottom: number): Mark[] {
  const scale = `x${at}`;
  return [
    uprights(`lines${at}`, scale, top, bottom),
    {
      type: 'rule',
      aria: false,
      from: { data: `dots${at}` },
      encode: {
        enter: {
          x: { scale, field: 'low' },
          x2: { scale, field: 'high' },
          y: { field: 'middle' },
          stroke: { value: MAIN },
          strokeWidth: { value: 3 },
        },
      },
    },
    {
      type: 'symbol',
      aria: false,
      from: { data: `dots${at}` },
      encode: {
        enter: {
          x: { scale, field: 'mid' },
          y: { field: 'middle' },
          size: { value: 110 },
          shape: { value: 'circle' },
          fill: { value: MAIN },
          stroke: { value: '#ffffff' },
          strokeWidth: { value: 1.5 },
        },
      },
    },
  ];
}
