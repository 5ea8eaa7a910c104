/** What compiled maps call at run time for `dateOp`: dates and times moved, cut, and read from other forms. */
import { compileDatePattern, compileTimePattern, type DatePattern } from '../fhir/date-pattern.ts';
import { isCalendarDate, isClockTime, isoDate, type LocalTime, zonedTime } from '../fhir/zoned-time.ts';
import { addToTemporal } from '../fhirpath/calendar.ts';
import { EvaluationFault } from '../fhirpath/fault.ts';
import { Quantity } from '../fhirpath/quantity.ts';
import { guessTemporal, Temporal } from '../fhirpath/temporal.ts';
import { type Run, report } from './runtime.ts';

/**
 * Moves a date or time.
 * @param written a FHIR date, dateTime, instant or time
 * @param amount whole number, negative to go back
 * @param unit years, months, weeks, days, hours, minutes or seconds
 * @returns the date or time at the precision it had; undefined, with an issue, when the text is none
 */
export function moveDate(
  run: Run,
  at: number,
  written: string,
  amount: unknown,
  unit: string,
): string | undefined {
  const moment = momentOf(written);
  const number = Number(amount);
  if (!moment || !Number.isInteger(number)) {
    report(run, at, 'map-date', 'dateOp moves a date or time of FHIR by a whole number');
    return undefined;
  }
  try {
    const { text } = addToTemporal(moment, new Quantity(number, unit, true), 1);
    if (moment.kind === 'Time' || /^(?!0000)\d{4}(?:-|$)/.test(text)) return text;
    report(run, at, 'map-date', 'dateOp moves the date out of the years 1 to 9999');
    return undefined;
  } catch (error) {
    if (!(error instanceof EvaluationFault)) throw error;
    report(
      run,
      at,
      'map-date',
      `${error.message}; write years, months, weeks, days, hours, minutes or seconds`,
    );
    return undefined;
  }
}

const patterns = new Map<string, DatePattern | undefined>();

/**
 * Reads a date or time in another form.
 * @param type `date`, `dateTime` or `time`
 * @param pattern such as `dd/MM/yyyy HH:mm`; patterns are literals of a map, so there are few
 * @param zone of a dateTime
 * @returns FHIR's form; undefined, with an issue, when the text has another form or there is no such time
 */
export function readTime(
  run: Run,
  at: number,
  written: string,
  type: string,
  pattern: string,
  zone: string,
): string | undefined {
  const key = `${type} ${pattern}`;
  if (!patterns.has(key))
    patterns.set(key, type === 'time' ? compileTimePattern(pattern) : compileDatePattern(pattern));
  const compiled = patterns.get(key);
  const local = compiled?.read(written.trim());
  const made = local && formOf(local, type, compiled?.hasTime ?? false, zone);
  if (made === undefined)
    report(run, at, 'map-date', `the source's value is no ${type} of the form ${pattern}`);
  return made;
}

function formOf(local: LocalTime, type: string, hasTime: boolean, zone: string): string | undefined {
  const { year, month, day, hour, minute, second } = local;
  if (!isCalendarDate(year, month, day) || !isClockTime(hour, minute, second)) return undefined;
  if (type === 'time') return [hour, minute, second].map((part) => `${part}`.padStart(2, '0')).join(':');
  if (type === 'date' || !hasTime) return isoDate(year, month, day);
  const zoned = zonedTime(local, zone);
  return typeof zoned === 'string' ? undefined : zoned.iso;
}

const PRECISIONS = ['year', 'month', 'day'];

/** @returns a date cut to `year`, `month` or `day`; undefined, with an issue, when the text is none or less precise */
export function cutDate(run: Run, at: number, written: string, precision: string): string | undefined {
  const moment = momentOf(written);
  const parts = PRECISIONS.indexOf(precision) + 1;
  if (moment && moment.kind !== 'Time' && moment.fields.length >= parts && parts > 0)
    return written.slice(0, [4, 7, 10][parts - 1]);
  report(run, at, 'map-date', `dateOp cannot cut the source's value to its ${precision}`);
  return undefined;
}

/** A year alone is a date too. */
function momentOf(written: string): Temporal | undefined {
  return /^\d{4}$/.test(written)
    ? new Temporal('Date', written, [Number(written)], undefined)
    : guessTemporal(written);
}
