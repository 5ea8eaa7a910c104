/** What compiled maps call at run time for `dateOp`: dates and times moved, cut, and read from other forms. */
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
    return addToTemporal(moment, new Quantity(number, unit, true), 1).text;
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
