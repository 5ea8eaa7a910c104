/** Turns the facts of support into the Procedure, the CarePlan, and what stands around them. */
import type {
  CarePlan,
  CarePlanActivity,
  Condition,
  Procedure,
  ProcedurePerformer,
  Reference,
} from '@medplum/fhirtypes';
import {
  type Draft,
  type Entries,
  toContact,
  toOnward,
  toOrganization,
  toPerson,
  toReferral,
  toWorker,
  words,
} from './parts.ts';
import {
  type ActivityFacts,
  conditionOf,
  type GoalFacts,
  goalOf,
  goalReferences,
  isKnown,
  type Need,
  type OnwardFacts,
  reasonsOf,
} from './plan.ts';
import { codeOf, codes, codingOf, codings, conceptOf } from './tables.ts';

const PROCEDURE_STATUS = codes<Procedure['status'] & string>('prsb/support-status-to-procedure');
const KIND = codings('prsb/support-kind-coding');

/** Codes are those of the logical model. */
export interface SupportFacts {
  readonly key: string;
  readonly personKey: string;
  readonly referralKey: string | undefined;
  readonly contactKey: string | undefined;
  readonly kind: string | undefined;
  readonly kindText: string | undefined;
  readonly status: string | undefined;
  readonly date: string | undefined;
  readonly needs: readonly Need[];
  readonly activity: ActivityFacts | undefined;
  readonly providerKey: string | undefined;
  readonly workerKey: string | undefined;
  readonly whatMatters: string | undefined;
  readonly reviewDate: string | undefined;
  readonly goals: readonly GoalFacts[];
  readonly onward: readonly OnwardFacts[];
  readonly note: string | undefined;
}

/** @returns entries of the support itself, its needs and goals; not yet those of onward referrals */
export function supportEntries(facts: SupportFacts): Entries {
  const isPlan = facts.kind === 'plan';
  const entries: Entries = [];
  if (!isPlan) entries.push({ resource: procedureOf(facts) });
  if (isPlan || facts.goals.length > 0 || facts.whatMatters !== undefined || facts.reviewDate !== undefined)
    entries.push({ resource: planOf(facts, isPlan) });
  if (isPlan)
    for (const need of facts.needs)
      if (isKnown(need)) entries.push({ resource: conditionOf(need, facts.key, facts.personKey) });
  for (const goal of facts.goals) entries.push({ resource: goalOf(goal, facts.personKey) });
  return entries;
}

function procedureOf(facts: SupportFacts): Draft<Procedure> {
  const procedure: Draft<Procedure> = {
    resourceType: 'Procedure',
    id: `Procedure:support:${facts.key}`,
    subject: toPerson(facts.personKey),
  };
  if (facts.referralKey !== undefined) procedure.basedOn = [toReferral(facts.referralKey)];
  const status = codeOf(PROCEDURE_STATUS, facts.status);
  if (status !== undefined) procedure.status = status;
  const kind = codingOf(KIND, facts.kind);
  if (kind || facts.kindText !== undefined) {
    procedure.code = {};
    if (kind) procedure.code.coding = [kind];
    if (facts.kindText !== undefined) procedure.code.text = facts.kindText;
  }
  if (facts.contactKey !== undefined) procedure.encounter = toContact(facts.contactKey);
  if (facts.date !== undefined) procedure.performedDateTime = facts.date;
  const reasons = reasonsOf(facts.needs);
  if (reasons.length > 0) procedure.reasonCode = reasons;
  if (facts.note !== undefined) procedure.note = [{ text: facts.note }];
  const performer = performersOf(facts);
  if (performer.length > 0) procedure.performer = performer;
  if (facts.activity?.name !== undefined) procedure.usedCode = [{ text: facts.activity.name }];
  return procedure;
}

function performersOf({ workerKey, providerKey, activity }: SupportFacts): ProcedurePerformer[] {
  const performers: ProcedurePerformer[] = [];
  if (workerKey !== undefined) performers.push({ actor: toWorker(workerKey) });
  if (providerKey !== undefined) performers.push({ actor: toOrganization(providerKey) });
  if (activity?.providerKey !== undefined) performers.push({ actor: toOrganization(activity.providerKey) });
  return performers;
}

function planOf(facts: SupportFacts, isPlan: boolean): Draft<CarePlan> {
  const plan: Draft<CarePlan> = {
    resourceType: 'CarePlan',
    id: `CarePlan:plan:${facts.key}`,
    intent: 'plan',
    title: 'Personalised care and support plan',
    subject: toPerson(facts.personKey),
  };
  if (facts.referralKey !== undefined) plan.supportingInfo = [toReferral(facts.referralKey)];
  if (facts.status === 'declined' || facts.status === 'stopped') plan.status = 'revoked';
  else if (facts.status === 'planned' || facts.status === 'given') plan.status = 'active';
  if (facts.kindText !== undefined) plan.category = [{ text: facts.kindText }];
  if (facts.contactKey !== undefined) plan.encounter = toContact(facts.contactKey);
  if (facts.date !== undefined) plan.created = facts.date;
  if (facts.workerKey !== undefined) plan.author = toWorker(facts.workerKey);
  if (isPlan) {
    const addresses = addressesOf(facts);
    if (addresses.length > 0) plan.addresses = addresses;
  }
  const goals = goalReferences(facts.goals);
  if (goals.length > 0) plan.goal = goals;
  const activity = planActivities(facts, isPlan);
  if (activity.length > 0) plan.activity = activity;
  const note = facts.whatMatters === undefined ? [] : [words(facts.whatMatters, 'what-matters')];
  if (isPlan && facts.note !== undefined) note.push({ text: facts.note });
  if (note.length > 0) plan.note = note;
  return plan;
}

function addressesOf({ key, needs }: SupportFacts): Reference<Condition>[] {
  const addresses: Reference<Condition>[] = [];
  for (const need of needs)
    if (isKnown(need)) addresses.push({ reference: `Condition:need:${key}:${need.key}` });
  return addresses;
}

function planActivities(facts: SupportFacts, isPlan: boolean): CarePlanActivity[] {
  const activities: CarePlanActivity[] = [];
  if (isPlan && facts.activity) {
    const { kind, name } = facts.activity;
    const detail: CarePlanActivity['detail'] = { status: 'in-progress' };
    const code = conceptOf(KIND, kind);
    if (code) detail.code = code;
    if (name !== undefined) detail.description = name;
    activities.push({ detail });
  }
  for (const { key } of facts.onward) activities.push({ reference: toOnward(key) });
  if (facts.reviewDate !== undefined)
    activities.push({
      detail: {
        status: 'scheduled',
        code: { text: 'Review of the plan' },
        scheduledPeriod: { start: facts.reviewDate },
      },
    });
  return activities;
}
