/** A store with a person, a referral and all around it, a BaRS service on this machine, and the way between the two. */

import { createHash } from 'node:crypto';
import type { Consent, HealthcareService, ServiceRequest, Task } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { digestOf } from '../../../src/fhir/digest.ts';
import { type BarsClient, type BarsClientOptions, createBarsClient } from '../../../src/nhs/bars/client.ts';
import type { CommitResult, Identified, ResourceKey, Settlement, Store } from '../../../src/store/store.ts';
import { type BarsOptions, createBarsTarget } from '../../../src/target/bars/bars.ts';
import { createBarsGate } from '../../../src/target/bars/gate.ts';
import { createDelivery } from '../../../src/target/fhir/deliver-group.ts';
import { createShareGate } from '../../../src/target/share-gate.ts';
import type { Target } from '../../../src/target/target.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { openTestStore } from '../../outbox/adapter-parts.ts';
import { consent as consentFor } from '../../referral/sharing.ts';
import { type BarsReceiver, startBarsReceiver } from '../../servers/bars-receiver.ts';

export const TARGET = 'link-workers';
export const SERVICE = { dosServiceId: '2000011147', name: 'Link workers of Example', odsCode: 'X2601' };
export const USE_CASE = { code: 'xTEST', display: 'A use case of tests' };
export const START_MS = Date.parse('2026-03-02T09:00:00Z');
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';

/** @returns a UUID that follows from a word */
export function idOf(word: string): string {
  const hex = createHash('sha256').update(word).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const PERSON = idOf('person');
export const REFERRAL = idOf('referral');

export function person(extra: object = {}): Identified {
  return {
    resourceType: 'Patient',
    id: PERSON,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }],
    name: [{ family: 'Example' }],
    ...extra,
  };
}

export function consent(change: Partial<Consent> = {}): Identified {
  const agreed = consentFor({ patient: { reference: `Patient/${PERSON}` }, ...change }, 'full', 'refer');
  return { ...agreed, id: idOf('consent') } as Identified;
}

export function request(extra: Partial<ServiceRequest> = {}): ServiceRequest & { id: string } {
  return {
    resourceType: 'ServiceRequest',
    id: REFERRAL,
    status: 'active',
    intent: 'order',
    code: { text: 'Referral to a link worker' },
    subject: { reference: `Patient/${PERSON}` },
    authoredOn: '2026-03-01',
    requester: { reference: `PractitionerRole/${idOf('role')}` },
    performer: [{ reference: `HealthcareService/${idOf('service')}` }],
    reasonReference: [{ reference: `Condition/${idOf('need')}` }],
    ...extra,
  };
}

export function task(status: Task['status'], of = REFERRAL): Task & { id: string } {
  return {
    resourceType: 'Task',
    id: idOf(`task ${of}`),
    status,
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: { reference: `ServiceRequest/${of}` },
    for: { reference: `Patient/${PERSON}` },
    authoredOn: '2026-03-01',
  };
}

export function healthcareService(dosServiceId = SERVICE.dosServiceId): HealthcareService & { id: string } {
  return {
    resourceType: 'HealthcareService',
    id: idOf('service'),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/dos-service-id', value: dosServiceId }],
    name: 'Link workers',
  };
}

/** What stands around every referral. */
export function around(): Identified[] {
  const practice = idOf('practice');
  return [
    {
      resourceType: 'Organization',
      id: practice,
      name: 'Example Surgery',
      identifier: [{ system: ODS, value: 'Y12345' }],
    },
    { resourceType: 'Practitioner', id: idOf('doctor'), name: [{ family: 'Doctor' }] },
    {
      resourceType: 'PractitionerRole',
      id: idOf('role'),
      practitioner: { reference: `Practitioner/${idOf('doctor')}` },
      organization: { reference: `Organization/${practice}` },
    },
    healthcareService(),
    {
      resourceType: 'Condition',
      id: idOf('need'),
      subject: { reference: `Patient/${PERSON}` },
      code: { text: 'Loneliness' },
    },
  ];
}

export type TargetOptions = Partial<BarsOptions & BarsClientOptions> & {
  /** stands between the target and its client */
  readonly wrap?: (client: BarsClient) => BarsClient;
};

export interface World {
  readonly store: Store;
  readonly receiver: BarsReceiver;
  readonly clock: { nowMs: number };
  put(key: string, ...resources: Identified[]): Promise<CommitResult>;
  /** a new target over the same store, as after a restart */
  target(options?: TargetOptions): Target;
  /** Delivers until nothing is due, or nothing but waiting is left. @returns how each entry of the last rounds ended */
  drain(target?: Target): Promise<readonly Settlement[]>;
  messages(key?: ResourceKey): ReturnType<Store['messages']['about']>;
  close(): Promise<void>;
}

