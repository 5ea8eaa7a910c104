/** Turns what a source wrote (a cell, a JSON member) into the type and form that its schema asks for. */

import type { LocalTime } from '../fhir/zoned-time.ts';
import { isCalendarDate, isClockTime, isoDate, zonedTime } from '../fhir/zoned-time.ts';
import type { FieldFault, Path } from './place.ts';
import type { SchemaPlan } from './schema-plan.ts';

/** A date cell of a workbook. */
export interface SheetDate {
  readonly local: LocalTime;
}
/** A cell of a workbook that holds no value: `#REF!`, a formula never calculated. */
export interface CellFault {
  readonly rule: string;
  readonly hint: string;
}
/** One cell as its file gives it; CSV has text only. */
export type Cell = string | number | boolean | SheetDate | CellFault | undefined;

/** Where faults and warnings of one record go, and what its times are read by. */
export interface Conversion {
  readonly timeZone: string;
  readonly faults: FieldFault[];
  /** what is converted was read before: dates may stand in ISO already */
  readonly isAgain?: boolean;
}

const ISO_DATE = /^(\d{4})-(\d\d)-(\d\d)(T.+)?$/;
const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/;

/** @returns the cell as its schema's type, in ISO where it is a time; undefined when it is blank or at fault */
export function convertCell(cell: Cell, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (cell === undefined) return undefined;
  if (typeof cell === 'string') {
    const text = cell.trim();
    if (text === '') return undefined;
    return convertText(text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text, plan, path, to);
  }
  if (typeof cell !== 'object') return convertScalar(cell, plan, path, to);
  if ('local' in cell) return convertDate(cell.local, plan, path, to);
  to.faults.push({ path, rule: cell.rule, hint: cell.hint });
  return undefined;
}

/** @param text not blank, trimmed */
function convertText(text: string, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (text.includes('\0')) return faulty(to, path, 'read-nul', 'remove the NUL character');
  if (plan.separator !== undefined) {
    const items = text.split(plan.separator).map((item) => item.trim());
    return items.filter((item) => item !== '').map((item, i) => convertItem(item, plan, [...path, i], to));
  }
  if (plan.date) return convertPattern(text, plan, path, to);
  if (plan.isDateTime) return convertIsoTime(text, path, to);
  if (plan.isCode) return codeOf(text);
  if (plan.types.size === 0 || (plan.types.size === 1 && plan.types.has('string'))) return text;
  return convertTyped(text, plan, path, to);
}

function convertItem(text: string, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  const item = plan.isCode ? codeOf(text) : text;
  return plan.items ? convertText(item, plan.items, path, to) : item;
}

/** Text for a number or a boolean; a union is tried in that order, text last. */
function convertTyped(text: string, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  const { types } = plan;
  if (types.has('integer') && /^[+-]?\d{1,15}$/.test(text)) return Number(text);
  if (types.has('number') && /^[+-]?(?:\d{1,15}(?:\.\d+)?|\.\d+)$/.test(text)) return Number(text);
  if (types.has('boolean')) {
    if (/^(?:true|yes|y)$/i.test(text)) return true;
    if (/^(?:false|no|n)$/i.test(text)) return false;
  }
  if (types.has('string')) return text;
  return faulty(to, path, 'read-type', typeHint(types));
}

/** @returns what to write for a place of these JSON types */
export function typeHint(types: Iterable<string>): string {
  const words = [...types].filter((type) => type !== 'null').map((type) => TYPE_WORDS[type] ?? type);
  return `write ${words.join(' or ')}`;
}
const TYPE_WORDS: Readonly<Record<string, string>> = {
  integer: 'a whole number, such as 12',
  number: 'a number, such as 12.5',
  boolean: 'yes or no',
  string: 'text',
  array: 'a list',
  object: 'an object',
};

/** A number or a truth value of a workbook's cell. */
function convertScalar(cell: number | boolean, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (typeof cell === 'number' && plan.date)
    return faulty(
      to,
      path,
      'read-date',
      `the cell holds a number: give it a date format, or write the date as ${plan.date.text}`,
    );
  if (typeof cell === 'number' && (plan.types.has('number') || plan.types.has('integer'))) return cell;
  if (typeof cell === 'boolean' && plan.types.has('boolean')) return cell;
  if (plan.types.size === 0) return cell;
  return convertText(textOf(cell), plan, path, to);
}

/** A workbook writes whole numbers of up to 15 digits exactly; `yes` and `no` stand for its TRUE and FALSE. */
function textOf(cell: number | boolean): string {
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return Number.isInteger(cell) ? cell.toFixed(0) : String(Number(cell.toPrecision(15)));
}

