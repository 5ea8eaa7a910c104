/** What compiled maps call at run time for lists: which items count, how many there may be, and what goes first or last. */
import { hasValues, type Parent, type Run, report } from './runtime.ts';

/** @returns the length of the longer of two lists that stand beside each other */
export function longer(values: readonly unknown[], beside: unknown): number {
  return Array.isArray(beside) ? Math.max(values.length, beside.length) : values.length;
}

/** Applies a source's list mode to the items that passed its conditions. */
export function pick(run: Run, at: number, mode: string, list: readonly unknown[]): readonly unknown[] {
  if (mode === 'first') return list.slice(0, 1);
  if (mode === 'not_first') return list.slice(1);
  if (mode === 'last') return list.slice(-1);
  if (mode === 'not_last') return list.slice(0, -1);
  if (list.length > 1) report(run, at, 'map-only-one', 'the source has several of what may be only one');
  return list;
}

/** Reports a source element that occurs too seldom or too often. */
export function count(
  run: Run,
  at: number,
  name: string,
  list: readonly unknown[],
  min: number,
  max: number,
): void {
  if (list.length >= min && list.length <= max) return;
  const need = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  report(run, at, 'map-cardinality', `${name} must occur ${need} times, found ${list.length}`, {
    code: 'required',
  });
}

/** Takes an object that stayed empty out of the list or the element that it was put into. */
export function takeOut(parent: Record<string, unknown>, key: string, value: unknown): void {
  const member = parent[key];
  if (Array.isArray(member)) {
    const at = member.lastIndexOf(value); // made late, it stands near the end
    if (at >= 0) member.splice(at, 1);
    if (member.length === 0) delete parent[key];
  } else if (member === value) delete parent[key];
}

/** Claims an end of a list for one element. */
export function claimEnd(run: Run, at: number, parent: Parent, key: string, end: 'first' | 'last'): void {
  run.ends ??= new Map();
  const claimed = run.ends.get(parent) ?? new Set();
  if (claimed.has(`${end} ${key}`))
    report(run, at, 'map-list-mode', `several elements of ${key} would go ${end}; only one can`);
  run.ends.set(parent, claimed.add(`${end} ${key}`));
}

/** Keeps an element back until all others of its list are there. */
export function goesLast(run: Run, at: number, list: Parent, key: string, item: unknown): void {
  claimEnd(run, at, list, key, 'last');
  run.last ??= [];
  run.last.push({ list, key, item });
}

/** Puts in what goes last. */
export function finish(run: Run): void {
  for (const { list, key, item } of run.last ?? []) {
    if (typeof item === 'object' && item !== null && !hasValues(item)) continue;
    const items = list[key];
    if (Array.isArray(items)) items.push(item);
    else list[key] = [item];
  }
}
