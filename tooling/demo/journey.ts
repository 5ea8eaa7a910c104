/** Turns a person into their whole journey: offered or referred, accepted, met, supported, measured, handed over, closed. */
import { addDays, daysBetween, TODAY, workingDay } from './calendar.ts';
import { closureOf } from './closure.ts';
import { consentsOf } from './consents.ts';
import { contactsOf } from './contacts.ts';
import { formsOf } from './forms.ts';
import type { Need, Referral, ReferredBy, Status } from './journey-types.ts';
import { GOALS, NEEDS, WHAT_MATTERS } from './menu.ts';
import type { Person } from './person.ts';
import {
  CLINICIANS,
  COUNCIL,
  HOSPITAL,
  HOSPITAL_NURSES,
  LINK_WORKERS,
  NURSES,
  type Place,
  PRACTICES,
  SCHOOL,
  SERVICES,
  type Service,
  SOCIAL_WORKERS,
  TEACHER,
} from './places.ts';
import type { Random } from './random.ts';
import { onwardOf, supportOf } from './support.ts';

/** First and last day on which the demo's referrals are made. */
const FIRST_DAY = '2025-04-01';
const LAST_DAY = '2026-06-12';

const STATUSES: readonly (readonly [Status, number])[] = [
  ['offered', 5],
  ['declined', 7],
  ['requested', 7],
  ['rejected', 4],
  ['accepted', 4],
  ['in-progress', 26],
  ['on-hold', 3],
  ['completed', 32],
  ['withdrawn', 5],
  ['not-reached', 4],
  ['moved', 2],
  ['died', 1],
];
/** The service has taken the person on: there is a link worker and an episode. */
const TAKEN_ON: ReadonlySet<Status> = new Set([
  'accepted',
  'in-progress',
  'on-hold',
  'completed',
  'handed-over',
  'withdrawn',
  'not-reached',
  'moved',
  'died',
]);
const ENDED: ReadonlySet<Status> = new Set([
  'completed',
  'handed-over',
  'withdrawn',
  'not-reached',
  'moved',
  'died',
]);

/** What is settled before a journey's events are told. */
interface Opening {
  readonly number: number;
  readonly service: Service;
  readonly status: Status;
  readonly referredOn: string;
  readonly referredBy: ReferredBy;
  readonly needs: readonly Need[];
  readonly follows: Referral | undefined;
}

/** @param number of the first referral, from 1 @returns one referral, or two where a hospital link worker hands over */
export function makeJourney(random: Random, person: Person, number: number, service: Service): Referral[] {
  const referredOn = workingDay(addDays(FIRST_DAY, random.below(daysBetween(FIRST_DAY, LAST_DAY))));
  const needs = random.some(
    needList(random),
    random.weighted([
      [1, 45],
      [2, 40],
      [3, 15],
    ]),
  );
  const status = service === 'hospital' ? 'handed-over' : random.weighted(STATUSES);
  const referredBy = sourceOf(random, service);
  const first = tell(random, person, {
    number,
    service,
    status,
    referredOn,
    referredBy,
    needs,
    follows: undefined,
  });
  if (!first.closure || service !== 'hospital') return [first];
  const next = random.weighted<Status>([
    ['accepted', 10],
    ['in-progress', 45],
    ['completed', 45],
  ]);
  return [
    first,
    tell(random, person, {
      number: number + 1,
      service: 'community',
      status: next,
      // offered while the hospital still holds the person; accepted on the day the hospital closes
      referredOn: addDays(first.closure.on, -3),
      referredBy: 'link-worker',
      needs,
      follows: first,
    }),
  ];
}

