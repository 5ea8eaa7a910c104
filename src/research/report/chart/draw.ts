/** Turns a chart's specification into SVG that says what it shows, with no name in it that another chart has. */
import { escaped } from '../../../target/document/html.ts';
import { PAPER, QUIET } from './ink.ts';
import type { ChartSpec } from './parts.ts';

export interface Picture {
  readonly spec: ChartSpec;
  /** what a screen reader says first */
  readonly title: string;
  /** what is to be seen, in words */
  readonly description: string;
}

/** @param id of the chart in the page @returns the same bytes for the same picture, on every machine */
export async function drawn({ spec, title, description }: Picture, id: string): Promise<string> {
  const { parse, View } = await import('vega');
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG();
  const inside = svg
    .replace(/^<svg[^>]*>/, '')
    .replaceAll(NOT_SHOWN, '')
    .replaceAll(SAID_OTHERWISE, '')
    .replaceAll(PLACE, (_, name: string, value: string) => ` ${name}="${rounded(value)}"`)
    .replaceAll('url(#hatch)', `url(#${id}-hatch)`);
  const { width, height } = spec;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-title ${id}-desc" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title id="${id}-title">${escaped(title)}</title><desc id="${id}-desc">${escaped(description)}</desc>${hatch(id)}${inside}`;
}

/** Vega's own roles: the picture is one image with a title, and its table says each number. */
const SAID_OTHERWISE = / (?:role|aria-[a-z]+|pointer-events|class)="[^"]*"/g;
/** Frames that nobody sees. */
const NOT_SHOWN = /<path class="(?:background|foreground)"[^>]*\/>/g;
const PLACE = / (d|transform|x2|y2)="([^"]*)"/g;

function rounded(place: string): string {
  return place.replaceAll(/-?\d+\.\d+(?:e-?\d+)?/g, (number) => String(Number(Number(number).toFixed(2))));
}

function hatch(id: string): string {
  return `<defs><pattern id="${id}-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="${PAPER}"/><rect width="2" height="8" fill="${QUIET}"/></pattern></defs>`;
}
