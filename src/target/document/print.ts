/** Turns text into what the standard fonts of a PDF can show: letters they lack go without their marks. */
import { plainLetters } from '../../wire/plain-letters.ts';

/** Beyond Latin-1, what the encoding of the standard fonts has. @source ISO 32000-1, D.2 (WinAnsiEncoding) */
const BEYOND = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');
const SPACES: Readonly<Record<string, string>> = { '\u00a0': ' ', '\t': ' ' };
const LATIN = /^[ -~\n\u00a1-\u00ff]$/;

/** @returns the text, with `?` for each letter of another script */
export function printable(text: string): string {
  let shown = '';
  for (const letter of text.normalize('NFC')) {
    if (LATIN.test(letter) || BEYOND.has(letter)) shown += letter;
    else shown += SPACES[letter] ?? bare(letter);
  }
  return shown;
}

function bare(letter: string): string {
  const base = plainLetters(letter);
  return [...base].every((one) => LATIN.test(one)) ? base : '?';
}
