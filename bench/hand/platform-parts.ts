/** Turns the parts that the platform's webhooks share into facts of the model and resources. */
import type { ContactPoint, HumanName } from '@medplum/fhirtypes';
import { type ConsentFacts, consentOf } from './consent.ts';
import type { Entries } from './parts.ts';
import { organizationOf } from './people.ts';
import {
  type ActivityFacts,
  type GoalFacts,
  healthcareServiceOf,
  type Need,
  type OnwardFacts,
  type OnwardParent,
  onwardRequestOf,
  onwardTaskOf,
} from './plan.ts';
import type {
  Activity,
  Concern,
  ConsentAnswer,
  ContactDetails,
  Goal,
  Onward,
  Organisation,
  Worker,
} from './platform-records.ts';
import { codeOf, codes } from './tables.ts';
import { practitionerOf, practitionerRoleOf } from './workers.ts';

const JOB_ROLE = codes('platform/job-role');
const ORGANISATION_TYPE = codes('platform/organisation-type');
const CONCERN = codes('platform/concern');
const TOPIC = codes('platform/consent-topic');
const ANSWER = codes('platform/consent-answer');
const DOMAIN = codes('platform/domain');
const PROGRESS = codes('platform/progress');
const CATEGORY = codes('platform/category');
const STATE = codes('platform/state');
const REASON = codes('platform/reason');

/** @param use of a landline and a mailbox: those of workers are for work, those of others are not said */
export function telecomOf(
  { phone, mobile, email }: ContactDetails,
  phoneUse: ContactPoint['use'],
  emailUse: ContactPoint['use'],
): ContactPoint[] {
  const telecom: ContactPoint[] = [];
  if (phone !== undefined)
    telecom.push(
      phoneUse === undefined
        ? { system: 'phone', value: phone }
        : { system: 'phone', value: phone, use: phoneUse },
    );
  if (mobile !== undefined) telecom.push({ system: 'phone', value: mobile, use: 'mobile' });
  if (email !== undefined)
    telecom.push(
      emailUse === undefined
        ? { system: 'email', value: email }
        : { system: 'email', value: email, use: emailUse },
    );
  return telecom;
}

/** @returns undefined where the record gives neither name */
export function nameOf(firstName: string | undefined, lastName: string | undefined): HumanName | undefined {
  if (firstName === undefined) return lastName === undefined ? undefined : { family: lastName };
  return lastName === undefined ? { given: [firstName] } : { given: [firstName], family: lastName };
}

/** An organisation known by its id alone is only referred to: another record gives it. */
export function addOrganisation(organisation: Organisation | undefined, entries: Entries): void {
  for (let at = organisation; at; at = at.parent) {
    if (at.name === undefined && at.odsCode === undefined) continue;
    const kind = codeOf(ORGANISATION_TYPE, at.type);
    const resource = organizationOf(at.id, at.name, at.odsCode, kind);
    if (at.contact) {
      const telecom = telecomOf(at.contact, undefined, undefined);
      if (telecom.length > 0) resource.telecom = telecom;
    }
    if (at.parent) resource.partOf = { reference: `Organization:org:${at.parent.id}` };
    entries.push({ resource });
  }
}

export function addWorker(worker: Worker | undefined, entries: Entries): void {
  if (!worker) return;
  const name = nameOf(worker.firstName, worker.lastName);
  if (name) {
    const practitioner = practitionerOf(worker.id, name);
    practitioner.identifier = [
      { system: 'https://hedgerow.example/fhir/Id/platform/worker', value: worker.id },
    ];
    if (worker.sdsUserId !== undefined)
      practitioner.identifier.unshift({
        system: 'https://fhir.nhs.uk/Id/sds-user-id',
        value: worker.sdsUserId,
      });
    const role = codeOf(JOB_ROLE, worker.jobRole);
    const post = practitionerRoleOf(worker.id, worker.organisation?.id, role, worker.jobTitle);
    if (worker.contact) {
      const telecom = telecomOf(worker.contact, 'work', 'work');
      if (telecom.length > 0) post.telecom = telecom;
    }
    entries.push({ resource: practitioner }, { resource: post });
  }
  addOrganisation(worker.organisation, entries);
}

export function addConsents(
  answers: readonly ConsentAnswer[] | undefined,
  personKey: string,
  entries: Entries,
): void {
  if (!answers) return;
  for (const { topic, answer, at, codesOnly } of answers) {
    const facts: ConsentFacts = {
      purpose: TOPIC.get(topic),
      decision: ANSWER.get(answer),
      date: at,
      extent: codesOnly === undefined ? undefined : codesOnly ? 'coded-only' : 'full',
    };
    entries.push({ resource: consentOf(facts, personKey) });
  }
}

export function needOf({ id, code, snomed, detail }: Concern): Need {
  return { key: id, code: codeOf(CONCERN, code), snomed, text: detail };
}

export function goalFacts(goal: Goal): GoalFacts {
  return {
    key: goal.id,
    text: goal.statement,
    determinant: codeOf(DOMAIN, goal.domain),
    start: goal.agreedOn,
    due: goal.targetOn,
    achievement: codeOf(PROGRESS, goal.progress),
    achievementDate: goal.progressOn,
    note: goal.remarks,
  };
}

export function activityFacts({ id, name, category, provider }: Activity): ActivityFacts {
  return { key: id, name, kind: codeOf(CATEGORY, category), providerKey: provider?.id };
}

export function onwardFacts(onward: Onward): OnwardFacts {
  return {
    key: onward.id,
    status: codeOf(STATE, onward.state),
    statusReason: codeOf(REASON, onward.stateReason),
    authored: onward.madeAt,
    activity: activityFacts(onward.activity),
    needs: onward.concerns?.map(needOf) ?? [],
    note: onward.remarks,
  };
}

/** An activity known by its id alone is only referred to. */
export function addActivity(activity: Activity, facts: ActivityFacts, entries: Entries): void {
  if (activity.name !== undefined) entries.push({ resource: healthcareServiceOf(facts) });
  addOrganisation(activity.provider, entries);
}

export function addOnward(onward: Onward, facts: OnwardFacts, parent: OnwardParent, entries: Entries): void {
  entries.push({ resource: onwardRequestOf(facts, parent) }, { resource: onwardTaskOf(facts, parent) });
  addActivity(onward.activity, facts.activity, entries);
}
