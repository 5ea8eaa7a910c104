/** Turns the facts of a referral into its ServiceRequest, Task and EpisodeOfCare, and those of the referral it took over. */
import type {
  CodeableConcept,
  Condition,
  EpisodeOfCare,
  Extension,
  Identifier,
  Organization,
  PractitionerRole,
  Reference,
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
import { isKnown, type Need, needConcept } from './plan.ts';
import { codeOf, codes, codingOf, codings, codingsOf, conceptOf } from './tables.ts';

const REQUEST_STATUS = codes<ServiceRequest['status'] & string>('prsb/referral-status-to-request');
const TASK_STATUS = codes<Task['status'] & string>('prsb/referral-status-to-task');
const UNACCEPTED_STATUS = codes<Task['status'] & string>('prsb/referral-status-to-task-unaccepted');
const EPISODE_STATUS = codes<EpisodeOfCare['status'] & string>('prsb/referral-status-to-episode');
const EVENT = codings('prsb/referral-status-coding');
const REASON = codings('prsb/status-reason-coding');
const SNOMED_SOURCE = codings('prsb/referral-source-to-snomed');
const SOURCE = codings('prsb/referral-source-coding');
const DETERMINANT = codings('prsb/determinant-coding');

const ACCEPTED: ReadonlySet<string> = new Set(['accepted', 'active', 'on-hold', 'completed']);
const SENT: ReadonlySet<string> = new Set([...ACCEPTED, 'referred', 'received', 'rejected', 'no-contact']);
const EVENTS: ReadonlySet<string> = new Set([
  'withdrawn',
  'no-contact',
  'died',
  'moved',
  'cancelled',
  'rejected',
]);
const ENDED: ReadonlySet<string> = new Set([
  'completed',
  'withdrawn',
  'no-contact',
  'died',
  'moved',
  'cancelled',
]);

/** Codes are those of the logical model. */
export interface ReferralFacts {
  readonly key: string;
  readonly personKey: string;
  readonly identifiers: Identifier[];
  readonly intent: string | undefined;
  readonly status: string | undefined;
  readonly statusReason: string | undefined;
  readonly statusReasonText: string | undefined;
  readonly statusDate: string | undefined;
  readonly acceptedDate: string | undefined;
  readonly authored: string | undefined;
  readonly priority: string | undefined;
  readonly source: string | undefined;
  readonly sourceText: string | undefined;
  readonly needs: readonly Need[];
  readonly determinants: readonly (string | undefined)[];
  readonly whatMatters: string | undefined;
  readonly expectation: string | undefined;
  readonly note: string | undefined;
  /** local id of who refers: a post, a relative, the person */
  readonly requester: string | undefined;
  readonly serviceKey: string | undefined;
  readonly workerKey: string | undefined;
  readonly oldKey: string | undefined;
}

/** @returns entries of request, task and, once accepted, the spell; those of relatives and consents come next */
export function referralEntries(facts: ReferralFacts): Entries {
  const entries: Entries = [{ resource: requestOf(facts) }, { resource: taskOf(facts) }];
  if (!isAmong(ACCEPTED, facts)) return entries;
  entries.push({ resource: episodeOf(facts) });
  if (facts.oldKey !== undefined) addOld(facts, facts.oldKey, entries);
  return entries;
}

function isAmong(statuses: ReadonlySet<string>, { acceptedDate, status }: ReferralFacts): boolean {
  return acceptedDate !== undefined || (status !== undefined && statuses.has(status));
}

function requestOf(facts: ReferralFacts): Draft<ServiceRequest> {
  const request: Draft<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: `ServiceRequest:referral:${facts.key}`,
    subject: toPerson(facts.personKey),
  };
  if (facts.source !== undefined || facts.sourceText !== undefined) request.extension = [sourceOf(facts)];
  if (facts.identifiers.length > 0) request.identifier = facts.identifiers;
  if (facts.oldKey !== undefined) {
    request.basedOn = [toReferral(facts.oldKey)];
    if (isAmong(ACCEPTED, facts)) request.replaces = [toReferral(facts.oldKey)];
  }
  const status = codeOf(REQUEST_STATUS, facts.status);
  if (status !== undefined) request.status = status;
  if (facts.intent !== undefined) request.intent = facts.intent as ServiceRequest['intent'];
  if (facts.priority !== undefined) request.priority = facts.priority as ServiceRequest['priority'];
  // coded once it is sent: never an offer, nor what ended before it was sent
  if (isAmong(SENT, facts))
    request.code = concept(
      'http://snomed.info/sct',
      '871731000000106',
      'Referral to social prescribing service',
    );
  if (facts.authored !== undefined) request.authoredOn = facts.authored;
  addReasons(facts, request);
  if (facts.requester !== undefined) request.requester = { reference: facts.requester };
  const performer = performersOf(facts);
  if (performer.length > 0) request.performer = performer;
  const note = facts.whatMatters === undefined ? [] : [words(facts.whatMatters, 'what-matters')];
  if (facts.expectation !== undefined) note.push(words(facts.expectation, 'expectation'));
  if (facts.note !== undefined) note.push({ text: facts.note });
  if (note.length > 0) request.note = note;
  return request;
}

