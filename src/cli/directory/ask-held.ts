/** Asks again for referrals that were held since their activity did not fit, so that what fits by now goes. */
import type { Config } from '../../config.ts';
import { FIT_RULES } from '../../referral/activity-fit.ts';
import type { Store } from '../../store/store.ts';

export interface HeldReferrals {
  readonly config: Pick<Config, 'activities' | 'targets'>;
  readonly store: Store;
  readonly clock: () => number;
  /** called when deliveries may go */
  readonly wake: () => void;
}

/** What fits by now goes; the rest is held as before. What is held for another reason is let be. */
export async function askHeldAgain({
  config,
  store,
  clock,
  wake,
}: Omit<HeldReferrals, 'store'> & { readonly store: Pick<Store, 'replayDeliveries'> }): Promise<void> {
  let asked = 0;
  for (const { name } of config.targets)
    for (const rule of FIT_RULES)
      asked += await store.replayDeliveries({ target: name, state: 'held', rule }, clock());
  if (asked > 0) wake();
}
