/** Turns a group of outbox entries into what is to be sent, in an order where nothing goes before what it refers to. */
import type { Identified, OutboxEntry, ResourceKey } from '../../store/store.ts';
import { referencesOf } from '../references.ts';

/** The newest entry of one resource, with those it makes needless. */
export interface Planned {
  /** the newest; ambiguous when any of them is */
  readonly entry: OutboxEntry;
  readonly key: ResourceKey;
  /** seq of the older entries of the same resource */
  readonly older: readonly number[];
}

/** @param entries of one delivery key, in order of seq */
export function newestOfEach(entries: readonly OutboxEntry[]): Planned[] {
  const byKey = new Map<ResourceKey, OutboxEntry[]>();
  for (const entry of entries) {
    const key: ResourceKey = `${entry.type}/${entry.id}`;
    const same = byKey.get(key);
    if (same) same.push(entry);
    else byKey.set(key, [entry]);
  }
  return [...byKey].map(([key, same]) => {
    const newest = same.at(-1)!;
    const ambiguous = same.some((entry) => entry.ambiguous);
    return { key, entry: { ...newest, ambiguous }, older: same.slice(0, -1).map((entry) => entry.seq) };
  });
}

/** A planned entry with its content; undefined for a delete. */
export interface Loaded extends Planned {
  readonly resource: Identified | undefined;
  readonly references: ReadonlySet<ResourceKey>;
  /** of the stored version; undefined for a delete */
  readonly digest?: string;
  /** whose it is; undefined for a delete, and for what belongs to nobody */
  readonly personId?: string | undefined;
  /** what is sent is less than what is stored */
  readonly isStripped?: boolean;
}

export function withReferences(planned: Planned, resource: Identified | undefined): Loaded {
  return { ...planned, resource, references: resource ? referencesOf(resource) : new Set() };
}

/**
 * Puts what is referred to before what refers to it, otherwise keeping the order of seq. Resources that refer to
 * each other in a circle keep it too: only a transaction can bring those.
 */
export function inOrderOfReference(loaded: readonly Loaded[]): Loaded[] {
  const byKey = new Map(loaded.map((one) => [one.key, one]));
  const ordered: Loaded[] = [];
  const visited = new Set<ResourceKey>();
  const visit = (one: Loaded): void => {
    if (visited.has(one.key)) return;
    visited.add(one.key);
    for (const key of one.references) {
      const needed = byKey.get(key);
      if (needed) visit(needed);
    }
    ordered.push(one);
  };
  for (const one of loaded) visit(one);
  return ordered;
}
