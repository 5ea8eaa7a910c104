/** Contacts of a made-up person: with a link worker, at group sessions, and with GPs and hospitals before and after. */
import type {
  Appointment,
  Encounter,
  EpisodeOfCare,
  Patient,
  PractitionerRole,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { Draw } from './draw.ts';
import { LINK_WORKER } from './organisations.ts';
import type { Person } from './people.ts';
import { ENDINGS, type Ending } from './referral-states.ts';
import type { Referral } from './referrals.ts';
import {
  concept,
  daysAgo,
  HEDGEROW,
  type Made,
  own,
  profiled,
  snomed,
  terminology,
  timeAgo,
  to,
} from './words.ts';

/** Of people who are held twice, each of the two has some. */
export function* contacts(person: Person, referral: Referral, draw: Draw): Made {
  const { episode } = ENDINGS[referral.ending] as Ending;
  if (episode && referral.ending !== 'accepted')
    yield* contactsOf(person, { ...referral, spell: referral.id }, draw);
}

/** What contacts hang on: the referral, or an onward one, and the referral that the spell is of. */
interface Occasion extends Referral {
  readonly spell: string;
}

export function* contactsOf(person: Person, referral: Occasion, draw: Draw): Made {
  const count = draw.whole(2, 6);
  for (let at = 0; at < count; at++) {
    const before = Math.max(referral.accepted - 3 - at * 14, referral.ended);
    yield* contact(person, referral, `${referral.id}-c${at}`, before, draw);
  }
}

function* contact(person: Person, referral: Occasion, id: string, before: number, draw: Draw): Made {
  const mode = draw.weighted({ telephone: 50, surgery: 20, home: 10, walk: 10, video: 10 });
  const state = draw.weighted({ attended: 78, missed: 14, cancelled: 8 });
  const isKept = state === 'attended';
  const session = mode === 'walk' ? groupSession(before) : {};
  const subject = person.isJoined && draw.chance(0.5) ? `${person.id}-twin` : person.id;
  const reason = concept(own('status-reason', state === 'missed' ? 'no-reply' : 'unwell'));
  yield {
    resourceType: 'Encounter',
    id,
    ...session,
    ...(!isKept && {
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled',
          valueCodeableConcept: reason,
        },
      ],
    }),
    status: isKept ? 'finished' : 'cancelled',
    class: terminology('v3-ActCode', mode === 'home' ? 'HH' : mode === 'telephone' ? 'VR' : 'AMB'),
    subject: to<Patient>('Patient', subject),
    episodeOfCare: [to<EpisodeOfCare>('EpisodeOfCare', `${referral.spell}-spell`)],
    basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
    participant: [{ individual: to<PractitionerRole>('PractitionerRole', LINK_WORKER) }],
    period: { start: timeAgo(before, 14), end: timeAgo(before, 15) },
    type: [concept(own('contact-mode', mode))],
    serviceType: { text: 'Social prescribing' },
    appointment: [to<Appointment>('Appointment', `${id}-slot`)],
    meta: profiled('encounter'),
  } satisfies Encounter & { id: string };
  yield {
    resourceType: 'Appointment',
    id: `${id}-slot`,
    ...session,
    status: isKept ? 'fulfilled' : state === 'missed' ? 'noshow' : 'cancelled',
    ...(!isKept && { cancelationReason: reason }),
    basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
    participant: [
      { status: 'accepted', actor: to<Patient>('Patient', subject) },
      { status: 'accepted', actor: to<PractitionerRole>('PractitionerRole', LINK_WORKER) },
    ],
    start: timeAgo(before, 14),
    end: timeAgo(before, 15),
    meta: profiled('appointment'),
  } satisfies Appointment & { id: string };
}

/** Everybody who walks on a day walks together. */
function groupSession(before: number): Pick<Encounter, 'identifier'> {
  return {
    identifier: [{ system: `${HEDGEROW}/Id/group-session`, value: `platform/S-${daysAgo(before)}` }],
  };
}

/** Contacts that were read from a record: fewer after social prescribing, and very many of some who were never referred. */
export function* recordContacts(person: Person, referral: Referral | undefined, draw: Draw): Made {
  const pivot = referral?.accepted ?? 365;
  const isFrequent = referral === undefined && draw.chance(0.1);
  const [before, after] = isFrequent ? [12, 14] : referral ? [draw.whole(2, 8), draw.whole(1, 6)] : [1, 1];
  for (let at = 0; at < before + after; at++) {
    const isBefore = at < before;
    const away = draw.whole(5, isBefore ? 180 : Math.max(6, Math.min(180, pivot - 1)));
    const day = isBefore ? pivot + away : Math.max(pivot - away, 0);
    yield {
      resourceType: 'Encounter',
      id: `${person.id}-gp${at}`,
      status: 'finished',
      class: terminology('v3-ActCode', 'AMB'),
      type: [concept(snomed('185317003'))],
      subject: to<Patient>('Patient', person.id),
      period: { start: timeAgo(day, 9), end: timeAgo(day, 10) },
    } satisfies Encounter & { id: string };
  }
}
