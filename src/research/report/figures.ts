/** Turns numbers into what is written of them: in tables, in sentences, and beside marks. */
import { isSuppressed, SUPPRESSED_MARK } from '../disclosure/table.ts';

const GROUPS = /\B(?=(\d{3})+$)/g;
/** The sign for less than nothing, not a hyphen. */
const MINUS = '\u2212';

/** @returns the number in British notation: `1,234.5`, with a real minus; at most so many decimals */
export function figure(value: number, decimals = 0): string {
  const [whole, part] = Math.abs(value).toFixed(decimals).split('.') as [string, string | undefined];
  const text = whole.replaceAll(GROUPS, ',') + (part === undefined ? '' : `.${part}`);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** @returns a change, which always has its sign */
export function signed(value: number, decimals = 1): string {
  const text = figure(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** @param share of one @returns `42%` */
export function percent(share: number, decimals = 0): string {
  return `${figure(share * 100, decimals)}%`;
}

/** @returns what a cell says, the same in a table and in its CSV but for the commas of thousands */
export function cellText(cell: unknown): string {
  if (isSuppressed(cell)) return SUPPRESSED_MARK;
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return String(Number(cell.toFixed(DECIMALS)));
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return String(cell);
}

const DECIMALS = 3;

/** @returns the text of a cell for a reader: thousands apart, a real minus, and a dash where nothing is known */
export function readable(cell: unknown): string {
  const text = cellText(cell);
  if (text === '') return '–';
  if (typeof cell !== 'number') return text;
  return figure(cell, text.split('.')[1]?.length ?? 0);
}

/** @returns `1 person`, `40 people`, `[c] people` */
export function people(count: unknown): string {
  if (count === 1) return '1 person';
  return `${readable(count)} people`;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** @param date `2025-04-01` or `2025-04` @returns `1 April 2025`, `April 2025` */
export function dateText(date: string): string {
  const [year, month, day] = date.split('-');
  const name = MONTHS[Number(month) - 1];
  if (name === undefined) return date;
  return day === undefined ? `${name} ${year}` : `${Number(day)} ${name} ${year}`;
}

/** @param names `a`, `b`, `c` @returns `a, b and c` */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** What is a code, and no words yet. */
const CODE = /^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)+$/;

/** @param code `not_attended`, `in-progress` @returns `Not attended`, `In progress`; `PHQ-9` stays as it is */
export function worded(code: string): string {
  const words = CODE.test(code) ? code.replaceAll(/[_-]/g, ' ') : code;
  return capitalised(words);
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
