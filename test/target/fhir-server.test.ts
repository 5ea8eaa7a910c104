/** Delivery to a real FHIR server, in both ways of naming resources, and what a scripted one does to it. */
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { createFhirServerTarget, type FhirServerOptions } from '../../src/target/fhir-server.ts';
import { RESOURCE_ID_SYSTEM } from '../../src/target/outgoing.ts';
import type { Delivered, Delivery, Target } from '../../src/target/target.ts';
import { type Answer, closedUrl, type Scripted, type Seen, startScripted } from '../servers/scripted.ts';
import {
  delivery,
  linkOf,
  NOW_MS,
  patient,
  referral,
  removal,
  startEhr,
  type TestEhr,
} from './deliveries.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

async function ehr(options: Parameters<typeof startEhr>[0] = {}): Promise<TestEhr> {
  const started = await startEhr(options);
  closing.push(started);
  return started;
}
async function scripted(script: (seen: Seen) => Answer | Promise<Answer>): Promise<Scripted> {
  const started = await startScripted(script);
  closing.push(started);
  return started;
}
function targetAt(baseUrl: string, options: Partial<FhirServerOptions> = {}): Target {
  const target = createFhirServerTarget({
    name: 'ehr',
    baseUrl,
    deadlineMs: 2_000,
    clock: () => NOW_MS,
    ...options,
  });
  closing.push(target);
  return target;
}
const go = (target: Target, ...deliveries: Delivery[]): Promise<readonly Delivered[]> =>
  target.deliver(deliveries, new AbortController().signal);
const one = async (target: Target, sent: Delivery): Promise<Delivered> => (await go(target, sent))[0]!;
const rules = (answers: readonly Delivered[]): (string | undefined)[] =>
  answers.map((answer) => (answer.ok ? 'ok' : ruleOf(answer.outcome.issue[0]!)));
const retries = (answers: readonly Delivered[]): string[] =>
  answers.map((answer) => (answer.ok ? 'ok' : answer.retry));

/** Faults for writes only, each used once, in order. */
function faultsFor(method: string, ...faults: (Fault | undefined)[]) {
  return {
    faults: (request: { method: string }) => (request.method === method ? faults.shift() : undefined),
  };
}

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

