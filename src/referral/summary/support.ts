/** Turns onward referrals, Procedures, Goals and CarePlans into what was offered, what was taken up, and what the person aims at. */
import type { Procedure, ServiceRequest, Task } from '@medplum/fhirtypes';
import { takenPart } from './contacts.ts';
import type { GoalLine, Support } from './content.ts';
import type { Gathered } from './gathered.ts';
import { counted, type Displays, momentOf, nameOfConcept, notesOf, ukDate } from './words.ts';

/** @returns `ServiceRequest/id` of those that are based on the referral, hand-overs apart */
export function onwardRequests(gathered: Gathered, requestKey: string): readonly ServiceRequest[] {
  return gathered.of('ServiceRequest').filter((one) => {
    const isBased = one.basedOn?.some(({ reference }) => reference === requestKey);
    const task = taskOf(gathered, one);
    return isBased && (task === undefined || Boolean(task.partOf?.length));
  });
}

/** @returns the Task that a request is carried out by */
export function taskOf(gathered: Gathered, request: Pick<ServiceRequest, 'id'>): Task | undefined {
  const key = `ServiceRequest/${request.id}`;
  return gathered.of('Task').find((one) => one.focus?.reference === key && !isGpAction(one));
}

export function isGpAction({ code }: Task): boolean {
  return (code?.coding ?? []).some(({ code }) => code === 'gp-action');
}

interface Dated extends Support {
  readonly atMs: number;
}

/** @returns what was offered, oldest first */
export function supportOf(gathered: Gathered, requestKey: string, displays: Displays): readonly Support[] {
  const onward = onwardRequests(gathered, requestKey).map((one) => ofRequest(gathered, one, displays));
  const given = gathered
    .of('Procedure')
    .filter(({ basedOn }) => basedOn?.some(({ reference }) => reference === requestKey))
    .flatMap((one) => ofProcedure(one, displays));
  return [...onward, ...given]
    .toSorted((a, b) => a.atMs - b.atMs || (a.what < b.what ? -1 : 1))
    .map(({ atMs: _, ...support }) => support);
}

const TASK_STATES: Readonly<Record<string, readonly [state: string, isTakenUp: boolean]>> = {
  draft: ['Offered', false],
  requested: ['Waiting for an answer', false],
  received: ['Waiting for a place', false],
  accepted: ['Place given', false],
  'in-progress': ['Taking part', true],
  'on-hold': ['Paused', true],
  completed: ['Taken up', true],
  rejected: ['Not taken by the provider', false],
  failed: ['Stopped', false],
  cancelled: ['Not taken up', false],
};
const REQUEST_STATES: Readonly<Record<string, readonly [state: string, isTakenUp: boolean]>> = {
  draft: ['Offered', false],
  active: ['Referred', false],
  'on-hold': ['Paused', false],
  revoked: ['Not taken up', false],
  completed: ['Taken up', true],
};

function ofRequest(gathered: Gathered, request: ServiceRequest, displays: Displays): Dated {
  const task = taskOf(gathered, request);
  const times = takenPart(gathered, `ServiceRequest/${request.id}`);
  const known = task ? TASK_STATES[task.status] : REQUEST_STATES[request.status];
  const [state, isTakenUp] = known ?? ['Offered', false];
  const reason = nameOfConcept(task?.statusReason, displays);
  const place = (request.performer ?? []).map((one) => gathered.at(one));
  const service = place.find((one) => one?.resourceType === 'HealthcareService')?.name;
  const organisation = place.find((one) => one?.resourceType === 'Organization')?.name;
  const where = service ?? organisation ?? request.code?.text;
  const said = times > 0 ? `Took part ${counted(times, 'time')}` : state;
  return dated(request.authoredOn, {
    what: nameOfConcept(request.code, displays) ?? 'Activity',
    state: reason !== undefined && !isTakenUp && times === 0 ? `${state} (${reason})` : said,
    isTakenUp: isTakenUp || times > 0,
    ...(where === undefined ? {} : { where }),
    ...noted(notesOf(request.note, undefined)),
  });
}

const PROCEDURE_STATES: Readonly<Record<string, readonly [state: string, isTakenUp: boolean]>> = {
  preparation: ['Planned', false],
  'in-progress': ['Under way', true],
  'on-hold': ['Paused', true],
  completed: ['Given', true],
  stopped: ['Stopped', true],
  'not-done': ['Declined', false],
};

function ofProcedure(procedure: Procedure, displays: Displays): Dated[] {
  const known = PROCEDURE_STATES[procedure.status];
  if (known === undefined) return [];
  const where = procedure.usedCode?.[0]?.text;
  return [
    dated(procedure.performedDateTime ?? procedure.performedPeriod?.start, {
      what: nameOfConcept(procedure.code, displays) ?? 'Support',
      state: known[0],
      isTakenUp: known[1],
      ...(where === undefined ? {} : { where }),
      ...noted([
        ...(procedure.code?.text ? [procedure.code.text] : []),
        ...notesOf(procedure.note, undefined),
      ]),
    }),
  ];
}

function dated(at: string | undefined, support: Omit<Support, 'date'>): Dated {
  const date = ukDate(at);
  return { ...support, ...(date === undefined ? {} : { date }), atMs: momentOf(at) ?? 0 };
}

function noted(notes: readonly string[]): Pick<Support, 'note'> {
  return notes.length === 0 ? {} : { note: notes.join('. ') };
}

/** @returns goals in their own words where these may be told, with how far they were reached */
export function goalsOf(gathered: Gathered, displays: Displays): readonly GoalLine[] {
  return gathered.of('Goal').map((goal) => ({
    text: goal.description?.text ?? nameOfConcept(goal.category?.[0], displays) ?? 'A goal of the person',
    achievement: nameOfConcept(goal.achievementStatus, displays) ?? LIFECYCLE[goal.lifecycleStatus] ?? 'Open',
  }));
}

const LIFECYCLE: Readonly<Record<string, string>> = {
  proposed: 'Proposed',
  planned: 'Planned',
  accepted: 'Agreed',
  active: 'Being worked on',
  'on-hold': 'Paused',
  completed: 'Completed',
  cancelled: 'Given up',
  rejected: 'Given up',
};
