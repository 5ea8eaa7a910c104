/** Turns how a referral stands here into the message that tells so to whoever sent it by BaRS. Pure. */

import type { Bundle, Encounter, MessageHeader, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import {
  BARS_PROFILES,
  EVENT_DISPLAYS,
  MASKED_SUBJECT,
  MESSAGE_DEFINITIONS,
  MESSAGE_EVENTS,
  MESSAGE_REASONS,
  type MessageReason,
  REASON_DISPLAYS,
  REJECTED_REASON_DISPLAYS,
  REJECTED_REASONS,
} from './codes.ts';
import { entriesOf, keyOf, madeId, type Part } from './entries.ts';
import { byNumber } from './person-parts.ts';
import { REMOTE_REFERRAL_SYSTEM } from './read-message.ts';

const STATUS_REASON = 'https://hedgerow.example/fhir/CodeSystem/status-reason';

/** Who answers: the same for all answers. */
export interface ResponseSettings {
  readonly organisation: { readonly odsCode: string; readonly name: string };
  readonly software: { readonly name: string; readonly version: string };
  /** `system|value` of the service that answers */
  readonly endpoint: string;
  /** of the standard */
  readonly version: string;
}

/** What is answered. */
export interface Answering {
  readonly request: ServiceRequest & { readonly id: string };
  readonly task: Task & { readonly id: string };
  readonly patient: (Patient & { readonly id: string }) | undefined;
  /** contacts that the sender may hear of */
  readonly encounters: readonly (Encounter & { readonly id: string })[];
  /** Bundle.id of the message that is answered */
  readonly respondsTo: string;
  /** `system|value` where its sender wants answers */
  readonly replyTo: string;
  /** ODS code of its sender */
  readonly receiver: string;
  readonly reason: MessageReason;
}

/** @param bundleId UUID of this message @param time instant of what it tells: the same again is the same bytes */
export function responseMessage(
  answering: Answering,
  settings: ResponseSettings,
  { bundleId, time }: { readonly bundleId: string; readonly time: string },
): Bundle {
  const sender = organisationOf('sender', settings.organisation.odsCode, settings.organisation.name);
  const receiver = organisationOf('receiver', answering.receiver, answering.receiver);
  const patient = answering.patient && byNumber({ ...answering.patient, meta: undefined });
  const subject = patient && { reference: keyOf(patient) };
  const request = requestOf(answering, subject);
  const of = { request: keyOf(request), subject };
  const parts = [
    ...[request, ...(patient ? [patient] : []), sender, receiver, taskOf(answering.task, of)],
    ...answering.encounters.map((one) => encounterOf(one, of)),
  ];
  const entries = entriesOf(parts, time, { ServiceRequest: BARS_PROFILES.referral });
  const urlOf = (part: Part): string => entries[parts.indexOf(part)]!.fullUrl!;
  const headerId = madeId('MessageHeader', bundleId);
  const header: MessageHeader = {
    ...headerOf(answering, settings, time),
    id: headerId,
    destination: [{ endpoint: answering.replyTo, receiver: { reference: urlOf(receiver) } }],
    sender: { reference: urlOf(sender) },
    focus: [{ reference: urlOf(request) }],
  };
  return {
    resourceType: 'Bundle',
    id: bundleId,
    meta: { versionId: settings.version, lastUpdated: time, profile: [BARS_PROFILES.bundle] },
    type: 'message',
    timestamp: time,
    entry: [{ fullUrl: `urn:uuid:${headerId}`, resource: header }, ...entries],
  };
}

/** All of it that names no entry. */
function headerOf(
  { respondsTo, reason }: Answering,
  { organisation, software, endpoint }: ResponseSettings,
  time: string,
): Omit<MessageHeader, 'destination' | 'sender' | 'focus'> {
  return {
    resourceType: 'MessageHeader',
    meta: { lastUpdated: time, profile: [BARS_PROFILES.responseHeader] },
    eventCoding: {
      system: MESSAGE_EVENTS,
      code: 'servicerequest-response',
      display: EVENT_DISPLAYS['servicerequest-response'],
    },
    source: { name: organisation.name, software: software.name, version: software.version, endpoint },
    reason: { coding: [{ system: MESSAGE_REASONS, code: reason, display: REASON_DISPLAYS[reason] }] },
    response: { identifier: respondsTo, code: 'ok' },
    definition: MESSAGE_DEFINITIONS['response-referral'],
  };
}

function organisationOf(role: string, odsCode: string, name: string): Part {
  return {
    resourceType: 'Organization',
    id: madeId('response', role, odsCode),
    identifier: [{ system: ODS_CODE_SYSTEM, value: odsCode }],
    name,
  };
}

/** Named as its sender names it. */
function requestOf({ request, task }: Answering, subject: Of['subject']): Part {
  const remote = request.identifier?.find(({ system }) => system === REMOTE_REFERRAL_SYSTEM)?.value;
  const identifier = request.identifier?.filter(({ system }) => system !== REMOTE_REFERRAL_SYSTEM);
  const { category, authoredOn } = request;
  return {
    resourceType: 'ServiceRequest',
    id: remote ?? request.id,
    ...(identifier?.length ? { identifier } : {}),
    status: STATUSES[task.status] ?? request.status ?? 'unknown',
    intent: 'plan',
    ...(category ? { category } : {}),
    subject: subject ?? MASKED_SUBJECT,
    ...(authoredOn ? { authoredOn } : {}),
  } as Part;
}

const STATUSES: Readonly<Record<string, ServiceRequest['status']>> = {
  received: 'active',
  accepted: 'active',
  'in-progress': 'active',
  'on-hold': 'active',
  rejected: 'revoked',
  cancelled: 'revoked',
  failed: 'revoked',
  completed: 'completed',
  'entered-in-error': 'entered-in-error',
};

interface Of {
  readonly request: string;
  readonly subject: { readonly reference: string } | undefined;
}

function taskOf({ id, status, statusReason, code }: Task & { readonly id: string }, of: Of): Part {
  const reason = status === 'rejected' ? rejectionOf(statusReason) : statusReason;
  const { text: _words, ...coded } = reason ?? {};
  return {
    resourceType: 'Task',
    id,
    status,
    intent: 'order',
    ...(reason ? { statusReason: coded } : {}),
    ...(code ? { code } : {}),
    focus: { reference: of.request },
    ...(of.subject ? { for: of.subject } : {}),
  } as Part;
}

/** BaRS has two reasons; ours go along, in codes. */
function rejectionOf(reason: Task['statusReason']): Task['statusReason'] {
  const given = reason?.coding ?? [];
  if (given.some(({ system }) => system === REJECTED_REASONS)) return reason;
  const isFull = given.some(({ system, code }) => system === STATUS_REASON && code === 'no-capacity');
  const code = isFull ? 'RRNA' : 'OTH';
  return { coding: [{ system: REJECTED_REASONS, code, display: REJECTED_REASON_DISPLAYS[code] }, ...given] };
}

/** That there was a contact, when and of what kind; not what was said in it. */
function encounterOf(
  { id, status, class: kind, type, period }: Encounter & { readonly id: string },
  of: Of,
): Part {
  return {
    resourceType: 'Encounter',
    id,
    status,
    class: kind,
    ...(type ? { type } : {}),
    ...(of.subject ? { subject: of.subject } : {}),
    basedOn: [{ reference: of.request }],
    ...(period ? { period } : {}),
  } as Part;
}
