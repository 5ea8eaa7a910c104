/** What is done when it is not known what the server holds: look, then decide. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { delivery, linkOf, patient, referral } from './deliveries.ts';
import { ehr, faultsFor, go, one, retries, rules, scripted, targetAt } from './harness.ts';

test('an ambiguous delivery that was applied is settled by looking, without a second version', async () => {
  const server = await ehr(faultsFor('PUT', { kind: 'applyThenCut' }));
  const target = targetAt(server.url);
  expect(retries([await one(target, delivery(patient('p1', { gender: 'female' })))])).toEqual(['ambiguous']);
  const link = linkOf(await one(target, delivery(patient('p1', { gender: 'female' }), { ambiguous: true })));
  expect([link.remoteVersion, await server.versions('Patient/p1')]).toEqual(['1', 1]);
});

test('an ambiguous delivery that was not applied is sent', async () => {
  const server = await ehr(faultsFor('PUT', { kind: 'cut' }));
  const target = targetAt(server.url);
  expect(retries([await one(target, delivery(patient('p1')))])).toEqual(['ambiguous']);
  linkOf(await one(target, delivery(patient('p1'), { ambiguous: true })));
  expect(await server.versions('Patient/p1')).toBe(1);
});

test('an ambiguous group is looked up resource by resource, and only what is missing is sent', async () => {
  const server = await ehr(faultsFor('POST', { kind: 'applyThenRefuse', status: 504 }));
  const target = targetAt(server.url);
  const group = [patient('p1'), referral('r1', 'p1')];
  expect(retries(await go(target, ...group.map((resource) => delivery(resource))))).toEqual([
    'ambiguous',
    'ambiguous',
  ]);
  await server.remove('ServiceRequest/r1');
  const again = await go(target, ...group.map((resource) => delivery(resource, { ambiguous: true })));
  expect(retries(again)).toEqual(['ok', 'ok']);
  expect(await server.versions('Patient/p1')).toBe(1);
  expect(await server.read('ServiceRequest/r1')).toBeDefined();
});

test('a look that fails leaves the delivery ambiguous', async () => {
  const server = await scripted(() => ({ status: 503 }));
  const answers = [await one(targetAt(server.url), delivery(patient('p1'), { ambiguous: true }))];
  expect([retries(answers), server.seen.map((seen) => seen.method)]).toEqual([['ambiguous'], ['GET']]);
});

test('an ambiguous delivery over an earlier version of ours is sent with the version just read', async () => {
  const server = await ehr();
  await server.put(patient('p1', { gender: 'male' }));
  const sent = delivery(patient('p1', { gender: 'female' }), {
    ambiguous: true,
    earlier: [patient('p1', { gender: 'male' })],
  });
  expect(linkOf(await one(targetAt(server.url), sent)).remoteVersion).toBe('2');
});

test('an ambiguous delivery over a change made at the target is a conflict', async () => {
  const server = await ehr();
  await server.put(patient('p1', { gender: 'unknown' }));
  const answers = [
    await one(targetAt(server.url), delivery(patient('p1', { gender: 'female' }), { ambiguous: true })),
  ];
  expect([retries(answers), rules(answers)]).toEqual([['conflict'], ['delivery-conflict']]);
  expect(await server.versions('Patient/p1')).toBe(1);
});

test('a version changed at the target is a conflict; the same content there is delivered', async () => {
  const server = await ehr();
  const target = targetAt(server.url);
  const link = linkOf(await one(target, delivery(patient('p1'))));
  await server.put(patient('p1', { gender: 'female' }));
  const other = delivery(patient('p1', { gender: 'male' }), { link });
  expect(retries([await one(target, other)])).toEqual(['conflict']);
  const same = delivery(patient('p1', { gender: 'female' }), { link });
  expect(linkOf(await one(target, same)).remoteVersion).toBe('2');
  expect(await server.versions('Patient/p1')).toBe(2);
});

test('a new version at the target with our last content is written over', async () => {
  const server = await ehr();
  const target = targetAt(server.url);
  const link = linkOf(await one(target, delivery(patient('p1'))));
  await server.put(patient('p1'));
  const sent = delivery(patient('p1', { gender: 'male' }), { link, earlier: [patient('p1')] });
  expect(linkOf(await one(target, sent)).remoteVersion).toBe('3');
});

test('what the server adds of its own accord is no difference', async () => {
  const server = await scripted(({ method }) =>
    method === 'GET'
      ? {
          status: 200,
          headers: { etag: 'W/"a-uuid"' },
          body: {
            resourceType: 'Patient',
            gender: 'male',
            id: 'p1',
            meta: { versionId: '9', lastUpdated: 'x', source: '#1', profile: ['urn:p'] },
            text: { status: 'generated', div: '<div/>' },
          },
        }
      : { status: 500 },
  );
  const sent = delivery(patient('p1', { gender: 'male' }), { ambiguous: true });
  expect(linkOf(await one(targetAt(server.url), sent)).remoteVersion).toBe('a-uuid');
});

test('a copy deleted at the target is a conflict; one that never was is sent anew', async () => {
  const server = await ehr();
  const target = targetAt(server.url);
  const link = linkOf(await one(target, delivery(patient('p1'))));
  await server.remove('Patient/p1');
  expect(rules([await one(target, delivery(patient('p1', { gender: 'male' }), { link }))])).toEqual([
    'delivery-deleted-at-target',
  ]);
  const lost = { ...link, id: 'p2', remoteId: 'p2' };
  expect(linkOf(await one(target, delivery(patient('p2'), { link: lost }))).remoteVersion).toBe('1');
});

test('what a server no longer has and does not know to be deleted is made anew, and somebody is told', async () => {
  const server = await scripted(({ method, headers }) =>
    method === 'PUT' && headers['if-match'] === undefined
      ? { status: 201, headers: { etag: 'W/"1"' } }
      : { status: 404 },
  );
  const link = {
    ...{ target: 'ehr', type: 'Patient', id: 'p1', remoteId: 'p1', remoteVersion: '3' },
    ...{ version: 1, digest: 'd', deliveredMs: 0 },
  };
  const answer = await one(targetAt(server.url), delivery(patient('p1'), { link }));
  expect(linkOf(answer).remoteVersion).toBe('1');
  expect(answer.ok && answer.report && ruleOf(answer.report)).toBe('delivery-made-anew');
});
