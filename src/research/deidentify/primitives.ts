/** Says of FHIR primitives what JSON they are, and which of them may hold what somebody wrote. */

const NUMERIC = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal']);
const WHOLE = new Set(['integer', 'positiveInt', 'unsignedInt']);
const TEMPORAL = new Set(['date', 'dateTime', 'instant']);
/** What may be left as it is where nothing but its owner is spoken of: no text, no address, no date. */
const PLAIN = new Set([...NUMERIC, 'boolean', 'code', 'time']);
/** Words with single spaces between them, few of them: a sentence is no code. */
const CODE = /^[^\s]{1,64}(?: [^\s]{1,64}){0,7}$/;
const DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?)?)?$/;

export function isNumeric(type: string): boolean {
  return NUMERIC.has(type);
}

export function isTemporal(type: string): boolean {
  return TEMPORAL.has(type);
}

export function isPlain(type: string): boolean {
  return PLAIN.has(type);
}

/** @returns whether a value of JSON is one of the type */
export function fits(type: string, value: unknown): boolean {
  if (type === 'boolean') return typeof value === 'boolean';
  if (NUMERIC.has(type)) return typeof value === 'number' && (!WHOLE.has(type) || Number.isInteger(value));
  if (typeof value !== 'string' || value === '') return false;
  if (type === 'code') return CODE.test(value);
  if (TEMPORAL.has(type)) return DATE.test(value);
  if (type === 'time') return /^\d\d:\d\d:\d\d(?:\.\d{1,9})?$/.test(value);
  return true;
}
