/** Joins sets of codes, some known whole and some only in part, by union, intersection and difference, in three-valued logic. */
import { CodeSet } from './code-set.ts';

/** true: in the set; false: surely not in it; undefined: cannot be told. */
export type Told = boolean | undefined;

/** A set of codes of any number of systems. */
export interface Part {
  /** systems that it is known to have codes of */
  readonly systems: ReadonlySet<string>;
  /** whether it may have codes of others */
  readonly isOpen: boolean;
  has(system: string, code: string): Told;
  /** all its codes by system, where they are known whole: then `has` says the same */
  readonly listed: ReadonlyMap<string, CodeSet> | undefined;
  /** why it cannot be told of some codes; empty when it always can */
  readonly because: readonly string[];
}

/** @returns the set of these codes and no others */
export function listedPart(listed: ReadonlyMap<string, CodeSet>): Part {
  return {
    systems: new Set(listed.keys()),
    isOpen: false,
    has: (system, code) => {
      const set = listed.get(system);
      return set ? set.has(code) : false;
    },
    listed,
    because: [],
  };
}

/** @returns a set of codes of one system that are told by a test, not by a list */
export function testedPart(system: string, test: (code: string) => Told, because: readonly string[]): Part {
  return {
    systems: new Set([system]),
    isOpen: false,
    has: (of, code) => (of === system ? test(code) : false),
    listed: undefined,
    because,
  };
}

/** @returns a set of which nothing is known */
export function unknownPart(because: string): Part {
  return { systems: new Set(), isOpen: true, has: () => undefined, listed: undefined, because: [because] };
}

/** @returns the union */
export function anyOf(parts: readonly Part[]): Part {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const united = unitedLists(parts.flatMap(({ listed }) => (listed ? [listed] : [])));
  const tests = parts.filter(({ listed }) => !listed);
  if (tests.length === 0) return listedPart(united);
  const all = [listedPart(united), ...tests];
  return {
    systems: union(all),
    isOpen: tests.some(({ isOpen }) => isOpen),
    has: (system, code) => or(all, (part) => part.has(system, code)),
    listed: undefined,
    because: reasons(parts),
  };
}

/** @param parts at least one @returns the intersection */
export function allOf(parts: readonly Part[]): Part {
  const [first, ...others] = parts as readonly [Part, ...Part[]];
  if (others.length === 0) return first;
  const has = (system: string, code: string): Told => and(parts, (part) => part.has(system, code));
  const listed = parts.find((part) => part.listed)?.listed;
  const because = reasons(parts);
  if (listed && because.length === 0) return listedPart(kept(listed, has));
  const closed = parts.filter(({ isOpen }) => !isOpen);
  const systems = [...union(parts)].filter((system) => closed.every((part) => part.systems.has(system)));
  return { systems: new Set(systems), isOpen: closed.length === 0, has, listed: undefined, because };
}

/** @returns what is in the first and not in the second */
export function without(part: Part, excluded: Part): Part {
  const has = (system: string, code: string): Told => {
    const told = [part.has(system, code), not(excluded.has(system, code))];
    return and(told, (one) => one);
  };
  const because = reasons([part, excluded]);
  if (part.listed && excluded.because.length === 0) return listedPart(kept(part.listed, has));
  return { systems: part.systems, isOpen: part.isOpen, has, listed: undefined, because };
}

/** @param system undefined: any @returns whether the code is in the set */
export function partHas(part: Part, system: string | undefined, code: string): Told {
  if (system !== undefined) return part.has(system, code);
  const told = or(part.systems, (one) => part.has(one, code));
  return told === false && part.isOpen ? undefined : told;
}

/** @returns true when one is, false when all are */
export function or<One>(all: Iterable<One>, tell: (one: One) => Told): Told {
  let told: Told = false;
  for (const one of all) {
    const here = tell(one);
    if (here) return true;
    if (here === undefined) told = undefined;
  }
  return told;
}

/** @returns false when one is, true when all are */
export function and<One>(all: Iterable<One>, tell: (one: One) => Told): Told {
  return not(or(all, (one) => not(tell(one))));
}

function not(told: Told): Told {
  return told === undefined ? undefined : !told;
}

function union(parts: readonly Part[]): Set<string> {
  return new Set(parts.flatMap(({ systems }) => [...systems]));
}

function reasons(parts: readonly Part[]): string[] {
  return [...new Set(parts.flatMap(({ because }) => because))];
}

/** Where one list holds all of another, its set is kept as it is: value sets share the tables of their systems. */
function unitedLists(lists: readonly ReadonlyMap<string, CodeSet>[]): Map<string, CodeSet> {
  const united = new Map<string, CodeSet>();
  for (const list of lists)
    for (const [system, set] of list) {
      const before = united.get(system);
      united.set(system, before ? unitedSets(before, set) : set);
    }
  return united;
}

function unitedSets(one: CodeSet, other: CodeSet): CodeSet {
  const missing = [...other.codes.keys()].filter((code) => !one.codes.has(code));
  return missing.length === 0 ? one : new CodeSet(new Set([...one.codes.keys(), ...missing]), one.match);
}

function kept(listed: ReadonlyMap<string, CodeSet>, has: Part['has']): Map<string, CodeSet> {
  const left = new Map<string, CodeSet>();
  for (const [system, { codes, match }] of listed) {
    const some = [...codes.keys()].filter((code) => has(system, code));
    if (some.length > 0) left.set(system, new CodeSet(new Set(some), match));
  }
  return left;
}
