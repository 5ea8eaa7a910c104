/** Turns two versions of a resource into the elements that differ, each with what it was and what it is. */
import type { Resource } from '@medplum/fhirtypes';
import { canonicalJson } from './digest.ts';

/** One element that differs. */
export interface ElementChange {
  /** from the resource on: `name[0].family`; an item that went has its old place, any other its new one */
  readonly path: string;
  /** undefined where it was not there */
  readonly old?: unknown;
  /** undefined where it is there no more */
  readonly new?: unknown;
}

type Members = Readonly<Record<string, unknown>>;

/** @returns what differs, in order of the elements' names; `id` and what a server stamps (version, time) are left aside */
export function changesBetween(
  before: Resource | undefined,
  after: Resource | undefined,
): readonly ElementChange[] {
  const changes: ElementChange[] = [];
  compareMembers(comparable(before), comparable(after), '', changes);
  return changes;
}

function comparable(resource: Resource | undefined): Members {
  const { resourceType: _type, id: _id, meta, ...content } = resource ?? ({} as Resource);
  const { versionId: _version, lastUpdated: _time, ...rest } = meta ?? {};
  return Object.keys(rest).length === 0 ? content : { ...content, meta: rest };
}

function compareMembers(old: Members, now: Members, path: string, changes: ElementChange[]): void {
  for (const name of [...new Set([...Object.keys(old), ...Object.keys(now)])].sort())
    compare(old[name], now[name], path === '' ? name : `${path}.${name}`, changes);
}

function compare(old: unknown, now: unknown, path: string, changes: ElementChange[]): void {
  if (old === now) return;
  if (Array.isArray(old) && Array.isArray(now)) compareItems(old, now, path, changes);
  else if (isMembers(old) && isMembers(now)) compareMembers(old, now, path, changes);
  else
    changes.push({
      path,
      ...(old === undefined ? {} : { old }),
      ...(now === undefined ? {} : { new: now }),
    });
}

/** Items that are in both are left aside wherever they stand; of the others the first goes with the first. */
function compareItems(
  old: readonly unknown[],
  now: readonly unknown[],
  path: string,
  changes: ElementChange[],
): void {
  const gone = withoutEquals(old, now);
  const come = withoutEquals(now, old);
  if (gone.length === 0 && come.length === 0) {
    if (canonicalJson(old) !== canonicalJson(now)) changes.push({ path, old, new: now }); // another order
    return;
  }
  for (let at = 0; at < Math.max(gone.length, come.length); at++) {
    const place = come[at] ?? gone[at]!;
    compare(gone[at]?.item, come[at]?.item, `${path}[${place.at}]`, changes);
  }
}

interface Placed {
  readonly item: unknown;
  readonly at: number;
}

/** @returns items of `all` that `others` lacks; one that is there twice is needed twice */
function withoutEquals(all: readonly unknown[], others: readonly unknown[]): Placed[] {
  const counts = new Map<string, number>();
  for (const item of others) counts.set(canonicalJson(item), (counts.get(canonicalJson(item)) ?? 0) + 1);
  return [...all.entries()].flatMap(([at, item]) => {
    const text = canonicalJson(item);
    const left = counts.get(text) ?? 0;
    counts.set(text, left - 1);
    return left > 0 ? [] : [{ item, at }];
  });
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
