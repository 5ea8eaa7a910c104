/** Decides whether values and collections are equal, equivalent or ordered. */
import { EvaluationFault } from './fault.ts';
import { Item, unbox } from './item.ts';
import { visit } from './limits.ts';
import { amountIn, compareQuantity, definite, Quantity, quantityOf, tidy } from './quantity.ts';
import { compareTemporal, guessTemporal, parseTemporal, Temporal } from './temporal.ts';

type Values = readonly unknown[];

/** `=` of collections: same length, same order; empty when either is empty. */
export function equal(left: Values, right: Values): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  if (left.length !== right.length) return false;
  visit(left.length);
  let open = false;
  for (let i = 0; i < left.length; i++) {
    const same = equalOne(left[i], right[i]);
    if (same === false) return false;
    if (same === undefined) open = true;
  }
  return open ? undefined : true;
}

/** `=` of two values; undefined where precisions or units leave it open. */
export function equalOne(left: unknown, right: unknown): boolean | undefined {
  if (left === right) return true;
  if (left instanceof Item || right instanceof Item) return equalOne(unbox(left), unbox(right));
  if (left instanceof Temporal || right instanceof Temporal) return equalTemporal(left, right);
  if (left instanceof Quantity || right instanceof Quantity) return equalQuantity(left, right);
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  return equalObject(left, right, equalOne);
}

/** `=` that tells equal from the rest: what distinct, union, `in` and the like need. */
export function same(left: unknown, right: unknown): boolean {
  return equalOne(left, right) === true;
}

/** `~` of collections: the order does not matter; two empty ones are equivalent. */
export function equivalent(left: Values, right: Values): boolean {
  if (left.length !== right.length) return false;
  visit(left.length * right.length);
  const rest = [...right];
  for (const item of left) {
    const at = rest.findIndex((other) => equivalentOne(item, other));
    if (at < 0) return false;
    rest.splice(at, 1);
  }
  return true;
}

/** `~` of two values: text without case and spacing, numbers at the lesser precision. */
export function equivalentOne(leftItem: unknown, rightItem: unknown): boolean {
  const left = unbox(leftItem);
  const right = unbox(rightItem);
  if (left === right) return true;
  if (typeof left === 'string' && typeof right === 'string') return loose(left) === loose(right);
  if (typeof left === 'number' && typeof right === 'number') return equivalentNumbers(left, right);
  if (left instanceof Temporal || right instanceof Temporal) return equalTemporal(left, right) === true;
  if (left instanceof Quantity || right instanceof Quantity) return equivalentQuantities(left, right);
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  return equalObject(left, right, equivalentOne) === true;
}

/**
 * Orders two values for `<`, `<=`, `>` and `>=`.
 * @returns negative, 0, positive; undefined when either is empty, or precision or units leave it open
 * @throws EvaluationFault when the values are of kinds that have no order between them
 */
export function order(left: unknown, right: unknown): number | undefined {
  if (left === undefined || right === undefined || left === null || right === null) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (left instanceof Temporal || right instanceof Temporal) return orderTemporal(left, right);
  if (typeof left === 'string' && typeof right === 'string') return orderText(left, right);
  const a = quantityOf(left);
  const b = quantityOf(right);
  if (a && b) return compareQuantity(a, b);
  throw new EvaluationFault(
    'values that have no order are compared; compare numbers, texts, dates or quantities of one kind',
  );
}

/** @returns the temporal value of a string or a Temporal, undefined for all else */
export function temporalOf(value: unknown, kind?: Temporal['kind']): Temporal | undefined {
  if (value instanceof Temporal) return value;
  if (typeof value !== 'string') return undefined;
  if (kind === 'Time') return parseTemporal(value, 'Time');
  return parseTemporal(value, 'DateTime') ?? parseTemporal(value, 'Time');
}

function orderTemporal(left: unknown, right: unknown): number | undefined {
  const a = temporalOf(left);
  const b = temporalOf(right);
  if (!a || !b) throw new EvaluationFault('a date or time is compared with what is none');
  return compareTemporal(a, b);
}

/** Strings of JSON may be dates: two that look like dates are compared as dates, all others by code unit. */
function orderText(left: string, right: string): number | undefined {
  const a = guessTemporal(left);
  const b = a && guessTemporal(right);
  if (a && b && (a.kind === 'Time') === (b.kind === 'Time')) return compareTemporal(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

function equalTemporal(left: unknown, right: unknown): boolean | undefined {
  const a = temporalOf(left);
  const b = temporalOf(right);
  if (!a || !b || (a.kind === 'Time') !== (b.kind === 'Time')) return false;
  const ordered = compareTemporal(a, b);
  return ordered === undefined ? undefined : ordered === 0;
}

function equalQuantity(left: unknown, right: unknown): boolean | undefined {
  const a = quantityOf(left);
  const b = quantityOf(right);
  if (!a || !b) return false;
  const ordered = compareQuantity(a, b);
  if (ordered !== undefined) return ordered === 0;
  return a.calendar !== b.calendar ? undefined : false;
}

function equivalentQuantities(left: unknown, right: unknown): boolean {
  const [a, b] = [quantityOf(left), quantityOf(right)].map((quantity) => quantity && definite(quantity));
  if (!a || !b) return false;
  if (a.unit === b.unit) return equivalentNumbers(a.value, b.value);
  const there = amountIn(a, b);
  const back = amountIn(b, a);
  if (there === undefined || back === undefined) return false;
  // in the coarser unit, where the lesser precision leaves more room
  const [one, other] = Math.abs(there) <= Math.abs(a.value) ? [there, b.value] : [back, a.value];
  const digits = Math.min(decimals(a.value), decimals(b.value));
  return roundTo(tidy(one), digits) === roundTo(other, digits);
}

function equivalentNumbers(left: number, right: number): boolean {
  const digits = Math.min(decimals(left), decimals(right));
  return roundTo(left, digits) === roundTo(right, digits);
}

function decimals(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(exponent));
}

function roundTo(value: number, digits: number): number {
  if (digits > 15 || !Number.isFinite(value)) return value;
  return Number(`${Math.round(tidy(value * 10 ** digits))}e${-digits}`);
}

function loose(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

function equalObject(
  left: object,
  right: object,
  compare: (a: unknown, b: unknown) => boolean | undefined,
): boolean | undefined {
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const names = Object.keys(left);
  visit(names.length);
  if (names.length !== Object.keys(right).length) return false;
  let open = false;
  for (const name of names) {
    if (!Object.hasOwn(right, name)) return false;
    const verdict = compare(
      (left as Record<string, unknown>)[name],
      (right as Record<string, unknown>)[name],
    );
    if (verdict === false) return false;
    if (verdict === undefined) open = true;
  }
  return open ? undefined : true;
}
