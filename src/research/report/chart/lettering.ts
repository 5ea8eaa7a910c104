/** Turns text into lines that fit a width, by how wide its letters are at most. */

/** Size of all text in a chart, in pixels. */
export const TEXT_SIZE = 14;
export const LINE_HEIGHT = 17;

/** In thousandths of the size, as wide as in the widest of the usual fonts without serifs, so that no text is cut where Arial is not there. */
const WIDTHS: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ijl.,:;'|! ]/, 340],
  [/[ftrI()[\]]/, 420],
  [/[mwMW%@—]/, 980],
  [/[A-Z&+=<>\u2212]/, 790],
];
const OTHER_WIDTH = 640;

/** @returns pixels that the text takes at most */
export function textWidth(text: string, size = TEXT_SIZE): number {
  let width = 0;
  for (const letter of text) width += WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? OTHER_WIDTH;
  return (width * size) / 1_000;
}

/** @returns lines, broken between words, and within a word that is wider than a line */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((one) => pieces(one, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const made: string[] = [];
  let piece = '';
  for (const letter of word) {
    if (piece !== '' && textWidth(piece + letter) > width) {
      made.push(piece);
      piece = '';
    }
    piece += letter;
  }
  return [...made, piece];
}
