/** Onward referrals of a made-up person to activities, and how often they were there. */
import type {
  HealthcareService,
  Organization,
  Patient,
  PractitionerRole,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { contactsOf } from './contacts.ts';
import type { Draw } from './draw.ts';
import { ACTIVITIES, LINK_WORKER } from './organisations.ts';
import type { Person } from './people.ts';
import { ENDINGS, type Ending } from './referral-states.ts';
import type { Referral } from './referrals.ts';
import { concept, type Made, own, profiled, timeAgo, to } from './words.ts';

export function* onward(person: Person, referral: Referral, draw: Draw): Made {
  if (!(ENDINGS[referral.ending] as Ending).episode || !draw.chance(0.5)) return;
  for (const kind of draw.some(ACTIVITIES, draw.whole(1, 2))) {
    const id = `${referral.id}-${kind}`;
    const isOver = draw.chance(0.6);
    yield {
      resourceType: 'ServiceRequest',
      id,
      status: isOver ? 'completed' : 'active',
      intent: 'order',
      code: { coding: [own('support-kind', kind)], text: `Exampleton test ${kind}` },
      performer: [to<HealthcareService>('HealthcareService', `activity-${kind}`)],
      authoredOn: timeAgo(referral.accepted - 10),
      basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
      requester: to<PractitionerRole>('PractitionerRole', LINK_WORKER),
      subject: to<Patient>('Patient', person.id),
      meta: profiled('service-request'),
    };
    yield {
      resourceType: 'Task',
      id: `${id}-task`,
      focus: to<ServiceRequest>('ServiceRequest', id),
      status: isOver ? 'completed' : 'in-progress',
      intent: 'order',
      authoredOn: timeAgo(referral.accepted - 10),
      owner: to<Organization>('Organization', 'provider-1'),
      partOf: [to<Task>('Task', `${referral.id}-task`)],
      code: concept({ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }),
      for: to<Patient>('Patient', person.id),
      meta: profiled('task'),
    };
    yield* contactsOf(person, { ...referral, id, spell: referral.id }, draw);
  }
}
