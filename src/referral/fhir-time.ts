/** Turns two FHIR dates or times, each as precise as it is written, into which of them came first. */

const LONDON_DAY = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/**
 * Compares as far as both are written: a day and a moment within it are neither before nor after.
 * A moment's day is that of London.
 * @param left date, dateTime or instant
 * @param right likewise
 * @returns true only when `left` is surely earlier
 */
export function isBefore(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.includes('T') && right.includes('T')) return Date.parse(left) < Date.parse(right);
  const [day, other] = [dayOf(left), dayOf(right)];
  const precision = Math.min(day.length, other.length);
  return day.slice(0, precision) < other.slice(0, precision);
}

/** @returns ISO date of a moment, as the calendar in London has it */
export function londonDay(ms: number): string {
  return LONDON_DAY.format(ms);
}

function dayOf(text: string): string {
  if (!text.includes('T')) return text;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text.slice(0, 10) : LONDON_DAY.format(ms);
}
