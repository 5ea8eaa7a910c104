/** Turns letters with marks, and letters of other Latin alphabets, into those that any system has. */

/** Letters that are no letter with a mark, and the signs of typesetters. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ Ł: 'L', ł: 'l', Đ: 'D', đ: 'd', Ø: 'O', ø: 'o', ß: 'ss', Æ: 'AE', æ: 'ae', Œ: 'OE', œ: 'oe' },
  ...{ ı: 'i', Ħ: 'H', ħ: 'h', Ð: 'D', ð: 'd', Þ: 'Th', þ: 'th' },
  ...{ '‘': "'", '’': "'", '“': '"', '”': '"', '\u2010': '-', '\u2011': '-', '–': '-', '—': '-', '−': '-' },
};

/** @returns the text without marks; letters of other scripts stay as they are */
export function plainLetters(text: string): string {
  const bare = text.normalize('NFD').replaceAll(/\p{Mark}/gu, '');
  return [...bare].map((letter) => PLAIN[letter] ?? letter).join('');
}
