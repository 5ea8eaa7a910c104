/** Delivery to a server that names resources itself. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { RESOURCE_ID_SYSTEM } from '../../src/target/fhir/outgoing.ts';
import { delivery, linkOf, NOW_MS, patient, referral, removal } from './deliveries.ts';
import { ehr, faultsFor, go, one, retries, rules, targetAt } from './harness.ts';

test('a server that names resources gets our id as identifier, and later references get its ids', async () => {
  const server = await ehr({ integrity: true });
  const target = targetAt(server.url, { ids: 'server' });
  const answers = await go(target, delivery(patient('p1')), delivery(referral('r1', 'p1')));
  const [person, request] = answers.map(linkOf);
  expect(person!.remoteId).not.toBe('p1');
  const stored = await server.read(`ServiceRequest/${request!.remoteId}`);
  expect(stored).toMatchObject({
    subject: { reference: `Patient/${person!.remoteId}` },
    identifier: [{ system: RESOURCE_ID_SYSTEM, value: 'r1' }],
  });
  const link = linkOf(
    await one(target, delivery(patient('p1', { gender: 'male' }), { link: person!, version: 2 })),
  );
  expect(link).toMatchObject({ remoteId: person!.remoteId, remoteVersion: '2' });
});

test('an ambiguous create at a server that names resources is found by our identifier', async () => {
  const server = await ehr(faultsFor('POST', { kind: 'applyThenCut' }));
  const target = targetAt(server.url, { ids: 'server' });
  expect(retries([await one(target, delivery(patient('p1')))])).toEqual(['ambiguous']);
  linkOf(await one(target, delivery(patient('p1'), { ambiguous: true })));
  expect(await server.search('Patient')).toHaveLength(1);
});

test('twins at the target are reported, and the oldest is kept in step', async () => {
  const server = await ehr({
    clock: (() => {
      let ms = NOW_MS;
      return () => (ms += 1000);
    })(),
  });
  const identifier = [{ system: RESOURCE_ID_SYSTEM, value: 'p1' }];
  await server.put(patient('young', { identifier }));
  await server.put(patient('old', { identifier }));
  await server.put(patient('young', { identifier, active: true }));
  const answer = await one(
    targetAt(server.url, { ids: 'server' }),
    delivery(patient('p1', { gender: 'male' }), { earlier: [patient('p1')] }),
  );
  expect(linkOf(answer)).toMatchObject({ remoteId: 'old', remoteVersion: '2' });
  expect(answer.ok && answer.report && ruleOf(answer.report)).toBe('delivery-twins');
  expect(await server.search('Patient')).toHaveLength(2);
});

test('parks an ambiguous create that nothing can look up', async () => {
  const server = await ehr();
  const provenance = {
    resourceType: 'Provenance' as const,
    id: 'v1',
    recorded: '2026-03-01T09:00:00Z',
    target: [{ reference: 'Patient/p1' }],
    agent: [{ who: { display: 'Link worker' } }],
  };
  const target = targetAt(server.url, { ids: 'server' });
  expect(rules([await one(target, delivery(provenance, { ambiguous: true }))])).toEqual([
    'delivery-cannot-look-up',
  ]);
  linkOf(await one(target, delivery(provenance)));
});

test('a removal without a link finds what an unanswered create left', async () => {
  const server = await ehr(faultsFor('POST', { kind: 'applyThenCut' }));
  const target = targetAt(server.url, { ids: 'server' });
  expect(retries([await one(target, delivery(patient('p1')))])).toEqual(['ambiguous']);
  expect(await server.search('Patient')).toHaveLength(1);
  expect(retries(await go(target, removal('Patient', 'p1'), removal('Patient', 'never')))).toEqual([
    'ok',
    'ok',
  ]);
  expect(await server.search('Patient')).toEqual([]);
});
