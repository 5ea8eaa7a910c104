/** The conversions of FHIRPath: `toX` gives undefined where a value does not convert. */
import { EvaluationFault } from './fault.ts';
import { amountIn, Quantity, quantityOf, quantityText, tidy } from './quantity.ts';
import { parseTemporal, Temporal } from './temporal.ts';

const QUANTITY_TEXT =
  /^([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|(years?|months?|weeks?|days?|hours?|minutes?|seconds?|milliseconds?))?$/;
const CALENDAR_WORD = /^(?:year|month|week|day|hour|minute|second|millisecond)s?$/;
const TRUE = new Set(['true', 't', 'yes', 'y', '1', '1.0']);
const FALSE = new Set(['false', 'f', 'no', 'n', '0', '0.0']);

export function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value === 1 ? true : value === 0 ? false : undefined;
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

export function toInteger(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined;
}

export function toDecimal(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** FHIR elements that are no primitive do not convert, but for quantities. */
export function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(value);
  if (value instanceof Temporal) return value.text;
  const quantity = quantityOf(value);
  return quantity && quantityText(quantity);
}

export function toDate(value: unknown): Temporal | undefined {
  if (value instanceof Temporal) return value.kind === 'Time' ? undefined : dateOf(value);
  if (typeof value !== 'string') return undefined;
  const dateTime = parseTemporal(value, 'DateTime');
  return dateTime && dateOf(dateTime);
}

export function toDateTime(value: unknown): Temporal | undefined {
  if (typeof value === 'string') return parseTemporal(value, 'DateTime');
  if (!(value instanceof Temporal) || value.kind === 'Time') return undefined;
  return value.kind === 'DateTime' ? value : parseTemporal(value.text, 'DateTime');
}

export function toTime(value: unknown): Temporal | undefined {
  if (typeof value === 'string') return parseTemporal(value, 'Time');
  return value instanceof Temporal && value.kind === 'Time' ? value : undefined;
}

/** @param unit UCUM code or calendar word that the result is converted to; empty where it cannot be */
export function toQuantity(value: unknown, unit?: unknown): Quantity | undefined {
  const quantity = readQuantity(value);
  if (unit === undefined || unit === null) return quantity;
  if (typeof unit !== 'string') throw new EvaluationFault('the unit of toQuantity is no text');
  if (!quantity || quantity.unit === unit) return quantity;
  const calendar = CALENDAR_WORD.test(unit);
  const amount = amountIn(quantity, new Quantity(1, unit, calendar));
  return amount === undefined ? undefined : new Quantity(tidy(amount), unit, calendar);
}

function readQuantity(value: unknown): Quantity | undefined {
  if (typeof value === 'boolean') return new Quantity(value ? 1 : 0, '1', false);
  if (typeof value !== 'string') return quantityOf(value);
  const match = QUANTITY_TEXT.exec(value);
  if (!match) return undefined;
  const [, amount, code, word] = match;
  return new Quantity(Number(amount), code ?? word ?? '1', word !== undefined);
}

function dateOf(value: Temporal): Temporal | undefined {
  return value.kind === 'Date' ? value : parseTemporal(value.text.split('T', 1)[0]!, 'Date');
}

/** Converts without an exponent: FHIRPath has none. */
function numberText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return value
    .toFixed(Math.min(100, Math.max(0, Number(text.split('e')[1]) * -1 + 17)))
    .replace(/\.?0+$/, '');
}

/** Whether `value` converts: empty for empty. */
export function converts(
  value: unknown,
  convert: (value: unknown, unit?: unknown) => unknown,
  unit?: unknown,
): boolean | undefined {
  return value === undefined || value === null ? undefined : convert(value, unit) !== undefined;
}
