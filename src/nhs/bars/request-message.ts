/** Turns a referral and what was gathered with it into the message that asks a service for it, or into what is missing for one. */

import type {
  Bundle,
  BundleEntry,
  CodeableConcept,
  Consent,
  MessageHeader,
  OperationOutcomeIssue,
  Organization,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { ODS_CODE_SYSTEM } from '../../fhir/identifiers.ts';
import { type Checked, outcomeOf } from '../../fhir/outcome.ts';
import {
  BARS_PROFILES,
  CATEGORY_DISPLAYS,
  DOS_SERVICE_ID,
  EVENT_DISPLAYS,
  MESSAGE_CATEGORIES,
  MESSAGE_DEFINITIONS,
  MESSAGE_EVENTS,
  MESSAGE_REASONS,
  type MessageReason,
  REASON_DISPLAYS,
  REFERRAL_ENTRIES,
  USE_CASES,
} from './codes.ts';
import { entriesOf, keyOf, madeId, type Part } from './entries.ts';
import type { HeaderOrganisation } from './headers.ts';
import {
  type BarsService,
  carePlanOf,
  codeIn,
  encounterOf,
  type Found,
  missing,
  partAt,
  type Referral,
  receiverOf,
  requesterOf,
  senderOf,
  serviceOf,
} from './parts.ts';
import { consentOf, NO_PATIENT } from './person-parts.ts';
import { asInstant, instantOf } from './times.ts';

/** Who sends, to which service, for which use case, by which version: the same for all messages of a target. */
export interface MessageSettings {
  readonly service: BarsService;
  /** code and display that NHS England has given the use case */
  readonly useCase: { readonly code: string; readonly display: string };
  /** of the standard */
  readonly version: string;
  readonly source: {
    readonly name: string;
    readonly software: string;
    readonly version: string;
    /** our id in the Directory of Services: where answers go */
    readonly dosServiceId: string;
    readonly contact?: { readonly system: 'phone' | 'email' | 'url'; readonly value: string } | undefined;
  };
}

/** What a message says, before it has ids and a time. */
export interface MessageContent {
  /** all but the header; the ServiceRequest first */
  readonly entries: readonly BundleEntry[];
  readonly focus: string;
  readonly sender: string;
  readonly receiver: string;
  readonly organisation: HeaderOrganisation;
}

/** What happens to a referral by a message. */
export type RequestCase = 'new' | 'update' | 'cancel' | 'in-error';

/** @returns one concept of two codings: what kind of message it is, and of which use case */
export function categoryOf({ code, display }: MessageSettings['useCase']): CodeableConcept[] {
  const kind = { system: MESSAGE_CATEGORIES, code: 'referral', display: CATEGORY_DISPLAYS.referral };
  return [{ coding: [kind, { system: USE_CASES, code, display }] }];
}

/**
 * Makes what a referral message says.
 * @param consents those of the person that cover the referral: whoever calls has asked them; none: it is not sent
 * @returns every issue that a person has to see to, each saying which field of which record to fill
 */
export function referralContent(
  referral: Referral,
  consents: readonly (Consent & { id: string })[],
  settings: Pick<MessageSettings, 'service' | 'useCase'>,
): Checked<MessageContent> {
  const { request, parts } = referral;
  const issues: OperationOutcomeIssue[] = [];
  const need = <T>(found: Found<T>): T | undefined => {
    if ('value' in found) return found.value;
    issues.push(found.issue);
    return undefined;
  };
  const receiver = receiverOf(parts, settings.service);
  const sender = need(senderOf(referral));
  const service = need(serviceOf(referral, settings.service, receiver));
  const requester = sender && need(requesterOf(referral, sender));
  const patient = need(found(partAt(parts, request.subject, 'Patient'), NO_PATIENT));
  const authoredOn = need(found(asInstant(request.authoredOn), NO_TIME));
  const given = need(found(consents[0] && consents, NO_CONSENT));
  if (!sender || !service || !requester || !patient || !authoredOn || !given)
    return { ok: false, outcome: outcomeOf(...issues) };
  const encounter = encounterOf(referral);
  const plan = carePlanOf(referral, encounter);
  const main = requestOf(request, settings, {
    ...{ authoredOn, plan: keyOf(plan), encounter: keyOf(encounter) },
    ...{ service: keyOf(service), practitioner: keyOf(requester.practitioner) },
  });
  const chosen: Part[] = [
    ...[main, patient, encounter, plan, service, sender, receiver, requester.practitioner, requester.role],
    ...given.map((one) => consentOf(one, patient)),
  ];
  const all = withOthers(chosen, parts, request.id);
  return { ok: true, value: contentOf(all, authoredOn, { main, sender, receiver }) };
}

function contentOf(
  all: readonly Part[],
  authoredOn: string,
  { main, sender, receiver }: { readonly main: Part; readonly sender: Organization; readonly receiver: Part },
): MessageContent {
  const entries = entriesOf(all, authoredOn, { ServiceRequest: BARS_PROFILES.referral });
  const urlOf = (part: Resource): string => entries[all.indexOf(part as Part)]!.fullUrl!;
  const odsCode = codeIn(sender, ODS_CODE_SYSTEM)!;
  return {
    entries,
    ...{ focus: urlOf(main), sender: urlOf(sender), receiver: urlOf(receiver) },
    organisation: { odsCode, name: sender.name ?? odsCode },
  };
}

function found<T>(value: T | undefined, otherwise: { issue: OperationOutcomeIssue }): Found<T> {
  return value === undefined ? otherwise : { value };
}

const NO_TIME = missing(
  'bars-authored',
  'ServiceRequest.authoredOn is missing, or only a month or a year: fill in the day that it was made.',
  'ServiceRequest.authoredOn',
);
const NO_CONSENT = missing(
  'bars-consent',
  'No Consent of the person covers the referral: record what the person decided. Nothing was sent.',
  'Consent',
);

function requestOf(
  request: ServiceRequest & { id: string },
  settings: Pick<MessageSettings, 'useCase'>,
  at: Readonly<Record<'authoredOn' | 'plan' | 'encounter' | 'service' | 'practitioner', string>>,
): ServiceRequest & { id: string } {
  const { occurrenceDateTime, occurrenceTiming: _timing, occurrencePeriod, ...rest } = request;
  const start = asInstant(occurrencePeriod?.start ?? occurrenceDateTime) ?? at.authoredOn;
  const end = asInstant(occurrencePeriod?.end);
  return {
    ...rest,
    status: 'active',
    // BaRS fixes it: a request is a plan until its service accepts it
    intent: 'plan',
    category: categoryOf(settings.useCase),
    authoredOn: at.authoredOn,
    occurrencePeriod: { start, ...(end === undefined ? {} : { end }) },
    basedOn: [{ reference: at.plan }],
    encounter: { reference: at.encounter },
    requester: { reference: at.practitioner },
    performer: [{ reference: at.service }],
  };
}

/** What was gathered and may be there more than once goes along; of what may be there once the chosen one is enough. */
function withOthers(chosen: readonly Part[], parts: readonly Part[], requestId: string): Part[] {
  const here = new Set(chosen.map(keyOf));
  const others = parts.filter((part) => {
    const [, most] = REFERRAL_ENTRIES[part.resourceType] ?? [0, 0];
    const isOtherRequest = part.resourceType === 'ServiceRequest' || part.id === requestId;
    return most > 1 && part.resourceType !== 'Consent' && !isOtherRequest && !here.has(keyOf(part));
  });
  return [...chosen, ...others.map(withInstants)];
}

function withInstants(part: Part): Part {
  if (part.resourceType !== 'Task' || part.authoredOn === undefined) return part;
  const authoredOn = asInstant(part.authoredOn);
  const { authoredOn: _, ...rest } = part;
  return authoredOn === undefined ? rest : { ...rest, authoredOn };
}

export interface MessageIds {
  /** UUID of the Bundle: answers name it */
  readonly bundleId: string;
  readonly nowMs: number;
  /** default update */
  readonly inErrorReason?: MessageReason | undefined;
}

const DEFINITION: Readonly<Record<RequestCase, string>> = {
  new: MESSAGE_DEFINITIONS['request-referral'],
  update: MESSAGE_DEFINITIONS['request-referral'],
  cancel: MESSAGE_DEFINITIONS['request-cancelled'],
  'in-error': MESSAGE_DEFINITIONS['request-cancelled'],
};

/** @returns the message of a content, ready to be kept and sent */
export function requestMessage(
  content: MessageContent,
  what: RequestCase,
  settings: MessageSettings,
  { bundleId, nowMs, inErrorReason = 'update' }: MessageIds,
): Bundle {
  const now = instantOf(nowMs);
  const reason: MessageReason = what === 'new' ? 'new' : what === 'in-error' ? inErrorReason : 'update';
  const headerId = madeId('MessageHeader', bundleId);
  const header: MessageHeader & { id: string } = {
    resourceType: 'MessageHeader',
    id: headerId,
    meta: { lastUpdated: now, profile: [BARS_PROFILES.requestHeader] },
    eventCoding: {
      system: MESSAGE_EVENTS,
      code: 'servicerequest-request',
      display: EVENT_DISPLAYS['servicerequest-request'],
    },
    destination: [
      {
        endpoint: `${DOS_SERVICE_ID}|${settings.service.dosServiceId}`,
        receiver: { reference: content.receiver },
      },
    ],
    sender: { reference: content.sender },
    source: sourceOf(settings.source),
    reason: { coding: [{ system: MESSAGE_REASONS, code: reason, display: REASON_DISPLAYS[reason] }] },
    focus: [{ reference: content.focus }],
    definition: DEFINITION[what],
  };
  return {
    resourceType: 'Bundle',
    id: bundleId,
    meta: { versionId: settings.version, lastUpdated: now, profile: [BARS_PROFILES.bundle] },
    type: 'message',
    timestamp: now,
    entry: [{ fullUrl: `urn:uuid:${headerId}`, resource: header as Resource }, ...content.entries],
  };
}

function sourceOf({ name, software, version, dosServiceId, contact }: MessageSettings['source']) {
  const endpoint = `${DOS_SERVICE_ID}|${dosServiceId}`;
  return { name, software, version, ...(contact ? { contact } : {}), endpoint };
}
