/** Turns text into what an index keeps of it: itself, or a digest where it is too long for a row of one. */
import { digestOfText } from '../fhir/digest.ts';

/**
 * PostgreSQL keeps an index row of 2,704 bytes at most, and a row holds up to two such texts.
 * @source PostgreSQL documentation, 67.4 (a third of a page)
 */
export const LONGEST_INDEXED_BYTES = 1_000;
/** No text of so few UTF-16 units is longer in UTF-8. */
const SHORT_UNITS = LONGEST_INDEXED_BYTES / 4;

/**
 * The same on writing and on looking up, so that a long code is still found by itself.
 * @param text a code, a system, a reference
 */
export function indexText(text: string): string {
  if (text.length <= SHORT_UNITS && isKeepable(text)) return text;
  return isKeepable(text) && Buffer.byteLength(text) <= LONGEST_INDEXED_BYTES
    ? text
    : `sha256:${digestOfText(text)}`;
}

/** @returns whether every engine keeps the text as it is: PostgreSQL has no U+0000, and UTF-8 no half of a surrogate pair */
export function isKeepable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