test('sends a group as one transaction, references to later entries included', async () => {
  const server = await ehr({ integrity: true });
  const answers = await go(targetAt(server.url), delivery(referral('r1', 'p1')), delivery(patient('p1')));
  expect(answers.map((answer) => linkOf(answer).remoteVersion)).toEqual(['1', '1']);
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

test.each<[number, string]>([
  [400, 'permanent'],
  [403, 'permanent'],
  [404, 'permanent'],
  [405, 'permanent'],
  [408, 'ambiguous'],
  [410, 'permanent'],
  [413, 'permanent'],
  [422, 'permanent'],
  [423, 'recordLocked'],
  [425, 'transient'],
  [429, 'transient'],
  [500, 'ambiguous'],
  [501, 'permanent'],
  [502, 'ambiguous'],
  [503, 'transient'],
  [504, 'ambiguous'],
  [307, 'permanent'],
  [401, 'transient'],
])('a PUT answered %i is %s', async (status, retry) => {
  const server = await scripted(() => ({ status, headers: { location: 'http://elsewhere.invalid/' } }));
  expect(retries([await one(targetAt(server.url), delivery(patient('p1')))])).toEqual([retry]);
  expect(server.seen).toHaveLength(1);
});

test.each<[string, Answer, string]>([
  ['cut before an answer', { cut: 'before' }, 'ambiguous'],
  ['cut within the answer', { cut: 'mid-body' }, 'ambiguous'],
  ['not answered in time', { silent: true }, 'ambiguous'],
])('a PUT %s is ambiguous', async (_name, answer, retry) => {
  const server = await scripted(() => answer);
  expect(retries([await one(targetAt(server.url, { deadlineMs: 200 }), delivery(patient('p1')))])).toEqual([
    retry,
  ]);
});

test('a refused connection is transient', async () => {
  expect(retries([await one(targetAt(await closedUrl()), delivery(patient('p1')))])).toEqual(['transient']);
});

test('passes on Retry-After', async () => {
  const server = await scripted(() => ({ status: 503, headers: { 'retry-after': '90' } }));
  expect(await one(targetAt(server.url), delivery(patient('p1')))).toMatchObject({ retryAfterMs: 90_000 });
});

test('a vendor code may mean that the record is locked', async () => {
  const issue = [{ severity: 'error', code: 'processing', details: { coding: [{ code: 'RECORD_IN_USE' }] } }];
  const server = await scripted(() => ({ status: 422, body: { resourceType: 'OperationOutcome', issue } }));
  const target = targetAt(server.url, { lockedCodes: ['RECORD_IN_USE'] });
  expect(retries([await one(target, delivery(patient('p1')))])).toEqual(['recordLocked']);
});

test('repeats codes and paths of a refusal, and never its text', async () => {
  const issue = [
    {
      severity: 'error',
      code: 'value',
      diagnostics: 'Jane Doe is no date',
      expression: ['Patient.birthDate'],
    },
  ];
  const server = await scripted(() => ({ status: 422, body: { resourceType: 'OperationOutcome', issue } }));
  const text = JSON.stringify(await one(targetAt(server.url), delivery(patient('p1'))));
  expect(text).toContain('Patient.birthDate');
  expect(text).toContain('(value)');
  expect(text).not.toContain('Jane');
});

test('renews the token once after 401, then goes on', async () => {
  const server = await scripted(({ headers }) =>
    headers.authorization === 'Bearer fresh' ? { status: 201, headers: { etag: 'W/"1"' } } : { status: 401 },
  );
  const token = async (renew: boolean): Promise<string> => (renew ? 'fresh' : 'stale');
  expect(retries([await one(targetAt(server.url, { token }), delivery(patient('p1')))])).toEqual(['ok']);
  expect(server.seen).toHaveLength(2);
});

test('without a token nothing is sent: transient', async () => {
  const server = await scripted(() => ({ status: 200 }));
  const token = async (): Promise<string> => {
    throw new Error('the token server is down');
  };
  const answers = [await one(targetAt(server.url, { token }), delivery(patient('p1')))];
  expect([retries(answers), rules(answers), server.seen.length]).toEqual([
    ['transient'],
    ['target-no-token'],
    0,
  ]);
});

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

test('one bad resource in a group does not hold the others; what refers to it waits', async () => {
  const server = await scripted(({ method, path }) => {
    if (method === 'POST') return { status: 422 };
    return path.includes('/bad') ? { status: 422 } : { status: 201, headers: { etag: 'W/"1"' } };
  });
  const answers = await go(
    targetAt(server.url),
    delivery(patient('good')),
    delivery(patient('bad')),
    delivery(referral('r1', 'bad')),
    delivery(referral('r2', 'good', { basedOn: [{ reference: 'ServiceRequest/r1' }] })),
    delivery(referral('r3', 'good')),
  );
  expect(retries(answers)).toEqual(['ok', 'permanent', 'waits', 'waits', 'ok']);
});

test('after a failure that passes nothing later of the group is sent', async () => {
  const server = await scripted(({ method, path }) => {
    if (method === 'POST') return { status: 400 };
    return path.includes('p2') ? { status: 503 } : { status: 201 };
  });
  const answers = await go(targetAt(server.url), ...['p1', 'p2', 'p3'].map((id) => delivery(patient(id))));
  expect(retries(answers)).toEqual(['ok', 'transient', 'waits']);
  expect(server.seen.map((seen) => seen.path)).toEqual(['/', '/Patient/p1', '/Patient/p2']);
});

test('a server without transactions is sent one by one, and not asked again', async () => {
  const server = await scripted(({ method }) => ({ status: method === 'POST' ? 405 : 201 }));
  const target = targetAt(server.url);
  for (const round of [1, 2]) {
    const group = ['a', 'b'].map((id) => delivery(patient(`${id}${round}`)));
    expect(retries(await go(target, ...group))).toEqual(['ok', 'ok']);
  }
  expect(server.seen.filter((seen) => seen.method === 'POST')).toHaveLength(1);
});

const EMPTY_LINK = {
  target: 'ehr',
  type: 'Patient',
  id: '',
  remoteId: '',
  remoteVersion: '7',
  version: 1,
  digest: '',
  deliveredMs: NOW_MS,
};
const response = (status: string, etag = 'W/"1"'): object => ({ response: { status, etag } });
const answered = (...entry: object[]): Answer => ({
  status: 200,
  body: { resourceType: 'Bundle', type: 'transaction-response', entry },
});

test.each<[string, Answer, string[]]>([
  [
    'an entry refused',
    answered(response('201 Created'), response('422'), response('200 OK')),
    ['ok', 'permanent', 'ok'],
  ],
  ['an entry without a status', answered(response('201'), {}, response('200')), ['ok', 'ambiguous', 'ok']],
  ['an entry missing', answered(response('201'), response('201')), ['ambiguous', 'ambiguous', 'ambiguous']],
  [
    'an entry locked',
    answered(response('201'), response('423'), response('200')),
    ['ok', 'recordLocked', 'ok'],
  ],
  [
    'no bundle',
    { status: 200, body: { resourceType: 'OperationOutcome' } },
    ['ambiguous', 'ambiguous', 'ambiguous'],
  ],
  ['no body', { status: 200 }, ['ambiguous', 'ambiguous', 'ambiguous']],
  ['a 503', { status: 503 }, ['transient', 'transient', 'transient']],
  ['a 504', { status: 504 }, ['ambiguous', 'ambiguous', 'ambiguous']],
  ['a cut', { cut: 'mid-body' }, ['ambiguous', 'ambiguous', 'ambiguous']],
])('a transaction answered with %s proves only what it proves', async (_name, answer, expected) => {
  const server = await scripted(() => answer);
  const group = ['p1', 'p2', 'p3'].map((id) => delivery(patient(id)));
  expect(retries(await go(targetAt(server.url), ...group))).toEqual(expected);
});

test('a version refused inside an applied transaction is looked into, as it would be alone', async () => {
  const held = { resourceType: 'Patient', id: 'p2', gender: 'male', meta: { versionId: '8' } };
  const server = await scripted(({ method }) => {
    if (method === 'POST') return answered(response('200'), response('412'));
    return method === 'GET' ? { status: 200, headers: { etag: 'W/"8"' }, body: held } : { status: 412 };
  });
  const links = ['p1', 'p2'].map((id) => ({ ...EMPTY_LINK, id, remoteId: id }));
  const answers = await go(
    targetAt(server.url),
    delivery(patient('p1'), { link: links[0]! }),
    delivery(patient('p2', { gender: 'male' }), { link: links[1]! }),
  );
  expect(answers.map((answer) => linkOf(answer).remoteVersion)).toEqual(['1', '8']);
});

test('a group larger than a transaction goes in several, in order', async () => {
  const server = await ehr();
  const target = targetAt(server.url, { maxTransaction: 10 });
  const group = Array.from({ length: 25 }, (_, index) => delivery(patient(`p${index}`)));
  expect(new Set(retries(await go(target, ...group)))).toEqual(new Set(['ok']));
  expect(await server.search('Patient?_count=50')).toHaveLength(25);
});

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
    delivery(patient('p1', { gender: 'male' })),
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

test('stops when told to: what was under way is ambiguous, the rest was not sent', async () => {
  const controller = new AbortController();
  const server = await scripted(() => {
    controller.abort();
    return { silent: true };
  });
  const target = targetAt(server.url, { maxTransaction: 1 });
  const answers = await target.deliver([delivery(patient('p1')), delivery(patient('p2'))], controller.signal);
  expect([retries(answers), server.seen.length]).toEqual([['ambiguous', 'waits'], 1]);
});
