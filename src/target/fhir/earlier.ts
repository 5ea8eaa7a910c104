/** Finds what a target may hold of a resource from tries whose answer was lost. */
import type { Identified, Store } from '../../store/store.ts';
import type { Gate } from '../gate.ts';
import type { Loaded } from './group-plan.ts';

export interface EarlierQuestion {
  readonly store: Pick<Store, 'readVersion'>;
  readonly gate: Gate;
  readonly target: string;
  readonly personId: string | undefined;
  /** version last known to be at the target */
  readonly firstVersion: number;
}

/**
 * What may have been sent of the version to send and of those before it, in every form: newest first, back to the
 * last one known to be there. After a crash the target may hold any of them, however many have come since, and
 * whatever consent let through then.
 */
export async function earlierForms(
  { entry }: Loaded,
  question: EarlierQuestion,
): Promise<readonly Identified[]> {
  const { store, gate, target, personId, firstVersion } = question;
  const found: Identified[] = [];
  // From the same version on: consent may have let another form of it through.
  for (let number = entry.version; number >= firstVersion; number--) {
    const resource = (await store.readVersion(entry.type, entry.id, number))?.resource;
    const passed = resource && (await gate({ personId, resource, target }));
    found.push(...(passed?.forms?.() ?? (passed?.send ? [passed.resource] : [])));
  }
  return found;
}
