/** Turns an accepted referral into its contacts: attempts, meetings, missed ones, group sessions, in working hours. */
import { addDays, TODAY, workingDay } from './calendar.ts';
import type { Contact, Need, Status } from './journey-types.ts';
import { NOTES } from './menu.ts';
import type { Random } from './random.ts';

const MODES: readonly (readonly [Contact['mode'], number])[] = [
  ['telephone', 38],
  ['home', 16],
  ['surgery', 16],
  ['community', 10],
  ['video', 6],
  ['walk', 5],
  ['text', 5],
  ['email', 4],
];
const LENGTHS: Readonly<Partial<Record<Contact['mode'], readonly number[]>>> = {
  telephone: [15, 20, 30],
  text: [5],
  email: [10],
  group: [90],
};
const START_HOURS = [9, 10, 11, 13, 14, 15, 16] as const;
/** Room that is left after the last contact, so that a closure never lies in the future. */
const CLOSING_DAYS = 10;

/** @param acceptedOn ISO date; the first contact is not before it @returns in order of time, none after the set's day */
export function contactsOf(
  random: Random,
  acceptedOn: string,
  status: Status,
  needs: readonly Need[],
): Contact[] {
  const count =
    status === 'not-reached' ? 3 : status === 'handed-over' ? random.between(2, 3) : random.between(3, 9);
  const groupFrom = random.chance(30) ? random.between(2, 4) : count;
  const group = `G${random.between(1, 6)}`;
  const contacts: Contact[] = [];
  let day = acceptedOn;
  for (let i = 0; i < count; i++) {
    day = workingDay(addDays(day, i === 0 ? random.between(0, 6) : random.between(6, 16)));
    if (day > addDays(TODAY, -CLOSING_DAYS)) break;
    const isGroup = i >= groupFrom;
    const mode = status === 'not-reached' ? 'telephone' : isGroup ? 'group' : random.weighted(MODES);
    contacts.push({
      start: `${day}T${clock(random)}`,
      minutes: random.pick(LENGTHS[mode] ?? [45, 60]),
      mode,
      attended:
        status === 'not-reached'
          ? 'missed'
          : random.weighted([
              ['attended', 84],
              ['missed', 11],
              ['cancelled', 5],
            ]),
      session: isGroup ? `${group}-${day}` : undefined,
      topics: random.some(needs, 2),
      note: random.chance(40) ? random.pick(NOTES) : undefined,
    });
  }
  return contacts;
}

function clock(random: Random): string {
  return `${String(random.pick(START_HOURS)).padStart(2, '0')}:${random.pick(['00', '15', '30'])}`;
}
