/** What a strict BaRS service refuses of a request: its headers, and the message in it. Written from the standard, with nothing of ours. */
import type { Bundle, MessageHeader, Resource, ServiceRequest } from '@medplum/fhirtypes';

export interface Fault {
  readonly status: number;
  readonly code: string;
  readonly issue: string;
  readonly text: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,7})?(Z|[+-]\d{2}:\d{2})$/;
const CODES = 'https://fhir.nhs.uk/CodeSystem';

const sent = (issue: string, text: string): Fault => ({ status: 400, code: 'SEND_BAD_REQUEST', issue, text });
const refused = (issue: string, text: string): Fault => ({
  status: 400,
  code: 'REC_BAD_REQUEST',
  issue,
  text,
});

export interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method: string;
}

/** @returns the first fault of the headers, as the proxy and the service look at them */
export function headerFault(
  { headers, method }: Asked,
  service: string,
  versions: readonly string[],
): Fault | undefined {
  for (const name of ['x-request-id', 'x-correlation-id']) {
    if (headers[name] === undefined) return sent('required', name);
    if (!UUID.test(String(headers[name]))) return sent('invalid', name);
  }
  const target = jsonOf(headers['nhsd-target-identifier']);
  if (typeof target === 'string')
    return { status: 400, code: 'PROXY_BAD_REQUEST', issue: '400', text: target };
  if (target.system !== 'https://fhir.nhs.uk/Id/dos-service-id' || target.value !== service)
    return { status: 404, code: 'PROXY_NOT_FOUND', issue: 'not-found', text: 'target' };
  const organisation = jsonOf(headers['nhsd-end-user-organisation']);
  if (typeof organisation === 'string' || organisation.resourceType !== 'Organization' || !organisation.name)
    return sent('structure', 'nhsd-end-user-organisation');
  const [identifier] = organisation.identifier as [{ system?: string; value?: string }];
  if (identifier?.system !== 'https://fhir.nhs.uk/Id/ods-organization-code' || !identifier.value)
    return sent('value', 'nhsd-end-user-organisation');
  const software = jsonOf(headers['nhsd-requesting-software']);
  if (
    typeof software === 'string' ||
    software.resourceType !== 'Device' ||
    Array.isArray(software.deviceName)
  )
    return sent('structure', 'nhsd-requesting-software');
  const practitioner = headers['nhsd-requesting-practitioner'];
  if (practitioner !== undefined && typeof jsonOf(practitioner) === 'string')
    return sent('structure', 'nhsd-requesting-practitioner');
  const types = method === 'POST' ? ['accept', 'content-type'] : ['accept'];
  for (const name of types) {
    const [, version] = /^application\/fhir\+json; ?version=(\S+)$/.exec(String(headers[name])) ?? [];
    if (version === undefined || !versions.includes(version))
      return { status: 406, code: 'SEND_NOT_ACCEPTABLE', issue: 'processing', text: name };
  }
  if (
    method === 'POST' &&
    !/^[^|]+\|referral\|servicerequest-request\|(new|update|delete)$/.test(String(headers['use-context']))
  )
    return sent('invalid', 'use-context');
  return undefined;
}

function jsonOf(header: string | string[] | undefined): Record<string, unknown> | string {
  if (typeof header !== 'string') return 'missing';
  if (!BASE64.test(header)) return 'base64';
  try {
    return JSON.parse(Buffer.from(header, 'base64').toString()) as Record<string, unknown>;
  } catch {
    return 'json';
  }
}

