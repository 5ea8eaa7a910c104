/** What compiled maps call at run time to turn one value into another: casts, escapes, texts cut and read. */
import type { Quantity } from '@medplum/fhirtypes';
import { daysInMonth } from '../fhirpath/temporal.ts';
import { type Run, report, text } from './runtime.ts';

/** @returns the first `length` characters, never half of one */
export function truncate(value: string, length: number): string {
  const cut = value.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

const NUMBER = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @returns the value as JSON writes that primitive type; undefined, with an issue, when it cannot be one */
export function cast(run: Run, at: number, value: unknown, type: string): unknown {
  if (value === undefined || value === null) return undefined;
  if (type === 'integer' && typeof value === 'string') {
    const number = wholeOf(value);
    if (number >= 0) return number;
  }
  const made =
    CASTS[type]?.(text(run, at, value)) ?? (CASTS[type] ? undefined : text(run, at, value) || undefined);
  if (made === undefined) report(run, at, 'map-cast', `the source's value cannot be cast to ${type}`);
  return made;
}

/** How a text becomes each type that has a form; undefined where it has not that form. */
const CASTS: Readonly<Record<string, (written: string) => unknown>> = {
  boolean: (written) => (written === 'true' || written === 'false' ? written === 'true' : undefined),
  decimal: (written) => (NUMBER.test(written) ? Number(written) : undefined),
  integer: (written) => whole(written, -2_147_483_648),
  positiveInt: (written) => whole(written, 1),
  unsignedInt: (written) => whole(written, 0),
  date: (written) => dated(/^(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T.*)?$/, written),
  dateTime: (written) =>
    dated(/^(\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)?)?)$/, written),
  instant: (written) => dated(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))$/, written),
  time: (written) => /^(?:\d{4}-\d\d-\d\dT)?((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?)/.exec(written)?.[1],
};

function whole(written: string, least: number): number | undefined {
  const number = Number(written);
  const isWhole = NUMBER.test(written) && Number.isInteger(number);
  return isWhole && number >= least && number <= 2_147_483_647 ? number : undefined;
}

/** @returns what the pattern takes, when there is such a day */
function dated(pattern: RegExp, written: string): string | undefined {
  const found = pattern.exec(written)?.[1];
  const [year, month = 1, day = 1] = (found ?? '').slice(0, 10).split('-').map(Number);
  const isDay =
    year !== undefined && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return isDay ? found : undefined;
}

/** The usual answer to a question at once: one or two digits; -1 for anything else. */
function wholeOf(value: string): number {
  const first = value.charCodeAt(0) - 48;
  if (value.length === 1) return first >= 0 && first <= 9 ? first : -1;
  const second = value.charCodeAt(1) - 48;
  const isWhole = value.length === 2 && first > 0 && first <= 9 && second >= 0 && second <= 9;
  return isWhole ? 10 * first + second : -1;
}

/** @returns text made safe for a notation @source FHIR R4 StructureMap, transform escape */
export function escapeText(value: string, notation: string): string {
  if (notation === 'plain') return value;
  if (notation === 'json') return JSON.stringify(value).slice(1, -1);
  return value.replaceAll(/[&<>"]/g, (sign) => `&${NAMES[sign]};`);
}

const NAMES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
};
const SIGNS: ReadonlyMap<string, string> = new Map(Object.entries(NAMES).map(([sign, name]) => [name, sign]));

/** @returns the text that stands in a notation; an issue and '' where it is not written in that notation */
export function unescapeText(run: Run, at: number, value: string, notation: string): string {
  if (notation === 'plain') return value;
  if (notation === 'json') {
    try {
      return String(JSON.parse(`"${value}"`));
    } catch {
      report(run, at, 'map-escape', 'the text is not escaped as JSON; name the notation that it has');
      return '';
    }
  }
  return value.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g,
    (whole, decimal, hexadecimal, name) => {
      if (name !== undefined) return SIGNS.get(name) ?? whole;
      const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** @returns a length as a number; 0 with an issue when it is none */
export function lengthOf(run: Run, at: number, written: string): number {
  if (/^\d{1,9}$/.test(written)) return Number(written);
  report(run, at, 'map-parameters', 'the length to truncate to is no whole number');
  return 0;
}

/** @returns a new UUID; undefined, with an issue, where ids must be the same at every run */
export function uuidOf(run: Run, at: number): string | undefined {
  if (run.uuid) return run.uuid();
  const instead = 'write a local id, append("Patient:person:", key), which is the same each time';
  report(run, at, 'map-uuid', `uuid() would make another resource at every run; ${instead}`);
  return undefined;
}

const LONGEST_QUANTITY = 500;
const QUANTITY = /^\s*(<=|>=|<|>)?\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(\S(?:.{0,200}\S)?)?\s*$/;

/** @returns the Quantity of `[comparator]value[space]unit`; undefined, with an issue, for any other text */
export function quantityOf(run: Run, at: number, written: string): Quantity | undefined {
  const short = written.length > LONGEST_QUANTITY ? '' : written; // the pattern takes the square of a run of blanks
  const [, comparator, value, unit] = QUANTITY.exec(short) ?? [];
  if (value === undefined) {
    report(run, at, 'map-quantity', 'the text is no quantity, such as ">= 5 mg"');
    return undefined;
  }
  const quantity: Quantity = { value: Number(value) };
  if (comparator !== undefined) quantity.comparator = comparator as Quantity['comparator'];
  if (unit !== undefined) quantity.unit = unit;
  return quantity;
}

/** @returns `Type/id` of a resource of the source */
export function referenceTo(run: Run, at: number, value: unknown): string | undefined {
  const { resourceType, id } = Object(value) as { resourceType?: unknown; id?: unknown };
  if (typeof id === 'string' && id.includes(':')) return id;
  if (typeof resourceType === 'string' && typeof id === 'string') return `${resourceType}/${id}`;
  report(run, at, 'map-reference', 'a reference needs a resource with an id; give it one before this rule');
  return undefined;
}

/** @returns the system of a contact point that its value shows: an address of e-mail or of a page, else a telephone */
export function contactSystemOf(value: string): 'email' | 'url' | 'phone' {
  if (/^https?:\/\//i.test(value)) return 'url';
  return value.includes('@') ? 'email' : 'phone';
}
