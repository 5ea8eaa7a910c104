/** Moves a date, dateTime or time by a quantity of time. */
import { EvaluationFault } from './fault.ts';
import type { Quantity } from './quantity.ts';
import { daysInMonth, fieldsOfMs, fromFields, type Temporal } from './temporal.ts';

const MS: Readonly<Record<string, number>> = {
  week: 604_800_000,
  wk: 604_800_000,
  day: 86_400_000,
  d: 86_400_000,
  hour: 3_600_000,
  h: 3_600_000,
  minute: 60_000,
  min: 60_000,
  second: 1000,
  s: 1000,
  millisecond: 1,
  ms: 1,
};
const MONTHS: Readonly<Record<string, number>> = { year: 12, month: 1 };
const DAY_MS = 86_400_000;

/**
 * Adds a quantity to a value, at the value's own precision; fractions of the unit are ignored.
 * @param sign 1 adds, -1 subtracts
 * @throws EvaluationFault for `mo` and `a` (their length is not a calendar's) and for units that are no time,
 *   and for days and weeks added to a time of day
 * @source FHIRPath N1, Date/Time Arithmetic
 */
export function addToTemporal(value: Temporal, quantity: Quantity, sign: 1 | -1): Temporal {
  const unit = quantity.unit.length > 3 ? quantity.unit.replace(/s$/, '') : quantity.unit;
  const amount = Math.trunc(quantity.value) * sign;
  const months = Object.hasOwn(MONTHS, unit) ? MONTHS[unit]! : undefined;
  if (months !== undefined && value.kind !== 'Time') return addMonths(value, amount * months);
  const ms = Object.hasOwn(MS, unit) ? MS[unit]! : undefined;
  if (ms === undefined)
    throw new EvaluationFault(`a date or time cannot be moved by the unit '${quantity.unit}'`);
  if (value.kind === 'Time' && ms >= DAY_MS)
    throw new EvaluationFault(`a time of day cannot be moved by the unit '${quantity.unit}'`);
  if (value.kind === 'Time') return addToTime(value, amount * ms);
  return addMs(value, amount * ms);
}

function addMonths(value: Temporal, months: number): Temporal {
  const [year = 0, month = 1, day, ...clock] = value.fields;
  if (value.fields.length === 1) return rewritten(value, [year + Math.trunc(months / 12)]);
  const total = year * 12 + month - 1 + months;
  const fields = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
  if (day === undefined) return rewritten(value, fields);
  return rewritten(value, [...fields, Math.min(day, daysInMonth(fields[0]!, fields[1]!)), ...clock]);
}

/** Below a day's precision, days count as thirtieths of months and 365ths of years. */
function addMs(value: Temporal, ms: number): Temporal {
  const { length } = value.fields;
  const days = Math.trunc(ms / DAY_MS);
  if (length === 1) return rewritten(value, [value.fields[0]! + Math.trunc(days / 365)]);
  if (length === 2) return addMonths(value, Math.trunc(days / 30));
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = value.fields;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, 0, Math.round(second * 1000));
  return rewritten(value, fieldsOfMs(date.getTime() + (length === 3 ? days * DAY_MS : ms)).slice(0, length));
}

function addToTime(value: Temporal, ms: number): Temporal {
  const [hour = 0, minute = 0, second = 0] = value.fields;
  const at = Math.round((hour * 3600 + minute * 60 + second) * 1000) + ms;
  const fields = fieldsOfMs(((at % DAY_MS) + DAY_MS) % DAY_MS).slice(3, 3 + value.fields.length);
  return rewritten(value, fields);
}

function rewritten(value: Temporal, fields: readonly number[]): Temporal {
  const fraction = /:\d\d\.(\d+)/.exec(value.text)?.[1]?.length ?? 0;
  const seconds = fields[value.kind === 'Time' ? 2 : 5] ?? 0;
  return fromFields(
    value.kind,
    fields,
    value.offset,
    Number.isInteger(seconds) ? fraction : Math.max(fraction, 3),
  );
}
