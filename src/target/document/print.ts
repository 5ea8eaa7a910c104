/** Turns text into what the standard fonts of a PDF can show: letters they lack go without their marks. */

/** Beyond Latin-1, what the encoding of the standard fonts has. @source ISO 32000-1, D.2 (WinAnsiEncoding) */
const BEYOND = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');
/** Letters that are no letter with a mark. */
const PLAIN: Readonly<Record<string, string>> = {
  Ł: 'L',
  ł: 'l',
  Đ: 'D',
  đ: 'd',
  ı: 'i',
  Ħ: 'H',
  ħ: 'h',
  '−': '-',
  '\u2010': '-',
  '\u2011': '-',
  '\u00a0': ' ',
  '\t': ' ',
};
const LATIN = /^[ -~\n\u00a1-\u00ff]$/;
const MARKS = /\p{M}+/gu;

/** @returns the text, with `?` for each letter of another script */
export function printable(text: string): string {
  let shown = '';
  for (const letter of text.normalize('NFC')) {
    if (LATIN.test(letter) || BEYOND.has(letter)) shown += letter;
    else shown += PLAIN[letter] ?? bare(letter);
  }
  return shown;
}

function bare(letter: string): string {
  const base = letter.normalize('NFD').replaceAll(MARKS, '');
  return LATIN.test(base) ? base : base === '' ? '' : '?';
}
