/** Turns the course of a score into a small line chart: the same points, axis and words for HTML and PDF. */
import type { ScoreCourse } from '../../referral/summary/content.ts';
import { figure } from '../../referral/summary/words.ts';

/** A chart in points of its own, from its upper left corner. */
export interface Chart {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** of the axis on the left: where its upper and lower end are, and what stands there */
  readonly axis: {
    readonly x: number;
    readonly top: number;
    readonly bottom: number;
    readonly high: string;
    readonly low: string;
  };
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    readonly value: string;
    readonly date: string;
    /** where the text beside it is anchored */
    readonly anchor: 'start' | 'middle' | 'end';
  }[];
  /** the whole of it in a sentence, for whoever cannot see it */
  readonly description: string;
}

const WIDTH = 270;
const HEIGHT = 104;
const LEFT = 34;
const RIGHT = 22;
const TOP = 24;
const BOTTOM = 80;
/** More than these cannot be told apart at this size, nor do they fit two pages. */
const MOST_CHARTS = 4;

/** @returns charts of the scores that were taken twice or more, most telling first */
export function chartsOf(scores: readonly ScoreCourse[]): readonly Chart[] {
  const repeated = scores.filter(({ points }) => points.length > 1);
  const telling = repeated.filter(({ meaning }) => meaning !== undefined);
  return [...telling, ...repeated.filter((one) => !telling.includes(one))].slice(0, MOST_CHARTS).map(chartOf);
}

function chartOf({ name, low, high, points, reading }: ScoreCourse): Chart {
  const [first, last] = [points[0]!, points.at(-1)!];
  const span = last.atMs - first.atMs || 1;
  const across = WIDTH - LEFT - RIGHT;
  const placed = points.map(({ atMs, value, date }, at) => ({
    x: round(LEFT + 12 + ((atMs - first.atMs) / span) * (across - 12)),
    y: round(BOTTOM - ((value - low) / (high - low || 1)) * (BOTTOM - TOP)),
    value: figure(value),
    date,
    anchor: anchorOf(at, points.length),
  }));
  const said = points.map(({ value, date }) => `${figure(value)} on ${date}`).join(', ');
  return {
    name,
    width: WIDTH,
    height: HEIGHT,
    axis: { x: LEFT, top: TOP, bottom: BOTTOM, high: figure(high), low: figure(low) },
    points: placed,
    description: `${name}, from ${figure(low)} to ${figure(high)}${reading ? `, ${reading}` : ''}: ${said}.`,
  };
}

function anchorOf(at: number, count: number): 'start' | 'middle' | 'end' {
  if (at === 0) return 'start';
  return at === count - 1 ? 'end' : 'middle';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