function tell(random: Random, person: Person, opening: Opening): Referral {
  const { referredOn, service, needs } = opening;
  const hoped = storyFits(opening) ? opening.status : 'in-progress';
  const takenOn = TAKEN_ON.has(hoped);
  const acceptedOn = takenOn
    ? (opening.follows?.closure?.on ?? workingDay(addDays(referredOn, random.between(1, 10))))
    : undefined;
  const linkWorker = takenOn
    ? random.pick(LINK_WORKERS.filter((worker) => worker.service === service))
    : undefined;
  const contacts = acceptedOn && hoped !== 'accepted' ? contactsOf(random, acceptedOn, hoped, needs) : [];
  // taken on so lately that nobody has met yet
  const status = takenOn && contacts.length === 0 ? 'accepted' : hoped;
  const met = contacts.some((contact) => contact.attended === 'attended');
  const closure = ENDED.has(status) ? closureOf(random, status, contacts, needs) : undefined;
  const statusOn = closure?.on ?? lastEvent(status, referredOn, acceptedOn, contacts[0]?.start);
  return {
    ...opening,
    person,
    ...referrerOf(random, opening, person),
    intent: opening.follows || random.chance(88) ? 'referred' : 'recommended',
    urgent: random.chance(8),
    reason: random.chance(80) ? NEEDS[needs[0]!].reason : undefined,
    whatMatters: random.chance(70) ? random.pick(WHAT_MATTERS) : undefined,
    goal: met ? random.pick(GOALS) : undefined,
    status,
    statusOn,
    acceptedOn,
    linkWorker,
    consents: consentsOf(random, status, referredOn, statusOn),
    contacts,
    forms: formsOf(random, contacts, service),
    support: supportOf(random, contacts, needs),
    onward: onwardOf(random, contacts, needs, closure !== undefined),
    closure,
  };
}

/** A referral of the last weeks cannot have run its course: it is still under way. */
function storyFits(opening: Opening): boolean {
  return !ENDED.has(opening.status) || daysBetween(opening.referredOn, TODAY) > 150;
}

function lastEvent(
  status: Status,
  referredOn: string,
  acceptedOn: string | undefined,
  firstContact: string | undefined,
): string {
  if (status === 'offered' || status === 'requested') return referredOn;
  if (status === 'declined') return addDays(referredOn, 2);
  if (status === 'rejected') return addDays(referredOn, 5);
  return firstContact?.slice(0, 10) ?? acceptedOn ?? referredOn;
}

function needList(random: Random): Need[] {
  const all = Object.keys(NEEDS) as Need[];
  return all
    .flatMap((need) => (random.chance(NEEDS[need].weight * 4) ? [need] : []))
    .concat(random.pick(all))
    .filter((need, i, list) => list.indexOf(need) === i);
}

function sourceOf(random: Random, service: Service): ReferredBy {
  if (service === 'hospital') return 'hospital';
  if (service === 'young-people')
    return random.weighted([
      ['family', 40],
      ['school', 35],
      ['gp', 25],
    ]);
  return random.weighted([
    ['gp', 48],
    ['nurse', 16],
    ['hospital', 6],
    ['social-worker', 10],
    ['family', 7],
    ['self', 13],
  ]);
}

type Referrer = Pick<Referral, 'referrer' | 'referrerPlace'>;

function referrerOf(random: Random, { referredBy, follows }: Opening, person: Person): Referrer {
  const at = (referrer: string | undefined, referrerPlace: Place | undefined): Referrer => ({
    referrer,
    referrerPlace,
  });
  const practice = PRACTICES.indexOf(person.practice);
  if (referredBy === 'gp') return at(CLINICIANS[practice], person.practice);
  if (referredBy === 'nurse') return at(NURSES[practice], person.practice);
  if (referredBy === 'hospital') return at(random.pick(HOSPITAL_NURSES), HOSPITAL);
  if (referredBy === 'social-worker') return at(random.pick(SOCIAL_WORKERS), COUNCIL);
  if (referredBy === 'school') return at(TEACHER, SCHOOL);
  if (referredBy === 'family') return at(`Robin ${person.family}`, undefined);
  if (referredBy === 'link-worker') return at(follows?.linkWorker?.name, SERVICES.hospital);
  return at(undefined, undefined);
}
