/** What compiled maps call at run time for lists: which items count, how many there may be, and what goes first or last. */
import { type Ending, hasValues, type Parent, type Run, report } from './runtime.ts';

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

/**
 * Sends an item to an end of its list, when all rules have run. Several of one rule keep their order; two rules that want the
 * same end are an issue.
 * @param item an object that the map builds; left out: what was just added to the list
 */
export function goesTo(
  run: Run,
  at: number,
  list: Parent,
  key: string,
  end: 'first' | 'last',
  item?: Parent,
): void {
  run.ordered ??= { ends: [], claims: new Map() };
  const { ends, claims } = run.ordered;
  const claimed = claims.get(list) ?? new Map<string, number>();
  const rule = claimed.get(`${end} ${key}`);
  if (rule !== undefined && rule !== at)
    report(
      run,
      at,
      'map-list-mode',
      `several rules want their elements of ${key} to go ${end}; only one can`,
    );
  claims.set(list, claimed.set(`${end} ${key}`, rule ?? at));
  const [values, beside] = listsOf(list, key);
  const index = Math.max(values.length, beside.length) - 1;
  ends.push({
    list,
    key,
    end,
    item: item ?? values[index] ?? null,
    beside: item ? null : (beside[index] ?? null),
  });
}

/** A list, and the one beside it that holds the ids and extensions of primitives. */
function listsOf(list: Parent, key: string): [values: readonly unknown[], beside: readonly unknown[]] {
  return [key, `_${key}`].map((name) => (Array.isArray(list[name]) ? list[name] : [])) as [
    unknown[],
    unknown[],
  ];
}

/** @returns the item that rules share by a name within one parent; undefined where none has made it yet */
export function sharedOf(run: Run, parent: Parent, name: string): Parent | undefined {
  return run.shares?.get(parent)?.get(name);
}

/** Keeps an item for all rules that share it by its name within one parent. */
export function share(run: Run, parent: Parent, name: string, item: Parent): void {
  run.shares ??= new Map();
  run.shares.set(parent, (run.shares.get(parent) ?? new Map<string, Parent>()).set(name, item));
}

/** Remembers an object that was put in its place before anything was in it. */
export function mayStayEmpty(run: Run, item: Parent): void {
  run.early ??= [];
  run.early.push(item);
}

/** Puts items at the ends where they belong, and takes objects that stayed empty out of the target, before anyone reads it. */
export function finish(run: Run, target: unknown): void {
  const { ordered, early } = run;
  if (ordered) {
    delete run.ordered;
    for (const [list, all] of Map.groupBy(ordered.ends, ({ list }) => list))
      for (const [key, ends] of Map.groupBy(all, (ending) => ending.key)) arrange(list, key, ends);
  }
  if (early) {
    delete run.early;
    const empty = new Set<object>(early.filter((item) => !hasValues(item)));
    if (empty.size > 0 && typeof target === 'object' && target !== null) prune(target, empty, new Set());
  }
}

function arrange(list: Parent, key: string, ends: readonly Ending[]): void {
  const [values, beside] = listsOf(list, key);
  const length = Math.max(values.length, beside.length);
  const indices = Map.groupBy(
    Array.from({ length }, (_, index) => index),
    (index): unknown => values[index] ?? null,
  );
  const taken = new Set<number>();
  const order = (end: Ending['end']): number[] =>
    ends.flatMap((ending) => {
      if (ending.end !== end) return [];
      const found = indices
        .get(ending.item)
        ?.find((index) => !taken.has(index) && (beside[index] ?? null) === ending.beside);
      if (found !== undefined) taken.add(found);
      return found ?? [];
    });
  const [first, last] = [order('first'), order('last')];
  const between = Array.from({ length }).flatMap((_, index) => (taken.has(index) ? [] : [index]));
  const all = [...first, ...between, ...last];
  if (values.length > 0) list[key] = all.map((index) => values[index] ?? null);
  if (beside.length > 0) list[`_${key}`] = all.map((index) => beside[index] ?? null);
}

/** Takes empty objects out of a value, and then what held nothing else. @param empty gets the latter too */
function prune(value: object, empty: Set<object>, seen: Set<object>): void {
  seen.add(value);
  let isLess = false;
  for (const [key, member] of Object.entries(value)) {
    const items: unknown[] = Array.isArray(member) ? member : [member];
    for (const item of items)
      if (typeof item === 'object' && item !== null && !seen.has(item)) prune(item, empty, seen);
    const kept = items.filter((item) => !empty.has(item as object));
    if (kept.length === items.length) continue;
    isLess = true;
    if (kept.length === 0) delete (value as Parent)[key];
    else (value as Parent)[key] = kept;
  }
  if (isLess && !hasValues(value)) empty.add(value);
}
