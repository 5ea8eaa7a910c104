/** Turns numbers and quantities of a search into the ranges that their written precision stands for. */
import type { NumberValue, Prefix, QuantityValue } from '../../store/store.ts';
import { prefixOf, splitBars } from './values.ts';

/** Sign, whole part, decimals and exponent of a decimal. */
const DECIMAL = /^[+-]?\d{1,18}(?:\.(\d{1,18}))?(?:[eE]([+-]?\d{1,2}))?$/;
/** `ap`: within a tenth of the value. @source FHIR R4, 3.1.1.4.5 */
const NEARLY = 0.1;

/**
 * `100` is 99.5 to 100.5, `100.00` is 99.995 to 100.005, `1e2` is 95 to 105; after a prefix that compares, the number is
 * the very number.
 * @param text a decimal, with a prefix or none: `5.40`, `ge100`
 * @source FHIR R4, 3.1.1.4.6
 */
export function numberOf(text: string): NumberValue | undefined {
  const [prefix, written] = prefixOf(text.trim());
  const parts = DECIMAL.exec(written.trim());
  const value = Number(written);
  if (!parts || !Number.isFinite(value)) return undefined;
  const [, decimals = '', exponent] = parts;
  const range = rangeOf(prefix, value, { decimals: decimals.length, exponent });
  return { prefix, ...range };
}

/** @param text `5.4`, `5.4|http://unitsofmeasure.org|mg` or `5.4||mg`, with a prefix or none @source FHIR R4, 3.1.1.4.11 */
export function quantityOf(text: string): QuantityValue | undefined {
  const [number = '', system = '', code = '', ...rest] = splitBars(text);
  const value = numberOf(number);
  if (!value || rest.length > 0 || (system !== '' && code === '')) return undefined;
  return { ...value, ...(system === '' ? {} : { system }), ...(code === '' ? {} : { code }) };
}

function rangeOf(
  prefix: Prefix,
  value: number,
  { decimals, exponent }: { readonly decimals: number; readonly exponent: string | undefined },
): { readonly low: number; readonly high: number } {
  const near = prefix === 'ap' ? Math.abs(value) * NEARLY : 0;
  if (prefix !== 'eq' && prefix !== 'ne') {
    return near === 0 ? { low: value, high: value } : { low: tidy(value - near), high: tidy(value + near) };
  }
  const half = 5 * 10 ** (exponent === undefined ? -decimals - 1 : Number(exponent) - decimals - 2);
  return { low: tidy(value - half), high: tidy(value + half) };
}

/** 0.1 + 0.05 is 0.15 here, as it is on paper. */
function tidy(value: number): number {
  return Number(value.toPrecision(15));
}
