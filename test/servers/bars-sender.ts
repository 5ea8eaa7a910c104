/** A referring system that speaks BaRS: makes messages, sends them again until they are answered, and takes answers strictly at an address of its own. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Json = Record<string, unknown>;

const NHS = 'https://fhir.nhs.uk';
const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition';
const TIME = '2026-06-30T09:00:00.1234567+00:00';

export interface Referral {
  readonly id: string;
  readonly correlation: string;
  readonly patient: string;
  readonly number: string;
  /** Bundle.id of the message that made it */
  bundle?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

export const SERVICE = '2000011147';
const OWN_SERVICE = '2000099999';

/** @returns headers as the proxy hands them on @param more replaces; undefined takes away */
export function headersFor(
  more: Record<string, string | undefined> = {},
  ods = 'A83001',
): Record<string, string> {
  const all: Record<string, string | undefined> = {
    accept: 'application/fhir+json; version=1.1.0',
    'content-type': 'application/fhir+json; version=1.1.0',
    'nhsd-target-identifier': base64({ value: SERVICE, system: `${NHS}/Id/dos-service-id` }),
    'nhsd-end-user-organisation': base64({
      resourceType: 'Organization',
      identifier: [{ value: ods, system: `${NHS}/Id/ods-organization-code` }],
      name: 'Test Practice',
    }),
    'nhsd-requesting-software': base64({
      resourceType: 'Device',
      identifier: [],
      deviceName: { name: 'Tester', type: 'manufacturer-name' },
      version: { value: '1' },
    }),
    'x-request-id': randomUUID(),
    'x-correlation-id': randomUUID(),
    'use-context': 'a0t0|referral|servicerequest-request|new',
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
}

export function newReferral(number = '9990000018'): Referral {
  return { id: randomUUID(), correlation: randomUUID(), patient: randomUUID(), number };
}

const urn = (id: string): string => `urn:uuid:${id}`;
const meta = (profile: string, time = TIME): Json => ({ lastUpdated: time, profile: [profile] });

interface Said {
  readonly reason: string;
  readonly status: string;
  readonly definition: string;
  readonly time?: string;
  readonly note?: string;
}

const SAID = {
  new: { reason: 'new', status: 'active', definition: 'servicerequest-request-referral' },
  update: { reason: 'update', status: 'active', definition: 'servicerequest-request-referral' },
  cancel: { reason: 'update', status: 'revoked', definition: 'servicerequest-request-cancelled' },
  'in-error': {
    reason: 'update',
    status: 'entered-in-error',
    definition: 'servicerequest-request-cancelled',
  },
  'in-error by delete': {
    reason: 'delete',
    status: 'entered-in-error',
    definition: 'servicerequest-request-cancelled',
  },
} as const satisfies Record<string, Said>;

export type Act = keyof typeof SAID;

/** @returns a message Bundle */
export function messageOf(referral: Referral, act: Act, more: Partial<Said> = {}): Json {
  const said: Said = { ...SAID[act], ...more };
  const ids = Object.fromEntries(
    ['header', 'sender', 'receiver', 'encounter', 'plan', 'practitioner', 'role', 'service', 'consent'].map(
      (name) => [name, randomUUID()],
    ),
  ) as Record<string, string>;
  const resource = (
    id: string,
    type: string,
    content: Json,
    profile = `${UK_CORE}/UKCore-${type}`,
  ): Json => ({
    fullUrl: urn(id),
    resource: { resourceType: type, id, meta: meta(profile), ...content },
  });
  const organisation = (id: string, code: string): Json =>
    resource(id, 'Organization', {
      identifier: [{ system: `${NHS}/Id/ods-organization-code`, value: code }],
      name: code,
    });
  const subject = { reference: urn(referral.patient) };
  const header = resource(
    ids.header!,
    'MessageHeader',
    {
      eventCoding: { system: `${NHS}/CodeSystem/message-events-bars`, code: 'servicerequest-request' },
      destination: [
        { endpoint: `${NHS}/Id/dos-service-id|${SERVICE}`, receiver: { reference: urn(ids.receiver!) } },
      ],
      sender: { reference: urn(ids.sender!) },
      source: {
        name: 'Practice',
        software: 'Tester',
        version: '1',
        endpoint: `http://fhir.nhs.uk/id/dos-service-id|${OWN_SERVICE}`,
      },
      reason: { coding: [{ system: `${NHS}/CodeSystem/message-reason-bars`, code: said.reason }] },
      focus: [{ reference: urn(referral.id) }],
      definition: `${NHS}/MessageDefinition/bars-message-${said.definition}`,
    },
    `${NHS}/StructureDefinition/BARSMessageHeader-servicerequest-request`,
  );
  const isWhole = act === 'new' || act === 'update';
  const request = resource(
    referral.id,
    'ServiceRequest',
    {
      status: said.status,
      intent: 'plan',
      category: [
        {
          coding: [
            { system: `${NHS}/CodeSystem/message-category-servicerequest`, code: 'referral' },
            { system: `${NHS}/CodeSystem/usecases-categories-bars`, code: 'a0t0' },
          ],
        },
      ],
      subject,
      authoredOn: TIME,
      ...(isWhole
        ? {
            basedOn: [{ reference: urn(ids.plan!) }],
            encounter: { reference: urn(ids.encounter!) },
            requester: { reference: urn(ids.practitioner!) },
            performer: [{ reference: urn(ids.service!) }],
            reasonCode: [
              {
                coding: [{ system: 'http://snomed.info/sct', code: '267076002' }],
                text: said.note ?? 'lonely',
              },
            ],
          }
        : {}),
    },
    `${NHS}/StructureDefinition/BARSServiceRequest-request-referral`,
  );
  const patient = resource(referral.patient, 'Patient', {
    identifier: [
      {
        extension: [
          {
            url: `${UK_CORE}/Extension-UKCore-NHSNumberVerificationStatus`,
            valueCodeableConcept: {
              coding: [
                {
                  system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus',
                  code: 'number-present-and-verified',
                },
              ],
            },
          },
        ],
        system: `${NHS}/Id/nhs-number`,
        value: referral.number,
      },
    ],
    name: [{ family: 'Test', given: ['Person'] }],
    birthDate: '1950-01-01',
  });
  const small = [
    header,
    request,
    patient,
    organisation(ids.sender!, 'A83001'),
    organisation(ids.receiver!, 'X26'),
  ];
  const rest = [
    resource(ids.encounter!, 'Encounter', {
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      episodeOfCare: [{ reference: `EpisodeOfCare/${referral.correlation}` }],
    }),
    resource(ids.plan!, 'CarePlan', {
      status: 'active',
      intent: 'plan',
      subject,
      encounter: { reference: urn(ids.encounter!) },
    }),
    resource(ids.practitioner!, 'Practitioner', { name: [{ family: 'Referrer' }] }),
    resource(ids.role!, 'PractitionerRole', {
      practitioner: { reference: urn(ids.practitioner!) },
      organization: { reference: urn(ids.sender!) },
    }),
    resource(ids.service!, 'HealthcareService', {
      identifier: [{ system: `${NHS}/id/dos-service-id`, value: SERVICE }],
      providedBy: { reference: urn(ids.receiver!) },
      name: 'Link workers',
    }),
    resource(ids.consent!, 'Consent', {
      status: 'active',
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      category: [{ coding: [{ system: `${NHS}/CodeSystem/consent-categories-bars`, code: 'DRC' }] }],
      patient: subject,
      dateTime: '2026-06-30',
      policyRule: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMPLIED' }],
      },
    }),
  ];
  return {
    resourceType: 'Bundle',
    id: randomUUID(),
    meta: { versionId: '1.1.0', ...meta(`${NHS}/StructureDefinition/BARSBundleMessage`) },
    type: 'message',
    timestamp: said.time ?? TIME,
    entry: isWhole ? [...small, ...rest] : small,
  };
}

