/** Turns a journey's contacts into questionnaires: a baseline at the first meeting, a follow-up at a later one. */
import { answersOverTime, INSTRUMENTS } from './instruments.ts';
import type { Contact, Form } from './journey-types.ts';
import type { Service } from './places.ts';
import type { Random } from './random.ts';

/** Contacts kept before a second completion is worth asking for. */
const MET_ENOUGH = 3;

/** @param contacts in order of time @returns forms in order of time within each instrument; none where nobody was met */
export function formsOf(random: Random, contacts: readonly Contact[], service: Service): Form[] {
  const met = contacts.filter((contact) => contact.attended === 'attended');
  const first = met[0];
  if (!first) return [];
  // young people are asked about their wellbeing only; the adult scales are not for them
  const choice = service === 'young-people' ? (['swemwbs', 'ons4'] as const) : INSTRUMENTS;
  const last = met.length >= MET_ENOUGH ? met[met.length - 1] : undefined;
  return random.some(choice, random.between(1, 3)).flatMap((instrument) => {
    const forms = answersOverTime(random, instrument, last && random.chance(75) ? 2 : 1);
    return forms.map((answers, at) => ({
      instrument,
      on: (at === 0 ? first : last!).start.slice(0, 10),
      point: at === 0 ? 'baseline' : 'follow-up',
      answers,
    }));
  });
}
