/** The arithmetic of FHIRPath on numbers, texts, quantities and dates. Each takes and gives undefined for empty. */
import { addToTemporal } from './calendar.ts';
import { EvaluationFault } from './fault.ts';
import { build } from './limits.ts';
import { addQuantity, multiplyQuantity, Quantity, quantityOf, tidy } from './quantity.ts';
import { guessTemporal, Temporal } from './temporal.ts';

const absent = (value: unknown): value is undefined | null => value === undefined || value === null;

function number(value: unknown): number | undefined {
  if (absent(value)) return undefined;
  if (typeof value !== 'number') throw new EvaluationFault('a number is expected');
  return value;
}

/** @returns undefined in place of what is no number: the result is empty */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? tidy(value) : undefined;
}

export function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'string' && typeof right === 'string') {
    build(left.length + right.length);
    return left + right;
  }
  return addSigned(left, right, 1);
}

export function subtract(left: unknown, right: unknown): unknown {
  return addSigned(left, right, -1);
}

function addSigned(left: unknown, right: unknown, sign: 1 | -1): unknown {
  if (absent(left) || absent(right)) return undefined;
  if (typeof left === 'number' && typeof right === 'number') return tidy(left + sign * right);
  const moved = typeof left === 'string' && typeof right === 'object' ? guessTemporal(left) : left;
  if (moved instanceof Temporal) {
    const by = typeof right === 'number' ? undefined : quantityOf(right);
    if (!by)
      throw new EvaluationFault('a date is moved by what is no quantity of time; write a unit, as in 7 days');
    return addToTemporal(moved, by, sign);
  }
  const a = quantityOf(left);
  const b = quantityOf(right);
  if (!a || !b) throw new EvaluationFault('values that cannot be added or subtracted');
  return addQuantity(a, b, sign);
}

export function multiply(left: unknown, right: unknown): unknown {
  return scale(left, right, 1);
}

export function divide(left: unknown, right: unknown): unknown {
  return scale(left, right, -1);
}

function scale(left: unknown, right: unknown, sign: 1 | -1): unknown {
  if (absent(left) || absent(right)) return undefined;
  if (typeof left === 'number' && typeof right === 'number')
    return finite(sign === 1 ? left * right : left / right);
  const a = quantityOf(left);
  const b = quantityOf(right);
  if (!a || !b) throw new EvaluationFault('values that cannot be multiplied or divided');
  return multiplyQuantity(a, b, sign);
}

export function div(left: unknown, right: unknown): number | undefined {
  const [a, b] = [number(left), number(right)];
  return a === undefined || b === undefined ? undefined : finite(Math.trunc(a / b));
}

export function mod(left: unknown, right: unknown): number | undefined {
  const [a, b] = [number(left), number(right)];
  return a === undefined || b === undefined ? undefined : finite(a % b);
}

/** @throws EvaluationFault for what is neither a number nor a quantity */
export function negate(value: unknown): unknown {
  if (absent(value)) return undefined;
  if (typeof value === 'number') return -value;
  const quantity = typeof value === 'object' ? quantityOf(value) : undefined;
  if (!quantity) throw new EvaluationFault('a sign stands before a value that is no number');
  return new Quantity(-quantity.value, quantity.unit, quantity.calendar);
}

export function abs(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    const quantity = quantityOf(value);
    if (quantity) return new Quantity(Math.abs(quantity.value), quantity.unit, quantity.calendar);
  }
  return onNumber(value, Math.abs);
}

function onNumber(value: unknown, run: (value: number) => number): number | undefined {
  const given = number(value);
  return given === undefined ? undefined : finite(run(given));
}

export function ceiling(value: unknown): number | undefined {
  return onNumber(value, Math.ceil);
}

export function floor(value: unknown): number | undefined {
  return onNumber(value, Math.floor);
}

export function truncate(value: unknown): number | undefined {
  return onNumber(value, Math.trunc);
}

export function exp(value: unknown): number | undefined {
  return onNumber(value, Math.exp);
}

export function ln(value: unknown): number | undefined {
  return onNumber(value, Math.log);
}

export function sqrt(value: unknown): number | undefined {
  return onNumber(value, Math.sqrt);
}

export function log(value: unknown, base: unknown): number | undefined {
  const of = number(base);
  return of === undefined ? undefined : onNumber(value, (given) => Math.log(given) / Math.log(of));
}

export function power(value: unknown, exponent: unknown): number | undefined {
  const to = number(exponent);
  return to === undefined ? undefined : onNumber(value, (given) => given ** to);
}

/** Half is rounded up, away from zero. @param digits after the point, default 0 */
export function round(value: unknown, digits?: unknown): number | undefined {
  const places = number(digits) ?? 0;
  if (places < 0 || !Number.isInteger(places))
    throw new EvaluationFault('round takes a number of digits from 0');
  const factor = 10 ** Math.min(places, 15);
  return onNumber(value, (given) => (Math.sign(given) * Math.round(tidy(Math.abs(given) * factor))) / factor);
}