/** What came back about a referral. */
export interface Told {
  readonly request: string;
  readonly task: string;
  readonly reason: string;
  readonly body: Json;
  readonly headers: IncomingMessage['headers'];
}

export interface BarsSender {
  readonly url: string;
  /** by the id of the referral, in the order in which it was told */
  readonly told: Map<string, Told[]>;
  /** why answers were refused */
  readonly faults: string[];
  /** statuses that the next requests are answered with; `lost`: taken, and no answer */
  readonly next: (number | 'lost')[];
  /** referrals that answers are expected about */
  readonly sent: Map<string, Referral>;
  close(): Promise<void>;
}

/** Hosts $process-message of the sender. */
export async function startSender(): Promise<BarsSender> {
  const told = new Map<string, Told[]>();
  const seen = new Map<string, string>();
  const sent = new Map<string, Referral>();
  const [faults, next]: [string[], (number | 'lost')[]] = [[], []];
  const server: Server = createServer(async (request, response) => {
    const text = Buffer.concat(await Array.fromAsync(request)).toString();
    const ids = {
      'x-request-id': String(request.headers['x-request-id']),
      'x-correlation-id': String(request.headers['x-correlation-id']),
    };
    const reply = (status: number, body: Json): void => {
      response
        .writeHead(status, { 'content-type': 'application/fhir+json', ...ids })
        .end(JSON.stringify(body));
    };
    const planned = next.shift();
    if (typeof planned === 'number')
      return reply(planned, outcome(planned === 503 ? 'REC_UNAVAILABLE' : 'REC_SERVER_ERROR', 'transient'));
    const before = seen.get(ids['x-request-id']);
    if (before !== undefined) {
      if (before !== text) faults.push('other bytes under the same X-Request-Id');
      return reply(409, outcome('REC_CONFLICT', 'duplicate'));
    }
    const read = readAnswer(request, text, sent);
    if (typeof read === 'string') {
      faults.push(read);
      return reply(400, outcome('REC_BAD_REQUEST', 'invariant'));
    }
    seen.set(ids['x-request-id'], text);
    told.set(read.id, [...(told.get(read.id) ?? []), read.told]);
    if (planned === 'lost') return void response.destroy();
    reply(200, { resourceType: 'Bundle', type: 'message', id: read.told.body.id });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ told, faults, next, sent },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function outcome(code: string, issue: string): Json {
  const coding = [{ system: `${NHS}/Codesystem/http-error-codes`, code }];
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: issue, details: { coding } }],
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readAnswer(
  { method, url, headers }: IncomingMessage,
  text: string,
  sent: ReadonlyMap<string, Referral>,
): { readonly id: string; readonly told: Told } | string {
  if (method !== 'POST' || url !== '/$process-message') return 'not $process-message';
  for (const name of ['x-request-id', 'x-correlation-id'])
    if (!UUID.test(String(headers[name]))) return `${name} is no UUID`;
  const target = JSON.parse(
    Buffer.from(String(headers['nhsd-target-identifier']), 'base64').toString(),
  ) as Json;
  if (target.value !== OWN_SERVICE || target.system !== `${NHS}/Id/dos-service-id`)
    return 'not to the reply address';
  for (const name of ['nhsd-end-user-organisation', 'nhsd-requesting-software', 'use-context'])
    if (!headers[name]) return `${name} is missing`;
  const body = JSON.parse(text) as Json & { entry: { fullUrl: string; resource: Json & { meta: Json } }[] };
  if (!(body.meta as Json)?.versionId || body.type !== 'message') return 'no versioned message';
  const header = body.entry[0]!.resource;
  if (header.resourceType !== 'MessageHeader') return 'the header is not first';
  if (header.definition !== `${NHS}/MessageDefinition/bars-message-servicerequest-response-referral`)
    return 'another definition';
  if ((header.eventCoding as Json).code !== 'servicerequest-response') return 'another event';
  const request = body.entry.find(({ resource }) => resource.resourceType === 'ServiceRequest');
  const task = body.entry.find(({ resource }) => resource.resourceType === 'Task');
  const referral = sent.get(String(request?.resource.id));
  if (!request || !task || !referral) return 'about no referral of ours';
  if ((header.focus as Json[])[0]!.reference !== request.fullUrl) return 'the focus is another';
  if (headers['x-correlation-id'] !== referral.correlation) return 'another conversation';
  const response = header.response as Json;
  if (response.identifier !== referral.bundle || response.code !== 'ok') return 'another message is answered';
  const urls = new Set(body.entry.map(({ fullUrl }) => fullUrl));
  for (const reference of JSON.stringify(body.entry).matchAll(/"reference":"([^"]+)"/g))
    if (!urls.has(reference[1]!)) return `dangling ${reference[1]}`;
  if (body.entry.some(({ resource }) => !resource.meta?.lastUpdated || !resource.meta?.profile))
    return 'an entry without meta';
  const reason = ((header.reason as Json).coding as Json[])[0]!.code as string;
  return {
    id: referral.id,
    told: {
      request: String(request.resource.status),
      task: String(task.resource.status),
      reason,
      body,
      headers,
    },
  };
}

/** Posts a message. @param ids of the request: the same again is a retry */
export async function post(
  url: string,
  message: unknown,
  headers: Record<string, string>,
): Promise<Answered> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const answer = await fetch(`${url}/$process-message`, { method: 'POST', headers, body });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}
