/** Reconciles two versions of a resource with the one both came from, element by element: what only one changed is taken, what both changed differently is a conflict. */
import { canonicalJson } from '../fhir/digest.ts';
import {
  groupBy,
  isForm,
  isMembers,
  isMembersOrText,
  joins,
  type Members,
  mergeLater,
  sameValue,
} from './merge.ts';
import { CHOICES, LIST_RULES, type ListRule, MERGED_OBJECTS } from './merge-table.ts';
import type { Identified } from './resources.ts';

export interface Versions {
  /** what both were made from; without it nothing tells who changed what, and nothing counts as removed */
  readonly base: Identified | undefined;
  readonly ours: Identified;
  readonly theirs: Identified;
}

/** An element that both changed, and not alike. Absent members were not there. */
export interface Disagreement {
  /** FHIRPath of the element, without list places: `Patient.telecom` */
  readonly path: string;
  readonly base?: unknown;
  readonly ours?: unknown;
  readonly theirs?: unknown;
}

export interface Reconciled {
  /** without conflicts what the resource becomes; with them a proposal, in which the preferred side has them */
  readonly merged: Identified;
  /** in order of path */
  readonly conflicts: readonly Disagreement[];
}

export type Side = 'ours' | 'theirs';

/**
 * Merges three ways. Which side is called ours changes nothing but who is preferred: `merged` is the same otherwise,
 * and so are the places of conflicts. Lists are told apart by the keys of the merge table; one that it does not name is
 * one value. What both added to a list stands behind what was there, in an order of its own.
 * @param versions of one type, all references in ids of one side; version, time and `meta.source` are left aside
 * @param prefer the side that has its way where both changed the same; for all of it, or by FHIRPath of the element
 * @source ADR 16
 */
export function reconcile(
  { base, ours, theirs }: Versions,
  prefer: Side | ((path: string) => Side) = 'ours',
): Reconciled {
  const conflicts: Disagreement[] = [];
  const preferAt = typeof prefer === 'string' ? () => prefer : prefer;
  const context = { type: ours.resourceType, preferAt, conflicts };
  const [b, o, t] = [base, ours, theirs].map((one) => one && comparable(one));
  const merged = reconcileMembers(context, ours.resourceType, b, o!, t!, true);
  conflicts.sort((x, y) => (x.path < y.path ? -1 : x.path > y.path ? 1 : 0));
  return { merged: { ...merged, resourceType: ours.resourceType, id: ours.id } as Identified, conflicts };
}

/** @returns `theirs` with everything that only `ours` says laid below it: silence then removes nothing */
export function keepUnsaid(ours: Identified, theirs: Identified): Identified {
  return mergeLater(ours, theirs);
}

interface Context {
  readonly type: string;
  readonly preferAt: (path: string) => Side;
  readonly conflicts: Disagreement[];
}

function comparable({ id: _id, meta, ...content }: Identified): Members {
  const { versionId: _version, lastUpdated: _time, source: _source, ...rest } = meta ?? {};
  return Object.keys(rest).length > 0 ? { ...content, meta: rest } : content;
}

function reconcileMembers(
  context: Context,
  path: string,
  base: Members | undefined,
  ours: Members,
  theirs: Members,
  isRoot: boolean,
): Members {
  const merged: Record<string, unknown> = {};
  for (const [unit, names] of unitsOf(isRoot ? context.type : undefined, base ?? {}, ours, theirs)) {
    const [single] = names.length === 1 ? names : [];
    const place = `${path}.${unit}`;
    if (single !== undefined) {
      const value = reconcileValue(context, place, single, base?.[single], ours[single], theirs[single]);
      if (value !== undefined) merged[single] = value;
    } else {
      const parts = [base ?? {}, ours, theirs].map((one) => partOf(one, names));
      Object.assign(
        merged,
        reconcileValue(context, place, undefined, ...(parts as [unknown, unknown, unknown])),
      );
    }
  }
  return merged;
}

/** Names that are one statement: a value with its `_` extras, and the forms of a choice. In the order of ours, then theirs. */
function unitsOf(
  type: string | undefined,
  base: Members,
  ours: Members,
  theirs: Members,
): Map<string, string[]> {
  const stems = (type === undefined ? undefined : CHOICES[type]) ?? [];
  const units = new Map<string, string[]>();
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs), ...Object.keys(base)])) {
    const value = name.startsWith('_') ? name.slice(1) : name;
    const unit = stems.find((stem) => isForm(value, stem)) ?? value;
    units.set(unit, [...(units.get(unit) ?? []), name]);
  }
  return units;
}

function partOf(members: Members, names: readonly string[]): Members | undefined {
  const present = names.filter((name) => members[name] !== undefined);
  return present.length === 0 ? undefined : Object.fromEntries(present.map((name) => [name, members[name]]));
}

