/** Groups as transactions, and what is done when one does not work. */
import { expect, test } from 'vitest';
import type { Answer } from '../servers/scripted.ts';
import { delivery, linkOf, NOW_MS, patient, referral } from './deliveries.ts';
import { ehr, go, retries, scripted, targetAt } from './harness.ts';

test('sends a group as one transaction, references to later entries included', async () => {
  const server = await ehr({ integrity: true });
  const answers = await go(targetAt(server.url), delivery(referral('r1', 'p1')), delivery(patient('p1')));
  expect(answers.map((answer) => linkOf(answer).remoteVersion)).toEqual(['1', '1']);
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

test.each<[string, object]>([
  ['no status', {}],
  ['a success that names neither place nor version', { response: { status: '201 Created' } }],
  [
    'a success at another place',
    { response: { status: '201', etag: 'W/"1"', location: 'Patient/other/_history/1' } },
  ],
])('an entry answered with %s is read back, and written when it is not there', async (_name, entry) => {
  const held = new Map<string, unknown>();
  const server = await scripted(({ method, path, body }) => {
    if (method === 'POST') return answered(response('201'), entry, response('201'));
    if (method === 'PUT') held.set(path, body);
    const there = held.get(path);
    return there ? { status: 200, headers: { etag: 'W/"1"' }, body: there } : { status: 404 };
  });
  const group = (): ReturnType<typeof delivery>[] => ['p1', 'p2', 'p3'].map((id) => delivery(patient(id)));
  const target = targetAt(server.url);
  expect(retries(await go(target, ...group()))).toEqual(['ok', 'ok', 'ok']);
  expect([...held.keys()]).toEqual(['/Patient/p2']); // it was not written
  expect(retries(await go(target, ...group()))).toEqual(['ok', 'ok', 'ok']);
  expect(server.seen.filter((seen) => seen.method === 'PUT')).toHaveLength(1); // it was
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