const COUNTS: Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>> = {
  'bars-message-servicerequest-request-referral': {
    ...{
      MessageHeader: [1, 1],
      ServiceRequest: [1, 1],
      Patient: [1, 1],
      Encounter: [1, 1],
      CarePlan: [1, 1],
    },
    ...{ Organization: [2, 99], Practitioner: [1, 99], PractitionerRole: [1, 99], Consent: [1, 99] },
    ...{ HealthcareService: [1, 1], Location: [0, 99], Observation: [0, 99], Flag: [0, 99] },
    ...{ MedicationStatement: [0, 99], AllergyIntolerance: [0, 99], Questionnaire: [0, 99] },
    ...{ QuestionnaireResponse: [0, 99], Condition: [0, 99], Task: [0, 99], Communication: [0, 99] },
  },
  'bars-message-servicerequest-request-cancelled': {
    ...{ MessageHeader: [1, 1], ServiceRequest: [1, 1], Patient: [1, 1], Organization: [2, 2] },
  },
};

/** event reason status definition */
const COMBINATIONS = new Set([
  'new active request-referral',
  'update active request-referral',
  'update revoked request-cancelled',
  'update entered-in-error request-cancelled',
  'delete entered-in-error request-cancelled',
]);

/** @param statusOf what the service holds of a referral @returns the first fault of a message */
export function messageFault(
  bundle: Bundle,
  rules: { readonly service: string; readonly versions: readonly string[]; readonly useCase: string },
  statusOf: (uuid: string) => string | undefined,
): Fault | undefined {
  if (bundle.resourceType !== 'Bundle' || bundle.type !== 'message')
    return refused('structure', 'Bundle.type');
  if (!UUID.test(bundle.id ?? '') || !INSTANT.test(bundle.timestamp ?? ''))
    return refused('required', 'Bundle.id');
  const version = bundle.meta?.versionId;
  if (version === undefined) return refused('invariant', 'Bundle.meta.versionId');
  if (!rules.versions.includes(version))
    return { status: 422, code: 'REC_UNPROCESSABLE_ENTITY', issue: 'not-supported', text: 'version' };
  const header = bundle.entry?.[0]?.resource as MessageHeader | undefined;
  if (header?.resourceType !== 'MessageHeader') return refused('structure', 'Bundle.entry[0]');
  const endpoint = `https://fhir.nhs.uk/Id/dos-service-id|${rules.service}`;
  if (header.destination?.[0]?.endpoint !== endpoint) return refused('value', 'MessageHeader.destination');
  if (!header.source?.endpoint?.includes('dos-service-id|'))
    return refused('required', 'MessageHeader.source');
  return entryFault(bundle, header) ?? focusFault(bundle, header, rules.useCase, statusOf);
}

function entryFault(bundle: Bundle, header: MessageHeader): Fault | undefined {
  const counts = COUNTS[header.definition?.split('/').at(-1) ?? ''];
  if (!counts) return refused('not-supported', 'MessageHeader.definition');
  const entries = bundle.entry ?? [];
  const urls = new Set(entries.map(({ fullUrl }) => fullUrl));
  if (urls.size !== entries.length) return refused('duplicate', 'Bundle.entry.fullUrl');
  for (const { fullUrl, resource } of entries) {
    const type = resource?.resourceType ?? '';
    if (!counts[type]) return refused('structure', type);
    if (!UUID.test(fullUrl?.replace(/^urn:uuid:/, '') ?? '')) return refused('invalid', `${type} fullUrl`);
    if (!INSTANT.test(resource?.meta?.lastUpdated ?? ''))
      return refused('required', `${type}.meta.lastUpdated`);
    if (!resource?.meta?.profile?.length) return refused('required', `${type}.meta.profile`);
    const dangling = referencesIn(resource).find(
      (one) => !urls.has(one) && !one.startsWith('EpisodeOfCare/'),
    );
    if (dangling !== undefined) return refused('invalid', `${type} refers to ${dangling}`);
  }
  for (const [type, [least, most]] of Object.entries(counts)) {
    const count = entries.filter(({ resource }) => resource?.resourceType === type).length;
    if (count < least || count > most) return refused('required', `${count} of ${type}`);
  }
  return undefined;
}

function referencesIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'reference' && typeof member === 'string' ? [member] : referencesIn(member),
  );
}

