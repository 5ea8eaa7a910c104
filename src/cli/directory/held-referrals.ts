/** Holds open referrals against their activities in turns, and asks again for those held: places, dates and checks change without a word. */
import type { Logger } from 'pino';
import { reviewDaily } from '../../source/directory/daily-review.ts';
import { turnTimesOf } from '../../store/turn-times.ts';
import { type Scheduled, type Turns, turnsOf } from '../again/housekeeping.ts';
import { askHeldAgain, type HeldReferrals } from './ask-held.ts';
import { fitRulesOf } from './directories.ts';

/**
 * Early each day all open referrals are held against that day; hourly it is asked for those that are held, where any are.
 * @param lookMs between looks whether a turn is due
 */
export function openHeldReferrals(around: HeldReferrals & { readonly log: Logger }, lookMs?: number): Turns {
  const held: Scheduled = {
    name: 'held for activities',
    times: turnTimesOf('10 * * * *', 'UTC'),
    run: () => askHeldAgain(around),
  };
  const jobs = [daily(around), ...(around.config.activities.atSending === 'hold' ? [held] : [])];
  return turnsOf(jobs, around, around.log, lookMs);
}

/** Soon after midnight, when what was good until yesterday is over. */
function daily({ config, store, clock, log }: HeldReferrals & { readonly log: Logger }): Scheduled {
  const rules = fitRulesOf(config.activities);
  return {
    name: 'activities of the day',
    times: turnTimesOf('20 0 * * *', 'Europe/London'),
    async run(signal) {
      const done = await reviewDaily({ store, rules, clock }, signal);
      log.info(done, 'open referrals were held against their activities of today');
    },
  };
}
