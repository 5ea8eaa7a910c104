/** What maps compiled for lineage call at run time, and what is read from that afterwards: which rule wrote each element, from where. */
import type { Parent, Run, Trace } from './runtime.ts';

/** Where one element of the target comes from. */
export interface Lineage {
  /** path of an element with a value: `entry[0].resource.name[0].family` */
  readonly element: string;
  /** paths in the source that the value comes from, '' for the source as a whole; none for a constant of the map */
  readonly sources: readonly string[];
  /** rules that wrote it, hop by hop, the last first: `prsb/referral.map:12:3 (rule "id")` */
  readonly rules: readonly string[];
}

/**
 * Remembers which rule wrote a member of an object.
 * @param split a primitive as it was built: what rules wrote to it stands in `_key` now
 */
export function trace(
  run: Run,
  parent: Parent,
  key: string,
  at: number,
  origins: readonly string[],
  split?: Parent,
): void {
  run.lineage ??= new Map();
  const member = parent[key];
  const item = Array.isArray(member) ? member.at(-1) : member;
  const traces = run.lineage.get(parent) ?? [];
  traces.push({ key, at, origins: origins.map((path) => path.replace(/^\./, '')), item });
  run.lineage.set(parent, traces);
  const own = split && run.lineage.get(split);
  const beside = parent[`_${key}`];
  const target = Array.isArray(beside) ? beside.at(-1) : beside;
  if (own && typeof target === 'object' && target !== null)
    run.lineage.set(
      target as Parent,
      own.filter((one) => one.key !== 'value'),
    );
}

/** @returns the path of an object of the sources; for anything else the path that it is known to come from */
export function pathOf(run: Run, value: unknown, otherwise: string): string {
  return (typeof value === 'object' && value !== null ? run.paths?.get(value) : undefined) ?? otherwise;
}

/** What stands where in the sources of a run. */
interface SourcePaths {
  /** paths of objects and lists; one that stands in several places, or in itself, is known by one of them */
  readonly objects: Map<object, string>;
  /** paths of all other values */
  readonly values: Set<string>;
}

/** @returns the paths of everything in the sources that can be read; the run says what cannot */
export function pathsIn(sources: readonly unknown[]): SourcePaths {
  const paths = { objects: new Map<object, string>(), values: new Set<string>() };
  const rest = sources.map((value): [unknown, string] => [value, '']);
  try {
    for (let next = rest.pop(); next; next = rest.pop()) {
      const [value, path] = next;
      if (value === undefined || value === null) continue;
      if (typeof value !== 'object') paths.values.add(path);
      else if (!paths.objects.has(value)) {
        paths.objects.set(value, path);
        for (const [key, member] of Object.entries(value)) rest.push([member, below(value, path, key)]);
      }
    }
  } catch {} // records are plain JSON; others may hold what throws when it is read
  return paths;
}

