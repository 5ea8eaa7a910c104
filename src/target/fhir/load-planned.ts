/** Turns planned entries into what there is to send: the version that each names, as the store has it. */
import type { Store } from '../../store/store.ts';
import { type Loaded, type Planned, withReferences } from './group-plan.ts';

export interface LoadedPlan {
  readonly loaded: readonly Loaded[];
  /** erased or deleted since: the delete that follows in the outbox is what matters now */
  readonly needless: readonly Planned[];
  /** the store has no such version */
  readonly missing: readonly Planned[];
}

/** Mostly an entry names the current version, so all are read at once first. */
export async function loadPlanned(
  store: Pick<Store, 'readMany' | 'readVersion'>,
  planned: readonly Planned[],
): Promise<LoadedPlan> {
  const puts = planned.filter(({ entry }) => entry.action === 'put');
  const current = await store.readMany(puts.map(({ key }) => key));
  const byKey = new Map(current.map((version) => [`${version.type}/${version.id}`, version]));
  const found = { loaded: [] as Loaded[], needless: [] as Planned[], missing: [] as Planned[] };
  for (const one of planned) {
    const { type, id, version, action } = one.entry;
    if (action === 'delete') {
      found.loaded.push(withReferences(one, undefined));
      continue;
    }
    const newest = byKey.get(one.key);
    const stored = newest?.version === version ? newest : await store.readVersion(type, id, version);
    if (stored?.resource === undefined) found[stored ? 'needless' : 'missing'].push(one);
    else {
      const { digest, personId } = stored;
      found.loaded.push({ ...withReferences(one, stored.resource), digest, personId });
    }
  }
  return found;
}
