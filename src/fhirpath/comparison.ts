/** The comparison operators, with a short way for the values that JSON writes most. */
import { list } from './collection.ts';
import { equal, equalOne, order } from './equality.ts';
import { parseTemporal, type Temporal } from './temporal.ts';

/** `=` of two texts, two numbers or two booleans */
export function equalPlain(left: unknown, right: unknown): boolean | undefined {
  return left === undefined || left === null || right === undefined || right === null
    ? undefined
    : left === right;
}

/** `=` of two single values */
export function equalSingle(left: unknown, right: unknown): boolean | undefined {
  return left === undefined || left === null || right === undefined || right === null
    ? undefined
    : equalOne(left, right);
}

/** `=` of whatever JSON has there */
export function equalLoose(left: unknown, right: unknown): boolean | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left === right;
  return equal(list(left), list(right));
}

/** @returns the temporal value of FHIR text; text that is none stays as it is */
export function asTemporal(value: unknown, kind: Temporal['kind']): unknown {
  return typeof value === 'string' ? (parseTemporal(value, kind) ?? value) : value;
}

export function asTemporals(values: readonly unknown[], kind: Temporal['kind']): unknown[] {
  return values.map((value) => asTemporal(value, kind));
}

/** Day, or day and time in UTC; days that every month has, so that the form alone says that it exists. */
const COMMON =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z)?$/;

/** Orders two texts of FHIR that are dates or dateTimes: as texts where both have one common form. */
export function orderTexts(
  left: unknown,
  right: unknown,
  compare: (a: unknown, b: unknown) => boolean | undefined,
  kind: Temporal['kind'],
): boolean | undefined {
  if (typeof left !== 'string' || typeof right !== 'string') return compare(left, right);
  if (left.length === right.length && COMMON.test(left) && COMMON.test(right))
    return compare(left < right ? -1 : left > right ? 1 : 0, 0);
  return compare(asTemporal(left, kind), asTemporal(right, kind));
}

export function less(left: unknown, right: unknown): boolean | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  const ordered = order(left, right);
  return ordered === undefined ? undefined : ordered < 0;
}

export function lessOrEqual(left: unknown, right: unknown): boolean | undefined {
  if (typeof left === 'number' && typeof right === 'number') return left <= right;
  const ordered = order(left, right);
  return ordered === undefined ? undefined : ordered <= 0;
}

export function greater(left: unknown, right: unknown): boolean | undefined {
  return less(right, left);
}

export function greaterOrEqual(left: unknown, right: unknown): boolean | undefined {
  return lessOrEqual(right, left);
}
