/** Colours and patterns of the charts: each is told from its neighbours by how light it is, not by its hue alone. */

export const INK = '#212b32';
export const QUIET = '#4c6272';
export const GRID = '#d8dde0';
export const MAIN = '#005eb8';
export const PALE = '#aeb7bd';
export const DARK = '#7c2855';
export const PAPER = '#ffffff';

export type Tone = 'main' | 'pale' | 'dark';

/** What a part is filled with, and the colour of text upon it. */
export const TONES: Readonly<Record<Tone, { readonly fill: string; readonly text: string }>> = {
  main: { fill: MAIN, text: PAPER },
  pale: { fill: PALE, text: INK },
  dark: { fill: DARK, text: PAPER },
};

/** Stands in a specification for the pattern of what is suppressed; the name is made the chart's own when it is drawn. */
export const HATCH = 'url(#hatch)';

export const FONT = 'Arial, Helvetica, "Liberation Sans", sans-serif';
