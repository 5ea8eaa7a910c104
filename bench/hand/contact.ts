/** Turns the facts of a contact into its Encounter, Appointment, note and attempt. */
import type {
  Appointment,
  AppointmentParticipant,
  CodeableConcept,
  Encounter,
  Identifier,
  Observation,
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
  toContact,
  toOnward,
  toPerson,
  toReferral,
  toWorker,
} from './parts.ts';
import { codeOf, codes, codingOf, codings, codingsOf } from './tables.ts';

const ENCOUNTER_STATUS = codes<Encounter['status'] & string>('prsb/attendance-to-encounter');
const APPOINTMENT_STATUS = codes<Appointment['status'] & string>('prsb/attendance-to-appointment');
const CLASS = codings('prsb/contact-mode-to-class');
const TYPE = codings('prsb/contact-mode-to-type');
const MODE = codings('prsb/contact-mode-coding');
const ATTENDANCE = codings('prsb/attendance-coding');
const REASON = codings('prsb/status-reason-coding');

/** Codes are those of the logical model. */
export interface ContactFacts {
  readonly key: string;
  readonly personKey: string;
  readonly referralKey: string | undefined;
  readonly onwardKey: string | undefined;
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly minutes: number | undefined;
  readonly mode: string | undefined;
  readonly type: string | undefined;
  readonly attendance: string | undefined;
  readonly missedReason: string | undefined;
  readonly missedReasonText: string | undefined;
  readonly workerKey: string | undefined;
  readonly sessionKey: string | undefined;
  readonly place: string | undefined;
  readonly note: string | undefined;
}

export function contactEntries(facts: ContactFacts): Entries {
  const encounter = encounterOf(facts);
  const entries: Entries = [{ resource: encounter }];
  // known by its date alone, it is no appointment
  if (facts.start !== undefined && facts.start.length > 10) {
    encounter.appointment = [{ reference: `Appointment:contact:${facts.key}` }];
    entries.push({ resource: appointmentOf(facts) });
  }
  if (facts.note !== undefined) entries.push({ resource: noteOf(facts, facts.note) });
  return entries;
}

function encounterOf(facts: ContactFacts): Draft<Encounter> {
  const encounter: Draft<Encounter> = {
    resourceType: 'Encounter',
    id: `Encounter:contact:${facts.key}`,
    serviceType: { text: 'Social prescribing' },
    subject: toPerson(facts.personKey),
  };
  if (isMissed(facts))
    encounter.extension = [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/encounter-reasonCancelled',
        valueCodeableConcept: missedReason(facts),
      },
    ];
  if (facts.sessionKey !== undefined) encounter.identifier = [session(facts.sessionKey)];
  const status = codeOf(ENCOUNTER_STATUS, facts.attendance);
  if (status !== undefined) encounter.status = status;
  const encounterClass = codingOf(CLASS, facts.mode);
  if (encounterClass) encounter.class = encounterClass;
  const type = typeOf(facts);
  if (type) encounter.type = [type];
  if (facts.referralKey !== undefined)
    encounter.episodeOfCare = [{ reference: `EpisodeOfCare:referral:${facts.referralKey}` }];
  const request = requestOf(facts);
  if (request) encounter.basedOn = [request];
  if (facts.workerKey !== undefined) encounter.participant = [{ individual: toWorker(facts.workerKey) }];
  const held = facts.start === undefined ? undefined : period(facts.start, facts.end);
  if (held) encounter.period = held;
  if (facts.minutes !== undefined)
    encounter.length = {
      value: facts.minutes,
      unit: 'minutes',
      system: 'http://unitsofmeasure.org',
      code: 'min',
    };
  if (facts.place !== undefined) encounter.location = [{ location: { display: facts.place } }];
  return encounter;
}

function isMissed({ attendance }: ContactFacts): boolean {
  return attendance === 'missed' || attendance === 'cancelled';
}

function session(value: string): Identifier {
  return { system: 'https://hedgerow.example/fhir/Id/group-session', value };
}

function typeOf({ mode, type }: ContactFacts): CodeableConcept | undefined {
  const coding = codingsOf(TYPE, MODE, mode);
  if (!coding) return type === undefined ? undefined : { text: type };
  return type === undefined ? { coding } : { coding, text: type };
}

/** What the contact was under: the onward referral, else the referral. */
function requestOf({ onwardKey, referralKey }: ContactFacts): Reference<ServiceRequest> | undefined {
  if (onwardKey !== undefined) return toOnward(onwardKey);
  return referralKey === undefined ? undefined : toReferral(referralKey);
}

function missedReason(facts: ContactFacts): CodeableConcept {
  const coding =
    facts.missedReason === undefined
      ? codingOf(ATTENDANCE, facts.attendance)
      : codingOf(REASON, facts.missedReason);
  const reason: CodeableConcept = {};
  if (coding) reason.coding = [coding];
  if (facts.missedReasonText !== undefined) reason.text = facts.missedReasonText;
  return reason;
}

function appointmentOf(facts: ContactFacts): Draft<Appointment> {
  const participant: AppointmentParticipant[] = [{ actor: toPerson(facts.personKey), status: 'accepted' }];
  if (facts.workerKey !== undefined)
    participant.push({ actor: toWorker(facts.workerKey), status: 'accepted' });
  const appointment: Draft<Appointment> = {
    resourceType: 'Appointment',
    id: `Appointment:contact:${facts.key}`,
    serviceType: [{ text: 'Social prescribing' }],
    participant,
    start: facts.start!,
    end: facts.end ?? facts.start!,
  };
  if (facts.sessionKey !== undefined) appointment.identifier = [session(facts.sessionKey)];
  const status = codeOf(APPOINTMENT_STATUS, facts.attendance);
  if (status !== undefined) appointment.status = status;
  if (isMissed(facts)) appointment.cancelationReason = missedReason(facts);
  const request = requestOf(facts);
  if (request) appointment.basedOn = [request];
  if (facts.minutes !== undefined) appointment.minutesDuration = facts.minutes;
  return appointment;
}

function noteOf(facts: ContactFacts, text: string): Draft<Observation> {
  const note: Draft<Observation> = {
    resourceType: 'Observation',
    id: `Observation:contact-note:${facts.key}`,
    encounter: toContact(facts.key),
    status: 'final',
    code: concept(
      'https://hedgerow.example/fhir/CodeSystem/observation',
      'contact-note',
      'Note of a contact',
    ),
    subject: toPerson(facts.personKey),
    note: [{ text }],
  };
  if (facts.start !== undefined) note.effectiveDateTime = facts.start;
  if (facts.workerKey !== undefined) note.performer = [toWorker(facts.workerKey)];
  return note;
}

/** The contact only counts the attempt; the referral's own record says how it stands. */
export function attemptOf(referralKey: string, attempt: number): Draft<Task> {
  return {
    resourceType: 'Task',
    id: `Task:referral:${referralKey}`,
    meta: partial(),
    businessStatus: { text: `attempt ${attempt}` },
  };
}
