/** Turns text of names and addresses into what a search by it compares: without case, accents and punctuation. */
import { indexText } from './index-text.ts';

/** UTF-16 units of a text that are indexed: 1,000 bytes at most. */
const LONGEST_UNITS = 250;

/** @returns the text folded: "Zoë O'Brien-Smith" is "zoe obrien smith" */
export function folded(text: string): string {
  return text
    .slice(0, LONGEST_UNITS)
    .toWellFormed()
    .normalize('NFKD')
    .replaceAll(/[\p{M}'’`]/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_UNITS)
    .toWellFormed();
}

/**
 * What tells texts apart that are folded alike, in few bytes.
 * @returns nothing for text that is written as most names are, each word with a capital
 */
export function writtenAs(text: string): string {
  return text === folded(text).replaceAll(/(^| )\p{L}/gu, (first) => first.toUpperCase())
    ? ''
    : indexText(text);
}

/** Greater than every text that begins with `start`. */
export function afterAll(start: string): string {
  return `${start}\u{10FFFF}`;
}
