/** Turns a referral's state into consents that fit it, in every variant that practice knows. */
import { addDays } from './calendar.ts';
import type { Consents, Status } from './journey-types.ts';
import type { Random } from './random.ts';

/** @param referredOn ISO date @param statusOn ISO date of the last event; consent is never taken back after it */
export function consentsOf(random: Random, status: Status, referredOn: string, statusOn: string): Consents {
  const withdrew = status === 'withdrawn';
  const refer = status === 'declined' ? 'refused' : withdrew ? 'withdrawn' : 'given';
  const share =
    refer === 'refused'
      ? 'refused'
      : random.weighted<Consents['share']>([
          ['given', 70],
          ['coded', 13],
          ['refused', 12],
          ['withdrawn', 5],
        ]);
  const research = random.weighted<Consents['research']>([
    ['given', 48],
    ['refused', 30],
    ['withdrawn', 4],
    [undefined, 18],
  ]);
  const anyWithdrawn = [refer, share, research].includes('withdrawn');
  return {
    refer,
    share,
    research,
    on: referredOn,
    withdrawnOn: anyWithdrawn ? laterThan(referredOn, statusOn) : undefined,
  };
}

function laterThan(referredOn: string, statusOn: string): string {
  const next = addDays(referredOn, 1);
  return statusOn > next ? statusOn : next;
}
