/** Turns a BaRS message into resources of ours: ids and references as they are known here, systems as they are published, and the Task that the referral is worked by. Pure. */
import { CONFIDENTIALITY_SYSTEM, NHS_NUMBER_SYSTEM, parseNhsNumber } from '../../fhir/identifiers.ts';
import { resourceId } from '../../fhir/ids.ts';
import { CONSENT_CATEGORIES } from './codes.ts';
import { isVerification, systemOf, verificationOf } from './normal-forms.ts';
import type { CheckedMessage } from './receive-checks.ts';
import { type Entry, isJson, type Json } from './receive-entries.ts';

/** Identifier of a referral as its sender names it. */
export const REMOTE_REFERRAL_SYSTEM = 'https://hedgerow.example/fhir/Id/bars-service-request';
/** An NHS number that fails its check digit is kept as what it is: a number that somebody wrote. */
const UNVERIFIED_NUMBER_SYSTEM = 'https://hedgerow.example/fhir/Id/number-as-sent';
const TASK_CODE_SYSTEM = 'http://hl7.org/fhir/CodeSystem/task-code';
const CONSENT_PURPOSE = 'https://hedgerow.example/fhir/CodeSystem/consent-purpose';
const CONSENT_EXTENT = 'https://hedgerow.example/fhir/CodeSystem/consent-extent';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const REFERRAL_CODE = {
  system: 'http://snomed.info/sct',
  code: '871731000000106',
  display: 'Referral to social prescribing service',
};

export type Made = Json & { readonly resourceType: string; readonly id: string };

export interface ReadOptions {
  /** name of the source; never changes */
  readonly source: string;
  /** ODS code of the organisation that sent it: its ids are its own */
  readonly caller: string;
  /** types that are kept */
  readonly types: ReadonlySet<string>;
  /** `Type/id` here of what is known already under another address, by fullUrl */
  readonly known?: ReadonlyMap<string, string>;
  /** direct care on implied consent is consent to refer */
  readonly impliesConsent: boolean;
}

export interface ReadMessage {
  readonly referral: Made;
  readonly task: Made;
  readonly patientId: string;
  /** everything else that is kept */
  readonly others: readonly Made[];
  /** types of entries that are kept with the message alone */
  readonly leftOut: readonly string[];
}

/** @returns the sender's own id of a resource: its `id`, else the UUID of its address */
export function remoteIdOf({ fullUrl, resource }: Entry): string {
  const id = typeof resource.id === 'string' && resource.id !== '' ? resource.id : fullUrl.slice(9);
  return id.toLowerCase();
}

/** @returns the id here of what a sender names by an id of its own @source ADR 2 */
export function idOfSent(source: string, caller: string, type: string, remoteId: string): string {
  return resourceId(source, { type, role: 'remote', key: `${caller.toUpperCase()}|${remoteId}` });
}

/** @returns the id of the Task that a referral is worked by */
export function taskIdOf(source: string, referralId: string): string {
  return resourceId(source, { type: 'Task', role: 'fulfil', key: referralId });
}

/** Types of whom, and of what, several messages speak under an identifier that everybody knows. */
const BY_IDENTIFIER: ReadonlySet<string> = new Set([
  'Organization',
  'Practitioner',
  'HealthcareService',
  'Location',
]);

/** @returns `Type/id` here of an entry */
function keyOf(entry: Entry, { source, caller, known }: ReadOptions): string {
  const { resourceType: type } = entry.resource;
  const there = known?.get(entry.fullUrl);
  if (there !== undefined) return there;
  const named = BY_IDENTIFIER.has(type) ? nationalIdentifier(entry.resource) : undefined;
  return `${type}/${idOfSent(source, caller, type, named ?? remoteIdOf(entry))}`;
}

