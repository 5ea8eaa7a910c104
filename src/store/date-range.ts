/** Turns FHIR date text into the half-open range of time it stands for, by its written precision. */

/** [lowMs, highMs) in epoch milliseconds. */
export interface DateRange {
  readonly lowMs: number;
  readonly highMs: number;
}

/** Start and end of a Period that names none. */
export const EARLIEST_MS = -8_640_000_000_000_000;
export const LATEST_MS = 8_640_000_000_000_000;

const FORM =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * Reads date, dateTime or instant text. Text without a zone is taken as UTC, on both sides of a search alike.
 * @param text `2025`, `2025-03`, `2025-03-01`, `2025-03-01T10:00`, `2025-03-01T10:00:00.000Z`
 * @returns undefined when the text is no FHIR date, or a day that no calendar has: 31 February is not 3 March
 * @source FHIR R4, 3.1.1.4.7 (date search: implicit ranges)
 */
export function dateRange(text: string): DateRange | undefined {
  const parts = FORM.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const local = `${year}-${month ?? '01'}-${day ?? '01'}T${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}.${(fraction ?? '').slice(0, 3).padEnd(3, '0')}`;
  // Date.parse takes days up to 31 in every month, and the hour 24: both go over into the next day.
  if (new Date(`${local}Z`).getUTCDate() !== Number(day ?? '01')) return undefined;
  const lowMs = Date.parse(local + (zone ?? 'Z'));
  if (Number.isNaN(lowMs)) return undefined;
  if (month === undefined) return { lowMs, highMs: monthMs(Number(year) + 1, 0) };
  if (day === undefined) return { lowMs, highMs: monthMs(Number(year), Number(month)) };
  return { lowMs, highMs: lowMs + lengthOf(hour, second, fraction) };
}

/** Date.UTC would take the year 50 for 1950. @param month from 0; 12 is January of the next year */
function monthMs(year: number, month: number): number {
  return new Date(0).setUTCFullYear(year, month, 1);
}

function lengthOf(
  hour: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
): number {
  if (hour === undefined) return 86_400_000;
  if (second === undefined) return 60_000;
  return fraction === undefined ? 1_000 : 1;
}
