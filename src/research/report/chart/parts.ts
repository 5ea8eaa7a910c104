/** The parts that all charts share: a frame, the labels of rows, the axis of numbers, and what is suppressed, as Vega has them. */
import type { Axis, Data, LinearScale, RectMark, RuleMark, Spec, TextMark } from 'vega';
import { FONT, GRID, HATCH, INK, QUIET } from './ink.ts';
import { type Placed, WIDTH } from './layout.ts';
import { LINE_HEIGHT, TEXT_SIZE } from './lettering.ts';

/** A chart before it is drawn; the height is all that differs between frames. */
export type ChartSpec = Spec & { readonly width: number; readonly height: number };

const AXIS_HEIGHT = 50;
const BAR = 0.62;

export function frame(height: number, parts: Pick<Spec, 'data' | 'scales' | 'axes' | 'marks'>): ChartSpec {
  return {
    width: WIDTH,
    height,
    padding: 0,
    autosize: 'none',
    config: {
      group: { fill: 'transparent' },
      text: { font: FONT, fontSize: TEXT_SIZE, fill: INK },
      axis: { labelFont: FONT, titleFont: FONT },
    },
    ...parts,
  };
}

/** @returns the height of a chart whose rows end there, with room for an axis */
export function withAxis(bottom: number): number {
  return bottom + AXIS_HEIGHT;
}

/** What a row of any chart carries: its lines, and where a bar of it lies. */
export interface RowAt {
  readonly lines: readonly string[];
  readonly first: number;
  readonly top: number;
  readonly middle: number;
  readonly bar: number;
  readonly barHeight: number;
}

/** A bar is as high for a row of three lines as for one of one. */
const LEAST_ROW = 34;

export function rowsAt({ rows }: Placed): RowAt[] {
  return rows.map(({ lines, top, middle }) => ({
    lines,
    first: middle - ((lines.length - 1) * LINE_HEIGHT) / 2,
    top,
    middle,
    bar: middle - (LEAST_ROW * BAR) / 2,
    barHeight: LEAST_ROW * BAR,
  }));
}

/** @param from data of `RowAt` */
export function labels(from: string): TextMark {
  return {
    type: 'text',
    aria: false,
    from: { data: from },
    encode: {
      enter: {
        x: { value: 2 },
        y: { field: 'first' },
        text: { field: 'lines' },
        lineHeight: { value: LINE_HEIGHT },
        baseline: { value: 'middle' },
      },
    },
  };
}

/** A text of its own. */
export interface TextAt {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly align?: 'left' | 'center' | 'right';
  readonly weight?: 'bold' | 'normal';
  readonly colour?: string;
}

export function textData(name: string, all: readonly TextAt[]): Data {
  return { name, values: all.map((one) => ({ align: 'left', weight: 'normal', colour: INK, ...one })) };
}

/** @param from data of `TextAt` */
export function texts(from: string): TextMark {
  return {
    type: 'text',
    aria: false,
    from: { data: from },
    encode: {
      enter: {
        x: { field: 'x' },
        y: { field: 'y' },
        text: { field: 'text' },
        align: { field: 'align' },
        fontWeight: { field: 'weight' },
        fill: { field: 'colour' },
        baseline: { value: 'middle' },
      },
    },
  };
}

/** A box of its own: part of a legend, or what stands for a suppressed number, and says nothing of how much it is. */
export interface BoxAt {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: string;
}

/** @param from data of `BoxAt` */
export function boxes(from: string): RectMark {
  return {
    type: 'rect',
    aria: false,
    from: { data: from },
    encode: {
      enter: {
        x: { field: 'x' },
        y: { field: 'y' },
        width: { field: 'width' },
        height: { field: 'height' },
        fill: { field: 'fill' },
        stroke: { signal: `datum.fill === '${HATCH}' ? '${QUIET}' : null` },
      },
    },
  };
}

/** A line from the top of the rows to their bottom, at a number: zero, or what all have together. */
export function uprights(from: string, scale: string, top: number, bottom: number): RuleMark {
  return {
    type: 'rule',
    aria: false,
    from: { data: from },
    encode: {
      enter: {
        x: { scale, field: 'at' },
        y: { value: top },
        y2: { value: bottom },
        stroke: { field: 'colour' },
        strokeWidth: { value: 1.5 },
        strokeDash: { field: 'dash' },
      },
    },
  };
}

export interface AxisOf {
  readonly scale: string;
  readonly title: string;
  readonly range: readonly [number, number];
  readonly domain: readonly [number, number];
  /** about so many; the scale ends at one of them */
  readonly ticks?: number;
  /** of d3-format */
  readonly format?: string;
}

export function scaleOf({ scale, range, domain, ticks = 5 }: AxisOf): LinearScale {
  return { name: scale, type: 'linear', domain: [...domain], range: [...range], nice: ticks, zero: false };
}

/** @param bottom where the rows end @param height of the rows, which the grid crosses */
export function axisOf({ scale, title, ticks = 5, format }: AxisOf, bottom: number, height: number): Axis {
  const across = { y: { value: -height }, y2: { value: 0 } };
  return {
    scale,
    orient: 'bottom',
    aria: false,
    offset: bottom - withAxis(bottom),
    tickCount: ticks,
    ...(format === undefined ? {} : { format }),
    grid: true,
    gridColor: GRID,
    gridWidth: 1,
    domainColor: QUIET,
    tickColor: QUIET,
    labelColor: INK,
    labelFontSize: 13,
    labelOverlap: true,
    title,
    titleColor: INK,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 6,
    titleAnchor: 'start',
    translate: 0,
    zindex: 0,
    encode: { grid: { enter: across, update: across } },
  };
}
