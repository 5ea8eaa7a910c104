/** Turns the times of records into the instants that BaRS wants, and instants of up to seven fraction digits into epoch milliseconds. */
import { zonedTime } from '../../fhir/zoned-time.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const ZONE = 'Europe/London';

/**
 * Reads an instant.
 * @param text any offset, up to nine digits of a second's fraction: "2026-03-01T09:00:00.1234567+00:00"
 * @returns epoch ms, what is finer cut off; undefined for anything else, dates among it
 */
export function instantMs(text: unknown): number | undefined {
  if (typeof text !== 'string' || !INSTANT.test(text)) return undefined;
  const ms = Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** @returns an instant in UTC */
export function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * Makes an instant of what a record has.
 * @param text dateTime
 * @returns an instant as it is; of a day its beginning in London; undefined for a month, a year, or no time at all
 */
export function asInstant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (instantMs(text) !== undefined) return text;
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const start = zonedTime({ ...date, hour: 0, minute: 0, second: 0, fraction: '' }, ZONE);
  return typeof start === 'string' ? undefined : start.iso;
}
