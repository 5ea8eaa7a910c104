/** The functions on precision: boundaries of a value, how many digits it has, and what compares with what. */
import { comparable as comparableUnits, Quantity, quantityOf } from './quantity.ts';
import { daysInMonth, fromFields, guessTemporal, parseTemporal, Temporal } from './temporal.ts';

/** @returns whether both quantities measure the same */
export function comparable(left: unknown, right: unknown): boolean | undefined {
  const a = quantityOf(left);
  const b = quantityOf(right);
  return a && b ? (comparableUnits(a, b) ?? false) : undefined;
}

/** @param written the number as the expression writes it */
export function precision(given: unknown, written?: string): number | undefined {
  const value = typeof given === 'string' ? guessTemporal(given) : given;
  if (typeof value === 'number') return decimalsOf(written ?? String(value));
  if (value instanceof Temporal)
    return value.text.replace(/(?:Z|[+-]\d\d:\d\d)$/, '').replaceAll(/\D/g, '').length;
  return undefined;
}

export function lowBoundary(value: unknown, digits?: unknown, written?: string): unknown {
  return boundary(value, digits, written, -1);
}

export function highBoundary(value: unknown, digits?: unknown, written?: string): unknown {
  return boundary(value, digits, written, 1);
}

/** Text may be a date of a record that has no types. */
function boundary(given: unknown, digits: unknown, written: string | undefined, side: 1 | -1): unknown {
  const value = typeof given === 'string' ? guessTemporal(given) : given;
  const places = typeof digits === 'number' ? digits : undefined;
  if (typeof value === 'number') return numberBoundary(value, places ?? 8, writtenAs(value, written), side);
  if (value instanceof Temporal) return temporalBoundary(value, places, side);
  const end = endOfPeriod(value, side);
  if (end) return temporalBoundary(end, places, side);
  const quantity = quantityOf(value);
  if (!quantity) return undefined;
  const bound = numberBoundary(quantity.value, places ?? 8, written ?? String(quantity.value), side);
  return bound === undefined ? undefined : new Quantity(bound, quantity.unit, quantity.calendar);
}

/** What stands for the text of a FHIR decimal. */
export const AS_DECIMAL = 'decimal';

/** JSON numbers keep no trailing zeros: a decimal that is whole is taken as written with one. */
function writtenAs(value: number, written: string | undefined): string {
  if (written !== AS_DECIMAL) return written ?? String(value);
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Of a Period, the start as its low side and the end as its high; an open side has no bound. */
function endOfPeriod(value: unknown, side: 1 | -1): Temporal | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { start, end } = value as { start?: unknown; end?: unknown };
  const text = side === -1 ? start : end;
  return typeof text === 'string' ? parseTemporal(text, 'DateTime') : undefined;
}

/** Half a step of the last written digit below or above, cut to `places` away from the value. */
function numberBoundary(value: number, places: number, written: string, side: 1 | -1): number | undefined {
  if (places < 0 || places > 28 || !Number.isInteger(places)) return undefined;
  const half = 0.5 * 10 ** -decimalsOf(written);
  const scale = 10 ** Math.min(places, 15);
  const scaled = Number(((value + side * half) * scale).toPrecision(15));
  return (side === 1 ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
}

function decimalsOf(written: string): number {
  return written.split('.')[1]?.length ?? 0;
}

/** How many fields a number of digits stands for. */
const DATE_FIELDS: Readonly<Record<number, number>> = { 4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6 };
const TIME_FIELDS: Readonly<Record<number, number>> = { 2: 1, 4: 2, 6: 3, 9: 3 };
/** The zones in which a local time comes first and last. */
const FIRST_OFFSET = 14 * 60;
const LAST_OFFSET = -12 * 60;

function temporalBoundary(value: Temporal, digits: number | undefined, side: 1 | -1): Temporal | undefined {
  const isTime = value.kind === 'Time';
  const places = digits ?? (isTime ? 9 : value.kind === 'Date' ? 8 : 17);
  const wanted = (isTime ? TIME_FIELDS : DATE_FIELDS)[places];
  if (wanted === undefined) return undefined;
  const fields = [...value.fields];
  const clockAt = isTime ? 0 : 3;
  while (fields.length < wanted) fields.push(edge(fields, clockAt, side));
  const cut = fields.slice(0, wanted);
  const toMs = places === 17 || (isTime && places === 9);
  if (toMs && side === 1 && !/:\d\d\./.test(value.text)) cut[cut.length - 1]! += 0.999;
  if (!toMs && cut.length === clockAt + 3) cut[cut.length - 1] = Math.floor(cut.at(-1)!);
  const offset = value.offset ?? (side === 1 ? LAST_OFFSET : FIRST_OFFSET);
  return fromFields(
    isTime ? 'Time' : wanted > 3 ? 'DateTime' : 'Date',
    cut,
    wanted > 3 && !isTime ? offset : undefined,
    toMs ? 3 : 0,
  );
}

function edge(fields: readonly number[], clockAt: number, side: 1 | -1): number {
  const at = fields.length - clockAt;
  if (at >= 0) return side === -1 ? 0 : at === 0 ? 23 : 59;
  if (side === -1) return 1;
  return fields.length === 1 ? 12 : daysInMonth(fields[0]!, fields[1]!);
}
