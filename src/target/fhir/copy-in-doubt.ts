/** Finds whether a target holds a person whose delivery ended without an answer, before what it may learn of them is decided. */
import type { Store, TargetLink } from '../../store/store.ts';
import type { Refused } from '../answers.ts';
import type { Delivery, Target } from '../target.ts';
import type { Loaded } from './group-plan.ts';

/**
 * A withdrawal goes to whoever holds a copy, and the copy may be there although nobody said so.
 * @returns the link that the target's copy now has in the store; undefined: it holds none; else why it could not be asked
 */
export async function linkInDoubt(
  store: Pick<Store, 'keepLink'>,
  target: Target,
  delivery: Delivery,
  { signal, nowMs }: { readonly signal: AbortSignal; readonly nowMs: number },
): Promise<TargetLink | undefined | Refused> {
  const { type, id, deliveryKey } = delivery.entry;
  // A place that cannot be asked is taken to hold what was sent to it.
  const found = target.find ? await target.find(delivery, signal) : { ok: true as const, remoteId: id };
  if (!found.ok) return found;
  if (found.remoteId === undefined) return undefined;
  const link: TargetLink = {
    ...{ target: target.name, type, id, remoteId: found.remoteId, remoteVersion: undefined },
    version: 0, // which one is not known: before more is sent the copy is compared with each
    digest: '',
    deliveredMs: nowMs,
  };
  await store.keepLink(link, deliveryKey, nowMs);
  return link;
}

/** @returns whether it matters what became of an earlier try: of all else of a person a target is told by way of the person */
export function isInDoubt({ entry }: Loaded, link: TargetLink | undefined): boolean {
  return entry.ambiguous && entry.type === 'Patient' && link === undefined;
}
