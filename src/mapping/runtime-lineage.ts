/** What maps compiled for lineage call at run time, and what is read from that afterwards: which rule wrote each element, from where. */
import type { Parent, Run, Trace } from './runtime.ts';

/** Where one element of the target comes from. */
export interface Lineage {
  /** path of an element with a value: `entry[0].resource.name[0].family` */
  readonly element: string;
  /** paths in the source that the value comes from; none for a constant of the map */
  readonly sources: readonly string[];
  /** rules that wrote it, hop by hop, the last first: `prsb/referral.map:12:3 (rule "id")` */
  readonly rules: readonly string[];
}

/** Remembers which rule wrote a member of an object. */
export function trace(
  run: Run,
  parent: Parent,
  key: string,
  at: number,
  origins: readonly string[],
  front = false,
): void {
  run.lineage ??= new Map();
  const member = parent[key];
  const item = Array.isArray(member) ? member.at(front ? 0 : -1) : member;
  const traces = run.lineage.get(parent) ?? [];
  traces.push({ key, at, origins: origins.map((path) => path.replace(/^\./, '')), item });
  run.lineage.set(parent, traces);
}

/** @returns the lineage of every element with a value, in the target's order */
export function lineageOf(run: Run, target: unknown): Lineage[] {
  const found: Lineage[] = [];
  walk(run, target, '', undefined, found);
  return found;
}

function walk(run: Run, value: unknown, path: string, by: Trace | undefined, found: Lineage[]): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object') {
    if (by) found.push({ element: path, sources: by.origins, rules: [run.places[by.at]!] });
    return;
  }
  const written = writtenTo(run.lineage?.get(value) ?? []);
  for (const [key, member] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const traces = written.get(key);
    if (!Array.isArray(member)) walk(run, member, at, taken(traces, member) ?? by, found);
    else
      member.forEach((item, index) => {
        walk(run, item, `${at}[${index}]`, taken(traces, item) ?? by, found);
      });
  }
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

/** The trace of a member, each used once: equal texts in a list may come from several rules. The last to write a member wins. */
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
  const below = (path: string): Lineage[] =>
    first.filter(({ element }) => element.startsWith(`${path}.`) || element.startsWith(`${path}[`));
  return second.map(({ element, sources, rules }) => {
    const from = sources.flatMap((path) => byElement.get(path) ?? below(path));
    return {
      element,
      sources: [...new Set(from.flatMap((lineage) => lineage.sources))],
      rules: [...new Set([...rules, ...from.flatMap((lineage) => lineage.rules)])],
    };
  });
}
