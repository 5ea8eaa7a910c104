/** Turns the questions of BaRS senders into answers: what is taken here, and how a referral of theirs stands. */
import type {
  Bundle,
  CapabilityStatement,
  MessageDefinition,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM } from '../fhir/identifiers.ts';
import {
  BARS_PROFILES,
  MASKED_SUBJECT,
  MESSAGE_DEFINITIONS,
  MESSAGE_EVENTS,
  ukCoreProfile,
} from '../nhs/bars/codes.ts';
import { COMBINATIONS, type TakenDefinition } from '../nhs/bars/combinations.ts';
import type { BarsFault } from '../nhs/bars/errors.ts';
import { addressOf, type ServiceAddress, systemOf } from '../nhs/bars/normal-forms.ts';
import { REMOTE_REFERRAL_SYSTEM } from '../nhs/bars/read-message.ts';
import { countsOf } from '../nhs/bars/receive-conformance.ts';
import { isFrom, type LookupOptions, referralAt, referralId } from '../source/bars/known-referrals.ts';

export interface QuestionOptions extends LookupOptions {
  readonly services: readonly ServiceAddress[];
  /** version of the adapter */
  readonly version: string;
  readonly startedMs: number;
}

/** Each answers a resource, or why there is none. */
export interface ReferralQuestions {
  capability(): Resource;
  definitions(query: URLSearchParams): Resource | BarsFault;
  /** of the caller's own referrals */
  search(query: URLSearchParams, caller: string): Promise<Resource | BarsFault>;
  referral(id: string, caller: string): Promise<Resource | BarsFault>;
}

export function createQuestions(options: QuestionOptions): ReferralQuestions {
  return {
    capability: () => capabilityOf(options),
    definitions: (query) => definitionsFor(options, query),
    search: (query, caller) => search(options, query, caller),
    referral: async (id, caller) => {
      const known = await referralAt(options.store, await referralId(options, caller, id.toLowerCase()));
      return known && isFrom(options, caller, known.resource) ? asSent(known.resource) : NOT_FOUND;
    },
  };
}

/** In the sender's own words: its id, and the intent that BaRS fixes. References lead to what is not served here. */
function asSent({ id, status, authoredOn, identifier, category, meta }: ServiceRequest): Resource {
  const remote = identifier?.find(({ system }) => system === REMOTE_REFERRAL_SYSTEM)?.value ?? id!;
  const others = (identifier ?? []).filter(({ system }) => system !== REMOTE_REFERRAL_SYSTEM);
  const { lastUpdated, versionId } = meta ?? {};
  return {
    resourceType: 'ServiceRequest',
    id: remote,
    meta: {
      profile: [BARS_PROFILES.referral],
      ...(lastUpdated ? { lastUpdated } : {}),
      ...(versionId ? { versionId } : {}),
    },
    ...(others.length > 0 ? { identifier: others } : {}),
    ...(status ? { status } : {}),
    intent: 'plan',
    ...(category ? { category } : {}),
    subject: MASKED_SUBJECT,
    ...(authoredOn ? { authoredOn } : {}),
  } as ServiceRequest;
}

const NOT_FOUND: BarsFault = {
  code: 'REC_NOT_FOUND',
  issue: 'not-found',
  diagnostics: 'There is no such ServiceRequest of this organisation here.',
};

const IDENTIFIERS = ['ServiceRequest.identifier', 'identifier'];
const MOST_FOUND = 100;

async function search(
  options: QuestionOptions,
  query: URLSearchParams,
  caller: string,
): Promise<Resource | BarsFault> {
  const known = new Set([...IDENTIFIERS, 'patient:identifier']);
  const other = [...query.keys()].find((name) => !known.has(name));
  if (other !== undefined || query.size === 0)
    return {
      code: 'REC_BAD_REQUEST',
      issue: query.size === 0 ? 'required' : 'not-supported',
      diagnostics: `Search by ${[...known].join(' or ')}, as system|value or value.`,
    };
  const tokens = [...query].map(([name, text]) => ({ name, token: tokenOf(text) }));
  if (tokens.some(({ token }) => token === undefined)) return BAD_TOKEN;
  let found: readonly ServiceRequest[] | undefined;
  for (const { name, token } of tokens) {
    const next = await (name === 'patient:identifier' ? byPatient : byIdentifier)(options, token!);
    const ids = new Set(next.map(({ id }) => id));
    found = found ? found.filter(({ id }) => ids.has(id)) : next;
  }
  const own = (found ?? []).filter((one) => isFrom(options, caller, one));
  return searchset(own.map(asSent));
}

const BAD_TOKEN: BarsFault = {
  code: 'REC_BAD_REQUEST',
  issue: 'invalid',
  diagnostics: 'An identifier is searched for as system|value, or by its value alone.',
};

