/** What compiled code calls to walk JSON: steps, and the turns between one value and a collection. */
import { EvaluationFault } from './fault.ts';
import { unbox } from './item.ts';
import { visit } from './limits.ts';

/** The empty collection that steps share; never written to. */
export const EMPTY: readonly unknown[] = Object.freeze([]);

/** Reads one member of one object. */
export type Getter = (owner: never) => unknown;

/**
 * Takes one step.
 * @param owner one value or an array of them, as JSON has it
 * @returns one value, or an array without nulls, or what the JSON has there
 */
export function pick(owner: unknown, get: (owner: unknown) => unknown): unknown {
  if (!Array.isArray(owner)) return owner === undefined || owner === null ? undefined : get(owner);
  visit(owner.length);
  const out: unknown[] = [];
  for (const item of owner) {
    if (item === undefined || item === null) continue;
    const value = get(item);
    if (value === undefined || value === null) continue;
    if (!Array.isArray(value)) out.push(value);
    else for (const inner of value) if (inner !== undefined && inner !== null) out.push(inner);
  }
  return out;
}

/** `pick` that gives an array of its own. */
export function collect(owner: unknown, get: (owner: unknown) => unknown): unknown[] {
  const found = pick(owner, get);
  if (Array.isArray(owner)) return found as unknown[];
  return [...list(found)];
}

/** The first value of one step, without collecting the others. */
export function pickFirst(owner: unknown, get: (owner: unknown) => unknown): unknown {
  if (!Array.isArray(owner)) return owner === undefined || owner === null ? undefined : first(get(owner));
  visit(owner.length);
  for (const item of owner) {
    if (item === undefined || item === null) continue;
    const value = first(get(item));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** @returns the first of a collection, or the value itself; undefined when there is none */
export function first(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? undefined;
  for (const item of value) if (item !== undefined && item !== null) return item;
  return undefined;
}

/** @returns true when there is at least one value */
export function some(value: unknown): boolean {
  if (!Array.isArray(value)) return value !== undefined && value !== null;
  for (const item of value) if (item !== undefined && item !== null) return true;
  return false;
}

/** @returns a member that is the object's own, for names that JavaScript's own objects have as well */
export function own(owner: unknown, name: string): unknown {
  if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) return undefined;
  return Object.hasOwn(owner, name) ? (owner as Record<string, unknown>)[name] : undefined;
}

/** @returns a collection without nulls; the given array itself where it has none */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return EMPTY;
  if (!Array.isArray(value)) return [value];
  visit(value.length);
  for (const item of value)
    if (item === undefined || item === null)
      return value.filter((other) => (other ?? undefined) !== undefined);
  return value;
}

/** @returns the one value of a collection, undefined when it is empty @throws EvaluationFault when there are several */
export function single(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? undefined;
  const items = list(value);
  if (items.length > 1) throw new EvaluationFault('one value is expected where there are several');
  return items[0];
}

/**
 * Singleton evaluation of a boolean: a single value that is no boolean counts as true.
 * @source FHIRPath N1, Singleton Evaluation of Collections
 */
export function truth(value: unknown): boolean | undefined {
  const one = unbox(single(value));
  return one === undefined ? undefined : typeof one === 'boolean' ? one : true;
}

export function and(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  if (left === false || right === false) return false;
  return left === undefined || right === undefined ? undefined : true;
}

export function or(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  if (left === true || right === true) return true;
  return left === undefined || right === undefined ? undefined : false;
}

export function xor(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  return left === undefined || right === undefined ? undefined : left !== right;
}

export function implies(left: boolean | undefined, right: boolean | undefined): boolean | undefined {
  if (left === false || right === true) return true;
  return left === undefined || right === undefined ? undefined : false;
}

export function not(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}
