/** Turns a version of ours into what a target may hold of it: in every form that the gate may have let through, without references to what was withheld. */
import type { Identified, Store, StoredVersion } from '../../store/store.ts';
import { referencesOf, withoutReferences } from '../references.ts';
import type { Gate } from './deliver-group.ts';

export interface AsSentOptions {
  readonly store: Pick<Store, 'links'>;
  /** name of the target */
  readonly target: string;
  readonly gate: Gate;
}

/**
 * @returns the forms in ids of ours: first as the gate lets it through now, if at all, then as it may have been let through
 * while the person had decided otherwise
 */
export function createAsSent({ store, target, gate }: AsSentOptions) {
  return async ({ personId, resource }: StoredVersion): Promise<readonly Identified[]> => {
    if (!resource) return [];
    const passed = await gate({ personId, resource, target });
    const forms = [...(passed.send ? [passed.resource] : []), ...(passed.forms?.() ?? [])];
    const references = [...new Set(forms.flatMap((form) => [...referencesOf(form)]))];
    const held = new Set((await store.links(target, references)).map((link) => `${link.type}/${link.id}`));
    const withheld = new Set(references.filter((key) => !held.has(key)));
    if (withheld.size === 0) return forms;
    // whole too: what is referred to may be on its way with it
    return [...forms, ...forms.flatMap((form) => withoutReferences(form, withheld) ?? [])];
  };
}