function convertDate(local: LocalTime, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (plan.date?.hasTime || plan.isDateTime) return zonedText(local, path, to, 'correct the date');
  const isMidnight = local.hour === 0 && local.minute === 0 && local.second === 0;
  if (!plan.date && !isMidnight) return zonedText(local, path, to, 'correct the date');
  if (!isMidnight)
    to.faults.push({
      path,
      rule: 'read-time-dropped',
      severity: 'warning',
      hint: 'only the day was read; remove the time',
    });
  return isoDate(local.year, local.month, local.day);
}

function convertPattern(text: string, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  const pattern = plan.date!;
  const local = pattern.read(text);
  const hint = `write the ${pattern.hasTime ? 'date and time' : 'date'} as ${pattern.text}`;
  if (!local) return convertReadAgain(text, path, to) ?? faulty(to, path, 'read-date', hint);
  if (pattern.hasTime) return zonedText(local, path, to, hint);
  if (!isCalendarDate(local.year, local.month, local.day))
    return faulty(to, path, 'read-date', `no calendar has this day; ${hint}`);
  return isoDate(local.year, local.month, local.day);
}

/** A date that an earlier reading left in ISO. */
function convertReadAgain(text: string, path: Path, to: Conversion): unknown {
  const match = to.isAgain ? ISO_DATE.exec(text) : undefined;
  if (!match) return undefined;
  if (match[4] !== undefined) return convertIsoTime(text, path, to);
  return isCalendarDate(Number(match[1]), Number(match[2]), Number(match[3])) ? text : undefined;
}

/** Seconds and a zone are added where they are missing, since FHIR's dateTime wants both with a time. */
function convertIsoTime(text: string, path: Path, to: Conversion): unknown {
  const match = ISO_TIME.exec(text);
  const hint = 'write the date and time as yyyy-MM-ddTHH:mm:ss, with the zone behind it where it is known';
  if (!match) return faulty(to, path, 'read-date', hint);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    Number(match[group] ?? 0),
  );
  const local: LocalTime = {
    year: year!,
    month: month!,
    day: day!,
    hour: hour!,
    minute: minute!,
    second: second!,
    fraction: match[7] ?? '',
  };
  if (match[8] === undefined) return zonedText(local, path, to, hint);
  const real =
    isCalendarDate(local.year, local.month, local.day) && isClockTime(local.hour, local.minute, local.second);
  if (!real) return faulty(to, path, 'read-date', `no calendar or clock has this time; ${hint}`);
  return match[6] === undefined ? `${text.slice(0, 16)}:00${match[8]}` : text;
}

function zonedText(local: LocalTime, path: Path, to: Conversion, hint: string): unknown {
  const moment = zonedTime(local, to.timeZone);
  if (moment === 'impossible')
    return faulty(to, path, 'read-date', `no calendar or clock has this time; ${hint}`);
  if (moment === 'gap')
    return faulty(
      to,
      path,
      'read-time-gap',
      `the clocks in ${to.timeZone} were put forward over this time; correct the hour`,
    );
  if (moment.twice)
    to.faults.push({
      path,
      rule: 'read-time-twice',
      severity: 'warning',
      hint: `the clocks in ${to.timeZone} showed this time twice; the earlier was taken`,
    });
  return moment.iso;
}

/** Converts a JSON value in place. Members that are null or blank text are removed: blank is absent. */
export function convertJson(value: unknown, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (typeof value === 'string') return convertJsonText(value, plan, path, to);
  if (Array.isArray(value)) return convertArray(value, plan, path, to);
  if (value === null) return undefined;
  if (typeof value !== 'object') return value;
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members)) {
    const faults = to.faults.length;
    const converted = convertJson(members[name], plan.properties.get(name) ?? NOTHING, [...path, name], to);
    if (converted !== undefined) members[name] = converted;
    // What could not be read stays as it was written, so that whoever amends the record sees it.
    else if (to.faults.length === faults) delete members[name];
  }
  return members;
}

/** Places that the schema does not name are kept as they are. */
const NOTHING: SchemaPlan = {
  types: new Set(),
  date: undefined,
  isDateTime: false,
  isCode: false,
  separator: undefined,
  properties: new Map(),
  namesAll: false,
  items: undefined,
  required: [],
};

function convertArray(value: unknown[], plan: SchemaPlan, path: Path, to: Conversion): unknown {
  const items = value.map((item, i) => convertJson(item, plan.items ?? NOTHING, [...path, i], to));
  return items.filter((item) => item !== undefined);
}

/** JSON carries its own types, so text is text there: only dates, codes and lists are read further. */
function convertJsonText(text: string, plan: SchemaPlan, path: Path, to: Conversion): unknown {
  if (text.trim() === '') return undefined;
  if (plan.date || plan.isDateTime || plan.separator !== undefined)
    return convertText(text.trim(), plan, path, to);
  return plan.isCode ? codeOf(text) : text;
}

function codeOf(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

function faulty(to: Conversion, path: Path, rule: string, hint: string): undefined {
  to.faults.push({ path, rule, hint });
  return undefined;
}