function focusFault(
  bundle: Bundle,
  header: MessageHeader,
  useCase: string,
  statusOf: (uuid: string) => string | undefined,
): Fault | undefined {
  const at = (url: string | undefined): Resource | undefined =>
    bundle.entry?.find(({ fullUrl }) => fullUrl === url)?.resource;
  const focus = at(header.focus?.[0]?.reference) as ServiceRequest | undefined;
  if (focus?.resourceType !== 'ServiceRequest') return refused('invariant', 'MessageHeader.focus');
  const { system, code: event } = header.eventCoding ?? {};
  if (system !== `${CODES}/message-events-bars` || event !== 'servicerequest-request')
    return refused('not-supported', 'MessageHeader.eventCoding');
  const reason = header.reason?.coding?.find((one) => one.system === `${CODES}/message-reason-bars`)?.code;
  const definition = header.definition!.split('/').at(-1)!.replace('bars-message-servicerequest-', '');
  if (!COMBINATIONS.has(`${reason} ${focus.status} ${definition}`))
    return refused('invariant', `${reason} ${focus.status} ${definition}`);
  const codings = focus.category?.[0]?.coding ?? [];
  const isCategory =
    focus.category?.length === 1 && codings.length === 2 && codings.some(({ code }) => code === 'referral');
  if (!isCategory || !codings.some(({ code }) => code === useCase))
    return refused('value', 'ServiceRequest.category');
  if (focus.intent !== 'plan' || !INSTANT.test(focus.authoredOn ?? ''))
    return refused('value', 'ServiceRequest.intent');
  if (at(header.sender?.reference)?.resourceType !== 'Organization')
    return refused('value', 'MessageHeader.sender');
  return focus.status === 'active'
    ? (requestFault(bundle, focus) ?? currentFault(reason, focus, statusOf))
    : currentFault(reason, focus, statusOf);
}

function requestFault(
  { entry }: Bundle,
  { basedOn, encounter, performer, requester }: ServiceRequest,
): Fault | undefined {
  const typeOf = (url: string | undefined): string | undefined =>
    entry?.find(({ fullUrl }) => fullUrl === url)?.resource?.resourceType;
  if (typeOf(basedOn?.[0]?.reference) !== 'CarePlan') return refused('value', 'ServiceRequest.basedOn');
  if (typeOf(encounter?.reference) !== 'Encounter') return refused('value', 'ServiceRequest.encounter');
  if (typeOf(performer?.[0]?.reference) !== 'HealthcareService')
    return refused('value', 'ServiceRequest.performer');
  if (typeOf(requester?.reference) !== 'Practitioner') return refused('value', 'ServiceRequest.requester');
  const found = entry?.map(({ resource }) => resource) ?? [];
  const meeting = found.find((one) => one?.resourceType === 'Encounter');
  const journey = meeting?.resourceType === 'Encounter' ? meeting.episodeOfCare?.[0]?.reference : undefined;
  if (!UUID.test(journey?.replace('EpisodeOfCare/', '') ?? ''))
    return refused('required', 'Encounter.episodeOfCare');
  for (const one of found)
    if (one?.resourceType === 'Consent') {
      const isDirect = one.category?.[0]?.coding?.[0]?.code === 'DRC';
      const isAsWanted = one.status === 'active' && one.policyRule?.coding?.[0]?.code === 'IMPLIED';
      if (!isDirect || !isAsWanted || !INSTANT.test(one.dateTime ?? '')) return refused('value', 'Consent');
    }
  return undefined;
}

/** Only what is held as active may be changed, and what is held already is not new. */
function currentFault(
  reason: string | undefined,
  focus: ServiceRequest,
  statusOf: (uuid: string) => string | undefined,
): Fault | undefined {
  const held = statusOf(focus.id ?? '');
  const conflict: Fault = { status: 409, code: 'REC_CONFLICT', issue: 'conflict', text: `held as ${held}` };
  if (reason === 'new') return held === undefined ? undefined : conflict;
  if (held === undefined)
    return { status: 404, code: 'REC_NOT_FOUND', issue: 'not-found', text: 'ServiceRequest' };
  return held === 'active' ? undefined : conflict;
}