/** @param name of the element; undefined for several names that are one statement, and taken whole */
function reconcileValue(
  context: Context,
  path: string,
  name: string | undefined,
  base: unknown,
  ours: unknown,
  theirs: unknown,
): unknown {
  const settled = oneSided(base, ours, theirs);
  if (settled) return settled.value;
  if (name !== undefined && Array.isArray(ours) && Array.isArray(theirs)) {
    const rule = LIST_RULES[name];
    const lists = [Array.isArray(base) ? base : [], ours, theirs] as const;
    if (rule && lists.every((list) => list.every(isMembersOrText)))
      return reconcileLists(context, path, rule, ...lists);
  }
  if (name !== undefined && MERGED_OBJECTS.has(name) && isMembers(ours) && isMembers(theirs)) {
    const merged = reconcileMembers(context, path, isMembers(base) ? base : undefined, ours, theirs, false);
    return Object.keys(merged).length === 0 ? undefined : merged; // what each side left the other has taken out
  }
  return disagree(context, path, base, ours, theirs);
}

/** @returns what holds where at most one side changed it, or both alike; undefined where both did, and differently */
function oneSided(base: unknown, ours: unknown, theirs: unknown): { readonly value: unknown } | undefined {
  if (isSame(ours, theirs) || isSame(theirs, base)) return { value: ours };
  return isSame(ours, base) ? { value: theirs } : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || sameValue(a, b);
}

function disagree(context: Context, path: string, base: unknown, ours: unknown, theirs: unknown): unknown {
  const sides = Object.entries({ base, ours, theirs }).filter(([, value]) => value !== undefined);
  context.conflicts.push({ path, ...Object.fromEntries(sides) });
  return context.preferAt(path) === 'ours' ? ours : theirs;
}

function reconcileLists(
  context: Context,
  path: string,
  rule: ListRule,
  base: readonly unknown[],
  ours: readonly unknown[],
  theirs: readonly unknown[],
): unknown[] | undefined {
  if (rule.kind === 'union') return listed(reconcileSets(context, path, base, ours, theirs));
  const [b, o, t] = [base, ours, theirs].map((list) => groupBy(rule.members, list)) as [
    Groups,
    Groups,
    Groups,
  ];
  const fresh = [...new Set([...o.keys(), ...t.keys()])].filter((key) => !b.has(key)).sort();
  return listed(
    [...b.keys(), ...fresh].flatMap((key) =>
      reconcileGroup(context, path, rule, b.get(key) ?? [], o.get(key) ?? [], t.get(key) ?? []),
    ),
  );
}

type Groups = Map<string, unknown[]>;

/** A list without items is no list in FHIR. */
function listed(items: unknown[]): unknown[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** Items of one key: mostly one, which is merged as one thing where the table says that it is. */
function reconcileGroup(
  context: Context,
  path: string,
  rule: Extract<ListRule, { kind: 'by' }>,
  base: readonly unknown[],
  ours: readonly unknown[],
  theirs: readonly unknown[],
): readonly unknown[] {
  const settled = oneSided(base, ours, theirs);
  if (settled) return settled.value as unknown[];
  const [o, t] = [ours[0], theirs[0]];
  if (base.length > 1 || ours.length > 1 || theirs.length > 1)
    return reconcileSets(context, path, base, ours, theirs);
  if (isMembers(o) && isMembers(t) && joins(rule.join, o, t)) {
    const b = isMembers(base[0]) ? base[0] : undefined;
    return [reconcileMembers(context, path, b, o, t, false)];
  }
  return (disagree(context, path, ...orAbsent(base, ours, theirs)) as unknown[]) ?? [];
}

function orAbsent(
  ...lists: [readonly unknown[], readonly unknown[], readonly unknown[]]
): [unknown, unknown, unknown] {
  return lists.map((list) => (list.length === 0 ? undefined : list)) as [unknown, unknown, unknown];
}

/** Items without keys: each side's additions and removals. Both replaced the same item, and not alike: a conflict. */
function reconcileSets(
  context: Context,
  path: string,
  base: readonly unknown[],
  ours: readonly unknown[],
  theirs: readonly unknown[],
): unknown[] {
  const [b, o, t] = [base, ours, theirs].map(
    (list) => new Map(list.map((one) => [canonicalJson(one), one])),
  ) as [Items, Items, Items];
  const replaced = [...b.keys()].some((text) => !o.has(text) && !t.has(text));
  const added = [o, t].map((side) => [...side.keys()].filter((text) => !b.has(text)).sort()) as [
    string[],
    string[],
  ];
  if (replaced && !isWithin(...added) && !isWithin(added[1], added[0]))
    return (disagree(context, path, ...orAbsent(base, ours, theirs)) as unknown[]) ?? [];
  const kept = [...b.keys()].filter((text) => o.has(text) && t.has(text));
  const fresh = [...new Set([...added[0], ...added[1]])].sort();
  return [...kept, ...fresh].map((text) => o.get(text) ?? t.get(text));
}

type Items = Map<string, unknown>;

/** Whether one side replaced what the other did, and more. To remove is not to replace. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((text) => all.includes(text)) && (some.length > 0 || all.length === 0);
}
