/** Turns the serial number of a workbook's date cell into a local date and time. */
import type { CellFault, SheetDate } from './convert.ts';

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
/** 9999-12-31 */
const LAST_SERIAL = 2_958_465;
/** Workbooks count a 29 February 1900 that never was. */
const PHANTOM_DAY = 60;

/**
 * @param serial days since the workbook's first, with the time as their fraction; kept to the second
 * @param is1904 days are counted from 1904-01-01
 * @source ECMA-376 part 1, 18.17.4.1
 */
export function serialDate(serial: number, is1904: boolean): SheetDate | CellFault {
  const seconds = Math.round(serial * DAY_SECONDS);
  const day = Math.floor(seconds / DAY_SECONDS);
  if (!is1904 && day < 1)
    return { rule: 'read-date', hint: 'the cell holds a time without a day: write the date' };
  if (day < 0 || day > LAST_SERIAL || (!is1904 && day === PHANTOM_DAY))
    return { rule: 'read-date', hint: 'no calendar has the day in this cell: correct the date' };
  const first = is1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, day < PHANTOM_DAY ? 31 : 30);
  const date = new Date(first + day * DAY_MS);
  const time = seconds - day * DAY_SECONDS;
  return {
    local: {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: Math.floor(time / 3600),
      minute: Math.floor(time / 60) % 60,
      second: time % 60,
      fraction: '',
    },
  };
}
