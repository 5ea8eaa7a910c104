/** Two targets of one store that are configured to get different people, types and content. */

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reroute } from '../../src/cli/nhs/rerouting.ts';
import { type TargetConfig, targetOf } from '../../src/config.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { digestOf } from '../../src/fhir/digest.ts';
import type { Identified, Settlement } from '../../src/store/store.ts';
import { createDelivery } from '../../src/target/fhir/deliver-group.ts';
import { routeTo } from '../../src/target/route.ts';
import { createShareGate } from '../../src/target/share-gate.ts';
import { withdrawalsOf } from '../../src/target/withdrawals.ts';
import { openTestStore, type TestStore } from '../outbox/adapter-parts.ts';
import { consent as consentOf } from '../referral/sharing.ts';
import { NOW_MS, patient, referral, type TestEhr } from './deliveries.ts';
import { ehr, targetAt } from './harness.ts';

const definitions = loadBaseDefinitions();
const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
let parts: TestStore;
let nowMs: number;

beforeEach(async () => {
  nowMs = NOW_MS;
  parts = await openTestStore(() => nowMs);
});
afterEach(() => parts.close());

const target = (name: string, send: Parameters<typeof targetOf>[0]['send']): TargetConfig =>
  targetOf({ name, url: 'http://127.0.0.1/fhir', requiresVerifiedNhsNumber: false, send });

const consent = (person: string, extent: 'full' | 'coded-only' = 'full'): Identified =>
  ({
    ...consentOf({}, extent),
    id: `consent-${person}`,
    patient: { reference: `Patient/${person}` },
  }) as Identified;

const atPractice = (id: string, code: string): Identified =>
  patient(id, { generalPractitioner: [{ identifier: { system: ODS, value: code } }] });

let records = 0;
async function commit(targets: readonly TargetConfig[], ...resources: Identified[]): Promise<void> {
  records += 1;
  const record = {
    source: 'test',
    kind: 'any',
    key: `record-${records}`,
    digest: digestOf(resources),
    mapDigest: 'map',
    payload: {},
    ownerOrg: 'org',
    sourceTimeMs: nowMs,
    timeOf: 'source' as const,
    receiptId: 'receipt',
    resources: resources.map((resource) => ({ resource, partial: false })),
    warnings: [],
  };
  const silent = { check: () => [], provenanceId: () => undefined, provenance: () => undefined };
  await parts.store.commit([record], { ...silent, route: routeTo(targets) }, nowMs);
}

/** Delivers all that is due at a target. */
async function drain(config: TargetConfig, server: TestEhr): Promise<Settlement['kind'][]> {
  const { store } = parts;
  const clock = (): number => nowMs;
  const deliver = createDelivery({
    store,
    target: targetAt(server.url, { name: config.name }),
    gate: createShareGate({ store, target: config, definitions, clock }),
    clock,
    random: () => 0.5,
  });
  const kinds: Settlement['kind'][] = [];
  for (;;) {
    const group = await store.claim(config.name, { nowMs, leaseMs: 60_000, maxEntries: 50 });
    if (!group) return kinds.sort();
    const settlements = await deliver(group, new AbortController().signal);
    await store.settle(config.name, group.deliveryKey, settlements, nowMs);
    kinds.push(...settlements.map((one) => one.kind));
  }
}

const work = async (): Promise<number> => (await parts.store.worklist({ open: true, count: 99 })).length;
const around = { clock: () => nowMs, signal: new AbortController().signal, log: pino({ level: 'silent' }) };

test('each practice gets its own people, and another practice holds nothing up and asks nobody', async () => {
  const [north, south] = [
    target('north', { practices: ['a81001'] }),
    target('south', { practices: ['B82002'] }),
  ];
  const [atNorth, atSouth] = [await ehr(), await ehr()];
  const organization: Identified = {
    resourceType: 'Organization',
    id: 'gp',
    name: 'GP',
    identifier: [{ system: ODS, value: 'B82002' }],
  };
  const managed = patient('p2', { managingOrganization: { reference: 'Organization/gp' } });
  await commit([north, south], atPractice('p1', 'A81001'), consent('p1'), referral('r1', 'p1'));
  await commit([north, south], organization, managed, consent('p2'), referral('r2', 'p2'));
  await drain(north, atNorth);
  await drain(south, atSouth);
  const ids = async (server: TestEhr): Promise<string[]> =>
    (await server.search('ServiceRequest')).map(({ id }) => id!).sort();
  expect([await ids(atNorth), await ids(atSouth)]).toEqual([['r1'], ['r2']]);
  expect(await work()).toBe(0);
  // Who moves to the other practice is sent there with all that was held back.
  nowMs += 1_000;
  await commit([north, south], atPractice('p1', 'B82002'));
  await drain(south, atSouth);
  expect(await ids(atSouth)).toEqual(['r1', 'r2']);
  nowMs += 1_000;
  await commit([north, south], referral('r3', 'p1'));
  expect(await drain(north, atNorth)).toEqual(['hold', 'hold']);
  expect(await ids(atNorth)).toEqual(['r1']);
});

test('a target of some types gets these and the person, naming nothing that it never gets', async () => {
  const config = target('ehr', { types: ['ServiceRequest'] });
  const server = await ehr({ integrity: true });
  const encounter: Identified = {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/p1' },
  };
  const request = referral('r1', 'p1', {
    encounter: { reference: 'Encounter/e1' },
    supportingInfo: [{ reference: 'Encounter/e1' }],
  });
  await commit([config], patient('p1'), consent('p1'), encounter, request);
  await drain(config, server);
  expect(await server.read('ServiceRequest/r1')).toMatchObject({ subject: { reference: 'Patient/p1' } });
  expect(await server.read('ServiceRequest/r1')).not.toHaveProperty('encounter');
  expect(await server.read('ServiceRequest/r1')).not.toHaveProperty('supportingInfo');
  expect(await server.search('Encounter')).toEqual([]);
  expect(await server.search('Consent')).toEqual([]);
  expect(await work()).toBe(0);
});

