/** What was done with a made-up person and what came of it: goals, support, a plan, outcomes. */
import type {
  CarePlan,
  Goal,
  Observation,
  Patient,
  PractitionerRole,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { Draw } from './draw.ts';
import { LINK_WORKER } from './organisations.ts';
import type { Person } from './people.ts';
import { ENDINGS, type Ending } from './referral-states.ts';
import type { Referral } from './referrals.ts';
import { concept, daysAgo, HEDGEROW, type Made, own, profiled, terminology, timeAgo, to } from './words.ts';

const OUTCOMES = {
  loneliness: 'social',
  connectedness: 'social',
  benefits: 'income',
  'housing-conditions': 'housing',
} as const;

export function* support(person: Person, referral: Referral, draw: Draw): Made {
  if (!(ENDINGS[referral.ending] as Ending).episode || referral.ending === 'accepted') return;
  yield* goals(person, referral, draw);
  const count = draw.whole(0, 2);
  for (let at = 0; at < count; at++) yield procedure(person, referral, at, draw);
  if (referral.ending === 'completed') yield* outcomes(person, referral, draw);
}

function* goals(person: Person, referral: Referral, draw: Draw): Made {
  const isOver = referral.ending === 'completed';
  const goalIds = Array.from({ length: draw.whole(1, 2) }, (_, at) => `${referral.id}-goal${at}`);
  for (const id of goalIds)
    yield {
      resourceType: 'Goal',
      id,
      lifecycleStatus: isOver ? 'completed' : 'active',
      achievementStatus: concept(
        terminology(
          'goal-achievement',
          isOver ? draw.weighted({ achieved: 70, 'not-achieved': 30 }) : 'in-progress',
        ),
      ),
      category: [concept(own('determinant', draw.pick(['social', 'income', 'housing'])))],
      description: { text: `Testname goes to choir with ${person.id}` },
      startDate: daysAgo(referral.accepted - 7),
      target: [{ dueDate: daysAgo(referral.accepted - 90) }],
      statusDate: daysAgo(isOver ? referral.ended : referral.accepted - 7),
      subject: to<Patient>('Patient', person.id),
      meta: profiled('goal'),
    };
  yield {
    resourceType: 'CarePlan',
    id: `${referral.id}-plan`,
    intent: 'plan',
    supportingInfo: [to<ServiceRequest>('ServiceRequest', referral.id)],
    status: isOver ? 'completed' : 'active',
    title: 'Personalised care and support plan',
    created: daysAgo(referral.accepted - 7),
    goal: goalIds.map((id) => to<Goal>('Goal', id)),
    note: [
      {
        text: `What matters to Testname is ${person.id}`,
        extension: [{ url: `${HEDGEROW}/StructureDefinition/note-kind`, valueCode: 'what-matters' }],
      },
    ],
    subject: to<Patient>('Patient', person.id),
    meta: profiled('care-plan'),
  } satisfies CarePlan & { id: string };
}

function procedure(person: Person, referral: Referral, at: number, draw: Draw) {
  return {
    resourceType: 'Procedure' as const,
    id: `${referral.id}-support${at}`,
    basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
    status: draw.weighted({ completed: 80, 'not-done': 20 }),
    performedDateTime: daysAgo(Math.max(0, referral.accepted - 14 - at * 7)),
    performer: [{ actor: to<PractitionerRole>('PractitionerRole', LINK_WORKER) }],
    code: concept(own('support-kind', draw.pick(['signposting', 'coaching', 'benefits-advice']))),
    note: [{ text: `Told Testname of ${person.id}` }],
    subject: to<Patient>('Patient', person.id),
    meta: profiled('procedure'),
  };
}

function* outcomes(person: Person, referral: Referral, draw: Draw): Made {
  const names = Object.keys(OUTCOMES) as (keyof typeof OUTCOMES)[];
  for (const name of draw.some(names, draw.whole(1, 3)))
    yield {
      resourceType: 'Observation',
      id: `${referral.id}-${name}`,
      category: [
        concept(terminology('observation-category', 'social-history')),
        concept(own('determinant', OUTCOMES[name])),
      ],
      valueCodeableConcept: concept(
        own('change', draw.weighted({ improved: 65, unchanged: 25, worsened: 10 })),
      ),
      status: 'final',
      basedOn: [to<ServiceRequest>('ServiceRequest', referral.id)],
      effectiveDateTime: timeAgo(referral.ended, 12),
      subject: to<Patient>('Patient', person.id),
      code: { coding: [own('outcome', name)], text: 'In the words of Testname' },
      meta: profiled('observation'),
    } satisfies Observation & { id: string };
}
