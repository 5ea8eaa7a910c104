/** Turns a batch of records into what tells, of each referral in it, whether the activity that it goes to fits. */
import { type FitRules, fitOf } from '../referral/activity-fit.ts';
import { londonDay } from '../referral/fhir-time.ts';
import { storedActivities } from '../store/activities.ts';
import type { Store } from '../store/store.ts';
import type { Beyond } from '../validation/domain/journey.ts';
import type { Resources } from '../validation/domain/related.ts';

export interface FitParts {
  readonly store?: Pick<Store, 'readMany' | 'search' | 'answers'>;
  /** absent: nobody asks */
  readonly fit?: FitRules | undefined;
  readonly clock: () => number;
}

/** @returns undefined where nothing of the kind is asked, or no referral of the batch goes to an activity that is known */
export async function fitFor(parts: FitParts, batch: readonly Resources[]): Promise<Beyond['fit']> {
  const { store, fit: rules } = parts;
  if (!store || !rules) return undefined;
  const activities = await storedActivities(store, batch);
  if (activities.size === 0) return undefined;
  const today = londonDay(parts.clock());
  return (request, patient) =>
    (request.performer ?? []).flatMap(({ reference = '' }) => {
      const around = activities.get(reference);
      return around ? fitOf(request, patient, around, rules, today) : [];
    });
}
