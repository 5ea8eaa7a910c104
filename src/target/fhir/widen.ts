/** Sends in whole what went to a target in part, once a consent may let more through than before. */
import type { Store, TargetLink } from '../../store/store.ts';
import type { Loaded } from './group-plan.ts';

interface Widening {
  readonly store: Pick<Store, 'resendStripped'>;
  readonly target: { readonly name: string };
  readonly clock: () => number;
}

/**
 * Once a version: the consent itself may have gone in part, and goes again then.
 * @param one was delivered just now @param link what the target was known to hold of it before
 */
export async function widen(
  { store, target, clock }: Widening,
  { entry, personId }: Loaded,
  link: TargetLink | undefined,
): Promise<void> {
  if (entry.type === 'Consent' && link?.version !== entry.version && personId !== undefined)
    await store.resendStripped(target.name, personId, clock());
}
