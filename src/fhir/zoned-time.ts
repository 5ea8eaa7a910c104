/** Turns a local date and time of an IANA zone into the offset it had there, told apart from hours that never were or were twice. */

/** A date and time as a clock on the wall shows it; month and day from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** fraction of the second as written, with its point (`.250`), or '' */
  readonly fraction: string;
}

/** `gap`: the clock was put forward over this time. `impossible`: no calendar or clock has it. */
export type ZoneFault = 'gap' | 'impossible';

/** A local time with its offset; `twice` when the clock was put back over it and the earlier one was taken. */
export interface ZonedTime {
  /** ISO with offset: `2025-07-01T10:00:00+01:00` */
  readonly iso: string;
  readonly epochMs: number;
  readonly twice: boolean;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Days remembered per zone; a century of dates is 36,525. */
const MOST_DAYS = 40_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** offset in ms at the start of a UTC day, by day number */
  readonly days: Map<number, number>;
}
const zones = new Map<string, Zone>();

/** @returns true when Intl knows the IANA zone */
export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @returns true for a date that the proleptic Gregorian calendar has; years 1 to 9999 */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  return day <= daysInMonth(year, month);
}

/** @returns true for 00:00:00 to 23:59:59; leap seconds and 24:00 are refused, since FHIR's dateTime has neither here */
export function isClockTime(hour: number, minute: number, second: number): boolean {
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

/**
 * Finds the moment of a local time.
 * @param local as written, unchecked
 * @param zone IANA name that `isTimeZone` accepts
 * @returns the moment; of two, the earlier; or why there is none
 */
export function zonedTime(local: LocalTime, zone: string): ZonedTime | ZoneFault {
  if (!isCalendarDate(local.year, local.month, local.day)) return 'impossible';
  if (!isClockTime(local.hour, local.minute, local.second)) return 'impossible';
  const wallMs = wallClockMs(local);
  // Offsets a day either side are the only ones that can hold: no zone changes twice within two days.
  const before = offsetMs(zone, wallMs - DAY_MS);
  const after = offsetMs(zone, wallMs + DAY_MS);
  if (before === after) return zoned(local, wallMs, before, false);
  const moments = [before, after].filter((offset) => offsetMs(zone, wallMs - offset) === offset);
  if (moments.length === 0) return 'gap';
  // The larger offset is the earlier moment.
  return zoned(local, wallMs, Math.max(...moments), moments.length === 2);
}

/** @returns ms that the zone is ahead of UTC at a moment, to the whole minute */
export function offsetMs(zoneName: string, epochMs: number): number {
  const zone = zoneOf(zoneName);
  const day = Math.floor(epochMs / DAY_MS);
  const start = dayOffset(zone, day);
  return start === dayOffset(zone, day + 1) ? start : readOffset(zone.format, epochMs);
}

function zoned(local: LocalTime, wallMs: number, offset: number, twice: boolean): ZonedTime {
  return { iso: `${isoLocal(local)}${offsetText(offset)}`, epochMs: wallMs - offset, twice };
}

function isoLocal(local: LocalTime): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(local.hour)}:${two(local.minute)}:${two(local.second)}${local.fraction}`;
  return `${isoDate(local.year, local.month, local.day)}T${time}`;
}

/** @returns `yyyy-MM-dd` of a date that `isCalendarDate` accepts */
export function isoDate(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE_MS;
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${hours}:${String(minutes % 60).padStart(2, '0')}`;
}

function wallClockMs(local: LocalTime): number {
  // Date.UTC takes years below 100 for the 1900s.
  const date = new Date(0);
  date.setUTCFullYear(local.year, local.month - 1, local.day);
  date.setUTCHours(local.hour, local.minute, local.second, Math.floor(Number(`0${local.fraction}`) * 1000));
  return date.getTime();
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: name, timeZoneName: 'longOffset' });
  const zone = { format, days: new Map<number, number>() };
  zones.set(name, zone);
  return zone;
}

function dayOffset(zone: Zone, day: number): number {
  const known = zone.days.get(day);
  if (known !== undefined) return known;
  if (zone.days.size >= MOST_DAYS) zone.days.clear();
  const offset = readOffset(zone.format, day * DAY_MS);
  zone.days.set(day, offset);
  return offset;
}

/** Reads `GMT`, `GMT+01:00` or, before standard time, `GMT-00:01:15`. */
function readOffset(format: Intl.DateTimeFormat, epochMs: number): number {
  const name = format.formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name.replace('\u2212', '-'));
  if (!match) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
  const rounded = Math.round(seconds / 60) * MINUTE_MS;
  return match[1] === '-' ? -rounded : rounded;
}
