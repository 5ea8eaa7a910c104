/** Claims what a group refers to and the target lacks: what stands in line, and what was never put there, where the target is to have that too. */
import type { ClaimedGroup, OutboxEntry, ResourceKey, Store } from '../../store/store.ts';

export interface Needing {
  readonly store: Pick<Store, 'claimAlso'>;
  readonly target: { readonly name: string };
  /** puts in line what is referred to; left out where everything is sent by itself */
  readonly bring?: ((keys: readonly ResourceKey[]) => Promise<void>) | undefined;
}

/** @param missing may name one more than once @returns entries of the same key; of others another group takes care */
export async function claimNeeded(
  { store, target, bring }: Needing,
  deliveryKey: string,
  missing: readonly ResourceKey[],
): Promise<readonly OutboxEntry[]> {
  const wanted = [...new Set(missing)];
  const claimed = await store.claimAlso(target.name, deliveryKey, wanted);
  if (!bring) return claimed;
  const found = new Set(claimed.map(({ type, id }) => `${type}/${id}`));
  const absent = wanted.filter((key) => !found.has(key));
  if (absent.length === 0) return claimed;
  await bring(absent);
  return [...claimed, ...(await store.claimAlso(target.name, deliveryKey, absent))];
}

/**
 * Of what is in doubt any version may have arrived, one that stands in line behind a full group too: seen beside the older
 * one alone it would be somebody else's writing.
 * @returns the group's entries with those of the same resources behind them, in order of seq
 */
export async function withNewerOfDoubtful(
  { store, target }: Pick<Needing, 'store' | 'target'>,
  { deliveryKey, entries }: ClaimedGroup,
): Promise<readonly OutboxEntry[]> {
  const doubtful = entries.filter(({ ambiguous }) => ambiguous);
  if (doubtful.length === 0) return entries;
  const keys = new Set(doubtful.map(({ type, id }): ResourceKey => `${type}/${id}`));
  const newer = await store.claimAlso(target.name, deliveryKey, [...keys]);
  return [...entries, ...newer].toSorted((a, b) => a.seq - b.seq);
}
