/** Turns an ended referral into its closure: what changed, goals met, the person's own words, what the GP is asked. */
import { addDays, workingDay } from './calendar.ts';
import type { Closure, Contact, Determinant, Need, Status } from './journey-types.ts';
import { NEEDS, STORIES } from './menu.ts';
import type { Random } from './random.ts';

/** @param status one of those that end a referral @param contacts in order of time, at least one */
export function closureOf(
  random: Random,
  status: Status,
  contacts: readonly Contact[],
  needs: readonly Need[],
): Closure {
  const reason = status as Closure['reason'];
  const met = contacts.some((contact) => contact.attended === 'attended');
  return {
    on: workingDay(addDays(contacts.at(-1)!.start.slice(0, 10), random.between(1, 6))),
    reason,
    changes: reason === 'completed' && met ? changesOf(random, needs) : [],
    goalMet:
      reason === 'completed' && met
        ? random.weighted([
            ['met', 50],
            ['partly', 35],
            ['not-met', 15],
          ])
        : undefined,
    story: reason === 'completed' && met && random.chance(60) ? random.pick(STORIES) : undefined,
    forGp: reason !== 'died' && random.chance(8) ? 'Please offer a medication review.' : undefined,
  };
}

function changesOf(random: Random, needs: readonly Need[]): [Determinant, 'better' | 'same' | 'worse'][] {
  const determinants = new Set(needs.map((need) => NEEDS[need].determinant));
  return [...determinants].map((determinant) => [
    determinant,
    random.weighted([
      ['better', 65],
      ['same', 28],
      ['worse', 7],
    ]),
  ]);
}
