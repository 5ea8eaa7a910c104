/** The functions of FHIRPath that filter, project, combine and cut collections. */
import { EMPTY, list } from './collection.ts';
import { order, same } from './equality.ts';
import { EvaluationFault } from './fault.ts';
import { unbox } from './item.ts';

type Values = readonly unknown[];
/** A criterion, compiled: true only when the expression is true. */
type Test = (item: unknown, index: number) => unknown;
type Project = (item: unknown, index: number) => unknown;

/** Most items that one `repeat` may gather: a cycle in the data is stopped by equality, a flood by this. */
const MAX_REPEAT = 100_000;

export function where(value: unknown, test: Test): Values {
  if (!Array.isArray(value))
    return value === undefined || value === null || !test(value, 0) ? EMPTY : [value];
  return list(value).filter((item, index) => test(item, index));
}

/** `where` on one value: no collection is made. */
export function keep(value: unknown, test: Test): unknown {
  return value === undefined || value === null || !test(value, 0) ? undefined : value;
}

/** The first item that passes. */
export function find(value: unknown, test: Test): unknown {
  if (!Array.isArray(value)) return keep(value, test);
  let index = 0;
  for (const item of value) if (item !== undefined && item !== null && test(item, index++)) return item;
  return undefined;
}

/** `exists(criterion)` */
export function any(value: unknown, test: Test): boolean {
  if (!Array.isArray(value)) return value !== undefined && value !== null && Boolean(test(value, 0));
  let index = 0;
  for (const item of value) if (item !== undefined && item !== null && test(item, index++)) return true;
  return false;
}

/** `all(criterion)` */
export function every(value: unknown, test: Test): boolean {
  if (!Array.isArray(value)) return value === undefined || value === null || Boolean(test(value, 0));
  let index = 0;
  for (const item of value) if (item !== undefined && item !== null && !test(item, index++)) return false;
  return true;
}

export function select(value: unknown, project: Project): Values {
  const out: unknown[] = [];
  let index = 0;
  for (const item of list(value)) for (const found of list(project(item, index++))) out.push(found);
  return out;
}

/**
 * @param project what the focus leads to @param next what those lead to in turn
 * @throws EvaluationFault when more than 100,000 items come of it
 */
export function repeat(value: unknown, project: Project, next: Project): Values {
  const out: unknown[] = [];
  const known = new Set<unknown>();
  let found = select(value, project);
  while (found.length > 0) {
    const fresh: unknown[] = [];
    for (const item of found) {
      const plain = unbox(item);
      // quoted, so that no text is taken for an object
      const key = typeof plain === 'object' || typeof plain === 'string' ? JSON.stringify(plain) : plain;
      if (known.has(key)) continue;
      known.add(key);
      out.push(item);
      fresh.push(item);
    }
    if (out.length > MAX_REPEAT) throw new EvaluationFault(`repeat gathered more than ${MAX_REPEAT} items`);
    found = select(fresh, next);
  }
  return out;
}

export function aggregate(
  value: unknown,
  step: (item: unknown, index: number, total: unknown) => unknown,
  initial: unknown,
): unknown {
  let total = initial;
  let index = 0;
  for (const item of list(value)) total = step(item, index++, total);
  return total;
}

/** @param keys compiled key and whether it sorts downwards, first the most significant; none sorts by the item */
export function sort(value: unknown, keys: readonly (readonly [Project, boolean])[]): Values {
  const rules = keys.length > 0 ? keys : [[(item: unknown) => item, false] as const];
  const items = [...list(value)];
  return items.sort((a, b) => {
    for (const [key, down] of rules) {
      const [x] = list(key(a, 0));
      const [y] = list(key(b, 0));
      if (x === undefined && y === undefined) continue;
      const ordered = x === undefined ? 1 : y === undefined ? -1 : (order(unbox(x), unbox(y)) ?? 0);
      if (ordered !== 0) return down ? -ordered : ordered;
    }
    return 0;
  });
}

export function count(value: unknown): number {
  return list(value).length;
}

export function last(value: unknown): unknown {
  return list(value).at(-1);
}

export function tail(value: unknown): Values {
  return list(value).slice(1);
}

export function skip(value: unknown, amount: unknown): Values {
  return list(value).slice(Math.max(0, Number(amount ?? 0)));
}

export function take(value: unknown, amount: unknown): Values {
  return list(value).slice(0, Math.max(0, Number(amount ?? 0)));
}

/** `[index]`, from 0 */
export function at(value: unknown, index: unknown): unknown {
  if (index === undefined) return undefined;
  if (typeof index !== 'number' || !Number.isInteger(index))
    throw new EvaluationFault('an index is no integer');
  return index < 0 ? undefined : list(value)[index];
}

export function distinct(values: Values): Values {
  if (values.length < 2) return values;
  const seen = new Set<unknown>();
  const out: unknown[] = [];
  for (const item of values) {
    if (seen.has(item)) continue;
    const known = typeof item === 'object' && out.some((other) => same(other, item));
    if (known) continue;
    seen.add(item);
    out.push(item);
  }
  return out;
}

export function isDistinct(values: Values): boolean {
  return distinct(values).length === values.length;
}

export function union(left: Values, right: Values): Values {
  return distinct(left.length === 0 ? right : right.length === 0 ? left : [...left, ...right]);
}

export function combine(left: Values, right: Values): Values {
  return [...left, ...right];
}

export function intersect(left: Values, right: Values): Values {
  return distinct(left.filter((item) => right.some((other) => same(item, other))));
}

export function exclude(left: Values, right: Values): Values {
  return left.filter((item) => !right.some((other) => same(item, other)));
}

export function subsetOf(left: Values, right: Values): boolean {
  return left.every((item) => right.some((other) => same(item, other)));
}

export function supersetOf(left: Values, right: Values): boolean {
  return subsetOf(right, left);
}

/** `item in collection`: empty when there is no item */
export function isIn(item: unknown, values: Values): boolean | undefined {
  if (item === undefined || item === null) return undefined;
  return values.some((other) => same(item, other));
}

function booleans(values: Values): boolean[] {
  return values.map((value) => {
    const plain = unbox(value);
    if (typeof plain !== 'boolean') throw new EvaluationFault('allTrue and the like take booleans only');
    return plain;
  });
}

export function allTrue(values: Values): boolean {
  return booleans(values).every((value) => value);
}

export function anyTrue(values: Values): boolean {
  return booleans(values).some((value) => value);
}

export function allFalse(values: Values): boolean {
  return booleans(values).every((value) => !value);
}

export function anyFalse(values: Values): boolean {
  return booleans(values).some((value) => !value);
}
