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
