/** Quantities: an amount with a UCUM or calendar unit, compared and calculated across units that measure the same. */
import { EvaluationFault } from './fault.ts';
import { convert, productOf, unitOf } from './units.ts';

export const UCUM = 'http://unitsofmeasure.org';

/** A FHIRPath Quantity. */
export class Quantity {
  readonly value: number;
  /** UCUM code, or a calendar word as written (`days`) */
  readonly unit: string;
  readonly calendar: boolean;

  constructor(value: number, unit: string, calendar: boolean) {
    this.value = value;
    this.unit = unit;
    this.calendar = calendar;
  }
}

/** Calendar words of definite length, and their UCUM codes; month and year equal no UCUM unit. */
const CALENDAR: Readonly<Record<string, string>> = {
  week: 'wk',
  day: 'd',
  hour: 'h',
  minute: 'min',
  second: 's',
  millisecond: 'ms',
};

/** @returns the quantity of a FHIRPath or FHIR value; a FHIR one counts by its code, else by its unit */
export function quantityOf(value: unknown): Quantity | undefined {
  if (value instanceof Quantity) return value;
  if (typeof value === 'number') return new Quantity(value, '1', false);
  if (typeof value !== 'object' || value === null) return undefined;
  const { value: amount, code, unit, system } = value as Record<string, unknown>;
  if (typeof amount !== 'number') return undefined;
  if (typeof code === 'string' && (system === undefined || system === UCUM))
    return new Quantity(amount, code, false);
  return new Quantity(amount, typeof code === 'string' ? code : typeof unit === 'string' ? unit : '1', false);
}

/** @returns the FHIR form: UCUM units carry system and code */
export function toFhirQuantity(quantity: Quantity): Record<string, unknown> {
  const { value, unit, calendar } = quantity;
  return calendar ? { value, unit } : { value, unit, system: UCUM, code: unit };
}

/** @returns `1 'wk'`, or `1 week` for calendar units */
export function quantityText(quantity: Quantity): string {
  return quantity.calendar ? `${quantity.value} ${quantity.unit}` : `${quantity.value} '${quantity.unit}'`;
}

/** @returns negative, 0, positive, or undefined when the units do not measure the same or one is not known */
export function compareQuantity(a: Quantity, b: Quantity): number | undefined {
  if (unitKey(a) === unitKey(b)) return a.value - b.value;
  const inOther = amountIn(a, b);
  if (inOther === undefined) return undefined;
  const isNear = Math.abs(inOther - b.value) <= 1e-12 * Math.max(Math.abs(inOther), Math.abs(b.value));
  return isNear ? 0 : inOther - b.value;
}

/** @returns true when both measure the same; undefined when a unit is not known */
export function comparable(a: Quantity, b: Quantity): boolean | undefined {
  if (unitKey(a) === unitKey(b)) return true;
  if (monthsOf(a) !== undefined || monthsOf(b) !== undefined)
    return monthsOf(a) !== undefined && monthsOf(b) !== undefined;
  const from = unitOf(unitKey(a));
  const to = unitOf(unitKey(b));
  return from && to && from.dimension === to.dimension;
}

/** @returns the first one's amount in the second one's unit; undefined when they do not measure the same */
export function amountIn(a: Quantity, b: Quantity): number | undefined {
  if (unitKey(a) === unitKey(b)) return a.value;
  const months = monthsOf(a);
  const others = monthsOf(b);
  if (months !== undefined && others !== undefined) return (a.value * months) / others;
  if (months !== undefined || others !== undefined) return undefined;
  const from = unitOf(unitKey(a));
  const to = unitOf(unitKey(b));
  return from && to && convert(a.value, from, to);
}

/** @returns the sum or difference in the first one's unit; undefined when they do not measure the same */
export function addQuantity(a: Quantity, b: Quantity, sign: 1 | -1): Quantity | undefined {
  const amount = amountIn(b, a);
  return amount === undefined ? undefined : new Quantity(tidy(a.value + sign * amount), a.unit, a.calendar);
}

/**
 * The product is written in base units, unless one side is a plain number.
 * @param sign 1 multiplies, -1 divides
 * @returns undefined for a division by zero
 * @throws EvaluationFault for a unit that is not known, or that has a zero of its own
 */
export function multiplyQuantity(a: Quantity, b: Quantity, sign: 1 | -1): Quantity | undefined {
  if (sign === -1 && b.value === 0) return undefined;
  const value = sign === 1 ? a.value * b.value : a.value / b.value;
  if (b.unit === '1') return new Quantity(tidy(value), a.unit, a.calendar);
  if (a.unit === '1' && sign === 1) return new Quantity(tidy(value), b.unit, b.calendar);
  if (unitKey(a) === unitKey(b) && sign === -1) return new Quantity(tidy(value), '1', false);
  const [left, right] = [unitOf(unitKey(a)), unitOf(unitKey(b))];
  if (!left || !right || left.isScale || right.isScale)
    throw new EvaluationFault(
      'a quantity is multiplied or divided whose unit is not known, or has a zero of its own',
    );
  const factor = sign === 1 ? left.factor * right.factor : left.factor / right.factor;
  return new Quantity(tidy(value * factor), productOf(left, right, sign) || '1', false);
}

/** @returns the number without the noise of binary fractions: 15 significant digits */
export function tidy(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

/** @returns the quantity in the UCUM unit that FHIRPath calls equivalent to its calendar unit: `1 year ~ 1 'a'` */
export function definite(quantity: Quantity): Quantity {
  if (!quantity.calendar) return quantity;
  const months = monthsOf(quantity);
  const code = months === 12 ? 'a' : months === 1 ? 'mo' : unitKey(quantity);
  return new Quantity(quantity.value, code, false);
}

/** The UCUM code; months and years of the calendar have none. */
function unitKey(quantity: Quantity): string {
  if (!quantity.calendar) return quantity.unit;
  const word = quantity.unit.replace(/s$/, '');
  return CALENDAR[word] ?? `calendar ${word}`;
}

/** @returns how many months one of a calendar unit is: they equal no UCUM `mo` and `a`, which are so many seconds */
function monthsOf(quantity: Quantity): number | undefined {
  if (!quantity.calendar) return undefined;
  return /^years?$/.test(quantity.unit) ? 12 : /^months?$/.test(quantity.unit) ? 1 : undefined;
}
