/** Turns the facts of a closure into the plan as it stood, outcomes, and the end of request, task and spell. */
import type {
  CarePlan,
  CodeableConcept,
  EpisodeOfCare,
  Observation,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import {
  concept,
  type Draft,
  type Entries,
  partial,
  period,
  toOrganization,
  toPerson,
  toReferral,
  toWorker,
  words,
} from './parts.ts';
import { type GoalFacts, goalOf, goalReferences } from './plan.ts';
import { codeOf, codes, codingOf, codings, conceptOf } from './tables.ts';

const PLAN_STATUS = codes<CarePlan['status'] & string>('prsb/closure-status-to-plan');
const REQUEST_STATUS = codes<ServiceRequest['status'] & string>('prsb/referral-status-to-request');
const TASK_STATUS = codes<Task['status'] & string>('prsb/referral-status-to-task');
const EPISODE_STATUS = codes<EpisodeOfCare['status'] & string>('prsb/referral-status-to-episode');
const EVENT = codings('prsb/referral-status-coding');
const REASON = codings('prsb/status-reason-coding');
const OUTCOME = codings('prsb/outcome-coding');
const OUTCOME_DETERMINANT = codings('prsb/outcome-to-determinant');
const DETERMINANT = codings('prsb/determinant-coding');
const CHANGE = codings('prsb/change-coding');
const OBSERVATION = 'https://hedgerow.example/fhir/CodeSystem/observation';

/** One outcome; codes are those of the logical model. */
export interface ResultFacts {
  readonly key: string;
  readonly code: string | undefined;
  readonly determinant: string | undefined;
  readonly change: string | undefined;
  readonly text: string | undefined;
}

export interface ClosureFacts {
  readonly key: string;
  readonly personKey: string;
  readonly referralKey: string;
  readonly status: string | undefined;
  readonly statusReason: string | undefined;
  readonly statusReasonText: string | undefined;
  readonly date: string;
  readonly firstContact: string | undefined;
  readonly lastContact: string | undefined;
  readonly contactCount: number | undefined;
  readonly results: readonly ResultFacts[];
  readonly goals: readonly GoalFacts[];
  readonly ownWords: string | undefined;
  readonly gpAction: string | undefined;
  readonly practiceKey: string | undefined;
  readonly workerKey: string | undefined;
  readonly note: string | undefined;
}

/** @returns entries of the plan, the outcomes, the goals and what the GP is asked; consents come next */
export function closureEntries(facts: ClosureFacts): Entries {
  const entries: Entries = [{ resource: planOf(facts) }];
  for (const result of facts.results) entries.push({ resource: resultOf(facts, result) });
  if (facts.contactCount !== undefined) {
    const count = observationOf(facts, 'contact-count', 'Number of contacts');
    count.valueInteger = facts.contactCount;
    entries.push({ resource: count });
  }
  if (facts.ownWords !== undefined) {
    const own = observationOf(facts, 'own-words', "Outcome in the person's own words");
    own.note = [words(facts.ownWords, 'own-words')];
    entries.push({ resource: own });
  }
  for (const goal of facts.goals) entries.push({ resource: goalOf(goal, facts.personKey) });
  if (facts.gpAction !== undefined) entries.push({ resource: gpActionOf(facts, facts.gpAction) });
  return entries;
}

function planOf(facts: ClosureFacts): Draft<CarePlan> {
  const plan: Draft<CarePlan> = {
    resourceType: 'CarePlan',
    id: `CarePlan:closure:${facts.key}`,
    intent: 'plan',
    supportingInfo: [toReferral(facts.referralKey)],
    title: 'Support as it stood at closure',
    subject: toPerson(facts.personKey),
    created: facts.date,
  };
  const status = codeOf(PLAN_STATUS, facts.status);
  if (status !== undefined) plan.status = status;
  const held = period(facts.firstContact, facts.lastContact);
  if (held) plan.period = held;
  if (facts.workerKey !== undefined) plan.author = toWorker(facts.workerKey);
  const goals = goalReferences(facts.goals);
  if (goals.length > 0) plan.goal = goals;
  if (facts.results.length > 0)
    plan.activity = facts.results.map(({ key }) => ({
      outcomeReference: [{ reference: `Observation:outcome:${facts.key}:${key}` }],
    }));
  if (facts.note !== undefined) plan.note = [{ text: facts.note }];
  return plan;
}

function about(facts: ClosureFacts, id: string): Draft<Observation> {
  const observation: Draft<Observation> = {
    resourceType: 'Observation',
    id,
    status: 'final',
    basedOn: [toReferral(facts.referralKey)],
    subject: toPerson(facts.personKey),
    effectiveDateTime: facts.date,
  };
  if (facts.workerKey !== undefined) observation.performer = [toWorker(facts.workerKey)];
  return observation;
}

function observationOf(facts: ClosureFacts, code: string, display: string): Draft<Observation> {
  const observation = about(facts, `Observation:${code}:${facts.key}`);
  observation.code = concept(OBSERVATION, code, display);
  return observation;
}

function resultOf(facts: ClosureFacts, result: ResultFacts): Draft<Observation> {
  const observation = about(facts, `Observation:outcome:${facts.key}:${result.key}`);
  const social = 'http://terminology.hl7.org/CodeSystem/observation-category';
  observation.category = [concept(social, 'social-history', 'Social History')];
  const category = conceptOf(OUTCOME_DETERMINANT, result.code);
  if (category) observation.category.push(category);
  const outcome = codingOf(OUTCOME, result.code);
  const determinant = codingOf(DETERMINANT, result.determinant);
  const code: CodeableConcept = {};
  if (outcome) code.coding = determinant ? [outcome, determinant] : [outcome];
  else if (determinant) code.coding = [determinant];
  if (result.text !== undefined) code.text = result.text;
  if (code.coding || code.text !== undefined) observation.code = code;
  const change = conceptOf(CHANGE, result.change);
  if (change) observation.valueCodeableConcept = change;
  return observation;
}

function gpActionOf(facts: ClosureFacts, text: string): Draft<Task> {
  const task: Draft<Task> = {
    resourceType: 'Task',
    id: `Task:gp-action:${facts.key}`,
    status: 'requested',
    intent: 'order',
    code: concept('https://hedgerow.example/fhir/CodeSystem/task', 'gp-action', 'The GP is asked to act'),
    focus: toReferral(facts.referralKey),
    for: toPerson(facts.personKey),
    authoredOn: facts.date,
    note: [{ text }],
  };
  if (facts.workerKey !== undefined) task.requester = toWorker(facts.workerKey);
  if (facts.practiceKey !== undefined) task.owner = toOrganization(facts.practiceKey);
  return task;
}

/** What the closure adds to the referral's own resources. */
export function addEnd(facts: ClosureFacts, entries: Entries): void {
  const { referralKey, status } = facts;
  const request: Draft<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: `ServiceRequest:referral:${referralKey}`,
    meta: partial(),
  };
  const requestStatus = codeOf(REQUEST_STATUS, status);
  if (requestStatus !== undefined) request.status = requestStatus;
  entries.push({ resource: request }, { resource: endedTask(facts) });
  // what never was accepted has no spell to end
  if (status === undefined || status === 'rejected' || status === 'cancelled') return;
  const episode: Draft<EpisodeOfCare> = {
    resourceType: 'EpisodeOfCare',
    id: `EpisodeOfCare:referral:${referralKey}`,
    meta: partial(),
    period: { end: facts.date },
  };
  const episodeStatus = codeOf(EPISODE_STATUS, status);
  if (episodeStatus !== undefined) episode.status = episodeStatus;
  entries.push({ resource: episode });
}

function endedTask(facts: ClosureFacts): Draft<Task> {
  const task: Draft<Task> = {
    resourceType: 'Task',
    id: `Task:referral:${facts.referralKey}`,
    meta: partial(),
    lastModified: facts.date,
    output: [
      {
        type: concept(
          'https://hedgerow.example/fhir/CodeSystem/task-output',
          'closure',
          'What came of the referral',
        ),
        valueReference: { reference: `CarePlan:closure:${facts.key}` },
      },
    ],
  };
  const status = codeOf(TASK_STATUS, facts.status);
  if (status !== undefined) task.status = status;
  const reason = statusReason(facts);
  if (reason) task.statusReason = reason;
  return task;
}

function statusReason(facts: ClosureFacts): CodeableConcept | undefined {
  const event = facts.status === 'completed' ? undefined : codingOf(EVENT, facts.status);
  const why = codingOf(REASON, facts.statusReason);
  const text = facts.statusReasonText;
  if (!event && !why && text === undefined) return undefined;
  const reason: CodeableConcept = {};
  if (event) reason.coding = why ? [event, why] : [event];
  else if (why) reason.coding = [why];
  if (text !== undefined) reason.text = text;
  return reason;
}
