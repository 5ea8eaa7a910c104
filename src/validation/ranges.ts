/** Holds a value against the least, the greatest and the longest that a definition allows. */
import type { ElementRules } from './element-rules.ts';

export type Range = Pick<ElementRules, 'minValue' | 'maxValue' | 'maxLength'>;

/** @returns false when the value is surely outside; quantities are compared in the same unit only */
export function isInRange(value: unknown, { minValue, maxValue, maxLength }: Range): boolean {
  if (maxLength !== undefined && typeof value === 'string' && value.length > maxLength) return false;
  return !isLess(value, minValue) && !isLess(maxValue, value);
}

function isLess(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one < other;
  if (typeof one === 'string' && typeof other === 'string') return isEarlier(one, other);
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  const [left, right] = [one, other] as { value?: unknown; code?: unknown; unit?: unknown }[];
  return (left?.code ?? left?.unit) === (right?.code ?? right?.unit) && isLess(left?.value, right?.value);
}

/** Dates of different precision are compared as far as both go. */
function isEarlier(one: string, other: string): boolean {
  const hasTimes = one.includes('T') && other.includes('T');
  if (hasTimes) return Date.parse(one) < Date.parse(other);
  const length = Math.min(one.length, other.length);
  return one.slice(0, length) < other.slice(0, length);
}
