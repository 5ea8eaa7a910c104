/** Turns two states of a referral into the states that it must have gone through between them. */
import {
  type Effects,
  type ReferralActor,
  type ReferralEvent,
  type ReferralState,
  TRANSITIONS,
  transitionOf,
} from './states.ts';

/** Events that only lead on: no path goes through the end of a referral, or through a hand-over. */
const LEADING_ON: ReadonlySet<ReferralEvent> = new Set([
  'referred',
  'received',
  'accepted',
  'contact-attempted',
  'put-on-hold',
  'resumed',
]);

/**
 * Finds the shortest way by transitions of the table.
 * @param event the last one, which leads to `to`
 * @param speaksFor who tells of it: only what they may say is a step
 * @returns states between `from` and `to`, none where one event leads there; undefined where there is no way
 */
export function wayBetween(
  from: ReferralState,
  event: ReferralEvent,
  to: ReferralState,
  speaksFor: readonly ReferralActor[],
): readonly Effects['state'][] | undefined {
  const ways: { state: ReferralState; through: readonly Effects['state'][] }[] = [
    { state: from, through: [] },
  ];
  const seen = new Set<ReferralState>([from]);
  for (const { state, through } of ways) {
    const last = transitionOf(state, event);
    if (last?.effects.state === to && last.by.some((one) => speaksFor.includes(one))) return through;
    for (const step of TRANSITIONS) {
      const next = step.effects.state;
      const leads = step.from.includes(state) && LEADING_ON.has(step.event) && !seen.has(next);
      if (!leads || !step.by.some((one) => speaksFor.includes(one))) continue;
      seen.add(next);
      ways.push({ state: next, through: [...through, next] });
    }
  }
  return undefined;
}