/** Rounds in a row of which nothing comes: what is left waits for a person. */
const MOST_IDLE = 25;

const definitions = loadBaseDefinitions();
const TYPES = [
  'ServiceRequest',
  'Task',
  'Patient',
  'Consent',
  'Condition',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'HealthcareService',
];

export async function openWorld(url?: (receiver: BarsReceiver) => Promise<string>): Promise<World> {
  const clock = { nowMs: START_MS };
  const now = (): number => clock.nowMs;
  const { store, close } = await openTestStore(now);
  const receiver = await startBarsReceiver({ service: SERVICE.dosServiceId, useCase: USE_CASE.code });
  const baseUrl = url ? await url(receiver) : receiver.url;
  const { exchange, close: closeExchange } = createExchange();
  const rules = {
    ...{ name: TARGET, purpose: 'refer' as const, requiresVerifiedNhsNumber: false, allowRestricted: false },
  };
  let ids = 0;
  const targetOf: World['target'] = (options = {}) => {
    const strict = createShareGate({ store, target: rules, definitions, clock: now });
    return createBarsTarget({
      ...{ name: TARGET, store, clock: now, gate: strict, agreed: { purpose: 'refer' } },
      client: (options.wrap ?? ((client) => client))(
        createBarsClient({ baseUrl, deadlineMs: 2_000, exchange, clock: now, ...options }),
      ),
      settings: {
        ...{ service: SERVICE, useCase: USE_CASE, version: '1.1.0' },
        source: { name: 'Example', software: 'Hedgerow', version: '1', dosServiceId: '2000099999' },
      },
      software: { name: 'Hedgerow', version: '1' },
      ...{ inErrorReason: 'update', checksDefinitions: true, check: () => [] },
      newId: () => idOf(`new ${++ids}`),
      ...options,
    });
  };
  const drain: World['drain'] = async (target = targetOf()) => {
    const shared = createShareGate({
      store,
      target: { ...rules, send: { types: TYPES } },
      definitions,
      clock: now,
    });
    const gate = createBarsGate({ store, gate: shared, target: TARGET, service: SERVICE });
    const deliver = createDelivery({
      ...{
        store,
        target,
        gate,
        clock: now,
        random: () => 0.5,
        receipts: { by: 'task', types: ['ServiceRequest'] },
      },
    });
    const all: Settlement[] = [];
    let idle = 0;
    for (;;) {
      const group = await store.claim(TARGET, { nowMs: now(), leaseMs: 60_000, maxEntries: 50 });
      if (group) {
        const settlements = await deliver(group, new AbortController().signal);
        await store.settle(TARGET, group.deliveryKey, settlements, now());
        all.push(...settlements);
        idle = settlements.every(({ kind }) => kind === 'wait' || kind === 'retry') ? idle + 1 : 0;
        if (idle > MOST_IDLE) return all;
        continue;
      }
      const dueMs = await store.nextDueMs(TARGET, now());
      if (dueMs === undefined) return all;
      clock.nowMs = Math.max(dueMs, now() + 1);
    }
  };
  return {
    ...{ store, receiver, clock, drain, target: targetOf },
    put: (key, ...resources) => commit(store, clock, key, resources),
    messages: (key = `ServiceRequest/${REFERRAL}`) => store.messages.about(key, TARGET),
    close: async () => {
      closeExchange();
      await receiver.close();
      await close();
    },
  };
}

async function commit(
  store: Store,
  clock: { nowMs: number },
  key: string,
  resources: readonly Identified[],
): Promise<CommitResult> {
  clock.nowMs += 1_000;
  const record = {
    ...{ source: 'test', kind: 'any', key, digest: digestOf(resources), mapDigest: 'map', payload: {} },
    ...{ ownerOrg: 'org', sourceTimeMs: clock.nowMs, timeOf: 'source' as const, receiptId: 'receipt' },
    resources: resources.map((resource) => ({ resource, partial: false })),
    warnings: [],
  };
  const rules = {
    ...{ check: () => [], provenanceId: () => undefined, provenance: () => undefined },
    route: ({ resourceType }: { resourceType: string }) => (TYPES.includes(resourceType) ? [TARGET] : []),
  };
  const [result] = await store.commit([record], rules, clock.nowMs);
  return result!;
}
