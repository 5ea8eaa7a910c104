/** A made-up population, from a seed: what a store holds of many people, in the shapes that our maps write. */
import type { Held } from '../../src/research/held.ts';
import { contacts, recordContacts } from './population/contacts.ts';
import { Draw } from './population/draw.ts';
import { onward } from './population/onward.ts';
import { organisations } from './population/organisations.ts';
import { consents, drawPerson, patients } from './population/people.ts';
import { questionnaires } from './population/questionnaires.ts';
import { conditions, drawReferral, referralResources } from './population/referrals.ts';
import { support } from './population/support.ts';
import type { Made } from './population/words.ts';

export { PLACES, placesCsv, populationCsv } from './population/places.ts';
export { TODAY } from './population/words.ts';

export interface PopulationOptions {
  readonly people: number;
  readonly seed?: number;
}

/**
 * Organisations first, then one person after another: a hundred thousand people take no more memory than one.
 * Names, streets and free text all have `Test` in them, so that nothing of them can leave unnoticed.
 * @yields the same resources for the same seed; a person is the same however many others there are
 */
export function* population({ people, seed = 1 }: PopulationOptions): Generator<Held> {
  for (const resource of organisations()) yield { resource, personId: undefined };
  for (let at = 0; at < people; at++) {
    const draw = new Draw(seed, at);
    const person = drawPerson(at, draw);
    for (const resource of ofPerson(person, at, draw)) yield { resource, personId: person.id };
  }
}

/** Of ten people six were referred, and one of those twice. */
function* ofPerson(person: ReturnType<typeof drawPerson>, at: number, draw: Draw): Made {
  yield* patients(person, at, draw);
  const count = draw.chance(0.6) ? (draw.chance(0.15) ? 2 : 1) : 0;
  const referrals = Array.from({ length: count }, (_, nth) => drawReferral(person, nth, draw));
  if (referrals.length > 0) yield* consents(person, referrals[0]!.referred, draw);
  for (const referral of referrals) {
    yield* referralResources(person, referral, draw);
    yield* onward(person, referral, draw);
    yield* conditions(person, referral);
    yield* contacts(person, referral, draw);
    yield* questionnaires(person, referral, draw);
    yield* support(person, referral, draw);
  }
  yield* recordContacts(person, referrals[0], draw);
}
