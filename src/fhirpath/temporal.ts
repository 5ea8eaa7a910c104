/** Dates, dateTimes and times with the precision they were written in: read, compared, moved and written. */
import { EvaluationFault } from './fault.ts';
import type { TemporalKind } from './tree.ts';

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const DATE_TIME =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?)?$/;
const TIME = /^(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?$/;
/** Zones span UTC-12 to UTC+14: further apart than this, two times are ordered whatever zone one of them lacks. */
const WIDEST_ZONE_MS = 14 * 3_600_000;

/** A FHIRPath Date, DateTime or Time. */
export class Temporal {
  readonly kind: TemporalKind;
  /** as FHIR writes it: `2015-02-04T14:34:28+10:00`, `14:34` */
  readonly text: string;
  /** as many as the precision: year, month, day, hour, minute, second; a Time starts at hour; seconds carry the fraction */
  readonly fields: readonly number[];
  /** minutes east of UTC, where written */
  readonly offset: number | undefined;

  constructor(kind: TemporalKind, text: string, fields: readonly number[], offset: number | undefined) {
    this.kind = kind;
    this.text = text;
    this.fields = fields;
    this.offset = offset;
  }
}

/**
 * Reads text as one kind of temporal value.
 * @param text FHIR form, without `@` and without the `T` of a time
 * @returns undefined when the form is another or the day does not exist
 */
export function parseTemporal(text: string, kind: TemporalKind): Temporal | undefined {
  const match = (kind === 'Date' ? DATE : kind === 'Time' ? TIME : DATE_TIME).exec(text);
  if (!match) return undefined;
  const zone = kind === 'DateTime' ? match[7] : undefined;
  const fields: number[] = [];
  for (const part of match.slice(1, kind === 'DateTime' ? 7 : undefined)) {
    if (part === undefined) break;
    fields.push(Number(part));
  }
  if (!fieldsExist(kind, fields)) return undefined;
  const trimmed = text.endsWith('T') ? text.slice(0, -1) : text;
  return new Temporal(kind, trimmed, fields, zone === undefined ? undefined : offsetOf(zone));
}

/** Reads a string whose type is not known: a date or dateTime of at least a month, or a time of at least a minute. */
export function guessTemporal(text: string): Temporal | undefined {
  if (/^\d{4}-\d\d/.test(text)) return parseTemporal(text, text.includes('T') ? 'DateTime' : 'Date');
  return /^\d\d:\d\d/.test(text) ? parseTemporal(text, 'Time') : undefined;
}

/**
 * Orders two values.
 * @returns negative, 0 or positive; undefined where the precisions or a missing zone leave it open
 * @throws EvaluationFault when one is a Time and the other is not
 */
export function compareTemporal(a: Temporal, b: Temporal): number | undefined {
  if ((a.kind === 'Time') !== (b.kind === 'Time'))
    throw new EvaluationFault('a time is compared with a date');
  const clocks = a.kind !== 'Time' && a.fields.length > 3 && b.fields.length > 3;
  if (clocks && (a.offset === undefined) !== (b.offset === undefined)) {
    const apart = epochMs(a) - epochMs(b);
    return Math.abs(apart) > WIDEST_ZONE_MS ? apart : undefined;
  }
  const zoned = clocks && a.offset !== b.offset;
  const left = zoned ? utcFields(a) : a.fields;
  const right = zoned ? utcFields(b) : b.fields;
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length === right.length ? 0 : undefined;
}

/** @returns milliseconds since 1970; fields that are not written count as their first; no zone counts as UTC */
export function epochMs(value: Temporal): number {
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = value.fields;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, 0, Math.round(second * 1000));
  return date.getTime() - (value.offset ?? 0) * 60_000;
}

/** @param ms milliseconds since 1970 @param offset minutes east of UTC @returns a DateTime to the millisecond, in that zone */
export function temporalOfMs(ms: number, offset: number): Temporal {
  return fromFields('DateTime', fieldsOfMs(ms + offset * 60_000), offset, 3);
}

/** @returns the value written with these fields, and with so many digits after the seconds */
export function fromFields(
  kind: TemporalKind,
  fields: readonly number[],
  offset: number | undefined,
  digits: number,
): Temporal {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clockAt = kind === 'Time' ? 0 : 3;
  const date =
    kind === 'Time'
      ? ''
      : fields
          .slice(0, 3)
          .map((field, i) => (i === 0 ? String(field).padStart(4, '0') : two(field)))
          .join('-');
  const clock = fields
    .slice(clockAt)
    .map((field, i) =>
      i < 2 ? two(field) : field.toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, '0'),
    )
    .join(':');
  const zone = clock === '' || offset === undefined ? '' : offset === 0 ? 'Z' : zoneText(offset);
  const text = kind === 'Time' ? clock : `${date}${clock === '' ? '' : `T${clock}`}${zone}`;
  return new Temporal(kind, text, fields, offset);
}

/** @returns year to second (with fraction) of a time in UTC */
export function fieldsOfMs(ms: number): number[] {
  const date = new Date(ms);
  return [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds() + date.getUTCMilliseconds() / 1000,
  ];
}

/** @returns days in a month of the proleptic Gregorian calendar; month from 1 */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function utcFields(value: Temporal): number[] {
  return fieldsOfMs(epochMs(value)).slice(0, value.fields.length);
}

function fieldsExist(kind: TemporalKind, fields: readonly number[]): boolean {
  const [year = 0, month = 1, day = 1] = kind === 'Time' ? [] : fields;
  const [hour = 0, minute = 0, second = 0] = kind === 'Time' ? fields : fields.slice(3);
  const dayExists = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return dayExists && hour < 24 && minute < 60 && second < 60;
}

function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return zone[0] === '-' ? -minutes : minutes;
}

function zoneText(offset: number): string {
  const minutes = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
