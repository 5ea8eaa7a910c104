/** Tells how resources stand at a target: which it holds, and which a person or consent keeps from it. */
import type { ResourceKey, Store, TargetLink } from '../../store/store.ts';

export interface Standing {
  readonly links: Map<ResourceKey, TargetLink>;
  /** they wait for a person */
  readonly parked: Set<ResourceKey>;
  /** by consent or identity */
  readonly held: Set<ResourceKey>;
}

/** @param keys may name one more than once */
export async function standingOf(
  { store, target }: { readonly store: Pick<Store, 'links' | 'blocked'>; readonly target: { name: string } },
  keys: readonly ResourceKey[],
): Promise<Standing> {
  const wanted = [...new Set(keys)];
  const [links, blocked] = await Promise.all([
    store.links(target.name, wanted),
    store.blocked(target.name, wanted),
  ]);
  const keysIn = (state: 'parked' | 'held'): Set<ResourceKey> =>
    new Set(blocked.filter((one) => one.state === state).map(({ key }) => key));
  return {
    links: new Map(links.map((link) => [`${link.type}/${link.id}`, link])),
    parked: keysIn('parked'),
    held: keysIn('held'),
  };
}
