/** The gate between the store and a target: consent and identity as they are now, from every source that knows the person. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Identified } from '../../src/store/store.ts';
import type { Gate } from '../../src/target/fhir/deliver-group.ts';
import { createShareGate } from '../../src/target/share-gate.ts';
import { openTestStore, type TestStore } from '../outbox/adapter-parts.ts';
import { consent as consentOf, withdrawn } from '../referral/sharing.ts';
import { NOW_MS, patient, referral } from './deliveries.ts';

const definitions = loadBaseDefinitions();
let parts: TestStore;
beforeEach(async () => {
  parts = await openTestStore(() => NOW_MS);
});
afterEach(async () => {
  await parts.close();
});

const consent = (person: string, of = consentOf()): Identified =>
  ({ ...of, id: `consent-${person}`, patient: { reference: `Patient/${person}` } }) as Identified;

function gate(settings: { requiresVerifiedNhsNumber?: boolean; allowRestricted?: boolean } = {}): Gate {
  const target = {
    name: 'ehr',
    purpose: 'share-with-gp',
    requiresVerifiedNhsNumber: false,
    allowRestricted: false,
    ...settings,
  } as const;
  return createShareGate({ store: parts.store, target, definitions, clock: () => NOW_MS });
}

/** Whether a referral of the person may go, and by which rule not. */
async function asked(open: Gate, person: string): Promise<string> {
  const personId = await parts.store.personOf(person);
  const answer = await open({ personId, resource: referral('r1', person), target: 'ehr' });
  await new Promise((resolve) => setImmediate(resolve)); // the next question is another turn's
  return answer.send ? 'send' : ruleOf(answer.outcome.issue[0]!)!;
}

test('without any consent nothing of a person goes; what belongs to nobody does', async () => {
  await parts.put('1', patient('p1'), referral('r1', 'p1'));
  expect(await asked(gate(), 'p1')).toBe('hr-8');
  const service: Identified = { resourceType: 'Organization', id: 'o1', name: 'A service' };
  expect(await gate()({ personId: undefined, resource: service, target: 'ehr' })).toMatchObject({
    send: true,
    resource: service,
  });
});

test('a consent opens the gate, and its withdrawal shuts it for the next group', async () => {
  await parts.put('1', patient('p1'), consent('p1'));
  const open = gate();
  expect(await asked(open, 'p1')).toBe('send');
  await parts.put('2', consent('p1', withdrawn));
  expect(await asked(open, 'p1')).toBe('hr-8');
});

test('a target that needs a verified NHS number gets nobody without one', async () => {
  await parts.put('1', patient('p1'), consent('p1'));
  expect(await asked(gate({ requiresVerifiedNhsNumber: true }), 'p1')).toBe('hr-8');
});

test('a person restricted in one source is restricted in all', async () => {
  const restricted = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }];
  await parts.put('1', patient('p1'), consent('p1'));
  await parts.put('2', patient('p2', { meta: { security: restricted } }));
  await parts.store.linkPerson('p2', 'p1', 'by hand', NOW_MS);
  expect(await asked(gate(), 'p1')).toBe('hr-8');
  expect(await asked(gate({ allowRestricted: true }), 'p1')).toBe('send');
});
