/** Turns a version of ours into what a target may hold of it: as the gate lets it through, without references to what was withheld. */
import type { Identified, Store, StoredVersion } from '../store/store.ts';
import type { Gate } from './deliver-group.ts';
import { referencesOf, withoutReferences } from './references.ts';

export interface AsSentOptions {
  readonly store: Pick<Store, 'links'>;
  /** name of the target */
  readonly target: string;
  readonly gate: Gate;
}

/** @returns in ids of ours; undefined where the gate lets nothing of it through now */
export function createAsSent({ store, target, gate }: AsSentOptions) {
  return async ({ personId, resource }: StoredVersion): Promise<Identified | undefined> => {
    if (!resource) return undefined;
    const passed = await gate({ personId, resource, target });
    if (!passed.send) return undefined;
    const references = [...referencesOf(passed.resource)];
    const held = new Set((await store.links(target, references)).map((link) => `${link.type}/${link.id}`));
    const withheld = references.filter((key) => !held.has(key));
    return withheld.length === 0 ? passed.resource : withoutReferences(passed.resource, new Set(withheld));
  };
}
