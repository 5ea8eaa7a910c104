/** Turns a counter into NHS numbers of the 999 range, which is never issued to anybody. */

/**
 * The nth NHS number of the test range.
 * @param n 0 to 499,999
 * @returns ten bare digits, valid under Modulus 11: 9990000018, 9990000026, 9990000042 …
 */
export function testNhsNumber(n: number): string {
  // the sums of two stems that follow each other differ by 2, so at most one of a pair lacks a check digit
  for (const stem of [2 * n, 2 * n + 1].map((i) => `999${String(i).padStart(6, '0')}`)) {
    const sum = [...stem].reduce((total, digit, at) => total + Number(digit) * (10 - at), 0);
    const check = (11 - (sum % 11)) % 11;
    if (check !== 10) return `${stem}${check}`;
  }
  throw new RangeError(`no NHS number for ${n}`);
}

/** @param digits ten bare digits @returns in groups of 3, 3 and 4, as people write it */
export function spacedNhsNumber(digits: string): string {
  return `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
}
