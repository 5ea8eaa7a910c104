/** Turns a list of codes of one system into a set that compares as the system does: by case, without case, or unsure. */

/** `unsure` where the system does not say: a code that differs in case alone is then neither in the set nor surely not. */
export type Match = 'exact' | 'any-case' | 'unsure';

/** What a Set of codes and a Map from codes have in common, so that a set can share the table of its system. */
export interface Codes {
  readonly size: number;
  has(code: string): boolean;
  keys(): IterableIterator<string>;
}

/** Codes of one system. */
export class CodeSet {
  readonly codes: Codes;
  readonly match: Match;
  /** lower-case forms of the codes that are not lower case; made when the first code is not found as written */
  #folded: Set<string> | undefined;

  constructor(codes: Codes, match: Match) {
    this.codes = codes;
    this.match = match;
  }

  /** @returns undefined where only the case differs, and the system may or may not mind */
  has(code: string): boolean | undefined {
    if (this.codes.has(code)) return true;
    if (this.match === 'exact' || !this.#hasInOtherCase(code)) return false;
    return this.match === 'any-case' ? true : undefined;
  }

  #hasInOtherCase(code: string): boolean {
    const lower = code.toLowerCase();
    if (lower !== code && this.codes.has(lower)) return true;
    this.#folded ??= foldedOf(this.codes);
    return this.#folded.has(lower);
  }
}

function foldedOf(codes: Codes): Set<string> {
  const folded = new Set<string>();
  for (const code of codes.keys()) {
    const lower = code.toLowerCase();
    if (lower !== code) folded.add(lower);
  }
  return folded;
}
