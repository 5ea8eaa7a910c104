/** Turns FHIR dates into the same dates some days on, or into years. */

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(T.+)?)?)?$/;

/**
 * Shifts a date, dateTime or instant by whole days. A month or a year alone is shifted from its middle, and stays a month or year.
 * @param keepsTime the time of day stays as it was; else it is dropped, and an instant is at midnight
 * @returns undefined for what is no date
 */
export function shiftedDate(
  text: string,
  days: number,
  type: string,
  keepsTime: boolean,
): string | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, time] = parts;
  const start = Date.UTC(Number(year), Number(month ?? '07') - 1, Number(day ?? (month ? '15' : '02')));
  const at = new Date(start + days * DAY_MS);
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1 || at.getUTCFullYear() > 9999) return undefined;
  const date = at.toISOString().slice(0, 10);
  if (day === undefined) return type === 'instant' ? undefined : date.slice(0, text.length);
  if (time !== undefined && keepsTime) return date + time;
  return type === 'instant' ? `${date}T00:00:00Z` : date;
}

/** @returns the date's year, or its year and month; undefined for what is no date, or says less */
export function coarseDate(text: string, to: 'year' | 'month'): string | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [, year, month] = parts;
  if (to === 'year') return year;
  return month === undefined ? undefined : `${year}-${month}`;
}

/**
 * @param years that make one band, called by the first of them
 * @param oldest age from which all are one band
 * @param thisYear by which ages are reckoned
 */
export function birthYear(text: string, years: number, oldest: number, thisYear: number): string | undefined {
  const year = Number(coarseDate(text, 'year'));
  if (Number.isNaN(year)) return undefined;
  const band = year - (year % years);
  const earliest = thisYear - oldest;
  const first = earliest - (earliest % years);
  return String(Math.max(band, first)).padStart(4, '0');
}