/** What is searched for; without a system: in any. */
interface Token {
  readonly system?: string;
  readonly value: string;
}

/** A value alone is honoured as well. @source BaRS, parameters of GET /ServiceRequest */
function tokenOf(text: string): Token | undefined {
  return addressOf(text) ?? (/^[^|\s]{1,100}$/.test(text) ? { value: text } : undefined);
}

/** An NHS number may be written in groups, and one that was superseded is still theirs who had it. */
function clausesOf({ system, value }: Token, isNumber = false) {
  const code = isNumber ? value.replaceAll(/[ -]/g, '') : value;
  const asked = system === undefined ? undefined : systemOf(system);
  const values: { system?: string; code: string }[] = [
    asked === undefined ? { code } : { system: asked, code },
  ];
  if (isNumber && asked === NHS_NUMBER_SYSTEM) values.push({ system: FORMER_NHS_NUMBER_SYSTEM, code });
  return [{ kind: 'token', param: 'identifier', values } as const];
}

async function byIdentifier({ store }: QuestionOptions, token: Token): Promise<ServiceRequest[]> {
  const clauses = clausesOf(token);
  const { versions } = await store.search({ type: 'ServiceRequest', clauses, count: MOST_FOUND });
  return versions.flatMap(({ resource }) => (resource?.resourceType === 'ServiceRequest' ? [resource] : []));
}

async function byPatient({ store }: QuestionOptions, token: Token): Promise<ServiceRequest[]> {
  const clauses = clausesOf(token, true);
  const { versions } = await store.search({ type: 'Patient', clauses, count: MOST_FOUND });
  const people = new Set(await Promise.all(versions.map(({ id }) => store.personOf(id))));
  const found: ServiceRequest[] = [];
  for (const person of people)
    for (const { resource } of await store.readPerson(person, 'ServiceRequest'))
      if (resource?.resourceType === 'ServiceRequest') found.push(resource);
  return found;
}

function searchset(resources: readonly Resource[]): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total: resources.length,
    entry: resources.map((resource) => ({ resource, search: { mode: 'match' as const } })),
  };
}

const TAKEN = [...new Set(COMBINATIONS.map(({ definition }) => definition))];

/** The published example has both contexts in one value. */
function contextsIn(query: URLSearchParams): readonly (Token | undefined)[] {
  return query
    .getAll('context')
    .flatMap((text) => text.split('&context='))
    .map(tokenOf);
}

/** `context` names a service; others, such as use cases, are the directory's to give. */
function definitionsFor({ services }: QuestionOptions, query: URLSearchParams): Resource | BarsFault {
  const contexts = contextsIn(query);
  if (contexts.includes(undefined)) return BAD_TOKEN;
  const systems = new Set(services.map(({ system }) => systemOf(system)));
  const named = contexts.filter((one) => one?.system !== undefined && systems.has(one.system));
  const isHere = (one: Token | undefined): boolean =>
    services.some(({ system, value }) => one?.value === value && one.system === systemOf(system));
  return named.length > 0 && !named.some(isHere)
    ? { ...NOT_FOUND, diagnostics: 'The service in context is not here.' }
    : searchset(TAKEN.map(definitionOf));
}

function definitionOf(name: TakenDefinition): MessageDefinition {
  const { event } = COMBINATIONS.find(({ definition }) => definition === name)!;
  return {
    resourceType: 'MessageDefinition',
    id: name,
    url: MESSAGE_DEFINITIONS[name],
    status: 'active',
    date: '2025-04-01',
    eventCoding: { system: MESSAGE_EVENTS, code: event },
    focus: Object.entries(countsOf(name)).map(([type, [least, most]]) => ({
      code: type as 'Patient',
      profile: type === 'ServiceRequest' ? BARS_PROFILES.referral : ukCoreProfile(type),
      min: least,
      max: most === Number.POSITIVE_INFINITY ? '*' : `${most}`,
    })),
  };
}

function capabilityOf({ version, startedMs }: QuestionOptions): CapabilityStatement {
  const read = [{ code: 'read' as const }, { code: 'search-type' as const }];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(startedMs).toISOString(),
    kind: 'instance',
    software: { name: 'Hedgerow', version },
    implementation: { description: 'Referrals to social prescribing, received by BaRS-shaped messages' },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    rest: [
      {
        mode: 'server',
        resource: [
          { type: 'ServiceRequest', interaction: read },
          { type: 'MessageDefinition', interaction: [{ code: 'search-type' }] },
        ],
        operation: [
          {
            name: 'process-message',
            definition: 'http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message',
          },
        ],
      },
    ],
    messaging: [
      {
        supportedMessage: TAKEN.map((name) => ({
          mode: 'receiver' as const,
          definition: MESSAGE_DEFINITIONS[name],
        })),
      },
    ],
  };
}
