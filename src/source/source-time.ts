/** Turns the source's own time of a record, where it names one, into epoch milliseconds. */

import { zonedTime } from '../fhir/zoned-time.ts';
import { valueAt } from './value-at.ts';

/**
 * @param field dotted path from the manifest; undefined when the kind names none
 * @param timeZone a date without a time counts as its first moment there
 * @returns undefined where the record has no such time, or it is no ISO date or dateTime
 */
export function sourceTimeMs(
  payload: unknown,
  field: string | undefined,
  timeZone: string,
): number | undefined {
  const value = field === undefined ? undefined : valueAt(payload, field);
  if (typeof value !== 'string') return undefined;
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!date) {
    const isDateTime = /^\d{4}-\d\d-\d\dT.+(?:Z|[+-]\d\d:\d\d)$/.test(value);
    const timeMs = isDateTime ? Date.parse(value) : Number.NaN;
    return Number.isNaN(timeMs) ? undefined : timeMs;
  }
  const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
  // Where a zone puts its clocks forward at midnight, the day begins an hour later.
  for (const hour of [0, 1]) {
    const moment = zonedTime({ year, month, day, hour, minute: 0, second: 0, fraction: '' }, timeZone);
    if (typeof moment === 'object') return moment.epochMs;
  }
  return undefined;
}