function nationalIdentifier({ identifier }: Json): string | undefined {
  for (const one of Array.isArray(identifier) ? (identifier as readonly unknown[]) : []) {
    if (!isJson(one) || typeof one.system !== 'string' || typeof one.value !== 'string') continue;
    const system = systemOf(one.system);
    if (/^https:\/\/fhir\.(?:nhs|hl7\.org)\.uk\/Id\//.test(system)) return `${system}|${one.value}`;
  }
  return undefined;
}

/** @param message whose focus is a ServiceRequest of a Patient in it */
export function readMessage(message: CheckedMessage, options: ReadOptions): ReadMessage {
  const { entries, focus } = message;
  const kept = entries.filter(
    ({ resource }) => options.types.has(resource.resourceType) && !isTheirTask(resource, focus),
  );
  const keys = new Map(kept.map((one) => [one.fullUrl, keyOf(one, options)]));
  const made = new Map(kept.map((one) => [one.fullUrl, translated(one, keys)]));
  const person = entries.find(({ resource }) => resource.resourceType === 'Patient')!;
  const restricted = isJson(message.bundleMeta) ? restrictedLabels(message.bundleMeta) : [];
  const referral = referralOf(made.get(focus.fullUrl)!, remoteIdOf(focus));
  const isImplied = options.impliesConsent && !kept.some(({ resource }) => isRefusal(resource));
  const others = kept
    .filter(({ fullUrl }) => fullUrl !== focus.fullUrl)
    .map((one) => {
      const resource = made.get(one.fullUrl)!;
      if (one === person && restricted.length > 0) return withLabels(resource, restricted);
      return isImplied && resource.resourceType === 'Consent' ? agreedToRefer(resource) : resource;
    });
  const left = entries.flatMap(({ resource: { resourceType: type } }) =>
    type === 'MessageHeader' || options.types.has(type) ? [] : [type],
  );
  return {
    referral,
    task: taskOf(message, referral, { ...options, keys, made }),
    patientId: keys.get(person.fullUrl)!.slice('Patient/'.length),
    others,
    leftOut: [...new Set(left)],
  };
}

/** By what Task its sender works the referral is the sender's own affair: here it is worked by one of ours. */
function isTheirTask({ resourceType, focus }: Json, referral: Entry): boolean {
  return resourceType === 'Task' && isJson(focus) && focus.reference === referral.fullUrl;
}

/** Ids and references of ours, systems as published; what only the sender's server says of it is left out. */
function translated({ fullUrl, resource }: Entry, keys: ReadonlyMap<string, string>): Made {
  const { meta, text: _narrative, ...content } = rewritten(resource, keys) as Json;
  const security = isJson(meta) && Array.isArray(meta.security) ? meta.security : [];
  const key = keys.get(fullUrl)!;
  return {
    ...content,
    resourceType: resource.resourceType,
    id: key.slice(key.indexOf('/') + 1),
    ...(security.length > 0 ? { meta: { security } } : {}),
  };
}

function rewritten(value: unknown, keys: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewritten(item, keys));
  if (!isJson(value)) return value;
  if (typeof value.reference === 'string') return referenceOf(value, value.reference, keys);
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value))
    copy[name] = name === 'system' && typeof member === 'string' ? systemOf(member) : rewritten(member, keys);
  if (isVerification(copy.url))
    return { ...copy, valueCodeableConcept: inEngland(copy.valueCodeableConcept) };
  return copy.system === NHS_NUMBER_SYSTEM ? asNumber(copy) : copy;
}

/** What is not kept here, and the journey, is named by what it is called, and by no address that leads nowhere. */
function referenceOf(value: Json, reference: string, keys: ReadonlyMap<string, string>): unknown {
  const { reference: _, ...rest } = rewrittenReference(value, keys);
  const key = keys.get(reference);
  if (key !== undefined) return { ...rest, reference: key };
  if (reference.startsWith('EpisodeOfCare/')) {
    const journey = `urn:uuid:${reference.slice('EpisodeOfCare/'.length)}`;
    return { ...rest, type: 'EpisodeOfCare', identifier: { system: 'urn:ietf:rfc:3986', value: journey } };
  }
  if (!reference.startsWith('urn:uuid:')) return { ...rest, reference };
  return { ...rest, display: rest.display ?? 'Kept with the message that it came in' };
}

function rewrittenReference(value: Json, keys: ReadonlyMap<string, string>): Json {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'reference' ? member : rewritten(member, keys),
    ]),
  );
}

function inEngland(concept: unknown): unknown {
  if (!isJson(concept) || !Array.isArray(concept.coding)) return concept;
  return { ...concept, coding: concept.coding.map((one) => (isJson(one) ? verificationOf(one) : one)) };
}

/** Ten digits, without what was written between them; one that fails its check digit is no NHS number. */
function asNumber(identifier: Json): Json {
  const number = typeof identifier.value === 'string' ? parseNhsNumber(identifier.value) : undefined;
  if (number !== undefined) return { ...identifier, value: number };
  const { extension: _, ...rest } = identifier;
  return { ...rest, system: UNVERIFIED_NUMBER_SYSTEM };
}

