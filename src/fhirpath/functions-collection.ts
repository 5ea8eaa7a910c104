/** The functions of FHIRPath that filter, project, combine and cut collections. */
import { EMPTY, list } from './collection.ts';
import { order, same } from './equality.ts';
import { EvaluationFault } from './fault.ts';
import { unbox } from './item.ts';
import { Known } from './known.ts';
import { visit } from './limits.ts';

type Values = readonly unknown[];
/** Up to so many values, comparing each with each is the fastest. */
const FEW = 8;
/** What it costs `repeat` to remember one item, in visits. */
const VISITS_A_FIND = 8;

/** A criterion, compiled: true only when the expression is true. */
type Test = (item: unknown, index: number) => unknown;
type Project = (item: unknown, index: number) => unknown;

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
  visit(value.length);
  let index = 0;
  for (const item of value) if (item !== undefined && item !== null && test(item, index++)) return item;
  return undefined;
}

/** `exists(criterion)` */
export function any(value: unknown, test: Test): boolean {
  if (!Array.isArray(value)) return value !== undefined && value !== null && Boolean(test(value, 0));
  visit(value.length);
  let index = 0;
  for (const item of value) if (item !== undefined && item !== null && test(item, index++)) return true;
  return false;
}

/** `all(criterion)` */
export function every(value: unknown, test: Test): boolean {
  if (!Array.isArray(value)) return value === undefined || value === null || Boolean(test(value, 0));
  visit(value.length);
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
 * A cycle in the data is stopped by equality, a flood by the limit of visits.
 * @param project what the focus leads to @param next what those lead to in turn
 */
export function repeat(value: unknown, project: Project, next: Project): Values {
  const out: unknown[] = [];
  const objects = new Set<unknown>();
  const known = new Known();
  let found = select(value, project);
  while (found.length > 0) {
    // one object met twice is equal to itself: no need to look into it
    const fresh = found.filter((item) => {
      const plain = unbox(item);
      if (typeof plain !== 'object') return known.add(plain);
      return !objects.has(plain) && objects.add(plain) && known.add(plain);
    });
    visit(fresh.length * VISITS_A_FIND);
    for (const item of fresh) out.push(item);
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
  visit(items.length * Math.ceil(Math.log2(items.length + 1)));
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
  if (values.length <= FEW)
    return values.filter((item, i) => !values.some((other, at) => at < i && same(other, item)));
  const known = new Known();
  return values.filter((item) => known.add(item));
}

export function isDistinct(values: Values): boolean {
  return distinct(values).length === values.length;
}

export function union(left: Values, right: Values): Values {
  return distinct(left.length === 0 ? right : right.length === 0 ? left : [...left, ...right]);
}

export function combine(left: Values, right: Values): Values {
  visit(left.length + right.length);
  return [...left, ...right];
}

export function intersect(left: Values, right: Values): Values {
  const known = Known.of(right);
  return distinct(left.filter((item) => known.has(item)));
}

export function exclude(left: Values, right: Values): Values {
  const known = Known.of(right);
  return left.filter((item) => !known.has(item));
}

export function subsetOf(left: Values, right: Values): boolean {
  const known = Known.of(right);
  return left.every((item) => known.has(item));
}

export function supersetOf(left: Values, right: Values): boolean {
  return subsetOf(right, left);
}

/** `item in collection`: empty when there is no item */
export function isIn(item: unknown, values: Values): boolean | undefined {
  if (item === undefined || item === null) return undefined;
  visit(values.length);
  return values.some((other) => same(item, other));
}

/** `in` a set of texts that the expression writes */
export function isOneOf(item: unknown, texts: ReadonlySet<unknown>): boolean | undefined {
  return item === undefined || item === null ? undefined : texts.has(item);
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
