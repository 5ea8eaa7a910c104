/** Turns ISO dates into other ISO dates and into the forms that sources write; no clock is read. */

/** The day the demo set is told from: nothing in it happens later. */
export const TODAY = '2026-06-30';

const DAY_MS = 86_400_000;

/** @param date ISO date @param days may be negative @returns ISO date */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** @returns days from `from` to `to`, negative when `to` is earlier */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** Days on which nobody works, whatever the weekday. */
const HOLIDAYS: ReadonlySet<string> = new Set(['12-25', '12-26', '01-01']);

/** @returns the date itself, or the first day after it that is neither a weekend nor a holiday */
export function workingDay(date: string): string {
  const weekday = new Date(date).getUTCDay();
  const isFree = weekday === 0 || weekday === 6 || HOLIDAYS.has(date.slice(5));
  return isFree ? workingDay(addDays(date, 1)) : date;
}

/** @param date ISO date @returns `dd/MM/yyyy` */
export function ukDate(date: string): string {
  return `${date.slice(8, 10)}/${date.slice(5, 7)}/${date.slice(0, 4)}`;
}

/** @param at zoneless ISO date and time, `2026-03-02T14:30` @returns `dd/MM/yyyy HH:mm` */
export function ukDateTime(at: string): string {
  return `${ukDate(at)} ${at.slice(11, 16)}`;
}

/** @param at zoneless ISO date and time @param minutes within the same day @returns zoneless ISO date and time */
export function addMinutes(at: string, minutes: number): string {
  return new Date(Date.parse(`${at}Z`) + minutes * 60_000).toISOString().slice(0, 16);
}

/** @param birthDate ISO date @param on ISO date @returns whole years of age */
export function ageOn(birthDate: string, on: string): number {
  const had = on.slice(5) >= birthDate.slice(5) ? 0 : 1;
  return Number(on.slice(0, 4)) - Number(birthDate.slice(0, 4)) - had;
}

/** @param at zoneless ISO date and time in London @returns the same with London's offset: `2026-07-01T10:00:00+01:00` */
export function londonTime(at: string): string {
  return `${at}:00${isSummerTime(at.slice(0, 10)) ? '+01:00' : 'Z'}`;
}

/** Summer time runs from the last Sunday of March to the last Sunday of October; the demo's working hours never meet the change itself. */
function isSummerTime(date: string): boolean {
  const year = date.slice(0, 4);
  return date >= lastSunday(`${year}-03-31`) && date < lastSunday(`${year}-10-31`);
}

function lastSunday(monthEnd: string): string {
  return addDays(monthEnd, -new Date(monthEnd).getUTCDay());
}