/** BaRS fixes the intent `plan` for what is an order: the sender gives the responsibility away. */
function referralOf(made: Made, remoteId: string): Made {
  const identifiers = Array.isArray(made.identifier) ? (made.identifier as readonly unknown[]) : [];
  return {
    ...made,
    intent: made.intent === 'plan' ? 'order' : made.intent,
    identifier: [...identifiers, { system: REMOTE_REFERRAL_SYSTEM, value: remoteId }],
    ...(made.code === undefined ? { code: { coding: [REFERRAL_CODE] } } : {}),
  };
}

interface Making extends ReadOptions {
  readonly keys: ReadonlyMap<string, string>;
  readonly made: ReadonlyMap<string, Made>;
}

function taskOf({ header, focus }: CheckedMessage, referral: Made, making: Making): Made {
  const { source, keys, made } = making;
  const receiver = keys.get((header.destination?.[0]?.receiver?.reference ?? '').toLowerCase());
  const performer = Array.isArray(referral.performer) ? (referral.performer[0] as unknown) : undefined;
  const owner = receiver === undefined ? performer : { reference: receiver };
  const sender = keys.get((header.sender?.reference ?? '').toLowerCase());
  const requester = roleOf(referral, made) ?? referral.requester ?? (sender && { reference: sender });
  return {
    resourceType: 'Task',
    id: taskIdOf(source, referral.id),
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: TASK_CODE_SYSTEM, code: 'fulfill', display: 'Fulfill the focal request' }] },
    focus: { reference: keys.get(focus.fullUrl)! },
    for: referral.subject,
    ...(referral.priority === undefined ? {} : { priority: referral.priority }),
    ...(referral.authoredOn === undefined ? {} : { authoredOn: referral.authoredOn }),
    ...(requester ? { requester } : {}),
    ...(owner ? { owner } : {}),
  };
}

/** The referrer acts in a role, which also names their organisation. */
function roleOf({ requester }: Made, made: ReadonlyMap<string, Made>): Json | undefined {
  const who = isJson(requester) ? requester.reference : undefined;
  const role = [...made.values()].find(
    ({ resourceType, practitioner }) =>
      resourceType === 'PractitionerRole' && isJson(practitioner) && practitioner.reference === who,
  );
  return role && who !== undefined ? { reference: `PractitionerRole/${role.id}` } : undefined;
}

/** Where a message says that the person refused anything, nothing is implied. */
function isRefusal({ resourceType, status, provision }: Json): boolean {
  if (resourceType !== 'Consent') return false;
  return status === 'rejected' || status === 'inactive' || (isJson(provision) && provision.type === 'deny');
}

/** A message that refers a person for direct care says that they agreed to be referred, and to nothing more. */
function agreedToRefer(consent: Made): Made {
  const categories = Array.isArray(consent.category) ? (consent.category as readonly unknown[]) : [];
  const codings = categories.flatMap((one) => (isJson(one) && Array.isArray(one.coding) ? one.coding : []));
  const isDirectCare = codings.some(
    (one) => isJson(one) && one.system === CONSENT_CATEGORIES && one.code === 'DRC',
  );
  if (!isDirectCare || consent.status !== 'active' || consent.provision !== undefined) return consent;
  return {
    ...consent,
    category: [...categories, { coding: [{ system: CONSENT_PURPOSE, code: 'refer', display: 'Referral' }] }],
    provision: {
      type: 'permit',
      purpose: [{ system: ACT_REASON, code: 'TREAT', display: 'treatment' }],
      code: [{ coding: [{ system: CONSENT_EXTENT, code: 'full', display: 'Full record' }] }],
    },
  };
}

function restrictedLabels(meta: Json): readonly unknown[] {
  const labels = Array.isArray(meta.security) ? (meta.security as readonly unknown[]) : [];
  return labels.filter(
    (one) => isJson(one) && one.system === CONFIDENTIALITY_SYSTEM && (one.code === 'R' || one.code === 'V'),
  );
}

function withLabels(resource: Made, labels: readonly unknown[]): Made {
  const meta = isJson(resource.meta) ? resource.meta : {};
  const own = Array.isArray(meta.security) ? (meta.security as readonly unknown[]) : [];
  return { ...resource, meta: { ...meta, security: [...own, ...labels] } };
}
