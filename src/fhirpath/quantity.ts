/** Quantities: an amount with a UCUM or calendar unit, compared and calculated in base units where the unit is known. */
import { EvaluationFault } from './fault.ts';

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

/** Powers of the base units, by name, and how many of them one unit is. */
interface Dimension {
  readonly factor: number;
  readonly powers: Readonly<Record<string, number>>;
}

const UNITS: Readonly<Record<string, readonly [number, string]>> = {
  m: [1, 'm'],
  '[in_i]': [0.0254, 'm'],
  '[ft_i]': [0.3048, 'm'],
  '[yd_i]': [0.9144, 'm'],
  '[mi_i]': [1609.344, 'm'],
  g: [1, 'g'],
  t: [1_000_000, 'g'],
  '[lb_av]': [453.59237, 'g'],
  '[oz_av]': [28.349523125, 'g'],
  '[stone_av]': [6350.29318, 'g'],
  s: [1, 's'],
  min: [60, 's'],
  h: [3600, 's'],
  d: [86_400, 's'],
  wk: [604_800, 's'],
  mo: [2_629_800, 's'],
  a: [31_557_600, 's'],
  L: [0.001, 'm3'],
  l: [0.001, 'm3'],
  mol: [1, 'mol'],
  '%': [0.01, ''],
  '1': [1, ''],
  K: [1, 'K'],
  Pa: [1, 'Pa'],
  bar: [100_000, 'Pa'],
  'm[Hg]': [133_322.387415, 'Pa'],
  J: [1, 'J'],
  cal: [4.184, 'J'],
  '[IU]': [1, 'IU'],
};
const PREFIXES: Readonly<Record<string, number>> = {
  k: 1e3,
  h: 1e2,
  da: 1e1,
  d: 1e-1,
  c: 1e-2,
  m: 1e-3,
  u: 1e-6,
  n: 1e-9,
  p: 1e-12,
  M: 1e6,
  G: 1e9,
};
const METRIC = new Set(['m', 'g', 's', 'L', 'l', 'mol', 'Pa', 'bar', 'J', 'cal', 'K', 'm[Hg]']);
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
  const left = dimensionOf(a);
  const right = dimensionOf(b);
  if (!left || !right || powersKey(left) !== powersKey(right)) return undefined;
  const [x, y] = [a.value * left.factor, b.value * right.factor];
  return Math.abs(x - y) <= 1e-12 * Math.max(Math.abs(x), Math.abs(y)) ? 0 : x - y;
}

/** @returns true when both measure the same; undefined when a unit is not known */
export function comparable(a: Quantity, b: Quantity): boolean | undefined {
  if (unitKey(a) === unitKey(b)) return true;
  const left = dimensionOf(a);
  const right = dimensionOf(b);
  return left && right ? powersKey(left) === powersKey(right) : undefined;
}

/** @returns how many of the second one's unit one of the first one's is; undefined when they do not measure the same */
export function unitRatio(a: Quantity, b: Quantity): number | undefined {
  if (unitKey(a) === unitKey(b)) return 1;
  const left = dimensionOf(a);
  const right = dimensionOf(b);
  if (!left || !right || powersKey(left) !== powersKey(right)) return undefined;
  return left.factor / right.factor;
}

/** @returns the sum or difference in the first one's unit; undefined when they do not measure the same */
export function addQuantity(a: Quantity, b: Quantity, sign: 1 | -1): Quantity | undefined {
  if (unitKey(a) === unitKey(b)) return new Quantity(tidy(a.value + sign * b.value), a.unit, a.calendar);
  const left = dimensionOf(a);
  const right = dimensionOf(b);
  if (!left || !right || powersKey(left) !== powersKey(right)) return undefined;
  return new Quantity(tidy(a.value + (sign * b.value * right.factor) / left.factor), a.unit, a.calendar);
}

/** @param sign 1 multiplies, -1 divides @returns undefined for a division by zero @throws EvaluationFault for a unit not known */
export function multiplyQuantity(a: Quantity, b: Quantity, sign: 1 | -1): Quantity | undefined {
  if (sign === -1 && b.value === 0) return undefined;
  const value = sign === 1 ? a.value * b.value : a.value / b.value;
  if (b.unit === '1') return new Quantity(tidy(value), a.unit, a.calendar);
  const left = dimensionOf(a);
  const right = dimensionOf(b);
  if (!left || !right) throw new EvaluationFault('a quantity with an unknown unit is multiplied or divided');
  const powers: Record<string, number> = { ...left.powers };
  for (const [name, power] of Object.entries(right.powers)) powers[name] = (powers[name] ?? 0) + sign * power;
  const factor = sign === 1 ? left.factor * right.factor : left.factor / right.factor;
  return new Quantity(tidy(value * factor), powersKey({ factor: 1, powers }) || '1', false);
}

/** @returns the number without the noise of binary fractions: 15 significant digits */
export function tidy(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(15));
}

/** Months and years of the calendar are no UCUM `mo` and `a`. */
function unitKey(quantity: Quantity): string {
  if (!quantity.calendar) return quantity.unit;
  const word = quantity.unit.replace(/s$/, '');
  return CALENDAR[word] ?? `calendar ${word}`;
}

function dimensionOf(quantity: Quantity): Dimension | undefined {
  const key = unitKey(quantity);
  if (key === 'calendar month') return { factor: 1, powers: { month: 1 } };
  if (key === 'calendar year') return { factor: 12, powers: { month: 1 } };
  return parseUnit(key);
}

function parseUnit(text: string): Dimension | undefined {
  let factor = 1;
  const powers: Record<string, number> = {};
  let sign = 1;
  for (const part of text.split(/([./])/)) {
    if (part === '.' || part === '') continue;
    if (part === '/') {
      sign = -1;
      continue;
    }
    const unit = parseComponent(part);
    if (!unit) return undefined;
    factor *= unit.factor ** sign;
    for (const [name, power] of Object.entries(unit.powers))
      powers[name] = (powers[name] ?? 0) + sign * power;
    sign = 1;
  }
  return { factor, powers };
}

function parseComponent(text: string): Dimension | undefined {
  const match = /^(.*?[^\d+-]|1)([+-]?\d+)?$/.exec(text);
  if (!match) return undefined;
  const power = Number(match[2] ?? 1);
  const atom = parseAtom(match[1]!);
  if (!atom) return undefined;
  const [factor, base] = atom;
  const [, name = '', basePower = ''] = /^([A-Za-z]*)(\d*)$/.exec(base) ?? [];
  return { factor: factor ** power, powers: name === '' ? {} : { [name]: power * Number(basePower || 1) } };
}

function parseAtom(text: string): readonly [number, string] | undefined {
  if (Object.hasOwn(UNITS, text)) return UNITS[text];
  for (const [prefix, factor] of Object.entries(PREFIXES)) {
    const rest = text.slice(prefix.length);
    if (text.startsWith(prefix) && METRIC.has(rest)) return [factor * UNITS[rest]![0], UNITS[rest]![1]];
  }
  return undefined;
}

function powersKey(dimension: Dimension): string {
  return Object.entries(dimension.powers)
    .filter(([, power]) => power !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, power]) => (power === 1 ? name : `${name}${power}`))
    .join('.');
}
