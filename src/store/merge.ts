/** Turns what several source records say of one resource into one resource: the latest that has an element gives it, and silence deletes nothing. */
import { canonicalJson } from '../fhir/digest.ts';
import { CHOICES, LIST_RULES, type ListJoin, type ListRule, MERGED_OBJECTS } from './merge-table.ts';
import { isRegister, withRegisters } from './registers.ts';
import type { Identified } from './resources.ts';

/** What one source record says of a shared resource. */
export interface Contribution {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  /** when the source says it was so, epoch ms */
  readonly sourceTimeMs: number;
  readonly resource: Identified;
}

export type Members = Readonly<Record<string, unknown>>;

/**
 * Merges contributions to one resource. Their order is (sourceTimeMs, source, kind, key), whatever the order given.
 * @param contributions of one type and id, at least one
 * @returns a new resource; a single contribution is returned as it is
 * @source ADR 6: shared resources are merged element by element, by source time; the word of a register comes last
 */
export function mergeContributions(contributions: readonly Contribution[]): Identified {
  const ordered = [...contributions].sort(compareContributions);
  const words = ordered.filter((one) => isRegister(one.source)).map((one) => one.resource);
  const said = ordered.filter((one) => !isRegister(one.source)).map((one) => one.resource);
  const [first, ...later] = said.length > 0 ? said : words;
  if (!first) throw new RangeError('mergeContributions needs at least one contribution');
  const merged = later.reduce(mergeLater, first);
  return said.length > 0 ? withRegisters(merged, words, mergeLater) : merged;
}

/** @returns `earlier` with everything that `later` says laid over it */
export function mergeLater(earlier: Identified, later: Identified): Identified {
  const base = withoutDisplacedChoices(earlier as unknown as Members, later as unknown as Members);
  const kept = keptChoices(base, later as unknown as Members);
  return mergeMembers(base, kept) as unknown as Identified;
}

/** Order of contributions: by source time, then by what never changes. */
export function compareContributions(
  a: Omit<Contribution, 'resource'>,
  b: Omit<Contribution, 'resource'>,
): number {
  return (
    a.sourceTimeMs - b.sourceTimeMs ||
    compareText(a.source, b.source) ||
    compareText(a.kind, b.kind) ||
    compareText(a.key, b.key)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function mergeMembers(earlier: Members, later: Members): Members {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    if (name.startsWith('_') || isBlank(value)) continue;
    merged[name] = mergeValue(name, earlier[name], value);
  }
  for (const name of new Set([...Object.keys(earlier), ...Object.keys(later)]))
    if (name.startsWith('_')) mergeExtras(name, earlier, later, merged);
  return merged;
}

/** `_birthDate` belongs to the value of `birthDate`: it goes where that came from. */
function mergeExtras(name: string, earlier: Members, later: Members, merged: Record<string, unknown>): void {
  const value = name.slice(1);
  const extras = extrasOf(name, earlier, later, isBlank(later[value]), isBlank(earlier[value]));
  if (extras === undefined) delete merged[name];
  else merged[name] = extras;
}

function extrasOf(name: string, earlier: Members, later: Members, silent: boolean, blank: boolean): unknown {
  if (silent) return blank ? (later[name] ?? earlier[name]) : earlier[name];
  return later[name] ?? (sameValue(later[name.slice(1)], earlier[name.slice(1)]) ? earlier[name] : undefined);
}

function mergeValue(name: string, earlier: unknown, later: unknown): unknown {
  if (Array.isArray(later)) return mergeLists(LIST_RULES[name], Array.isArray(earlier) ? earlier : [], later);
  if (MERGED_OBJECTS.has(name) && isMembers(earlier) && isMembers(later)) return mergeMembers(earlier, later);
  return later;
}

function mergeLists(
  rule: ListRule | undefined,
  earlier: readonly unknown[],
  later: readonly unknown[],
): unknown[] {
  if (!rule || !earlier.every(isMembersOrText) || !later.every(isMembersOrText)) return [...later];
  if (rule.kind === 'union') return unionOf(earlier, later);
  const groups = groupBy(rule.members, earlier);
  for (const [key, group] of groupBy(rule.members, later)) {
    const before = groups.get(key);
    const [old] = before ?? [];
    const [fresh] = group;
    const single = before?.length === 1 && group.length === 1 && isMembers(old) && isMembers(fresh);
    groups.set(key, single && joins(rule.join, old, fresh) ? [mergeMembers(old, fresh)] : group);
  }
  return [...groups.values()].flat();
}

/** Whether two items of one group are one thing said twice. */
export function joins(join: ListJoin, earlier: Members, later: Members): boolean {
  if (join === 'always') return true;
  if (join === 'never') return false;
  if (join === 'agree')
    return Object.keys(later).every(
      (name) => earlier[name] === undefined || sameValue(earlier[name], later[name]),
    );
  return !isBlank(later[join.same]) && sameValue(earlier[join.same], later[join.same]);
}

export function groupBy(members: readonly string[], items: readonly unknown[]): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items) {
    const key = isMembers(item)
      ? canonicalJson(members.map((member) => item[member] ?? null))
      : canonicalJson(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function unionOf(earlier: readonly unknown[], later: readonly unknown[]): unknown[] {
  const all = new Map<string, unknown>();
  for (const item of [...earlier, ...later]) {
    const text = canonicalJson(item);
    if (!all.has(text)) all.set(text, item);
  }
  return [...all.values()];
}

/** Takes out of `earlier` the forms of a choice that `later` gives in another form: `deceasedBoolean` under `deceasedDateTime`. */
function withoutDisplacedChoices(earlier: Members, later: Members): Members {
  return dropForms(earlier, (name, stem) => {
    const form = formOf(stem, later);
    return form !== undefined && form !== name && !saysLess(form, later);
  });
}

/** "Has died" does not take the place of the day of death. */
function keptChoices(base: Members, later: Members): Members {
  return dropForms(later, (name, stem) => {
    const form = formOf(stem, base);
    return form !== undefined && form !== name;
  });
}

function saysLess(form: string, later: Members): boolean {
  return form === 'deceasedBoolean' && later[form] === true;
}

function dropForms(members: Members, drop: (name: string, stem: string) => boolean): Members {
  const stems = CHOICES[String(members.resourceType)];
  if (!stems) return members;
  const gone = Object.keys(members).filter((name) => {
    const value = name.startsWith('_') ? name.slice(1) : name;
    return stems.some((stem) => isForm(value, stem) && drop(value, stem));
  });
  return gone.length === 0
    ? members
    : Object.fromEntries(Object.entries(members).filter(([name]) => !gone.includes(name)));
}

function formOf(stem: string, members: Members): string | undefined {
  return Object.keys(members).find((name) => isForm(name, stem));
}

/** `deceasedBoolean` is a form of `deceased`. */
export function isForm(name: string, stem: string): boolean {
  return name.startsWith(stem) && /^[A-Z]/.test(name.slice(stem.length));
}

export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isMembersOrText(value: unknown): boolean {
  return isMembers(value) || typeof value === 'string';
}

/** Empty texts, lists and objects are no statement: they never replace one. */
function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.every(isBlank);
  return typeof value === 'object' && Object.values(value).every(isBlank);
}
