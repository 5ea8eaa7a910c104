/** Turns contacts and needs into the support given and the referrals onward to activities. */
import { addDays } from './calendar.ts';
import type { Contact, Need, Onward, Support } from './journey-types.ts';
import { NEEDS } from './menu.ts';
import type { Random } from './random.ts';

/** @returns a plan from the first meeting, and support for each need at later ones */
export function supportOf(random: Random, contacts: readonly Contact[], needs: readonly Need[]): Support[] {
  const met = contacts.filter((contact) => contact.attended === 'attended');
  const first = met[0];
  if (!first) return [];
  const plan: Support = { type: 'plan', on: first.start.slice(0, 10), need: undefined };
  const given = needs.map(
    (need, i): Support => ({
      type: random.chance(70) ? NEEDS[need].support : 'signposting',
      on: met[Math.min(i + 1, met.length - 1)]!.start.slice(0, 10),
      need,
    }),
  );
  return [plan, ...given];
}

/** @param closed true once the referral has ended: nothing is left merely offered then */
export function onwardOf(
  random: Random,
  contacts: readonly Contact[],
  needs: readonly Need[],
  closed: boolean,
): Onward[] {
  const met = contacts.filter((contact) => contact.attended === 'attended');
  const from = met[1];
  if (!from) return [];
  return needs
    .filter(() => random.chance(65))
    .map((need) => ({
      activity: NEEDS[need].activity,
      provider: NEEDS[need].provider,
      on: from.start.slice(0, 10),
      status: closed
        ? random.weighted<Onward['status']>([
            ['completed', 70],
            ['declined', 30],
          ])
        : random.weighted<Onward['status']>([
            ['offered', 20],
            ['referred', 35],
            ['attending', 35],
            ['declined', 10],
          ]),
      need,
    }));
}

/** @returns the day by which a goal of a plan made on this day is to be reached */
export function goalDay(plannedOn: string): string {
  return addDays(plannedOn, 84);
}
