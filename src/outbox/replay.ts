/** Turns an operator's "send it again" into waiting outbox entries, and wakes who delivers them. */
import type { Store } from '../store/store.ts';

/** Which parked and held deliveries; an empty filter means all. */
export type ReplayFilter = Parameters<Store['replayDeliveries']>[0];

/** @returns how many entries are due again */
export async function replay(
  store: Pick<Store, 'replayDeliveries'>,
  filter: ReplayFilter,
  nowMs: number,
  wake: () => void,
): Promise<number> {
  const replayed = await store.replayDeliveries(filter, nowMs);
  if (replayed > 0) wake();
  return replayed;
}
