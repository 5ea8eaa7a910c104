/** The referrals of a made-up person: offers, declined ones, hand-overs, and what follows each. */
import type {
  EpisodeOfCare,
  Organization,
  Patient,
  PractitionerRole,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import type { Identified } from '../../../src/store/store.ts';
import type { Draw } from './draw.ts';
import { NEEDS, type Need, needCode } from './needs.ts';
import { GP, LINK_WORKER, SERVICES } from './organisations.ts';
import type { Person } from './people.ts';
import { ENDINGS, type Ending, type EndingName, SHARES } from './referral-states.ts';
import {
  concept,
  HEDGEROW,
  type Made,
  own,
  profiled,
  snomed,
  terminology,
  timeAgo,
  to,
  ukCoreExtension,
} from './words.ts';

/** What everything else of a referral hangs on. */
export interface Referral {
  readonly id: string;
  readonly ending: EndingName;
  /** days before today: referred, accepted and ended */
  readonly referred: number;
  readonly accepted: number;
  readonly ended: number;
  readonly needs: readonly Need[];
}

/** The poorer the place, the later a referral is taken on: something for tables of inequalities to find. */
export function drawReferral(person: Person, at: number, draw: Draw): Referral {
  const ending = draw.weighted(SHARES);
  const { isOver } = ENDINGS[ending] as Ending;
  const referred = isOver ? draw.whole(220, 700) : draw.whole(40, 120);
  const accepted = referred - draw.whole(2, 25) - (person.place.decile <= 3 ? 5 : 0);
  const ended = accepted - draw.whole(42, 150);
  return {
    id: `${person.id}-r${at}`,
    ending,
    referred,
    accepted,
    ended: isOver ? ended : 0,
    needs: draw.some(NEEDS, draw.whole(1, 3)),
  };
}

export function* referralResources(person: Person, referral: Referral, draw: Draw): Made {
  const { ending } = referral;
  const rest = ENDINGS[ending] as Ending;
  const service = person.age < 18 ? SERVICES[2]! : ending === 'handed-over' ? SERVICES[1]! : SERVICES[0]!;
  yield request(person, referral, draw, { service, ...rest });
  yield task(person, referral, service, rest);
  if (rest.episode) yield episode(person, referral, service, rest);
  if (ending === 'handed-over') yield* handedOver(person, referral, draw);
}

function request(
  person: Person,
  { id, ending, referred, needs }: Referral,
  draw: Draw,
  about: Ending & { readonly service: string; readonly replaces?: string },
): ServiceRequest & Identified {
  const source = draw.weighted({ gp: 60, nurse: 10, hospital: 10, self: 12, 'social-worker': 8 });
  const isCoded = !['offered', 'declined'].includes(ending);
  const before = about.replaces ? [to<ServiceRequest>('ServiceRequest', about.replaces)] : undefined;
  return {
    resourceType: 'ServiceRequest',
    id,
    extension: [
      {
        url: ukCoreExtension('SourceOfServiceRequest'),
        valueCodeableConcept: concept(own('referral-source', source)),
      },
    ],
    identifier: [{ system: `${HEDGEROW}/Id/platform/referral`, value: `R-${id}` }],
    ...(before && { basedOn: before, replaces: before }),
    status: about.request,
    intent: draw.chance(0.08) ? 'proposal' : 'order',
    ...(draw.chance(0.2) && { priority: 'urgent' }),
    authoredOn: timeAgo(referred),
    ...(isCoded && { code: concept(snomed('871731000000106')) }),
    reasonCode: needs.map(needCode),
    requester:
      source === 'self' ? to<Patient>('Patient', person.id) : to<PractitionerRole>('PractitionerRole', GP),
    performer: [
      to<Organization>('Organization', about.service),
      ...(about.episode ? [to<PractitionerRole>('PractitionerRole', LINK_WORKER)] : []),
    ],
    note: [{ text: `Told in confidence by Testname of ${person.id}` }],
    subject: to<Patient>('Patient', person.id),
    meta: profiled('service-request'),
  };
}

function task(
  person: Person,
  { id, referred, accepted, ended }: Referral,
  service: string,
  { task: status, isOver, episode: spell, reason }: Ending,
): Task & Identified {
  const changed =
    isOver && spell ? ended : status === 'requested' || status === 'draft' ? referred : accepted;
  return {
    resourceType: 'Task',
    id: `${id}-task`,
    focus: to<ServiceRequest>('ServiceRequest', id),
    intent: 'order',
    authoredOn: timeAgo(referred),
    lastModified: timeAgo(changed, 11),
    requester: to<PractitionerRole>('PractitionerRole', GP),
    owner: to<Organization>('Organization', service),
    status,
    code: concept({ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }),
    for: to<Patient>('Patient', person.id),
    ...(reason && {
      statusReason: { coding: [...reason], text: `Because Testname said so of ${person.id}` },
    }),
    meta: profiled('task'),
  };
}

function episode(
  person: Person,
  { id, accepted, ended }: Referral,
  service: string,
  { episode: status, isOver }: Ending,
): EpisodeOfCare & Identified {
  return {
    resourceType: 'EpisodeOfCare',
    id: `${id}-spell`,
    referralRequest: [to<ServiceRequest>('ServiceRequest', id)],
    status: status!,
    managingOrganization: to<Organization>('Organization', service),
    patient: to<Patient>('Patient', person.id),
    period: { start: timeAgo(accepted, 11), ...(isOver && { end: timeAgo(ended, 11) }) },
    meta: profiled('episode-of-care'),
  };
}

/** The service that took over still holds the person. */
function* handedOver(person: Person, from: Referral, draw: Draw): Made {
  const referral: Referral = { ...from, id: `${from.id}h`, ending: 'active', ended: 0 };
  const [rest, service] = [ENDINGS.active as Ending, SERVICES[0]!];
  const moved = { ...referral, referred: from.ended + 5, accepted: from.ended };
  yield request(person, moved, draw, { service, replaces: from.id, ...rest });
  yield task(person, moved, service, rest);
  yield episode(person, moved, service, rest);
}

/** Each need is on the person's list of problems, too. */
export function* conditions(person: Person, referral: Referral): Made {
  for (const [at, need] of referral.needs.entries())
    yield {
      resourceType: 'Condition',
      id: `${referral.id}-need${at}`,
      category: [
        concept(terminology('condition-category', 'problem-list-item')),
        ...(need.determinant ? [concept(own('determinant', need.determinant))] : []),
      ],
      code: needCode(need),
      clinicalStatus: concept(terminology('condition-clinical', 'active')),
      subject: to<Patient>('Patient', person.id),
      meta: profiled('condition'),
    };
}
