/** What each answer of a server means for a delivery: the retry table, row by row. */
import { expect, test } from 'vitest';
import { type Answer, closedUrl } from '../servers/scripted.ts';
import { delivery, patient } from './deliveries.ts';
import { one, retries, rules, scripted, targetAt } from './harness.ts';

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
