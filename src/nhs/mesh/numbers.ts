/** Turns content that is too large to be searched in the store into the NHS numbers in it, by which an erasure finds it. */
import { type NhsNumber, parseNhsNumber } from '../../fhir/identifiers.ts';
import type { Content } from './chunks.ts';

const PART = 1_048_576;
/** A number with its spaces or hyphens, and a sign to either side, is whole in one part or the next. */
const OVERLAP = 14;
const NUMBER = /(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)/g;

/** @returns each number once; none of what is compressed, as in a spreadsheet */
export async function numbersIn(content: Content): Promise<readonly NhsNumber[]> {
  const found = new Set<NhsNumber>();
  for (let start = 0; start < content.bytes; start += PART - OVERLAP) {
    const part = await content.slice(start, Math.min(start + PART, content.bytes));
    for (const [text] of Buffer.from(part).toString('latin1').matchAll(NUMBER)) {
      const number = parseNhsNumber(text);
      if (number !== undefined) found.add(number);
    }
  }
  return [...found];
}
