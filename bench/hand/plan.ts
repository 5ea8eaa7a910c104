/** Turns needs, goals, onward referrals and activities into the resources that referral and plan share. */
import type {
  CodeableConcept,
  Condition,
  Goal,
  HealthcareService,
  Reference,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import {
  concept,
  type Draft,
  partial,
  toOnward,
  toOrganization,
  toPerson,
  toReferral,
  toWorker,
} from './parts.ts';
import { codeOf, codes, codingOf, codings, conceptOf } from './tables.ts';

const NEED_SNOMED = codings('prsb/need-to-snomed');
const NEED = codings('prsb/need-coding');
const NEED_DETERMINANT = codings('prsb/need-to-determinant');
const DETERMINANT = codings('prsb/determinant-coding');
const ACHIEVEMENT = codings('prsb/goal-achievement-coding');
const SUPPORT_KIND = codings('prsb/support-kind-coding');
const STATUS_REASON = codings('prsb/status-reason-coding');
const EVENT = codings('prsb/referral-status-coding');
/** Ends that the task's status alone does not tell. */
const EVENTS: ReadonlySet<string> = new Set([
  'declined',
  'withdrawn',
  'no-contact',
  'died',
  'moved',
  'cancelled',
  'rejected',
]);
const REQUEST_STATUS = codes<ServiceRequest['status'] & string>('prsb/referral-status-to-request');
const TASK_STATUS = codes<Task['status'] & string>('prsb/referral-status-to-task');

export interface Need {
  readonly key: string;
  readonly code: string | undefined;
  readonly snomed: string | undefined;
  readonly text: string | undefined;
}

/** A need of which nothing is known is left out. */
export function isKnown({ code, snomed, text }: Need): boolean {
  return code !== undefined || snomed !== undefined || text !== undefined;
}

/** SNOMED CT first, as the source gave it or as the table knows it, then the local code. */
export function needConcept({ code, snomed, text }: Need): CodeableConcept {
  const first =
    snomed === undefined ? codingOf(NEED_SNOMED, code) : { system: 'http://snomed.info/sct', code: snomed };
  const local = codingOf(NEED, code);
  const made: CodeableConcept = {};
  if (first) made.coding = local ? [first, local] : [first];
  else if (local) made.coding = [local];
  if (text !== undefined) made.text = text;
  return made;
}

export function reasonsOf(needs: readonly Need[]): CodeableConcept[] {
  const reasons: CodeableConcept[] = [];
  for (const need of needs) if (isKnown(need)) reasons.push(needConcept(need));
  return reasons;
}

export function conditionOf(need: Need, recordKey: string, personKey: string): Draft<Condition> {
  const condition: Draft<Condition> = {
    resourceType: 'Condition',
    id: `Condition:need:${recordKey}:${need.key}`,
    clinicalStatus: concept('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
    category: [
      concept(
        'http://terminology.hl7.org/CodeSystem/condition-category',
        'problem-list-item',
        'Problem List Item',
      ),
    ],
    code: needConcept(need),
    subject: toPerson(personKey),
  };
  const determinant = conceptOf(NEED_DETERMINANT, need.code);
  if (determinant) condition.category!.push(determinant);
  return condition;
}

export interface GoalFacts {
  readonly key: string | undefined;
  readonly text: string | undefined;
  readonly determinant: string | undefined;
  readonly start: string | undefined;
  readonly due: string | undefined;
  readonly achievement: string | undefined;
  readonly achievementDate: string | undefined;
  readonly note: string | undefined;
}

/** A goal without its text only adds to the one that the plan gave in full. */
export function goalOf(facts: GoalFacts, personKey: string): Draft<Goal> {
  const goal: Draft<Goal> = {
    resourceType: 'Goal',
    subject: toPerson(personKey),
  };
  if (facts.key !== undefined) goal.id = `Goal:goal:${facts.key}`;
  if (facts.text === undefined) goal.meta = partial();
  else {
    goal.lifecycleStatus = 'active';
    goal.description = { text: facts.text };
  }
  const achievement = conceptOf(ACHIEVEMENT, facts.achievement);
  if (achievement) goal.achievementStatus = achievement;
  const determinant = conceptOf(DETERMINANT, facts.determinant);
  if (determinant) goal.category = [determinant];
  if (facts.start !== undefined) goal.startDate = facts.start;
  if (facts.due !== undefined) goal.target = [{ dueDate: facts.due }];
  if (facts.achievementDate !== undefined) goal.statusDate = facts.achievementDate;
  if (facts.note !== undefined) goal.note = [{ text: facts.note }];
  return goal;
}

export function goalReferences(goals: readonly GoalFacts[]): Reference<Goal>[] {
  const references: Reference<Goal>[] = [];
  for (const { key } of goals) if (key !== undefined) references.push({ reference: `Goal:goal:${key}` });
  return references;
}

export interface ActivityFacts {
  readonly key: string;
  readonly name: string | undefined;
  readonly kind: string | undefined;
  readonly providerKey: string | undefined;
}

export interface OnwardFacts {
  readonly key: string;
  readonly status: string | undefined;
  readonly statusReason: string | undefined;
  readonly authored: string | undefined;
  readonly activity: ActivityFacts;
  readonly needs: readonly Need[];
  readonly note: string | undefined;
}

/** What an onward referral is under. */
export interface OnwardParent {
  readonly personKey: string;
  readonly referralKey: string | undefined;
  readonly workerKey: string | undefined;
}

export function onwardRequestOf(onward: OnwardFacts, parent: OnwardParent): Draft<ServiceRequest> {
  const { activity } = onward;
  const request: Draft<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: `ServiceRequest:onward:${onward.key}`,
    intent: 'order',
    performer: [{ reference: `HealthcareService:activity:${activity.key}` }],
    subject: toPerson(parent.personKey),
  };
  const status = codeOf(REQUEST_STATUS, onward.status);
  if (status !== undefined) request.status = status;
  const kind = codingOf(SUPPORT_KIND, activity.kind);
  if (kind || activity.name !== undefined) {
    request.code = {};
    if (kind) request.code.coding = [kind];
    if (activity.name !== undefined) request.code.text = activity.name;
  }
  if (onward.authored !== undefined) request.authoredOn = onward.authored;
  const reasons = reasonsOf(onward.needs);
  if (reasons.length > 0) request.reasonCode = reasons;
  if (onward.note !== undefined) request.note = [{ text: onward.note }];
  if (parent.referralKey !== undefined) request.basedOn = [toReferral(parent.referralKey)];
  if (parent.workerKey !== undefined) request.requester = toWorker(parent.workerKey);
  return request;
}

export function onwardTaskOf(onward: OnwardFacts, parent: OnwardParent): Draft<Task> {
  const { providerKey, key } = onward.activity;
  const task: Draft<Task> = {
    resourceType: 'Task',
    id: `Task:onward:${onward.key}`,
    focus: toOnward(onward.key),
    intent: 'order',
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill', 'Fulfill the focal request'),
    for: toPerson(parent.personKey),
    owner:
      providerKey === undefined
        ? { reference: `HealthcareService:activity:${key}` }
        : toOrganization(providerKey),
  };
  const status = codeOf(TASK_STATUS, onward.status);
  if (status !== undefined) task.status = status;
  const event =
    onward.status !== undefined && EVENTS.has(onward.status) ? codingOf(EVENT, onward.status) : undefined;
  const why = codingOf(STATUS_REASON, onward.statusReason);
  if (event && why) task.statusReason = { coding: [event, why] };
  else if (event ?? why) task.statusReason = { coding: [(event ?? why)!] };
  if (onward.authored !== undefined) task.authoredOn = onward.authored;
  if (parent.referralKey !== undefined) task.partOf = [{ reference: `Task:referral:${parent.referralKey}` }];
  if (parent.workerKey !== undefined) task.requester = toWorker(parent.workerKey);
  return task;
}

export function healthcareServiceOf(activity: ActivityFacts): Draft<HealthcareService> {
  const service: Draft<HealthcareService> = {
    resourceType: 'HealthcareService',
    id: `HealthcareService:activity:${activity.key}`,
  };
  if (activity.providerKey !== undefined) service.providedBy = toOrganization(activity.providerKey);
  const type = conceptOf(SUPPORT_KIND, activity.kind);
  if (type) service.type = [type];
  if (activity.name !== undefined) service.name = activity.name;
  return service;
}
