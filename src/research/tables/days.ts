/** The functions that derived tables may call beside standard SQL: days and months of dates as they are written. */
import type { DatabaseSync } from 'node:sqlite';

const DAY_MS = 86_400_000;
const WRITTEN = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:$|T)/;

interface Parts {
  readonly year: number;
  readonly month: number | undefined;
  readonly day: number | undefined;
}

/** The day as it is written: where in the world it was is the source's to say. */
function partsOf(value: unknown): Parts | undefined {
  const [, year, month, day] = WRITTEN.exec(String(value ?? '')) ?? [];
  if (year === undefined) return undefined;
  return { year: Number(year), month: numberOf(month), day: numberOf(day) };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function dayOf(value: unknown): number | undefined {
  const { year, month, day } = partsOf(value) ?? {};
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

/** @returns days from the first date to the second; null where either has no day */
export function daysBetween(from: unknown, to: unknown): number | null {
  const [first, last] = [dayOf(from), dayOf(to)];
  return first === undefined || last === undefined ? null : last - first;
}

/** @returns whole months from the first date to the second, less than 0 where that is earlier; null where either has no day */
export function monthsBetween(from: unknown, to: unknown): number | null {
  const days = daysBetween(from, to);
  if (days === null) return null;
  if (days < 0) return 0 - monthsBetween(to, from)!;
  const [first, last] = [partsOf(from)!, partsOf(to)!];
  const months = (last.year - first.year) * 12 + last.month! - first.month!;
  return last.day! < first.day! ? months - 1 : months;
}

/** @returns `2026-03`; null for a year alone */
export function monthOf(value: unknown): string | null {
  const { year, month } = partsOf(value) ?? {};
  return year === undefined || month === undefined ? null : String(value).slice(0, 7);
}

export function yearOf(value: unknown): number | null {
  return partsOf(value)?.year ?? null;
}

export function addDayFunctions(db: DatabaseSync): void {
  const fixed = { deterministic: true };
  db.function('days_between', fixed, (from, to) => whole(daysBetween(from, to)));
  db.function('whole_months_between', fixed, (from, to) => whole(monthsBetween(from, to)));
  db.function('month_of', fixed, monthOf);
  db.function('year_of', fixed, (value) => whole(yearOf(value)));
}

/** A number would come as one with a point, and be divided otherwise than a whole one. */
function whole(count: number | null): bigint | null {
  return count === null ? null : BigInt(count);
}