function sourceOf({ source, sourceText }: ReferralFacts): Extension {
  const coding = codingsOf(SNOMED_SOURCE, SOURCE, source);
  const valueCodeableConcept: CodeableConcept = {};
  if (coding) valueCodeableConcept.coding = coding;
  if (sourceText !== undefined) valueCodeableConcept.text = sourceText;
  return {
    url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-SourceOfServiceRequest',
    valueCodeableConcept,
  };
}

function addReasons(facts: ReferralFacts, request: Draft<ServiceRequest>): void {
  const concepts: CodeableConcept[] = [];
  const conditions: Reference<Condition>[] = [];
  for (const need of facts.needs) {
    if (!isKnown(need)) continue;
    concepts.push(needConcept(need));
    conditions.push({ reference: `Condition:need:${facts.key}:${need.key}` });
  }
  for (const code of facts.determinants) {
    const determinant = conceptOf(DETERMINANT, code);
    if (determinant) concepts.push(determinant);
  }
  if (concepts.length > 0) request.reasonCode = concepts;
  if (conditions.length > 0) request.reasonReference = conditions;
}

function performersOf({
  serviceKey,
  workerKey,
}: ReferralFacts): Reference<Organization | PractitionerRole>[] {
  const performers: Reference<Organization | PractitionerRole>[] =
    serviceKey === undefined ? [] : [toOrganization(serviceKey)];
  if (workerKey !== undefined) performers.push(toWorker(workerKey));
  return performers;
}

function taskOf(facts: ReferralFacts): Draft<Task> {
  const task: Draft<Task> = {
    resourceType: 'Task',
    id: `Task:referral:${facts.key}`,
    focus: toReferral(facts.key),
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', 'fulfill', 'Fulfill the focal request'),
    for: toPerson(facts.personKey),
  };
  if (facts.intent !== undefined) task.intent = facts.intent as Task['intent'];
  if (facts.priority !== undefined) task.priority = facts.priority as Task['priority'];
  if (facts.authored !== undefined) task.authoredOn = facts.authored;
  if (facts.statusDate !== undefined) task.lastModified = facts.statusDate;
  if (facts.requester !== undefined) task.requester = { reference: facts.requester };
  if (facts.serviceKey !== undefined) task.owner = toOrganization(facts.serviceKey);
  // what ends before the service took it on was cancelled; afterwards it failed
  const status = codeOf(facts.acceptedDate === undefined ? UNACCEPTED_STATUS : TASK_STATUS, facts.status);
  if (status !== undefined) task.status = status;
  const reason = statusReason(facts);
  if (reason) task.statusReason = reason;
  return task;
}

/** The event itself is a reason where the task's status alone does not tell it. */
function statusReason({
  status,
  statusReason,
  statusReasonText,
}: ReferralFacts): CodeableConcept | undefined {
  const coding = [];
  if (status === 'declined')
    coding.push({
      system: 'http://snomed.info/sct',
      code: '871711000000103',
      display: 'Social prescribing declined',
    });
  else if (status !== undefined && EVENTS.has(status)) coding.push(codingOf(EVENT, status)!);
  const why = codingOf(REASON, statusReason);
  if (why) coding.push(why);
  if (coding.length === 0) return statusReasonText === undefined ? undefined : { text: statusReasonText };
  return statusReasonText === undefined ? { coding } : { coding, text: statusReasonText };
}

function episodeOf(facts: ReferralFacts): Draft<EpisodeOfCare> {
  const episode: Draft<EpisodeOfCare> = {
    resourceType: 'EpisodeOfCare',
    id: `EpisodeOfCare:referral:${facts.key}`,
    referralRequest: [toReferral(facts.key)],
    patient: toPerson(facts.personKey),
  };
  const { status, statusDate, acceptedDate } = facts;
  const episodeStatus = codeOf(EPISODE_STATUS, status);
  if (episodeStatus !== undefined) episode.status = episodeStatus;
  if (facts.serviceKey !== undefined) episode.managingOrganization = toOrganization(facts.serviceKey);
  if (facts.workerKey !== undefined) episode.careManager = toWorker(facts.workerKey);
  const start = acceptedDate ?? (status === 'accepted' ? statusDate : undefined);
  const spell = period(start, status !== undefined && ENDED.has(status) ? statusDate : undefined);
  if (spell) episode.period = spell;
  return episode;
}

/** A service that held the person before is released. */
function addOld(facts: ReferralFacts, oldKey: string, entries: Entries): void {
  const request: Draft<ServiceRequest> = {
    resourceType: 'ServiceRequest',
    id: `ServiceRequest:referral:${oldKey}`,
    status: 'completed',
    meta: partial(),
  };
  const task: Draft<Task> = {
    resourceType: 'Task',
    id: `Task:referral:${oldKey}`,
    status: 'completed',
    meta: partial(),
    output: [
      {
        type: concept(
          'https://hedgerow.example/fhir/CodeSystem/task-output',
          'hand-over',
          'Referral that took over',
        ),
        valueReference: toReferral(facts.key),
      },
    ],
  };
  const episode: Draft<EpisodeOfCare> = {
    resourceType: 'EpisodeOfCare',
    id: `EpisodeOfCare:referral:${oldKey}`,
    status: 'finished',
    meta: partial(),
  };
  if (facts.acceptedDate !== undefined) episode.period = { end: facts.acceptedDate };
  entries.push({ resource: request }, { resource: task }, { resource: episode });
}
