/** Turns a row of the audit into the AuditEvent that says the same. */
import type {
  AuditEvent,
  AuditEventAgent,
  AuditEventEntity,
  CodeableConcept,
  Coding,
} from '@medplum/fhirtypes';
import type { KeptAccess } from '../store/accesses.ts';
import type { AccessAction } from '../store/audit-chain.ts';

/** Of clients' names, in `agent.who`. */
export const CLIENT_SYSTEM = 'https://hedgerow.example/fhir/NamingSystem/client';
const ORGANISATION_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
const OPERATION_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/operation';
const PURPOSE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/consent-purpose';
const INTERACTION_SYSTEM = 'http://hl7.org/fhir/restful-interaction';
const REASON_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
export const TYPE: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
};

/** @source FHIR R4, CodeSystem restful-interaction, and audit-event-action of each */
const ACTIONS: Readonly<Record<string, AuditEvent['action']>> = {
  ...{ read: 'R', vread: 'R', create: 'C', update: 'U', patch: 'U', delete: 'D' },
  ...{ 'history-instance': 'R', 'history-type': 'R', 'history-system': 'R', capabilities: 'R' },
  ...{ 'search-type': 'E', 'search-system': 'E', batch: 'E', transaction: 'E' },
};

export const OUTCOMES: Readonly<Record<AccessAction, NonNullable<AuditEvent['outcome']>>> = {
  access: '0',
  refused: '4',
  failed: '8',
};

/** @returns logical id of a row's AuditEvent */
export function auditEventId(seq: number): string {
  return `access-${seq}`;
}

/** @returns seq of the row; undefined for what is no such id */
export function seqOf(id: string): number | undefined {
  const seq = /^access-([1-9]\d{0,14})$/.exec(id)?.[1];
  return seq === undefined ? undefined : Number(seq);
}

/** @param code of an interaction, or name of an operation */
export function subtypeOf(code: string): Coding & { readonly code: string } {
  return { system: Object.hasOwn(ACTIONS, code) ? INTERACTION_SYSTEM : OPERATION_SYSTEM, code };
}

/** @source FHIR R4, AuditEvent */
export function auditEventOf(access: KeptAccess): AuditEvent {
  const { interactions, action, status } = access;
  const actions = new Set(interactions.map((one) => ACTIONS[one] ?? 'E'));
  const purposes = purposesOf(access);
  const entity = entitiesOf(access);
  return {
    resourceType: 'AuditEvent',
    id: auditEventId(access.seq),
    type: TYPE,
    subtype: interactions.map(subtypeOf),
    action: actions.size === 1 ? [...actions][0] : 'E',
    recorded: new Date(access.atMs).toISOString(),
    outcome: OUTCOMES[action],
    outcomeDesc: `HTTP ${status}`,
    ...(purposes.length > 0 && { purposeOfEvent: purposes }),
    agent: agentsOf(access),
    source: { observer: { display: 'Hedgerow' } },
    ...(entity.length > 0 && { entity }),
  };
}

function purposesOf({ glass, words, purpose }: KeptAccess): CodeableConcept[] {
  return [
    ...(glass
      ? [
          {
            coding: [{ system: REASON_SYSTEM, code: 'BTG', display: 'break the glass' }],
            ...(words !== undefined && { text: words }),
          },
        ]
      : []),
    ...(purpose === undefined ? [] : [{ coding: [{ system: PURPOSE_SYSTEM, code: purpose }] }]),
  ];
}

function agentsOf({ client, ownerOrg }: KeptAccess): AuditEventAgent[] {
  const asker: AuditEventAgent =
    client === ''
      ? { requestor: true, name: 'nobody who was let in' }
      : {
          requestor: true,
          name: client,
          who: { type: 'Device', identifier: { system: CLIENT_SYSTEM, value: client } },
        };
  const identifier = { system: ORGANISATION_SYSTEM, value: ownerOrg };
  return ownerOrg === '' ? [asker] : [asker, { requestor: false, who: { type: 'Organization', identifier } }];
}

const OBJECT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

function entitiesOf(access: KeptAccess): AuditEventEntity[] {
  const { keys = [], persons = [], request, count, digest, unknown, params = [] } = access;
  const people = new Set(persons.map((person) => `Patient/${person}`));
  const detail = [
    ...(count === undefined ? [] : [{ type: 'resources', valueString: String(count) }]),
    ...(digest === undefined ? [] : [{ type: 'digest of the resources', valueString: digest }]),
    ...(unknown === undefined
      ? []
      : [{ type: 'resources that are not there', valueString: String(unknown) }]),
    ...params.map((name) => ({ type: 'parameter', valueString: name })),
  ];
  return [
    ...[...people].map((reference) => ({
      what: { reference },
      type: { system: OBJECT_TYPE, code: '1' }, // person
      role: { system: OBJECT_ROLE, code: '1' }, // patient
    })),
    ...keys
      .filter((reference) => !people.has(reference))
      .map((reference) => ({
        what: { reference },
        type: { system: OBJECT_TYPE, code: '2' }, // system object
        role: { system: OBJECT_ROLE, code: '4' }, // domain resource
      })),
    {
      name: request,
      type: { system: OBJECT_TYPE, code: '2' },
      role: { system: OBJECT_ROLE, code: '24' }, // query: the request
      ...(detail.length > 0 && { detail }),
    },
  ];
}