const coded = {
  coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }],
  text: 'lonely since May',
};
const inWords = { text: 'lonely since May' };

test('a target of codes only gets no free text, and nothing that is in words only; the other target gets all', async () => {
  const [codes, all] = [target('codes', { codedOnly: true }), target('all', {})];
  const [atCodes, atAll] = [await ehr(), await ehr()];
  const note = [{ text: 'likes gardening' }];
  await commit(
    [codes, all],
    patient('p1'),
    consent('p1'),
    referral('r1', 'p1', { code: coded, note }),
    referral('r2', 'p1', { code: inWords }),
  );
  await drain(codes, atCodes);
  await drain(all, atAll);
  expect(await atCodes.read('ServiceRequest/r1')).toMatchObject({ code: { coding: coded.coding } });
  expect(JSON.stringify(await atCodes.read('ServiceRequest/r1'))).not.toMatch(/lonely|gardening/);
  expect(await atCodes.read('ServiceRequest/r2')).toBe(undefined);
  expect(await atAll.search('ServiceRequest')).toMatchObject([{ code: coded, note }, { code: inWords }]);
});

test('what a changed configuration lets through is sent, what was stripped is completed, and the rest is let alone', async () => {
  const narrow = target('ehr', { types: ['ServiceRequest'], codedOnly: true });
  const server = await ehr();
  const flag: Identified = {
    resourceType: 'Flag',
    id: 'f1',
    status: 'active',
    code: coded,
    subject: { reference: 'Patient/p1' },
  };
  await commit(
    [narrow],
    patient('p1'),
    consent('p1'),
    flag,
    referral('r1', 'p1', { code: coded }),
    referral('r2', 'p1', { code: inWords }),
  );
  expect(await reroute(narrow, parts.store, around)).toBe(0);
  await drain(narrow, server);
  expect((await server.search('ServiceRequest')).map(({ id }) => id)).toEqual(['r1']);
  const wide = target('ehr', undefined);
  expect(await reroute(wide, parts.store, around)).toBeGreaterThan(0);
  await drain(wide, server);
  expect(await server.read('ServiceRequest/r1')).toMatchObject({ code: coded });
  expect(await server.read('ServiceRequest/r2')).toMatchObject({ code: inWords });
  expect(await server.read('Flag/f1')).toMatchObject({ code: coded });
  expect(await server.versions('Patient/p1')).toBe(1);
  expect(await reroute(wide, parts.store, around)).toBe(0);
});

test('a consent that is widened completes what went in codes only', async () => {
  const config = target('ehr', undefined);
  const server = await ehr();
  await commit([config], patient('p1'), consent('p1', 'coded-only'), referral('r1', 'p1', { code: coded }));
  await drain(config, server);
  expect(JSON.stringify(await server.read('ServiceRequest/r1'))).not.toContain('lonely');
  nowMs += 1_000;
  await commit([config], consent('p1'));
  await drain(config, server);
  expect(await server.read('ServiceRequest/r1')).toMatchObject({ code: coded });
});

test('targets of other consent scopes get those who consented there, and a withdrawal in one says nothing in the other', async () => {
  const [care, study] = [
    target('care', { consentScopes: ['patient-privacy', 'treatment'] }),
    target('study', { consentScopes: ['research'] }),
  ];
  const [atCare, atStudy] = [await ehr(), await ehr()];
  const inScope = (person: string, code: string, change: object = {}): Identified =>
    ({
      ...consent(person),
      id: `consent-${person}-${code}`,
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code }] },
      ...change,
    }) as Identified;
  const both = [patient('p1'), inScope('p1', 'treatment'), inScope('p1', 'research'), referral('r1', 'p1')];
  const onlyCare = [patient('p2'), inScope('p2', 'treatment'), referral('r2', 'p2')];
  await commit([care, study], ...both);
  await commit([care, study], ...onlyCare);
  await reroute(study, parts.store, around);
  await drain(care, atCare);
  await drain(study, atStudy);
  const ids = async (server: TestEhr): Promise<unknown[]> =>
    (await server.search('ServiceRequest')).map(({ id }) => id).sort();
  expect([await ids(atCare), await ids(atStudy)]).toEqual([['r1', 'r2'], ['r1']]);
  expect(await work()).toBe(0);

  nowMs += 1_000;
  const taken = { status: 'inactive', provision: { type: 'deny' } };
  await commit([care, study], inScope('p1', 'research', taken), referral('r3', 'p1'));
  await drain(care, atCare);
  await drain(study, atStudy);
  expect([await ids(atCare), await ids(atStudy)]).toEqual([['r1', 'r2', 'r3'], ['r1']]);
  expect(await atStudy.read('Consent/consent-p1-research')).toMatchObject({ status: 'inactive' });
  expect(await withdrawalsOf(parts.store, [care, study], 'p1')).toMatchObject([
    { consent: 'Consent/consent-p1-research', target: 'study', state: 'confirmed' },
  ]);

  const wide = target('study', undefined);
  expect(await reroute(wide, parts.store, around)).toBeGreaterThan(0);
  await drain(wide, atStudy);
  expect(await ids(atStudy)).toEqual(['r1', 'r2']);
});
