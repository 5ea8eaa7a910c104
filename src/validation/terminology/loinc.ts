/** Tells what is certain of a LOINC code without LOINC: its form and its check digit. */
import type { Told } from './part.ts';

/** Terms are `1234-5`; parts, answers, answer lists and groups have a prefix. */
const FORM = /^(L[PALG])?(\d{1,9})-(\d)$/;
/** Hierarchy codes from outside LOINC, and names of imported ones. */
const FOREIGN = /^[A-Z]{2,}\d+$/;

/**
 * @returns false for what is no LOINC code; undefined for all else, for LOINC itself is not here
 * @source LOINC Users' Guide: the check digit is that of Luhn
 */
export function loincTold(code: string): Told {
  const match = FORM.exec(code.toUpperCase());
  if (!match) return FOREIGN.test(code.toUpperCase()) ? undefined : false;
  const [, prefix, digits = '', check] = match;
  if (prefix !== undefined) return undefined;
  return luhnDigit(digits) === Number(check) ? undefined : false;
}

/** @returns the digit that makes the sum a multiple of ten, every second one from the right doubled */
function luhnDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