/** @returns the path of a member: `name[0].given`, or of an item: `name[0]` */
function below(owner: object, path: string, key: string): string {
  if (Array.isArray(owner)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

/**
 * @param known paths of all elements with a value in the sources
 * @param within paths of the target, of which and below which elements are told; default everything
 * @returns the lineage of every element with a value, in the target's order
 */
export function lineageOf(
  run: Run,
  target: unknown,
  known: ReadonlySet<string>,
  within: readonly string[] = [''],
): Lineage[] {
  const asked = new Set(within);
  const found: Lineage[] = [];
  const rest: At[] = [{ value: target, path: '', by: undefined, written: '' }];
  for (let at = rest.pop(); at; at = rest.pop()) {
    const { value, path, by, written } = at;
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') {
      for (const member of membersOf(run, value, at).reverse())
        if (isAsked(member.path, asked)) rest.push(member);
    } else if (by) {
      // of an object that was copied whole, each element comes from the one of the same name
      const within = path.slice(written.length);
      const sources = by.origins.map((one) => (known.has(one + within) ? one + within : one));
      found.push({ element: path, sources, rules: [run.places[by.at]!] });
    }
  }
  return found;
}

/** @returns true when a path leads to one that is asked for, is one or stands below one */
function isAsked(path: string, asked: ReadonlySet<string>): boolean {
  if (asked.has('') || asked.has(path)) return true;
  for (const one of asked) if (isBelow(path, one) || isBelow(one, path)) return true;
  return false;
}

/** @returns true for `name[0].family` below `name`, `name[0]` */
function isBelow(path: string, above: string): boolean {
  const next = path[above.length];
  return (next === '.' || next === '[') && path.startsWith(above);
}

/** An element of the target, and who wrote it or the nearest object around it. */
interface At {
  readonly value: unknown;
  readonly path: string;
  readonly by: Trace | undefined;
  /** path of what that rule wrote */
  readonly written: string;
}

function membersOf(run: Run, value: object, { path, by, written: around }: At): At[] {
  const object = value as Parent;
  const written = writtenTo(run.lineage?.get(value) ?? []);
  const picked = new Map<string, readonly (Trace | undefined)[]>();
  const members: At[] = [];
  for (const [key, member] of Object.entries(object)) {
    const place = below(value, path, key);
    // the id and extensions of a primitive were written by what wrote the primitive
    const owner = key.startsWith('_') && !written.has(key) ? key.slice(1) : key;
    const traces = picked.get(owner) ?? tracesOf(written.get(owner), object[owner], object[`_${owner}`]);
    picked.set(owner, traces);
    const items: readonly unknown[] = Array.isArray(member) ? member : [member];
    for (const [index, item] of items.entries()) {
      const own = Array.isArray(member) ? `${place}[${index}]` : place;
      const trace = traces[index];
      members.push({ value: item, path: own, by: trace ?? by, written: trace ? own : around });
    }
  }
  return members;
}

/** @returns the trace of each item of a member, of which the id and extensions of primitives stand beside it */
function tracesOf(written: Written | undefined, member: unknown, beside: unknown): (Trace | undefined)[] {
  const [list, companions] = [member, beside].map((one) => (Array.isArray(one) ? one : [one]));
  const length = Math.max(list!.length, companions!.length);
  return Array.from({ length }, (_, index) => taken(written, list![index]));
}

/** Who wrote one member of an object. */
interface Written {
  /** by what was written, the first to write it last */
  readonly byItem: ReadonlyMap<unknown, Trace[]>;
  readonly last: Trace;
}

function writtenTo(traces: readonly Trace[]): ReadonlyMap<string, Written> {
  const byKey = Map.groupBy(traces, ({ key }) => key);
  return new Map(
    [...byKey].map(([key, all]) => {
      return [key, { byItem: Map.groupBy(all.toReversed(), ({ item }) => item), last: all.at(-1)! }];
    }),
  );
}

/** The trace of an item, each used once: equal texts in a list may come from several rules. The last to write a member wins. */
function taken(written: Written | undefined, item: unknown): Trace | undefined {
  const same = Array.isArray(item) ? undefined : written?.byItem.get(item);
  return same?.pop() ?? written?.last;
}

/**
 * Joins the lineage of two hops.
 * @param first from the record to the model
 * @param second from the model to the target
 * @returns from the record to the target
 */
export function joined(first: readonly Lineage[], second: readonly Lineage[]): Lineage[] {
  const byElement = new Map(first.map((lineage) => [lineage.element, lineage]));
  const within = (path: string): Lineage[] => {
    const starts = [path, besideOf(path)];
    return first.filter(({ element }) => starts.some((start) => isBelow(element, start)));
  };
  return second.map(({ element, sources, rules }) => {
    const from = sources.flatMap((path) => byElement.get(path) ?? within(path));
    const whole = sources.filter((path) => path === '');
    return {
      element,
      sources: [...new Set([...whole, ...from.flatMap((lineage) => lineage.sources)])],
      rules: [...new Set([...rules, ...from.flatMap((lineage) => lineage.rules)])],
    };
  });
}

/** @returns the path of the id and extensions of a primitive: `person._birthDate` */
export function besideOf(path: string): string {
  const at = path.lastIndexOf('.') + 1;
  return `${path.slice(0, at)}_${path.slice(at)}`;
}
