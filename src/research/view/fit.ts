/** Turns the values of a column into what its type in a database takes, or says that one does not fit. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { ViewColumn } from './compile.ts';
import type { SqlType } from './sql-type.ts';

/** In place of a value that its column does not take. */
export const MISFIT: unique symbol = Symbol('misfit');

/** Told of a column that does not take a value: it throws, or null is written. */
export type OnMisfit = (column: ViewColumn) => void;

const LEAST_INTEGER = -(2 ** 31);
const MOST_INTEGER = 2 ** 31 - 1;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)(?:T|$)/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

/** @returns a function from a value, not null, to a number, boolean or text of the type; `MISFIT` where it is none */
export function fitOf(type: SqlType): (value: unknown) => unknown {
  return FITS[type];
}

/** Temporal values become the day or the moment in UTC: databases read zones each in their own way. */
const FITS: Readonly<Record<SqlType, (value: unknown) => unknown>> = {
  BOOLEAN: (value) => (typeof value === 'boolean' ? value : booleanOf(value)),
  INTEGER: (value) => wholeOf(value, LEAST_INTEGER, MOST_INTEGER),
  BIGINT: (value) => wholeOf(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  DOUBLE: numberOf,
  VARCHAR: (value) => (typeof value === 'string' ? value : textOf(value)),
  JSON: (value) => JSON.stringify(value),
  DATE: (value) => (isDay(value) ? value.slice(0, 10) : MISFIT),
  TIMESTAMP: (value) => momentOf(value, false),
  TIMESTAMPTZ: (value) => momentOf(value, true),
};

function booleanOf(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : MISFIT;
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function numberOf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : MISFIT;
  return typeof value === 'string' && NUMBER.test(value) && Number.isFinite(Number(value))
    ? Number(value)
    : MISFIT;
}

function wholeOf(value: unknown, least: number, most: number): unknown {
  const number = numberOf(value);
  return Number.isInteger(number) && (number as number) >= least && (number as number) <= most
    ? number
    : MISFIT;
}

/** @returns whether a text names a day that there is; year 0 is none in databases */
function isDay(value: unknown): value is string {
  const [, year, month, day] = (typeof value === 'string' && DAY.exec(value)) || [];
  if (year === undefined || year === '0000') return false;
  const [m, d] = [Number(month), Number(day)];
  return (
    m >= 1 && m <= 12 && d >= 1 && d <= new Date(Date.UTC(2000 + (Number(year) % 400), m, 0)).getUTCDate()
  );
}

function momentOf(value: unknown, isZoneNeeded: boolean): unknown {
  if (!isDay(value)) return MISFIT;
  const zone = MOMENT.exec(value);
  if (!zone || (isZoneNeeded && zone[3] === undefined)) return MISFIT;
  const ms = Date.parse(zone[3] === undefined ? `${value}Z` : value);
  if (Number.isNaN(ms)) return MISFIT;
  const text = new Date(ms).toISOString();
  return isZoneNeeded ? text : text.slice(0, -1);
}

/** The value itself is not shown: it may be a patient's. */
export function misfit({ name, tags, type }: ViewColumn): AdapterError {
  const what = tags.get('ansi/type') ?? type ?? 'text';
  const diagnostics = `Column ${name}: a value does not fit its type, ${what}: FHIR dates may be partial, and numbers large; change the tag ansi/type, leave it out, or have what does not fit left out.`;
  return new AdapterError('permanent', issueOf({ rule: 'view-misfit', code: 'value', diagnostics }));
}

/** Ends the run. @throws AdapterError */
export function refuseMisfit(column: ViewColumn): never {
  throw misfit(column);
}
