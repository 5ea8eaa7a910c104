/** Holds primitives against what is said of their values and extensions together: JSON keeps the two apart. */
import type { Check, Checking } from './checking.ts';
import type { Rule } from './invariants.ts';
import type { Json } from './run.ts';
import type { WholePrimitive } from './stated.ts';

/** One value of a primitive element, with what stands beside it. */
export interface WholeValue {
  /** undefined: there are an id or extensions only */
  readonly value: unknown;
  /** its id and extensions; undefined: none */
  readonly beside: unknown;
}

/** @returns the values of a primitive element, those without a JSON value too */
export function wholeValues(owner: Json, name: string, isArray: boolean): readonly WholeValue[] {
  const [value, beside] = [owner[name], owner[`_${name}`]];
  if (value === undefined && beside === undefined) return [];
  if (!isArray) return [{ value: value ?? undefined, beside: beside ?? undefined }];
  const [values, partners] = [listOf(value), listOf(beside)];
  return Array.from({ length: Math.max(values.length, partners.length) }, (_, at) => ({
    value: values[at] ?? undefined,
    beside: partners[at] ?? undefined,
  }));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** @returns the compiled check of the object that has these elements */
export function wholesTest(wholes: readonly WholePrimitive[], checks: Checking): Check {
  const all = wholes.map((whole) => ({
    whole,
    rules: whole.invariants ? checks.rules(whole.invariants) : [],
  }));
  return (owner) => all.every(({ whole, rules }) => isWhole(owner as Json, whole, rules));
}

function isWhole(owner: Json, { name, rules, isExtended }: WholePrimitive, stated: readonly Rule[]): boolean {
  const isPlain = !rules.isArray && stated.length === 0 && owner[`_${name}`] === undefined;
  if (isPlain) return !isExtended || owner[name] === undefined; // the value alone was looked at already
  const values = wholeValues(owner, name, rules.isArray);
  if (values.length === 0) return true;
  if (rules.isArray && (values.length < rules.min || values.length > rules.max)) return false;
  return values.every(({ value, beside }) => {
    if (isExtended && beside === undefined) return false;
    if (value === undefined && (rules.fixed !== undefined || rules.pattern !== undefined)) return false;
    return stated.every((rule) => rule.holds(value, beside));
  });
}
