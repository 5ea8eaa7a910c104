/** What a real FHIR server holds after delivery. */
import { expect, test } from 'vitest';
import { delivery, linkOf, NOW_MS, patient, referral, removal } from './deliveries.ts';
import { ehr, go, one, retries, targetAt } from './harness.ts';

test('puts a resource under our id, without our version and time, and links to the version the server gave', async () => {
  const server = await ehr();
  const link = linkOf(await one(targetAt(server.url), delivery(patient('p1', { gender: 'female' }))));
  expect(link).toMatchObject({
    target: 'ehr',
    remoteId: 'p1',
    remoteVersion: '1',
    version: 1,
    deliveredMs: NOW_MS,
  });
  expect(await server.read('Patient/p1')).toMatchObject({ gender: 'female', meta: { versionId: '1' } });
});

test('sends If-Match of the linked version', async () => {
  const server = await ehr();
  const target = targetAt(server.url);
  const link = linkOf(await one(target, delivery(patient('p1'))));
  const second = linkOf(await one(target, delivery(patient('p1', { gender: 'male' }), { link, version: 2 })));
  expect(second).toMatchObject({ remoteVersion: '2', version: 2 });
});

test('sends a Provenance without the version numbers of ours', async () => {
  const server = await ehr();
  const provenance = {
    resourceType: 'Provenance' as const,
    id: 'v1',
    recorded: '2026-03-01T09:00:00Z',
    target: [{ reference: 'Patient/p1/_history/7' }],
    agent: [{ who: { reference: 'Organization/o1' } }],
  };
  linkOf(await one(targetAt(server.url), delivery(provenance)));
  expect(await server.read('Provenance/v1')).toMatchObject({ target: [{ reference: 'Patient/p1' }] });
});

test('removes, and counts what is not there as removed', async () => {
  const server = await ehr();
  const target = targetAt(server.url);
  await go(target, delivery(referral('r1', 'p1')), delivery(patient('p1')));
  const answers = await go(
    target,
    removal('ServiceRequest', 'r1'),
    removal('Patient', 'p1'),
    removal('Task', 'none'),
  );
  expect(retries(answers)).toEqual(['ok', 'ok', 'ok']);
  expect(await server.read('Patient/p1')).toBeUndefined();
});
